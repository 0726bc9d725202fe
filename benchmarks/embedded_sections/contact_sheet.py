"""A sheet of people with what the network drew on them, to look at: photos first, then rendered people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from embedded_sections.photos import LEAST_LABELLED
from embedded_sections.sets import LabelledSet, Record
from numpy.typing import NDArray

from dataset_loader.persons import iterate_crops
from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.persons import Bools, Integers
from spinepose_hf.files import atomic_path
from spinepose_hf.model.geometry import transform
from spinepose_hf.model.skeleton import SPINE_CHAIN
from spinepose_hf.output.drawing import draw_people
from spinepose_hf.output.picture import write_picture

Pixels = NDArray[np.uint8]

COLUMNS: Final = 6
TILE: Final = (352, 264)
"""(height, width): the network's aspect."""
GAP: Final = 6
SMALLEST: Final = 96
"""Pixels: smaller people would be shown as a blur."""
SHOWN_WITH_CREDIT: Final = {4: "CC BY 2.0", 7: "no known copyright restrictions"}
"""COCO's ids of licences under which a sheet of changed pictures may be shown, and keep its own licence."""

_TRUE_SPINE: Final = (255, 0, 255)


@dataclass(frozen=True)
class Tile:
    """A picture of one person, and who made it."""

    pixels: Pixels
    credit: str


def may_be_shown(picture: Record) -> bool:
    """Whether the licence allows a changed picture on a sheet of any licence."""
    return picture.get("license") in SHOWN_WITH_CREDIT


def tiles_of(
    evaluation: Evaluation,
    labelled: LabelledSet,
    count: int,
    credit: Callable[[Record], str],
    shown: Callable[[Record], bool] = lambda picture: True,
) -> list[Tile]:
    """People of evenly spaced pictures, whatever the network made of them.

    Args:
        evaluation: what was predicted.
        labelled: the pictures.
        count: of tiles at most, one a picture: its largest person with ten labelled points.
        credit: the line of a picture.
        shown: which pictures may be shown.
    """
    pairs, index = evaluation.pairs, evaluation.data.index
    places = _largest_of_each(evaluation, [shown(labelled.pictures[i]) for i in index.image_ids.tolist()])
    spread = np.unique(np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int))
    place_of = {int(pairs.label_rows[place]): int(place) for place in places[spread]}
    wanted: Bools = np.zeros(len(index.person_ids), bool)
    wanted[list(place_of)] = True
    tiles = []
    for found in iterate_crops(index, evaluation.data.images, TILE, persons=wanted):
        picture = labelled.pictures[int(index.image_ids[found.image_row])]
        for person, crop, matrix in zip(found.persons.tolist(), found.crops, found.matrices, strict=True):
            place = place_of[person]
            points = transform(pairs.predicted[place], matrix)[None]
            drawn = draw_people(crop, points, pairs.scores[place][None])
            true = transform(pairs.labelled[place], matrix)
            tiles.append(Tile(with_true_spine(drawn, true, pairs.visible[place]), credit(picture)))
    return tiles


def _largest_of_each(evaluation: Evaluation, shown: Sequence[bool]) -> Integers:
    """Places in the pairs of the largest person of each picture, in the order of the pictures."""
    pairs, index = evaluation.pairs, evaluation.data.index
    largest: dict[int, int] = {}
    for place in np.argsort(-pairs.areas, kind="stable").tolist():
        person = pairs.label_rows[place]
        row = int(index.image_rows[person])
        height = index.boxes[person, 3]
        if shown[row] and pairs.visible[place].sum() >= LEAST_LABELLED and height >= SMALLEST:
            largest.setdefault(row, place)
    return np.array([largest[row] for row in sorted(largest)], np.int64)


def with_true_spine(picture: Pixels, points: NDArray[np.floating], visible: Bools) -> Pixels:
    """The labelled spine as a thin line, where the labels have one."""
    chain = [column for column in SPINE_CHAIN if visible[column]]
    drawn = picture.copy()
    if len(chain) == len(SPINE_CHAIN):
        line = (points[chain] * 16).round().astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(drawn, [line], False, _TRUE_SPINE, 1, cv2.LINE_AA, shift=4)
    return drawn


def write_sheet(rows: Sequence[Sequence[Tile]], target: Path) -> None:
    """Write the tiles in a grid, each sequence from a new line on, and their credits beside it as Markdown.

    Raises:
        OutputError: a file cannot be written.
    """
    write_picture(grid(rows), target)
    lines = [f"{number}. {tile.credit}" for number, tile in enumerate(flat(rows), 1)]
    with atomic_path(target.with_suffix(".md")) as path:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def grid(rows: Sequence[Sequence[Tile]]) -> Pixels:
    """All tiles with their numbers, RGB, on white."""
    height, width = TILE
    lines = sum(-(-len(tiles) // COLUMNS) for tiles in rows)
    sheet = np.full((lines * (height + GAP) - GAP, COLUMNS * (width + GAP) - GAP, 3), 255, np.uint8)
    line, number = 0, 0
    for tiles in rows:
        for place, tile in enumerate(tiles):
            number += 1
            top = (line + place // COLUMNS) * (height + GAP)
            left = place % COLUMNS * (width + GAP)
            sheet[top : top + height, left : left + width] = numbered(tile.pixels, number)
        line += -(-len(tiles) // COLUMNS)
    return sheet


def numbered(picture: Pixels, number: int) -> Pixels:
    """A picture with a small number in its corner."""
    drawn = picture.copy()
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        place = (5, picture.shape[0] - 7)
        cv2.putText(drawn, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)
    return drawn


def flat(rows: Sequence[Sequence[Tile]]) -> list[Tile]:
    """The tiles in the order of their numbers."""
    return [tile for tiles in rows for tile in tiles]


def photo_credit(picture: Record) -> str:
    """Where a photo of COCO is from: its page names the author."""
    licence = SHOWN_WITH_CREDIT.get(picture.get("license", 0), "unknown licence")
    photo = str(picture.get("flickr_url", "")).rsplit("/", 1)[-1].split("_")[0]
    page = f"https://www.flickr.com/photo.gne?id={photo}"
    return f"COCO 2017 {picture['file_name']}, {licence}, [photo and author]({page}); cut and drawn upon"


def rendered_credit(picture: Record) -> str:
    """A rendered picture."""
    return f"rendered by `spinepose synthesize`, picture {picture['id']}, CC0 1.0; magenta: the true spine"


__all__ = [
    "Tile",
    "grid",
    "may_be_shown",
    "photo_credit",
    "rendered_credit",
    "tiles_of",
    "with_true_spine",
    "write_sheet",
]
