"""The SimCC codec: equal to the original's, and its own score and spread."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spinepose_hf.model import simcc
from spinepose_hf.model.loss_spinepose import encode_targets
from spinepose_hf.model.skeleton import FLIP_INDEX

SIZE, SIGMA, RATIO = (256, 192), (4.9, 5.66), 2.0


def test_targets_equal_the_original(codec: dict[str, np.ndarray]) -> None:
    x, y, weights = simcc.encode(codec["keypoints"], codec["visible"], SIZE, SIGMA, RATIO)
    np.testing.assert_allclose(x, codec["x_labels"], atol=1e-6)
    np.testing.assert_allclose(y, codec["y_labels"], atol=1e-6)
    np.testing.assert_array_equal(weights, codec["weights"])


@pytest.mark.parametrize("variant", ["t", "s"])
def test_decoding_equals_the_original_exactly(
    outputs: dict[str, dict[str, np.ndarray]], variant: str
) -> None:
    reference = outputs[variant]
    keypoints, scores = simcc.decode(reference["simcc_x"][:1], reference["simcc_y"][:1], RATIO)
    np.testing.assert_array_equal(keypoints, reference["keypoints"])
    np.testing.assert_array_equal(scores, reference["scores"])


def test_decoded_targets_are_the_keypoints_within_a_quarter_pixel() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform([0, 0], [191.4, 255.4], (8, 37, 2))
    x, y, weights = simcc.encode(points, np.ones((8, 37)), SIZE, SIGMA, RATIO)
    decoded, _ = simcc.decode(x, y, RATIO)
    assert np.abs(decoded - points).max() <= 0.25 + 1e-5
    assert (weights == 1).all()


@pytest.mark.parametrize(
    ("case", "point", "visible", "weight"),
    [
        ("inside", (10, 10), 1, 1),
        ("occluded counts as seen", (10, 10), 2, 1),
        ("half trusted", (10, 10), 0.6, 0.6),
        ("unlabelled", (10, 10), 0, 0),
        ("hardly visible", (10, 10), 0.4, 0),
        ("unlabelled and nowhere", (np.nan, np.nan), 0, 0),
        ("just left of the crop", (-7, 10), 1, 1),
        ("far left of the crop", (-9, 10), 1, 0),
        ("just below", (10, 264), 1, 1),
        ("far below", (10, 265), 1, 0),
    ],
)
def test_which_points_are_trained(
    case: str, point: tuple[float, float], visible: float, weight: float
) -> None:
    x, y, weights = simcc.encode([[point]], [[visible]], SIZE, SIGMA, RATIO)
    assert weights[0, 0] == np.float32(weight), case
    assert (x.any() and y.any()) == (weight > 0), case
    labels = torch.tensor([[[*point, visible]]], dtype=torch.float32)
    torch_x, torch_y, torch_weights = encode_targets(labels, SIZE, SIGMA, RATIO)
    np.testing.assert_allclose(torch_x.numpy(), x, atol=1e-6, err_msg=case)
    np.testing.assert_allclose(torch_y.numpy(), y, atol=1e-6, err_msg=case)
    np.testing.assert_array_equal(torch_weights.numpy(), weights, err_msg=case)


def test_halves_round_to_even() -> None:
    x, _, _ = simcc.encode([[[10.25, 5.0], [10.75, 5.0]]], [[1, 1]], SIZE, SIGMA, RATIO)
    assert x[0].argmax(-1).tolist() == [20, 22]


def test_without_a_positive_peak_there_is_no_location_and_no_score() -> None:
    flat_x, flat_y = np.full((1, 1, 384), -1.0), np.full((1, 1, 512), 2.0)
    keypoints, raw = simcc.decode(flat_x, flat_y, RATIO)
    assert keypoints.tolist() == [[[-0.5, -0.5]]]
    assert raw.tolist() == [[-1]]
    assert simcc.confidence(flat_x, flat_y, SIGMA).tolist() == [[0]]


def test_score_and_spread_tell_sure_from_torn_from_clueless() -> None:
    sure, _, _ = simcc.encode([[[60.0, 0], [130.0, 0]]], [[1, 1]], SIZE, SIGMA, RATIO)
    y = simcc.encode([[[0, 100.0]]], [[1]], SIZE, SIGMA, RATIO)[1]
    torn = sure.max(axis=1, keepdims=True)
    clueless = np.full_like(torn, 0.01)
    scores = [float(simcc.confidence(x, y, SIGMA)[0, 0]) for x in (sure[:, :1], torn, clueless)]
    spreads = [float(simcc.spread(x, y, RATIO)[0, 0]) for x in (sure[:, :1], torn, clueless)]
    assert scores[0] > 0.98
    assert 0.4 < scores[1] < 0.6
    assert scores[2] < 0.1
    # softmax(10 * target) is a Gaussian of sigma / sqrt(10) bins on a floor that must not count.
    assert spreads[0] == pytest.approx(np.sqrt((4.9**2 + 5.66**2) / 2 / 10) / 2, rel=0.1)
    assert 20 < spreads[1] < spreads[2]
    # The central 68.27 % of a flat distribution over w bins.
    flat = simcc.spread(np.zeros((1, 384)), np.zeros((1, 512)), RATIO)
    assert flat[0] == pytest.approx(np.sqrt((384**2 + 512**2) / 2) * 0.68269 / 2 / 2, rel=1e-4)


def test_scores_stay_between_zero_and_one_whatever_the_logits() -> None:
    rng = np.random.default_rng(5)
    for scale in (0.01, 1.0, 100.0):
        x, y = scale * rng.normal(size=(4, 37, 384)), scale * rng.normal(size=(4, 37, 512))
        scores = simcc.confidence(x, y, SIGMA)
        assert ((scores >= 0) & (scores <= 1)).all()
        assert np.isfinite(simcc.spread(x, y, RATIO)).all()


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_flip_twice_is_the_identity_and_mirrors_what_it_should(kind: str) -> None:
    points = np.random.default_rng(2).uniform([0, 0], [191, 255], (2, 37, 2))
    x, y, _ = simcc.encode(points, np.ones((2, 37)), SIZE, SIGMA, RATIO)
    mirrored = points[:, list(FLIP_INDEX)].copy()
    mirrored[..., 0] = (383 / 2) - np.rint(mirrored[..., 0] * 2) / 2
    mirror_x, mirror_y, _ = simcc.encode(mirrored, np.ones((2, 37)), SIZE, SIGMA, RATIO)
    if kind == "torch":
        flipped = simcc.flip_logits(torch.from_numpy(mirror_x), torch.from_numpy(mirror_y), FLIP_INDEX)
        flipped_x, flipped_y = (tensor.numpy() for tensor in flipped)
    else:
        flipped_x, flipped_y = simcc.flip_logits(mirror_x, mirror_y, FLIP_INDEX)
    np.testing.assert_allclose(flipped_x, x, atol=1e-6)
    np.testing.assert_array_equal(flipped_y, y)
    again_x, again_y = simcc.flip_logits(flipped_x, flipped_y, FLIP_INDEX)
    np.testing.assert_array_equal(again_x, mirror_x)
    np.testing.assert_array_equal(again_y, mirror_y)
