"""Pictures reach a detector scaled, padded and normalised as it was trained."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.inference.detectors.pixels import (
    RTMDET_INPUT,
    DetectorInput,
    letterbox_tensor,
    shrink,
    stretched_tensor,
)

PLAIN = DetectorInput(mean=(0, 0, 0), std=(1, 1, 1), color="rgb")


@pytest.mark.parametrize(
    ("height", "width", "factor"),
    [
        pytest.param(200, 100, 0.5, id="tall"),
        pytest.param(100, 200, 0.5, id="wide"),
        pytest.param(50, 25, 2.0, id="small"),
        pytest.param(1080, 1920, 100 / 1920, id="full HD"),
        pytest.param(9999, 20, 100 / 9999, id="thin"),
        pytest.param(1, 1, 100.0, id="one pixel"),
    ],
)
def test_letterbox(height: int, width: int, factor: float) -> None:
    tensor, found = letterbox_tensor(np.full((height, width, 3), 7, np.uint8), (100, 100), PLAIN)
    assert found == pytest.approx(factor)
    assert tensor.shape == (1, 3, 100, 100)
    inside = (max(1, round(height * factor)), max(1, round(width * factor)))
    assert (tensor[:, :, : inside[0], : inside[1]] == 7).all()
    assert (tensor == 114).sum() == (10_000 - inside[0] * inside[1]) * 3


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_normalises_in_the_order_of_the_colors(color: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    options = DetectorInput(mean=(10, 20, 30), std=(2, 4, 8), color=color)  # type: ignore[arg-type]
    tensor, factor = letterbox_tensor(image, (40, 40), options)
    assert factor == 1
    ordered = image if color == "rgb" else image[:, :, ::-1]
    expected = (ordered.astype(np.float32) - options.mean) / options.std
    np.testing.assert_allclose(tensor[0, :, :30].transpose(1, 2, 0), expected, atol=1e-5)
    np.testing.assert_allclose(tensor[0, :, 30:, 0].T, [(114 - np.array(options.mean)) / options.std] * 10)


def test_stretches_to_the_whole_frame() -> None:
    tensor = stretched_tensor(np.full((30, 90, 3), 50, np.uint8), (64, 32), PLAIN)
    assert tensor.shape == (1, 3, 64, 32)
    assert (tensor == 50).all()


@pytest.mark.parametrize(
    "reduction",
    [pytest.param(2.2, id="a little"), pytest.param(4.6, id="HD"), pytest.param(9.2, id="4K")],
)
def test_shrinking_averages(reduction: float) -> None:
    """Against OpenCV's area averaging, on a picture with detail that bilinear sampling alone would miss."""
    import cv2

    rng = np.random.default_rng(0)
    size = (120, 160)
    coarse = rng.integers(0, 256, (60, 80, 3), np.uint8)
    full = (round(size[1] * reduction), round(size[0] * reduction))
    image = cv2.resize(coarse, full, interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(-40, 41, image.shape)
    image = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
    averaged = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).astype(int)
    sampled = cv2.resize(image, size[::-1]).astype(int)
    error = np.abs(shrink(image, size) - averaged).mean()
    # 2.2 is sampled once and halved, as 4.6 is after a step of 2.3.
    assert error < 0.5 * np.abs(sampled - averaged).mean()


def test_the_defaults_are_those_of_rtmdet() -> None:
    assert DetectorInput() == RTMDET_INPUT
    assert RTMDET_INPUT.color == "bgr"
