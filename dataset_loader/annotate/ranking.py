"""The ranking as a table for people: one row a person, most doubtful pictures first."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dataset_loader.annotate.tasks import TaskImage
from spinepose_hf.files import atomic_path

COLUMNS: Final = (
    "rank",
    "file_name",
    "image_uncertainty",
    "selected",
    "person_id",
    "uncertainty",
    "spread",
    "flip",
    "score",
)


def write_ranking(images: Sequence[TaskImage], selected: int, path: Path) -> None:
    """Write `ranking.csv`.

    Args:
        images: all pictures, most doubtful first.
        selected: how many of them, from the first, are in the tasks.
        path: the file. Columns: the picture's rank from 1 and its uncertainty, whether it is in the tasks,
            and of each person its number, uncertainty and the three measures of doubt; the last five are
            empty for a picture without people.

    Raises:
        OutputError: `path` cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for rank, image in enumerate(images, start=1):
            doubt = image.uncertainty
            start = (rank, image.file_name, "" if doubt is None else f"{doubt:.4f}", int(rank <= selected))
            for person in sorted(image.people, key=lambda person: -person.uncertainty):
                figures = (person.uncertainty, *person.measures)
                table.writerow((*start, person.id, *(f"{value:.4f}" for value in figures)))
            if not image.people:
                table.writerow((*start, *[""] * 5))


__all__ = ["COLUMNS", "write_ranking"]
