"""SimCC: a keypoint as two one-dimensional distributions, one along x and one along y (arXiv 2107.03332).

Each axis of the crop is divided into bins, `split_ratio` of them a pixel. Here are the training targets, the
decoding of the original implementation, and two measures that the original lacks: a score calibrated to 0..1
and a standard deviation in pixels. NumPy only; `loss_spinepose.py` has the torch twin of `encode`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LOGIT_SCALE: float = 10.0
"""The loss compares softmax(10 * logits), so that is the distribution a trained network means."""

PEAK_RADIUS: float = 4.0
"""Half width, in target sigmas, of the window around the peak whose probability is the score.

Four of them are ten pixels of a 256 x 192 crop, about where OKS falls below 0.5 for a typical keypoint. So
the score comes near the share of keypoints above OKS 0.5; of the radii 2, 3, 4 and 6 this one had the lowest
calibration error on the embedded model's validation persons.
"""

CENTRAL_SHARES: tuple[float, float] = (0.158655, 0.841345)
"""The quantiles of a normal distribution one standard deviation below and above its middle."""

_MIN_VISIBILITY = 0.5
_WINDOW_SIGMAS = 3.0
# Keeps the quantiles' division finite.
_LEAST_PROBABILITY = 1e-9


def encode(
    keypoints: npt.ArrayLike,
    visible: npt.ArrayLike,
    input_size_hw: tuple[int, int],
    sigma_xy: tuple[float, float],
    split_ratio: float,
) -> tuple[Array, Array, Array]:
    """Training targets: a Gaussian of peak 1 along each axis, not normalised.

    The peak sits on a whole bin (halves round to even). A point whose window of 3 sigmas lies wholly outside
    the crop, on either axis, is not trained; one just outside still is.

    Args:
        keypoints: (..., K, 2) x, y in crop pixels. Anything is allowed where `visible` is below 0.5.
        visible: (..., K) visibility; below 0.5 means unlabelled, more than 1 counts as 1 (COCO's 2).
        input_size_hw: the crop's height and width.
        sigma_xy: standard deviation along x and y, in bins.
        split_ratio: bins a pixel.

    Returns:
        x: (..., K, width * split_ratio). All zero for an untrained point.
        y: (..., K, height * split_ratio). All zero for an untrained point.
        weights: (..., K) min(visible, 1), and 0 for an untrained point.
    """
    points = np.asarray(keypoints, dtype=np.float32)
    weights = np.minimum(np.asarray(visible, dtype=np.float32), 1.0)
    trained = weights >= _MIN_VISIBILITY
    bins_xy = [round(side * split_ratio) for side in reversed(input_size_hw)]
    # Unlabelled points may be anything, even NaN: put them where the window rule also rejects them.
    peaks = np.rint(np.where(trained[..., None], points, -1e6) * np.float32(split_ratio))
    for axis in range(2):
        reach = _WINDOW_SIGMAS * sigma_xy[axis]
        low, high = peaks[..., axis] - reach, peaks[..., axis] + reach + 1
        trained &= (low < bins_xy[axis]) & (high >= 0)

    targets: list[Array] = []
    for axis in range(2):
        distance = np.arange(bins_xy[axis], dtype=np.float32) - peaks[..., axis, None]
        gaussian = np.exp(-(distance**2) / (2 * sigma_xy[axis] ** 2))
        targets.append(np.where(trained[..., None], gaussian, 0.0).astype(np.float32))
    return targets[0], targets[1], np.where(trained, weights, 0.0).astype(np.float32)


def decode(simcc_x: npt.ArrayLike, simcc_y: npt.ArrayLike, split_ratio: float) -> tuple[Array, Array]:
    """Coordinates and raw scores, exactly as the original implementation.

    Args:
        simcc_x: (..., K, Wx) logits.
        simcc_y: (..., K, Wy) logits.
        split_ratio: bins a pixel.

    Returns:
        keypoints: (..., K, 2) crop pixels: the highest bin of each axis, or bin -1 where the score is
            not positive.
        raw_scores: (..., K) the smaller of the two peaks; a logit, so neither bounded nor a probability.
    """
    x, y = np.asarray(simcc_x, dtype=np.float32), np.asarray(simcc_y, dtype=np.float32)
    keypoints = np.stack([x.argmax(-1), y.argmax(-1)], axis=-1).astype(np.float32)
    raw_scores: Array = np.minimum(x.max(-1), y.max(-1))
    keypoints[raw_scores <= 0] = -1
    return keypoints / np.float32(split_ratio), raw_scores


def distribution(logits: npt.ArrayLike, logit_scale: float = LOGIT_SCALE) -> Array:
    """softmax(logit_scale * logits) over the last axis."""
    scaled = np.asarray(logits, dtype=np.float32) * np.float32(logit_scale)
    weights = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: Array = weights / weights.sum(axis=-1, keepdims=True)
    return result


def confidence(simcc_x: npt.ArrayLike, simcc_y: npt.ArrayLike, sigma_xy: tuple[float, float]) -> Array:
    """How sure the network is of each peak, 0..1.

    It is the probability that the distribution gives to the surroundings of its peak, within 4 target sigmas;
    the smaller one of both axes. A perfect answer has 0.99, a flat one next to nothing, and a keypoint that
    `decode` gives no location has 0.

    Args:
        simcc_x: (..., K, Wx) logits.
        simcc_y: (..., K, Wy) logits.
        sigma_xy: standard deviation of the training targets along x and y, in bins.

    Returns:
        (..., K) scores.
    """
    axes = [np.asarray(logits, dtype=np.float32) for logits in (simcc_x, simcc_y)]
    masses = []
    for logits, sigma in zip(axes, sigma_xy, strict=True):
        probability = distribution(logits)
        bins = np.arange(probability.shape[-1])
        near = np.abs(bins - logits.argmax(axis=-1)[..., None]) <= PEAK_RADIUS * sigma
        masses.append(np.where(near, probability, 0).sum(axis=-1))
    located = np.minimum(axes[0].max(axis=-1), axes[1].max(axis=-1)) > 0
    scores: Array = np.clip(np.where(located, np.minimum(*masses), 0.0), 0.0, 1.0).astype(np.float32)
    return scores


def spread(simcc_x: npt.ArrayLike, simcc_y: npt.ArrayLike, split_ratio: float) -> Array:
    """Standard deviation of each keypoint's distribution, in crop pixels, from its central 68 %.

    Half the distance between the quantiles, not the root of the variance: the training targets have a flat
    floor, so even a perfect answer leaves 0.5 % of the probability far away, which would dominate a variance.

    Args:
        simcc_x: (..., K, Wx) logits.
        simcc_y: (..., K, Wy) logits.
        split_ratio: bins a pixel.

    Returns:
        (..., K) sqrt((sigma_x^2 + sigma_y^2) / 2).
    """
    squares = []
    for logits in (simcc_x, simcc_y):
        probability = np.maximum(distribution(logits), _LEAST_PROBABILITY)
        before = probability.cumsum(axis=-1) - probability
        low, high = (np.clip((share - before) / probability, 0, 1).sum(axis=-1) for share in CENTRAL_SHARES)
        squares.append(((high - low) / 2) ** 2)
    result: Array = (np.sqrt((squares[0] + squares[1]) / 2) / np.float32(split_ratio)).astype(np.float32)
    return result


Logits = TypeVar("Logits", bound=Any)


def flip_logits(simcc_x: Logits, simcc_y: Logits, flip_index: Sequence[int]) -> tuple[Logits, Logits]:
    """The answer for a picture, from the answer for its left-right mirror image. Twice is the identity.

    For the flip test, run the mirrored crop too and take the mean of both answers; as in the original, no
    shift is applied.

    Args:
        simcc_x: (..., K, Wx) logits, NumPy array or torch tensor.
        simcc_y: (..., K, Wy) logits.
        flip_index: the keypoint that each keypoint becomes, `SpinePoseConfig.flip_index`.

    Returns:
        Logits of the same shapes.
    """
    keypoints = list(flip_index)
    mirrored_bins = list(range(simcc_x.shape[-1]))[::-1]
    return simcc_x[..., keypoints, :][..., mirrored_bins], simcc_y[..., keypoints, :]


__all__ = [
    "LOGIT_SCALE",
    "PEAK_RADIUS",
    "confidence",
    "decode",
    "distribution",
    "encode",
    "flip_logits",
    "spread",
]
