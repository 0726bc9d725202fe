"""Outlines of people, estimated from their labelled points."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask

from recipes.outlines import agreements, estimated_outline
from spinepose_hf.model.skeleton import KEYPOINT_INDEX
from spinepose_hf.output.picture import write_picture

PLACES = {
    "nose": (100, 40), "left_shoulder": (120, 70), "right_shoulder": (80, 70), "left_elbow": (140, 110),
    "right_elbow": (60, 110), "left_wrist": (150, 150), "right_wrist": (50, 150), "left_hip": (112, 150),
    "right_hip": (88, 150), "left_knee": (116, 200), "right_knee": (84, 200), "left_ankle": (118, 250),
    "right_ankle": (82, 250),
}  # fmt: skip
BOX = (36.0, 20.0, 128.0, 244.0)


def points(shift: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = np.zeros((37, 3))
    for name, (x, y) in PLACES.items():
        found[KEYPOINT_INDEX[name]] = (x + shift, y, 2)
    return found


def mannequin(shift: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(300, 400) 0 or 1: limbs, trunk and head as thick as a person's."""
    drawn = np.zeros((300, 400), np.uint8)
    at = {name: (x + shift, y) for name, (x, y) in PLACES.items()}
    for side in ("left", "right"):
        for limb in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")):
            for start, end in itertools.pairwise(limb):
                cv2.line(drawn, at[f"{side}_{start}"], at[f"{side}_{end}"], 1, 20)
    trunk = [at[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    cv2.fillConvexPoly(drawn, np.array(trunk), 1)
    cv2.circle(drawn, at["nose"], 20, 1, -1)
    return drawn


def picture(*people: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Mottled red people before a mottled green wall."""
    noise = np.random.default_rng(0).normal(0, 12, (300, 400, 3))
    colours = np.full((300, 400, 3), (60, 130, 70), np.float64)
    for person in people:
        colours[person > 0] = (190, 60, 60)
    return np.asarray((colours + noise).clip(0, 255), np.uint8)


def overlap(found: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_a_person_is_told_from_the_wall_by_colour() -> None:
    truth = mannequin()
    image = picture(truth)
    before = image.copy()
    found = estimated_outline(image, points(), BOX)
    assert found is not None and found.shape == (300, 400) and found.dtype == np.uint8
    assert overlap(found, truth) > 0.9
    assert (image == before).all()
    again = estimated_outline(image, points(), BOX)
    assert again is not None and (again == found).all()


def test_a_large_person_is_outlined_in_the_photos_own_pixels() -> None:
    image = np.repeat(np.repeat(picture(mannequin()), 3, axis=0), 3, axis=1)
    larger = points()
    larger[:, :2] *= 3
    found = estimated_outline(image, larger, tuple(3 * side for side in BOX))
    assert found is not None and found.shape == (900, 1200)
    assert overlap(found, np.repeat(np.repeat(mannequin(), 3, axis=0), 3, axis=1)) > 0.9


def test_the_limbs_of_a_neighbour_in_the_same_colours_are_not_the_persons() -> None:
    first, second = mannequin(), mannequin(70)
    image = picture(first, second)
    alone = second & ~cv2.dilate(first, np.ones((21, 21), np.uint8))
    box = (36.0, 20.0, 200.0, 244.0)
    without, with_neighbour = (estimated_outline(image, points(), box, some) for some in ([], [points(70)]))
    assert without is not None and with_neighbour is not None
    assert with_neighbour[alone > 0].mean() < without[alone > 0].mean()


@pytest.mark.parametrize(
    ("name", "box", "change"),
    [
        ("a box outside the photo", (500.0, 20.0, 128.0, 244.0), 1),
        ("nobody labelled", BOX, 0),
    ],
)
def test_no_outline(name: str, box: tuple[float, ...], change: int) -> None:
    assert estimated_outline(picture(mannequin()), points() * change, box) is None


def test_agreement_is_measured_on_people_who_have_an_outline(tmp_path: Path) -> None:
    write_picture(picture(mannequin()), tmp_path / "a.png")
    runs = mask.encode(np.asfortranarray(mannequin()))
    person = {
        "id": 1, "image_id": 1, "iscrowd": 0, "bbox": list(BOX), "keypoints": points().ravel().tolist(),
        "segmentation": {"size": runs["size"], "counts": runs["counts"].decode()},
    }  # fmt: skip
    others = [
        person | {"id": 2, "segmentation": None},
        person | {"id": 3, "keypoints": (points() * 0).ravel().tolist()},
        person | {"id": 4, "bbox": [36.0, 20.0, 128.0, 50.0]},
        person | {"id": 5, "iscrowd": 1},
    ]
    images = [{"id": 1, "file_name": "a.png", "width": 400, "height": 300}]
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"images": images, "annotations": [person]}))
    (alone,) = agreements(path, tmp_path)
    assert alone > 0.9
    path.write_text(json.dumps({"images": images, "annotations": [person, *others]}))
    assert len(agreements(path, tmp_path)) == 1
