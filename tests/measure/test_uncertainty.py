"""Propagated uncertainty beside that of many random draws."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.measure.angles import Floats, wrapped
from spinepose_hf.measure.people import DEFINITIONS, measure_people
from spinepose_hf.measure.uncertainty import SPINE_CORRELATION, correlation_root, propagate
from spinepose_hf.measure.view import View, ViewEstimate
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, VERTEBRAE
from tests.measure.mannequin import mannequin

DRAWS = 20_000


def drawn(points: Floats, names: tuple[str, ...], sigmas: Floats) -> Floats:
    """Points (DRAWS, P, 2) around `points`, with errors correlated along the spine by the published table."""
    chain = list(VERTEBRAE)
    covariance = np.diag(sigmas.astype(float) ** 2)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            if i != j and a in chain and b in chain:
                apart = abs(chain.index(a) - chain.index(b))
                covariance[i, j] = SPINE_CORRELATION[apart] * sigmas[i] * sigmas[j]
    rng = np.random.default_rng(8)
    errors = [rng.multivariate_normal(np.zeros(len(names)), covariance, DRAWS) for _ in range(2)]
    return points + np.stack(errors, axis=-1)


@pytest.mark.parametrize("key", list(DEFINITIONS))
def test_every_measure_against_random_draws(key: str) -> None:
    definition = DEFINITIONS[key]
    people = mannequin(60, flexion=(15, 15, 10, 10, 15, 0, -8), lean=20, sigma=3)
    sigmas = people.sigmas.astype(np.float64) * np.linspace(0.5, 1.5, 37)
    people = people.replace(sigmas=sigmas)
    columns = [KEYPOINT_INDEX[name] for name in definition.points]
    points = people.keypoints[0, columns].astype(np.float64)
    draws = definition.formula(drawn(points, definition.points, sigmas[0, columns]))
    middle = definition.formula(points)
    errors = draws - middle
    if definition.periodic:
        errors = wrapped(errors)
    view = next(
        view
        for view, yaw in {View.SAGITTAL_RIGHT: 90, View.FRONT: 0}.items()
        if definition.shown.right is None or view in definition.shown.right
    )
    found = measure_people(people, [ViewEstimate(view, 90 if "sag" in view else 0, 1, 1)]).people[0][key]
    assert found.value == pytest.approx(float(middle), abs=1e-3)
    # Root mean square about the reported value: what a reader takes sigma for.
    expected = float(np.sqrt((errors**2).mean()))
    # Sums of sizes and the greatest of several have corners, where second differences are only roughly right.
    tolerance = 0.3 if definition.name in ("curvature", "deviation") else 0.08
    assert found.sigma == pytest.approx(expected, rel=tolerance), (found.sigma, expected)


def test_the_size_of_a_value_at_zero_is_uncertain() -> None:
    """A plain gradient would say that |x| at 0 is certain."""
    points, root = np.array([[[0.0, 0.0]]]), np.array([[[2.0]]])
    value, sigma = propagate(lambda p: np.abs(p[..., 0, 0]), points, root, periodic=False)
    assert value[0] == 0
    assert sigma[0] == pytest.approx(2 * np.sqrt(2 / 3))


def test_differences_take_the_short_way_round_the_circle() -> None:
    points, root = np.array([[[179.5, 0.0]]]), np.array([[[1.0]]])
    _, sigma = propagate(lambda p: wrapped(p[..., 0, 0]), points, root, periodic=True)
    assert sigma[0] == pytest.approx(1)


def test_correlations_are_those_of_a_covariance() -> None:
    root = correlation_root(KEYPOINT_NAMES)
    matrix = root @ root.T
    sacrum, c7, l5 = (KEYPOINT_INDEX[name] for name in ("hip", "neck", "spine_01"))
    assert np.diag(matrix) == pytest.approx(1)
    assert matrix[sacrum, l5] == pytest.approx(SPINE_CORRELATION[1])
    assert matrix[sacrum, c7] == pytest.approx(SPINE_CORRELATION[6])
    assert matrix[sacrum, KEYPOINT_INDEX["left_hip"]] == 0
