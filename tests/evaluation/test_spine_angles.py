"""Angles of the spine in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.evaluation.spine_angles import angle_errors, spine_angles, wrapped
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, SPINE_CHAIN


def chain(turns: list[float], lean: float = 0.0) -> np.ndarray:
    """37 points whose spine climbs from (0, 0) by links of 10 px, turning by `turns` degrees between them."""
    headings = np.radians(lean - 90 + np.cumsum([0.0, *turns]))
    steps = 10 * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    points = np.zeros((37, 2))
    points[list(SPINE_CHAIN)] = np.concatenate([[[0, 0]], np.cumsum(steps, axis=0)])
    return points


# Links: sacrum-L5, L5-L3, L3-L1 | L1-T8, T8-T3, T3-C7 | C7-C4, C4-C1; seven turns between them.
@pytest.mark.parametrize(
    ("name", "turns", "expected"),
    [
        ("straight", [0] * 7, {"lumbar": 0, "thoracic": 0, "cervical": 0}),
        ("lumbar only", [5, 7, 0, 0, 0, 0, 0], {"lumbar": 12, "thoracic": 0, "cervical": 0}),
        ("an S", [-10, -10, 0, 15, 15, 0, -8], {"lumbar": -20, "thoracic": 30, "cervical": -8}),
        ("between regions", [0, 0, 30, 0, 0, 30, 0], {"lumbar": 0, "thoracic": 0, "cervical": 0}),
    ],
)
def test_regions(name: str, turns: list[float], expected: dict[str, float]) -> None:
    found = spine_angles(chain(turns)[None], KEYPOINT_NAMES)
    assert {region: float(found[region][0]) for region in expected} == pytest.approx(expected, abs=1e-6), name


@pytest.mark.parametrize(("lean", "expected"), [(0, 0), (20, 20), (-45, -45), (180, -180)])
def test_trunk_leans_from_upright(lean: float, expected: float) -> None:
    trunk = spine_angles(chain([0] * 7, lean)[None], KEYPOINT_NAMES)["trunk"][0]
    assert abs(float(wrapped(trunk - expected))) < 1e-6


def test_angles_do_not_depend_on_the_lean() -> None:
    turns = [-10, -10, 0, 15, 15, 0, -8]
    for lean in (0, 90, 175, -100):
        assert spine_angles(chain(turns, lean)[None], KEYPOINT_NAMES)["thoracic"][0] == pytest.approx(30)


def pairs(predicted: np.ndarray, labelled: np.ndarray) -> Pairs:
    count = len(labelled)
    rows, ones = np.arange(count), np.ones(count)
    return Pairs(
        rows, labelled, np.ones((count, 37), bool), predicted, np.ones((count, 37)), ones, ones, rows
    )


def test_flattened_curves_show_in_the_slope() -> None:
    curves = np.array([-40, -10, 5, 20, 35])
    labelled = np.stack([chain([c / 2, c / 2, 0, 0, 0, 0, 0]) for c in curves])
    predicted = np.stack([chain([c / 4 + 1, c / 4 + 1, 0, 0, 0, 0, 0]) for c in curves])
    errors = angle_errors(pairs(predicted, labelled), KEYPOINT_NAMES)["lumbar"]
    assert errors.count == 5
    assert errors.slope == pytest.approx(0.5) and errors.correlation == pytest.approx(1)
    assert errors.intercept == pytest.approx(2) and errors.bias == pytest.approx(2 - 0.5 * curves.mean())
    assert errors.mean_error == pytest.approx(np.abs(2 - 0.5 * curves).mean())


def test_errors_cross_the_back_of_the_circle() -> None:
    labelled, predicted = chain([0] * 7, 179)[None], chain([0] * 7, -179)[None]
    assert angle_errors(pairs(predicted, labelled), KEYPOINT_NAMES)["trunk"].mean_error == pytest.approx(2)


def test_degenerate_and_unlabelled_chains_are_left_out() -> None:
    labelled = np.stack([chain([0] * 7), np.zeros((37, 2))])
    found = angle_errors(pairs(labelled, labelled), KEYPOINT_NAMES)
    assert found["lumbar"].count == 1 and found["lumbar"].correlation is None
    hidden = pairs(labelled, labelled)
    hidden.visible[:, SPINE_CHAIN[1]] = False
    assert "lumbar" not in angle_errors(hidden, KEYPOINT_NAMES)
    assert spine_angles(labelled[:, :17], KEYPOINT_NAMES[:17]) == {}
