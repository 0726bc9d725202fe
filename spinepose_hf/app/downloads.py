"""The files of a picture's result: COCO JSON, OpenPose JSON, CSV and the annotated picture as PNG."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.measure.angle_table import AngleTableWriter
from spinepose_hf.measure.quantity import FrameMeasures
from spinepose_hf.output.picture import write_picture
from spinepose_hf.output.writer import ClipInfo, open_writer
from spinepose_hf.pose import People

TABLES: Final[dict[str, tuple[str, str]]] = {
    "coco": ("coco", "_coco.json"),
    "openpose": ("openpose", "_openpose.json"),
    "csv": ("csv", "_keypoints.csv"),
}
"""What the app calls a file: the writer's format, and the end of its name."""

FILES: Final = (*TABLES, "angles", "png")
"""All files, in the order of their buttons."""

_LONGEST_STEM: Final = 60


def safe_stem(name: str) -> str:
    """Return a file name's stem that every file system takes: letters, digits, `-` and `_`."""
    stem = re.sub(r"[^\w-]+", "_", Path(name.replace("\\", "/")).stem).strip("_")
    return stem[:_LONGEST_STEM] or "picture"


def write_tables(folder: Path, name: str, people: People, measures: FrameMeasures) -> dict[str, Path]:
    """Write a picture's result in every format of `TABLES`, and the measures as CSV.

    Args:
        folder: of this result alone.
        name: the picture's file name as the user knows it.
        people: of the picture.
        measures: of the same people.

    Returns:
        Paths by the names of `FILES`, without "png".

    Raises:
        OutputError: a file cannot be written.
    """
    stem = safe_stem(name)
    info = ClipInfo(name=name, pictures=True, count=1, keypoint_names=people.keypoint_names)
    paths: dict[str, Path] = {}
    for key, (form, ending) in TABLES.items():
        paths[key] = folder / f"{stem}{ending}"
        with open_writer(paths[key], form, info) as writer:
            writer.write(people, name)
    paths["angles"] = write_measures(folder, name, measures)
    return paths


def write_measures(folder: Path, name: str, measures: FrameMeasures) -> Path:
    """Write the measures of a picture's people as CSV, and return its path.

    Raises:
        OutputError: it cannot be written.
    """
    path = folder / f"{safe_stem(name)}_measures.csv"
    with AngleTableWriter(path, ClipInfo(name=name, pictures=True, count=1)) as table:
        table.write_measures(measures, name)
    return path


def write_png(folder: Path, name: str, drawn: NDArray[np.uint8]) -> Path:
    """Write the annotated picture, (H, W, 3) uint8 RGB, and return its path.

    Raises:
        OutputError: it cannot be written.
    """
    path = folder / f"{safe_stem(name)}_spine.png"
    write_picture(drawn, path)
    return path


__all__ = ["FILES", "TABLES", "safe_stem", "write_measures", "write_png", "write_tables"]
