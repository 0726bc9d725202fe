"""Figures of the moves, from persons whose moves are known."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.annotate.labelled import LabelledPerson
from dataset_loader.annotate.moves import KeypointMoves, distances, keypoint_moves
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

BOX = np.array([10.0, 20.0, 60.0, 220.0])  # 50 x 200 px: its area has the root 100


def person(shift: float = 0.0, visibility: int = 2) -> LabelledPerson:
    """A person whose nose is moved along (3, 4) / 5 by `shift` px and has this visibility."""
    points = np.full((37, 2), 50.0)
    points[0] += np.array([0.6, 0.8]) * shift
    seen = np.full(37, 2)
    seen[0] = visibility
    return LabelledPerson(points, seen, BOX, 1)


def nose(*after: LabelledPerson) -> KeypointMoves:
    return keypoint_moves([(person(), state) for state in after])[0]


def test_median_and_90th_percentile_are_those_of_the_moved_ones() -> None:
    moves = nose(*(person(shift) for shift in (0, 0.4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)))
    assert (moves.name, moves.compared, moves.moved) == ("nose", 13, 11)
    assert (moves.median_px, moves.p90_px) == (pytest.approx(6), pytest.approx(10))
    assert (moves.median_share, moves.p90_share) == (pytest.approx(0.06), pytest.approx(0.1))
    assert moves.moved_share == pytest.approx(11 / 13)


@pytest.mark.parametrize(("shift", "moved"), [(0.49, 0), (0.51, 1)])
def test_half_a_pixel_is_the_limit(shift: float, moved: int) -> None:
    assert nose(person(shift)).moved == moved


def test_hidden_and_removed_points_count_as_changed_visibility() -> None:
    moves = nose(person(visibility=1), person(visibility=0), person(9, visibility=0), person())
    assert (moves.compared, moves.moved, moves.visibility_changed) == (2, 0, 3)
    assert np.isnan(distances(person(), person(visibility=0))[0])


def test_nobody_gives_figures_without_numbers() -> None:
    moves = keypoint_moves([])
    assert [entry.name for entry in moves] == list(KEYPOINT_NAMES)
    assert moves[0] == KeypointMoves("nose", 0, 0, None, None, None, None, 0)
    assert moves[0].to_json()["moved_share"] == 0
