"""Equal answers of one network, computed by two libraries or on two kinds of processor."""

from __future__ import annotations

import numpy as np

from spinepose_hf.inference.runtimes.base import CropPoses

# Libraries and instruction sets round sums differently, by about a millionth. A keypoint lies at the highest
# of some hundred bins: where the network hardly sees it, the two highest may be as near to each other.
_UNDECIDED = 0.03
_SURE = 0.5
_ONE_BIN = 0.5
"""Pixels of a crop."""


def assert_alike(
    found: CropPoses, expected: CropPoses, *, pixels: float = 1e-3, scores: float = 1e-4, sigmas: float = 1e-2
) -> None:
    """Check that two answers to the same crops differ by rounding alone.

    A keypoint whose two highest bins are alike may stand at either: the neighbouring bin where the network is
    sure, anywhere where it is not, and that for few keypoints only.

    Args:
        found: of N crops.
        expected: of the same crops.
        pixels: how far apart keypoints may be that stand at the same bin, crop px.
        scores: how far apart scores may be.
        sigmas: how far apart the sigmas of keypoints at the same bin may be, crop px.
    """
    assert found.keypoints.shape == expected.keypoints.shape
    apart = np.abs(found.keypoints - expected.keypoints).max(axis=-1)
    same = apart <= pixels
    assert (~same).sum() <= _UNDECIDED * same.size, f"{(~same).sum()} of {same.size} keypoints are elsewhere"
    assert apart[expected.scores >= _SURE].max(initial=0) <= _ONE_BIN + pixels
    np.testing.assert_allclose(found.scores, expected.scores, atol=scores, rtol=0)
    np.testing.assert_allclose(found.sigmas[same], expected.sigmas[same], atol=sigmas, rtol=0.01)


__all__ = ["assert_alike"]
