"""A sheet of pseudo-labelled people, drawn at random, to look at before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from dataset_loader.synthetic.contact_sheet import Pixels, grid
from recipes.annotator.pseudo_labels import PseudoLabelled
from recipes.annotator.views import View, cut, view_matrix
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import transform, xywh_to_xyxy
from spinepose_hf.model.skeleton import LINKS, NUM_KEYPOINTS, SPINE_CHAIN
from spinepose_hf.output.canvas import Canvas
from spinepose_hf.output.picture import write_picture

COUNT: Final = 40
"""People on the sheet of one kind of pictures."""

TILE: Final = 280
"""Pixels; each person has a square of this side."""

GIVEN: Final = (255, 255, 255)
SPINE: Final = (255, 60, 60)
REST: Final = (60, 180, 255)
"""Colours of labelled points, and of pseudo-labels on the spine and elsewhere."""

_PADDING: Final = 1.2

Entry = tuple[Mapping[str, Any], Path]
"""An annotation and its picture."""


def drawn_at_random(labelled: PseudoLabelled, seed: int, count: int = COUNT) -> list[Entry]:
    """Up to `count` of the annotations with pseudo-labels, each with its picture."""
    document = labelled.document
    names = {image["id"]: image["file_name"] for image in document["images"]}
    people = [annotation for annotation in document["annotations"] if annotation["pseudo"]]
    chosen = np.sort(np.random.default_rng(seed).permutation(len(people))[:count]).tolist()
    return [(people[place], labelled.images / names[people[place]["image_id"]]) for place in chosen]


def write_sheet(entries: Sequence[Entry], target: Path) -> None:
    """Write people as one picture, rows of ten: white is labelled, red the spine, blue other pseudo-labels.

    Raises:
        DatasetError: there is nobody to draw.
        ImageError: a picture cannot be read.
        OutputError: `target` cannot be written, or is no picture's name.
    """
    if not entries:
        raise DatasetError(f"nobody has a pseudo-label: there is nothing to draw on {target}")
    write_picture(grid([tile(load_image(path), annotation) for annotation, path in entries]), target)


def tile(image: Pixels, annotation: Mapping[str, Any]) -> Pixels:
    """A square of a person, (280, 280, 3) uint8 RGB, with the labelled points and the links between them."""
    matrix = view_matrix(xywh_to_xyxy(annotation["bbox"]), View(_PADDING, 0.0, False), TILE)
    canvas = Canvas(cut(image, matrix, TILE))
    keypoints = np.array(annotation["keypoints"], float).reshape(NUM_KEYPOINTS, 3)
    points, labelled = transform(keypoints[:, :2], matrix), keypoints[:, 2] > 0
    pseudo = set(annotation["pseudo"])
    for a, b in LINKS:
        if labelled[a] and labelled[b]:
            on_spine = a in SPINE_CHAIN and b in SPINE_CHAIN
            canvas.stroke(points[[a, b]], 1.5, SPINE if on_spine else GIVEN, 1.0 if on_spine else 0.5)
    for column in np.flatnonzero(labelled).tolist():
        colour = GIVEN if column not in pseudo else SPINE if column in SPINE_CHAIN else REST
        canvas.disc(points[column], 3.0, colour)
    return canvas.pixels


__all__ = ["drawn_at_random", "tile", "write_sheet"]
