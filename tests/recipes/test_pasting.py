"""People cut out of photos and pasted into scenes: pixels, labels and boxes stay together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recipes.pasting import Placed, annotation_of, arrange, compose, cut_out
from spinepose_hf.model.skeleton import NUM_KEYPOINTS
from tests.recipes.pasted_people import GREEN, GREY, RED, person


def test_a_cutout_is_the_outline_with_its_points() -> None:
    image = np.full((300, 200, 3), GREY, np.uint8)
    image[100:200, 60:100] = RED
    outline = (image[..., 0] == RED[0]).astype(np.uint8)
    points = np.zeros((NUM_KEYPOINTS, 3))
    points[4] = 80, 150, 2
    found = cut_out(image, outline, points)
    assert found.pixels.shape == (104, 44, 3) and (found.pixels[2:-2, 2:-2] == RED).all()
    assert found.alpha[50, 20] == 1 and not found.alpha[0].any()
    np.testing.assert_array_equal(found.points[4], (22, 52, 2))
    assert not found.points[0].any() and found.cut == (False,) * 4


def test_large_people_become_smaller_with_their_points() -> None:
    outline = np.ones((640, 320), np.uint8)
    points = np.zeros((NUM_KEYPOINTS, 3))
    points[0] = 160, 600, 2
    found = cut_out(np.zeros((640, 320, 3), np.uint8), outline, points)
    assert found.alpha.shape == (320, 160) and found.cut == (True,) * 4
    np.testing.assert_array_equal(found.points[0], (80, 300, 2))


CUTS: dict[str, tuple[tuple[bool, ...], dict[str, Any]]] = {
    "by the left edge": ((True, False, False, False), {"left": 0}),
    "by the top edge": ((False, True, False, False), {"top": 0}),
    "by the right edge": ((False, False, True, False), {"right": 0}),
    "by the bottom edge": ((False, False, False, True), {"bottom": 0}),
}


@pytest.mark.parametrize(("cut", "expected"), CUTS.values(), ids=CUTS.keys())
def test_who_was_cut_off_stays_cut_off(cut: tuple[bool, ...], expected: dict[str, Any]) -> None:
    for seed in range(10):
        (width, height), (placed,) = arrange(np.random.default_rng(seed), person(cut=cut), None)
        edges = {
            "left": placed.left,
            "top": placed.top,
            "right": width - placed.left - 40,
            "bottom": height - placed.top - 100,
        }
        assert {name: edges[name] for name in expected} == expected
        assert min(edges.values()) >= 0


def test_who_stands_before_hides_who_stands_behind() -> None:
    backdrop = np.full((120, 100, 3), GREY, np.uint8)
    behind, before = Placed(person(), 10, 10), Placed(person(GREEN), 35, 10)
    scene, shown = compose(backdrop, [behind, before])
    assert tuple(scene[50, 20]) == RED and tuple(scene[50, 45]) == GREEN and tuple(scene[50, 90]) == GREY
    entries = [annotation_of(*one) for one in shown]
    assert entries[0] is not None and entries[1] is not None
    assert entries[0]["bbox"] == [10, 10, 25, 100] and entries[1]["bbox"] == [35, 10, 40, 100]
    points = np.array(entries[0]["keypoints"]).reshape(-1, 3)
    # The third point, at (45, 100), is behind the other person.
    np.testing.assert_array_equal(points[:3], [[30, 20, 2], [15, 60, 2], [45, 100, 1]])
    assert entries[0]["area"] == 25 * 100 and not points[3:].any()


def test_points_outside_the_scene_are_not_labelled_and_hidden_people_left_out() -> None:
    backdrop = np.full((80, 100, 3), GREY, np.uint8)
    _, ((placed, seen),) = compose(backdrop, [Placed(person(), 10, 0)])
    entry = annotation_of(placed, seen)
    assert entry is not None and entry["num_keypoints"] == 2
    assert entry["keypoints"][6:9] == [0, 0, 0]
    _, shown = compose(backdrop, [Placed(person(), 10, 0), Placed(person(GREEN), 20, 0)])
    assert annotation_of(*shown[0]) is None and annotation_of(*shown[1]) is not None
