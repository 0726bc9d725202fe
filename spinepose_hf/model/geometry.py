"""From a person's box to the network's crop and back: the only place that knows the affine map.

The conventions are those of MMPose's top-down models, so that the original weights see the pictures they were
trained on: the box grows by a factor and to the crop's aspect, its middle goes to the crop's middle, pixel
centres sit on whole numbers on both sides (no half-pixel shift), and pixels outside the image are black.

Sizes are (height, width), boxes xyxy and points (x, y), all in pixels.
"""

from __future__ import annotations

import math
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

BOX_PADDING: float = 1.25
"""How much larger than the box the crop is, per side."""

# OpenCV addresses source pixels with 16-bit integers.
_CV2_LONGEST_SIDE = 32766

# OpenCV warps four channels in half the time of three. But where a crop shows its region much smaller, it
# skips most pixels, and adding a channel to all of them costs more. In image pixels per crop pixel.
_LARGEST_REGION = 5


def xywh_to_xyxy(boxes: npt.ArrayLike) -> FloatArray:
    """Turn (..., 4) boxes of left, top, width, height into left, top, right, bottom."""
    xywh = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xywh[..., :2], xywh[..., :2] + xywh[..., 2:]], axis=-1)


def xyxy_to_xywh(boxes: npt.ArrayLike) -> FloatArray:
    """Turn (..., 4) boxes of left, top, right, bottom into left, top, width, height."""
    xyxy = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([xyxy[..., :2], xyxy[..., 2:] - xyxy[..., :2]], axis=-1)


def clip_boxes(boxes_xyxy: npt.ArrayLike, image_size_hw: tuple[int, int]) -> FloatArray:
    """Move the corners of (..., 4) boxes into an image, onto pixel centres 0 to size - 1 at most."""
    height, width = image_size_hw
    limit = np.array([width - 1, height - 1, width - 1, height - 1], dtype=np.float64)
    return np.clip(np.asarray(boxes_xyxy, dtype=np.float64), 0.0, limit)


def box_center_scale(
    boxes_xyxy: npt.ArrayLike, input_size_hw: tuple[int, int], padding: float = BOX_PADDING
) -> tuple[FloatArray, FloatArray]:
    """Middle and extent of the image region that a crop shows.

    Args:
        boxes_xyxy: (N, 4) boxes in image pixels.
        input_size_hw: the crop's height and width; its aspect decides which side of the box grows.
        padding: factor on both sides of the box before that.

    Returns:
        center: (N, 2) x, y.
        scale: (N, 2) width, height in image pixels, of exactly the crop's aspect.
    """
    boxes = np.asarray(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    aspect = input_size_hw[1] / input_size_hw[0]
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * padding).T
    width = np.maximum(width, height * aspect)
    return center, np.stack([width, width / aspect], axis=1)


def warp_matrix(
    center: npt.ArrayLike, scale: npt.ArrayLike, input_size_hw: tuple[int, int], rotation: float = 0.0
) -> FloatArray:
    """The similarity that maps image pixels to crop pixels for one box.

    Args:
        center: (2,) x, y of the region's middle, which goes to the crop's middle.
        scale: (2,) width, height of the region; only the width counts, the aspect being fixed.
        input_size_hw: the crop's height and width.
        rotation: degrees by which the region is turned about its centre, clockwise as seen in the picture.

    Returns:
        (2, 3) matrix; multiply by (x, y, 1).
    """
    height, width = input_size_hw
    center_x, center_y = np.asarray(center, dtype=np.float64)
    factor = width / float(np.asarray(scale, dtype=np.float64)[0])
    cosine = factor * math.cos(math.radians(rotation))
    sine = factor * math.sin(math.radians(rotation))
    return np.array(
        [
            [cosine, sine, width / 2 - cosine * center_x - sine * center_y],
            [-sine, cosine, height / 2 + sine * center_x - cosine * center_y],
        ],
        dtype=np.float64,
    )


def invert_matrix(matrix: npt.ArrayLike) -> FloatArray:
    """The inverses of (..., 2, 3) affine matrices, of the same shape."""
    affine = np.asarray(matrix, dtype=np.float64)
    linear = np.linalg.inv(affine[..., :2])
    return np.concatenate([linear, -linear @ affine[..., 2:]], axis=-1)


def transform(points: npt.ArrayLike, matrix: npt.ArrayLike) -> FloatArray:
    """Apply (..., 2, 3) affine matrices to (..., K, 2) points with the same leading axes."""
    affine = np.asarray(matrix, dtype=np.float64)
    moved = np.asarray(points, dtype=np.float64) @ np.swapaxes(affine[..., :2], -1, -2)
    result: FloatArray = moved + affine[..., None, :, 2]
    return result


def to_image(points: npt.ArrayLike, matrices: npt.ArrayLike) -> FloatArray:
    """Bring points found in crops back into the image.

    Args:
        points: (N, K, 2) crop pixels.
        matrices: (N, 2, 3) the matrices the crops were made with.

    Returns:
        (N, K, 2) image pixels.
    """
    return transform(points, invert_matrix(matrices))


def warp_crop(
    image: npt.NDArray[np.uint8], matrix: npt.ArrayLike, input_size_hw: tuple[int, int], border: int = 0
) -> npt.NDArray[np.uint8]:
    """Cut one crop out of an image, bilinearly.

    OpenCV does it where it is installed, else (and for images with a side of 32767 pixels or more, which
    OpenCV cannot address) `warp_crop_numpy`. The two agree within one grey level with OpenCV 5.

    Args:
        image: (H, W, C) uint8.
        matrix: (2, 3) image pixels -> crop pixels.
        input_size_hw: the crop's height and width.
        border: grey level of what lies outside the image.

    Returns:
        (height, width, C) uint8.
    """
    cv2 = _opencv()
    if cv2 is None or max(image.shape[:2]) > _CV2_LONGEST_SIDE:
        return warp_crop_numpy(image, matrix, input_size_hw, border)
    height, width = input_size_hw
    affine = np.asarray(matrix, dtype=np.float64)
    left, top, right, bottom = _source_region(affine, input_size_hw, image.shape)
    part = image[top:bottom, left:right]
    if not part.size:
        return np.full((height, width, image.shape[2]), border, dtype=np.uint8)
    padded = image.shape[2] == 3 and part.size <= 3 * _LARGEST_REGION * height * width
    crop: npt.NDArray[np.uint8] = cv2.warpAffine(
        cv2.cvtColor(part, cv2.COLOR_RGB2RGBA) if padded else part,
        affine @ ((1, 0, left), (0, 1, top), (0, 0, 1)),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(border,) * 4,
    )
    return cv2.cvtColor(crop, cv2.COLOR_RGBA2RGB) if padded else crop.reshape(height, width, image.shape[2])


def _source_region(
    affine: FloatArray, input_size_hw: tuple[int, int], image_shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what a crop touches of an image, with a pixel to spare on each side."""
    # In plain numbers: this runs for every person, and arrays this small take longer.
    (a, b, c), (d, e, f) = affine.tolist()
    determinant = a * e - b * d
    height, width = input_size_hw
    corners = [(x - c, y - f) for x in (0, width) for y in (0, height)]
    across = [(e * x - b * y) / determinant for x, y in corners]
    down = [(a * y - d * x) / determinant for x, y in corners]
    return (
        min(max(math.floor(min(across)) - 1, 0), image_shape[1]),
        min(max(math.floor(min(down)) - 1, 0), image_shape[0]),
        min(max(math.ceil(max(across)) + 2, 0), image_shape[1]),
        min(max(math.ceil(max(down)) + 2, 0), image_shape[0]),
    )


def warp_crop_numpy(
    image: npt.NDArray[np.uint8], matrix: npt.ArrayLike, input_size_hw: tuple[int, int], border: int = 0
) -> npt.NDArray[np.uint8]:
    """`warp_crop` without OpenCV, exact to rounding, some ten times slower."""
    height, width = input_size_hw
    inverse = invert_matrix(matrix)
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
    source_x = inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2]
    source_y = inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2]
    left, top = np.floor(source_x), np.floor(source_y)
    right_share, lower_share = source_x - left, source_y - top

    total = np.zeros((height, width, image.shape[2]), dtype=np.float64)
    for dx, share_x in ((0, 1 - right_share), (1, right_share)):
        for dy, share_y in ((0, 1 - lower_share), (1, lower_share)):
            total += (share_x * share_y)[..., None] * _pixels(image, left + dx, top + dy, border)
    return np.rint(total).astype(np.uint8)


def _pixels(image: npt.NDArray[np.uint8], x: FloatArray, y: FloatArray, border: int) -> FloatArray:
    height, width = image.shape[:2]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns = np.clip(x, 0, width - 1).astype(np.intp)
    rows = np.clip(y, 0, height - 1).astype(np.intp)
    return np.where(inside[..., None], image[rows, columns], border).astype(np.float64)


@cache
def _opencv() -> ModuleType | None:
    # transformers refuses Hub code whose imports are missing, at any depth, except inside `try`.
    try:
        import cv2
    except ImportError:
        return None
    module: ModuleType = cv2
    return module


def crop_persons(
    image: npt.NDArray[np.uint8],
    boxes_xyxy: npt.ArrayLike,
    input_size_hw: tuple[int, int],
    padding: float = BOX_PADDING,
) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Cut every person out of an image.

    Args:
        image: (H, W, 3) uint8.
        boxes_xyxy: (N, 4) boxes in image pixels; clip them first where the original protocol is wanted.
        input_size_hw: the crops' height and width.
        padding: see `box_center_scale`.

    Returns:
        crops: (N, height, width, 3) uint8, in the image's colour order.
        matrices: (N, 2, 3) image pixels -> crop pixels.
    """
    centers, scales = box_center_scale(boxes_xyxy, input_size_hw, padding)
    crops = np.zeros((len(centers), *input_size_hw, image.shape[2]), dtype=np.uint8)
    matrices = np.zeros((len(centers), 2, 3), dtype=np.float64)
    for index, (center, scale) in enumerate(zip(centers, scales, strict=True)):
        matrices[index] = warp_matrix(center, scale, input_size_hw)
        crops[index] = warp_crop(image, matrices[index], input_size_hw)
    return crops, matrices


def matrix_scale(matrices: npt.ArrayLike) -> FloatArray:
    """Crop pixels per image pixel of (..., 2, 3) similarities, shape (...): divide crop lengths by it."""
    affine = np.asarray(matrices, dtype=np.float64)
    result: FloatArray = np.sqrt(np.abs(np.linalg.det(affine[..., :2])))
    return result


__all__ = [
    "BOX_PADDING",
    "box_center_scale",
    "clip_boxes",
    "crop_persons",
    "invert_matrix",
    "matrix_scale",
    "to_image",
    "transform",
    "warp_crop",
    "warp_crop_numpy",
    "warp_matrix",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
