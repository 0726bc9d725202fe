"""Comparing files with torch: what is let pass, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.model import simcc
from spinepose_hf.onnx.verify import TOLERANCES, Reference, normalised, sample_crops, verify

SIZE = (64, 96)


def reference(count: int = 3, keypoints: int = 40) -> Reference:
    """Torch's answers for `count` crops: one clear peak an axis, its neighbour a little lower."""
    rng = np.random.default_rng(5)
    logits = []
    for bins in (192, 128):
        peaks = rng.integers(4, bins - 40, (count, keypoints, 1))
        distance = np.abs(np.arange(bins) - peaks)
        logits.append((8 * np.exp(-(distance**2) / 30)).astype(np.float32))
    crops = np.zeros((count, *SIZE, 3), np.uint8)
    return Reference(crops, (logits[0], logits[1]), 2.0, (4.9, 5.66))


def plain(logits: tuple[np.ndarray, np.ndarray]) -> Any:
    """A plain graph that answers `logits`, whatever it is asked."""

    def run(values: np.ndarray) -> Mapping[str, np.ndarray]:
        return {"simcc_x": logits[0][: len(values)], "simcc_y": logits[1][: len(values)]}

    return run


def moved(truth: Reference, bins: int, keypoints: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits with the first `keypoints` of every crop moved along x."""
    logits = truth.logits[0].copy()
    logits[:, :keypoints] = np.roll(logits[:, :keypoints], bins, axis=-1)
    return logits, truth.logits[1]


@pytest.mark.parametrize(
    ("precision", "bins", "keypoints", "passes"),
    [
        pytest.param("fp32", 0, 0, True, id="fp32 equal"),
        pytest.param("fp32", 1, 1, False, id="fp32 one bin off"),
        pytest.param("fp16", 2, 40, True, id="fp16 all a pixel off"),
        pytest.param("fp16", 3, 40, False, id="fp16 all more than a pixel off"),
        pytest.param("int8", 30, 4, True, id="int8 a tenth far off"),
        pytest.param("int8", 30, 5, False, id="int8 more than a tenth far off"),
    ],
)
def test_the_tolerance_of_each_precision(precision: Any, bins: int, keypoints: int, passes: bool) -> None:
    truth = reference()
    run = plain(moved(truth, bins, keypoints))
    if passes:
        agreement = verify(run, "plain", truth, TOLERANCES[precision])
        assert agreement.worst_px == pytest.approx(bins / 2 if keypoints else 0)
        assert agreement.keypoints == 120 and agreement.crops == 3
    else:
        with pytest.raises(ModelError, match=r"int9 differs from torch: .* px off .* nothing was written"):
            verify(run, "plain", truth, TOLERANCES[precision], "int9")


def test_a_bin_as_high_as_the_highest_is_no_difference() -> None:
    truth = reference()
    place = truth.logits[0].argmax(axis=-1)
    level = truth.logits[0].copy()
    # Torch's neighbour of the peak is as high but for the last digit; the file takes that one.
    np.put_along_axis(level, place[..., None] + 1, level.max(axis=-1, keepdims=True) - 1e-6, axis=-1)
    tied = Reference(truth.crops, (level, truth.logits[1]), 2.0, (4.9, 5.66))
    found = level.copy()
    np.put_along_axis(found, place[..., None] + 1, level.max(axis=-1, keepdims=True) + 1e-6, axis=-1)
    assert (simcc.decode(found, truth.logits[1], 2.0)[0] != simcc.decode(*tied.logits, 2.0)[0]).any()
    agreement = verify(plain((found, truth.logits[1])), "plain", tied, TOLERANCES["fp32"])
    assert agreement.worst_px == 0 and agreement.keypoints == 120


def test_another_answer_for_one_crop_than_for_several() -> None:
    truth = reference()
    wrong = moved(truth, 20, 40)

    def run(values: np.ndarray) -> Mapping[str, np.ndarray]:
        return plain(wrong if len(values) == 1 else truth.logits)(values)

    with pytest.raises(ModelError, match="differs from torch"):
        verify(run, "plain", truth, TOLERANCES["fp16"])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param("not a number", lambda logits: logits * np.nan, id="not a number"),
        pytest.param("always one", lambda logits: logits[:1], id="answers for one crop only"),
    ],
)
def test_answers_that_are_none(name: str, answer: Any) -> None:
    truth = reference()

    def run(values: np.ndarray) -> Mapping[str, np.ndarray]:
        return {"simcc_x": answer(truth.logits[0]), "simcc_y": truth.logits[1]}

    with pytest.raises(ModelError, match="answers simcc_x of the shape"):
        verify(run, "plain", truth, TOLERANCES["int8"])


def test_the_bundled_crops_are_people_and_not_all_alike() -> None:
    crops = sample_crops((256, 192))
    assert crops.shape == (14, 256, 192, 3) and crops.dtype == np.uint8
    assert len({crop.tobytes() for crop in crops}) == 14
    assert (crops.reshape(14, -1).std(axis=1) > 20).all()
    pixels = normalised(crops)
    assert pixels.shape == (14, 3, 256, 192) and pixels.dtype == np.float32
    assert pixels.min() > -2.2 and pixels.max() < 2.7
