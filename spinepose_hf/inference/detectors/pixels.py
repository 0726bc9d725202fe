"""From a picture to what a detector's graph reads: scaled, in its colour order, normalised, planes first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# Letterboxed pictures are padded with the grey that MMDetection's and YOLOX's models were trained with.
_PAD_VALUE = 114

# Bilinear sampling skips pixels beyond a step of two; what it skips up to this step does not show.
_LARGEST_STEP = 2.5


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """How a detector wants its picture. The defaults are those of OpenMMLab's RTMDet.

    Args:
        size: (height, width) in px. A fixed input size overrules it. Larger finds smaller people, but small
            detectors split a person who fills 640 px into pieces; 416 finds both.
        mean: per channel, 0 to 255, in the order of `color`.
        std: per channel, 0 to 255, in the order of `color`.
        color: channel order of the input.
        person_label: the number of the class "person".
    """

    size: tuple[int, int] = (416, 416)
    mean: tuple[float, float, float] = (103.53, 116.28, 123.675)
    std: tuple[float, float, float] = (57.375, 57.12, 58.395)
    color: Literal["bgr", "rgb"] = "bgr"
    person_label: int = 0


RTMDET_INPUT = DetectorInput()
YOLOX_INPUT = DetectorInput(size=(640, 640), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
"""YOLOX since version 0.1.1: plain BGR, 0 to 255."""


def shrink(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize an image, averaging where it becomes much smaller.

    OpenCV's area averaging takes 7 ms for 1080p to 416 px. Bilinear sampling to a multiple of the size
    followed by halving, which OpenCV does fast, takes 1 ms and differs by half a grey level on average.

    Args:
        image: (H, W, 3) uint8.
        size: (height, width) of the result; each side may have its own factor.
    """
    import cv2

    height, width = size
    reduction = max(image.shape[0] / height, image.shape[1] / width)
    halvings = max(1, math.ceil(math.log2(reduction / _LARGEST_STEP))) if reduction > 2 else 0
    result: NDArray[np.uint8] = cv2.resize(image, (width << halvings, height << halvings))
    for left in reversed(range(halvings)):
        result = cv2.resize(result, (width << left, height << left), interpolation=cv2.INTER_AREA)
    return result


def letterbox_tensor(
    image: NDArray[np.uint8], size: tuple[int, int], options: DetectorInput
) -> tuple[NDArray[np.float32], float]:
    """Scale an image into a frame without changing its aspect; the rest, right and below, is grey.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: (height, width) of the frame.
        options: colour order and normalisation.

    Returns:
        The frame (1, 3, height, width) float32, and the factor from image to frame px.
    """
    height, width = image.shape[:2]
    factor = min(size[0] / height, size[1] / width)
    inner = (max(1, round(height * factor)), max(1, round(width * factor)))
    return _tensor(shrink(image, inner), size, options), factor


def stretched_tensor(
    image: NDArray[np.uint8], size: tuple[int, int], options: DetectorInput
) -> NDArray[np.float32]:
    """Scale an image to exactly `size`, (height, width); otherwise as `letterbox_tensor`."""
    return _tensor(shrink(image, size), size, options)


def _tensor(pixels: NDArray[np.uint8], size: tuple[int, int], options: DetectorInput) -> NDArray[np.float32]:
    import cv2

    height, width = pixels.shape[:2]
    planes = cv2.split(pixels)
    tensor = np.empty((1, 3, *size), np.float32)
    for channel, plane in enumerate(planes if options.color == "rgb" else planes[::-1]):
        scale = np.float32(1 / options.std[channel])
        shift = np.float32(-options.mean[channel] / options.std[channel])
        target = tensor[0, channel]
        np.multiply(plane, scale, out=target[:height, :width], dtype=np.float32)
        target[:height, :width] += shift
        target[height:] = target[:height, width:] = _PAD_VALUE * scale + shift
    return tensor


__all__ = [
    "RTMDET_INPUT",
    "YOLOX_INPUT",
    "DetectorInput",
    "letterbox_tensor",
    "shrink",
    "stretched_tensor",
]
