"""Blurred heads: nothing of them is left, and nothing else is touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS
from spinepose_hf.output.blur_faces import blur_faces
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.drawn_frame import draw_result
from spinepose_hf.pose import People

# A head of 80 px around (200, 100) on a person from 60 to 700, seen from the front, the side and the back.
FRONT = {
    "nose": (200, 108), "left_eye": (210, 98), "right_eye": (190, 98), "left_ear": (224, 102),
    "right_ear": (176, 102), "head": (200, 62), "neck_03": (200, 122),
}  # fmt: skip
FACE = {name: FRONT[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")}
SIDE = {
    "nose": (236, 106),
    "left_eye": (228, 97),
    "left_ear": (202, 102),
    "head": (200, 62),
    "neck_03": (188, 118),
}
BACK = {"head": (200, 62), "neck_03": (200, 120)}


def noise(size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)


def person(head: dict[str, tuple[float, float]], score: float = 0.9) -> People:
    keypoints = np.full((1, NUM_KEYPOINTS, 2), (200.0, 400.0), np.float32)
    scores = np.zeros((1, NUM_KEYPOINTS), np.float32)
    for name, point in head.items():
        keypoints[0, KEYPOINT_INDEX[name]] = point
        scores[0, KEYPOINT_INDEX[name]] = score
    box = np.array([[100, 60, 300, 700]], np.float32)
    return People(box, keypoints, scores, np.full_like(scores, 2.0), (800, 400))


def detail(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Contrast between neighbours, the largest one of the channels, (H, W)."""
    fine = cv2.Laplacian(image.astype(np.float64), cv2.CV_64F)
    return np.asarray(np.abs(fine).max(axis=2), np.float64)


def head_area() -> NDArray[np.bool_]:
    """The head with its chin: an ellipse 60 px wide and 80 px high."""
    down, across = np.ogrid[:800, :400]
    return np.asarray(((across - 200) / 30) ** 2 + ((down - 100) / 40) ** 2 < 1)


@pytest.mark.parametrize(
    ("head", "score"),
    [
        pytest.param(FRONT, 0.9, id="front"),
        pytest.param(SIDE, 0.9, id="side"),
        pytest.param(BACK, 0.9, id="back"),
        pytest.param(FACE, 0.9, id="face alone"),
        pytest.param(FRONT, 0.12, id="unlikely points"),
        pytest.param({}, 0.9, id="no points"),
        pytest.param({"nose": (200, 108)}, 0.9, id="one point"),
    ],
)
def test_no_detail_is_left_and_the_rest_is_untouched(
    head: dict[str, tuple[float, float]], score: float
) -> None:
    image = noise((800, 400))
    blurred = image.copy()
    blur_faces(blurred, person(head, score))
    area = head_area()
    assert detail(image)[area].mean() > 100
    assert detail(blurred)[area].max() < 6
    changed = (blurred != image).any(axis=2)
    assert changed[area].mean() > 0.99
    rows, columns = np.nonzero(changed)
    assert rows.max() < 60 + 0.31 * 640
    assert columns.min() >= 99
    assert columns.max() <= 300


@pytest.mark.parametrize(
    ("head", "score"),
    [
        pytest.param(
            {"left_ear": (190, 690), "right_ear": (210, 690)}, 0.12, id="unlikely points at the feet"
        ),
        pytest.param(
            {"left_ear": (20, 790), "right_ear": (380, 790)}, 0.9, id="likely points beside the box"
        ),
        pytest.param({"head": (110, 80), "nose": (290, 690)}, 0.2, id="unlikely points far apart"),
    ],
)
def test_the_head_goes_even_where_its_points_are_wrong(
    head: dict[str, tuple[float, float]], score: float
) -> None:
    blurred = noise((800, 400))
    blur_faces(blurred, person(head, score))
    assert detail(blurred)[head_area()].max() < 6
    # The whole person does not go with it.
    assert detail(blurred)[350:500, 150:250].mean() > 100


def test_a_large_head_keeps_no_more_than_a_few_cells() -> None:
    image = cv2.resize(noise((12, 12)), (400, 800), interpolation=cv2.INTER_NEAREST)
    blurred = image.copy()
    blur_faces(blurred, person(FRONT))
    area = head_area()
    assert blurred[area].std(axis=0).max() < 0.75 * image[area].std(axis=0).max()


@pytest.mark.parametrize(
    "shift",
    [
        pytest.param((-200, 0), id="at the left edge"),
        pytest.param((0, -100), id="at the upper edge"),
        pytest.param((-260, -200), id="outside"),
        pytest.param((1e7, 1e7), id="far outside"),
    ],
)
def test_heads_at_the_edge(shift: tuple[float, float]) -> None:
    people = person(FRONT)
    moved = people.replace(
        keypoints=people.keypoints + np.float32(shift), boxes=people.boxes + np.float32([*shift, *shift])
    )
    image = noise((800, 400))
    blurred = image.copy()
    blur_faces(blurred, moved)
    assert (blurred[400:] == image[400:]).all()
    if shift[0] + 200 >= 0 and shift[0] < 1000 and shift[1] > -150:
        x, y = int(shift[0] + 200), int(max(shift[1] + 100, 0))
        assert detail(blurred)[y + 2, x + 2] < 6


def test_tiny_pictures_and_nobody() -> None:
    image = noise((8, 8))
    before = image.copy()
    blur_faces(image, People.empty((8, 8)))
    assert (image == before).all()
    blur_faces(image, person(FRONT).replace(image_size=(8, 8)))


def test_faces_go_before_people_are_drawn() -> None:
    image, people = noise((800, 400)), person(FRONT)
    before = image.copy()
    drawn = draw_result(image, people, DrawOptions(blur_faces=True))
    assert (image == before).all()
    assert np.median(detail(drawn)[head_area()]) < 6
    # The nose is drawn on it, in the light grey of the middle.
    assert drawn[108, 200].min() > 160
    assert np.median(detail(draw_result(image, people))[head_area()]) > 60
