"""What is kept of a picture between two clicks, and what the API answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.cut_out import shrunk
from spinepose_hf.app.point_labels import with_numbers
from spinepose_hf.app.spine_panel import Closeup, spine_closeup
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.quantity import FrameMeasures, PersonMeasures
from spinepose_hf.measure.view import View, known_view
from spinepose_hf.model.skeleton import VERTEBRAE
from spinepose_hf.pose import People, Person

SHOWN_SIDE = 1280
"""Longer side of the picture on the page in px; downloads have all pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """The result of one picture, enough to draw it anew without the network.

    Attributes:
        source: the upload.
        name: its file name.
        people: in px of the upload.
        measures: of these people.
        shown: (h, w, 3) uint8 RGB, the picture as small as the page shows it.
        shown_people: the same people in px of `shown`, numbered from 1 where there are several.
        closeups: of each person's spine; None where it is not seen.
        folder: for this result's files.
    """

    source: Path
    name: str
    people: People
    measures: FrameMeasures
    shown: NDArray[np.uint8]
    shown_people: People
    closeups: tuple[Closeup | None, ...]
    folder: Path


def result_of(source: Path, name: str, image: NDArray[np.uint8], people: People, folder: Path) -> ImageResult:
    """Measure the people of a picture, (H, W, 3) uint8 RGB, and keep what the page needs of it."""
    shown, shown_people = shrunk(image, with_numbers(people), SHOWN_SIDE)
    closeups = tuple(spine_closeup(image, people, person) for person in range(len(people)))
    return ImageResult(source, name, people, measure_people(people), shown, shown_people, closeups, folder)


def seen_from(result: ImageResult, view: str) -> ImageResult:
    """Measure again, with the view that the visitor knows.

    Args:
        result: of a picture.
        view: value of a `View` that says which way people face; empty: the view is estimated.

    Raises:
        ValueError: there is no such view, or it is oblique or unknown.
    """
    views = [known_view(View(view))] * len(result.people) if view else None
    return replace(result, measures=measure_people(result.people, views))


def result_document(people: People, measures: FrameMeasures) -> dict[str, Any]:
    """Return a picture's result as JSON-able values; what has no value is null, with its reason beside it."""
    height, width = people.image_size
    persons = [_person(one, found) for one, found in zip(people, measures.people, strict=True)]
    return {"image": {"width": width, "height": height}, "count": len(people), "people": persons}


def _person(person: Person, measures: PersonMeasures) -> dict[str, Any]:
    points = [
        {
            "name": name,
            "vertebra": VERTEBRAE.get(name),
            "x": round(float(x), 2),
            "y": round(float(y), 2),
            "score": round(float(score), 4),
            "sigma": round(float(sigma), 3),
        }
        for name, (x, y), score, sigma in zip(
            person.keypoint_names, person.keypoints, person.scores, person.sigmas, strict=True
        )
    ]
    return {
        "box": [round(float(value), 2) for value in person.box],
        "box_score": round(person.box_score, 4),
        "view": str(measures.view.view),
        "view_confidence": round(measures.view.confidence, 4),
        "keypoints": points,
        "measures": {
            key: {
                "value": _finite(measure.value),
                "sigma": _finite(measure.sigma),
                "state": str(measure.state),
                "reason": measure.reason,
            }
            for key, measure in measures.items()
        },
    }


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


__all__ = ["SHOWN_SIDE", "ImageResult", "result_document", "result_of", "seen_from"]
