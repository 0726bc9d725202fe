"""What each option of a drawing changes, and what it leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.measure.people import measure_people
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, SPINE_CHAIN
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.drawn_frame import draw_result
from spinepose_hf.pose import People

SIZE = (400, 300)
PLAIN = DrawOptions(ids=False)


def one_person() -> People:
    """A person in the middle: spine upright, left points to the right of it, head on top."""
    points = np.zeros((37, 2))
    for index, name in enumerate(KEYPOINT_NAMES):
        side = 50 if name.startswith("left_") else -50 if name.startswith("right_") else 0
        points[index] = (150 + side, 120 + (index * 7) % 37 * 6)
    for place, index in enumerate(SPINE_CHAIN):
        points[index] = (150, 260 - 20 * place)
    for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head"):
        points[KEYPOINT_INDEX[name]] = (150, 70)
    shape = (1, 37)
    return People(
        np.array([[90.0, 50, 210, 350]]),
        points[None],
        np.full(shape, 0.9),
        np.full(shape, 6.0),
        SIZE,
        ids=np.array([4]),
    )


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(60, 200, (*SIZE, 3), np.uint8)


def changed(options: DrawOptions, base: DrawOptions = PLAIN) -> NDArray[np.bool_]:
    """(H, W) where two ways of drawing differ."""
    image, people = noise(), one_person()
    first, second = (draw_result(image, people, chosen) for chosen in (base, options))
    return np.asarray((first != second).any(axis=2))


@pytest.mark.parametrize(
    ("name", "options", "rows", "columns"),
    [
        ("ids beside the head", replace(PLAIN, ids=True), (20, 110), (100, 200)),
        ("boxes along the box", replace(PLAIN, boxes=True), (45, 355), (85, 215)),
        ("uncertainty around the points", replace(PLAIN, uncertainty=True), (60, 350), (90, 210)),
        ("blurred head, not the feet", replace(PLAIN, blur_faces=True), (0, 200), (50, 250)),
        ("spine only leaves the limbs out", replace(PLAIN, spine_only=True), (60, 350), (90, 210)),
        ("wider lines", replace(PLAIN, line_width=9), (50, 360), (80, 220)),
        ("a threshold above all scores", replace(PLAIN, threshold=0.95), (50, 360), (80, 220)),
    ],
)
def test_an_option_changes_its_own_part(
    name: str, options: DrawOptions, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    found_rows, found_columns = np.nonzero(changed(options))
    assert len(found_rows) > 20
    assert rows[0] <= found_rows.min() and found_rows.max() <= rows[1]
    assert columns[0] <= found_columns.min() and found_columns.max() <= columns[1]


def test_the_input_stays_as_it_was() -> None:
    image = noise()
    before = image.copy()
    draw_result(image, one_person(), DrawOptions(blur_faces=True, boxes=True, uncertainty=True))
    np.testing.assert_array_equal(image, before)


def test_nobody_changes_nothing() -> None:
    image = noise()
    np.testing.assert_array_equal(draw_result(image, People.empty(SIZE), DrawOptions(blur_faces=True)), image)


def test_angles_must_belong_to_the_people() -> None:
    people = one_person()
    with pytest.raises(ValueError, match="0 people need as many measures, got 1"):
        draw_result(noise(), People.empty(SIZE), PLAIN, measure_people(people))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"line_width": 0.0}, "line_width"),
        ({"line_width": np.nan}, "line_width"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DrawOptions(**options)  # type: ignore[arg-type]
