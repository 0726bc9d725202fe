"""The result type refuses what does not fit, and cannot be changed afterwards."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, VERTEBRAE
from spinepose_hf.pose import People


def fields(count: int = 3) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 50, (count, 2))
    return {
        "boxes": np.concatenate([corners, corners + 20], axis=1),
        "keypoints": generator.uniform(0, 100, (count, 37, 2)),
        "scores": generator.uniform(0, 1, (count, 37)),
        "sigmas": generator.uniform(0, 9, (count, 37)),
        "image_size": (100, 200),
        "ids": np.arange(count) + 7,
    }


def with_value(name: str, index: tuple[int, ...], value: float) -> dict[str, Any]:
    changed = fields()
    changed[name][index] = value
    return {name: changed[name]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"keypoints": np.zeros((3, 26, 2))}, r"\(N, 37, 2\)", id="26 keypoints"),
        pytest.param({"keypoints": np.zeros((37, 2))}, r"\(N, 37, 2\)", id="no person axis"),
        pytest.param({"boxes": np.zeros((2, 4))}, "boxes must have the shape", id="fewer boxes than people"),
        pytest.param({"scores": np.zeros((3, 36))}, "scores must have the shape", id="scores of 36 points"),
        pytest.param(with_value("keypoints", (0, 0, 0), np.nan), "not finite", id="NaN keypoint"),
        pytest.param(with_value("scores", (0, 0), 1.5), "between 0 and 1", id="score above one"),
        pytest.param(with_value("sigmas", (0, 0), -1), "between 0 and inf", id="negative sigma"),
        pytest.param(with_value("boxes", (0, 2), -9), "x2 > x1", id="box with crossed corners"),
        pytest.param({"box_scores": [2, 0, 0]}, "box_scores must lie", id="box score above one"),
        pytest.param({"ids": [1, 1, 2]}, "same number twice", id="one id for two people"),
        pytest.param({"ids": [1.0, 2.0, 3.0]}, "whole numbers", id="fractional ids"),
        pytest.param({"image_size": (0, 5)}, "image_size", id="picture without height"),
        pytest.param({"keypoint_names": ("a",) * 37}, "same name twice", id="repeated names"),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        People(**{**fields(), **changes})


def test_arrays_are_frozen_copies() -> None:
    values = fields()
    people = People(**values)
    values["keypoints"][0, 0] = -1
    assert people.keypoints[0, 0, 0] >= 0
    with pytest.raises(ValueError, match="read-only"):
        people.keypoints[0, 0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        people.image_size = (1, 1)  # type: ignore[misc]


def test_iterates_over_persons() -> None:
    people = People(**fields())
    persons = list(people)
    assert len(people) == len(persons) == 3
    assert [person.id for person in persons] == [7, 8, 9]
    assert persons[1].box_score == 1.0
    x, y, score = persons[2].point("left_wrist")
    index = KEYPOINT_INDEX["left_wrist"]
    assert (x, y) == tuple(people.keypoints[2, index])
    assert score == people.scores[2, index]
    with pytest.raises(KeyError, match="tail"):
        persons[0].point("tail")


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        pytest.param([True, False, True], [7, 9], id="mask"),
        pytest.param([2, 0], [9, 7], id="positions"),
        pytest.param([], [], id="nobody"),
        pytest.param([False] * 3, [], id="empty mask"),
    ],
)
def test_select(which: list[Any], ids: list[int]) -> None:
    chosen = People(**fields()).select(which)
    assert [person.id for person in chosen] == ids
    assert chosen.boxes.shape == (len(ids), 4)
    assert chosen.image_size == (100, 200)


def test_spine_is_bottom_to_top() -> None:
    people = People(**fields())
    spine = people.spine()
    assert spine.keypoint_names == tuple(VERTEBRAE)
    assert spine.keypoint_names[0] == "hip"
    assert spine.keypoint_names[-1] == "neck_03"
    for place, name in enumerate(VERTEBRAE):
        np.testing.assert_array_equal(spine.keypoints[:, place], people.keypoints[:, KEYPOINT_INDEX[name]])
    np.testing.assert_array_equal(spine.spine().keypoints, spine.keypoints)


def test_spine_needs_its_points() -> None:
    values = fields()
    body = {name: values[name][:, :17] for name in ("keypoints", "scores", "sigmas")}
    with pytest.raises(ValueError, match="no keypoint 'hip'"):
        People(**{**values, **body, "keypoint_names": KEYPOINT_NAMES[:17]}).spine()


def test_empty() -> None:
    people = People.empty((4, 5))
    assert len(people) == 0
    assert people.keypoints.shape == (0, 37, 2)
    assert list(people.spine()) == []
