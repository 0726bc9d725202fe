"""Several views of one person, and what they agree on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recipes.annotator.features import CROP_SIDE, FrozenMoveNet
from recipes.annotator.head import AnnotatorHead, decode
from spinepose_hf.inference.detectors.pixels import shrink
from spinepose_hf.model.geometry import box_center_scale, matrix_scale, to_image, warp_crop, warp_matrix
from spinepose_hf.model.skeleton import FLIP_INDEX
from spinepose_hf.training.augmentation import mirrored_warp

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

# Bilinear sampling skips pixels of what becomes smaller than this.
_SMALLEST_SCALE: Final = 0.5


class View(NamedTuple):
    """How a person is cut out.

    Attributes:
        padding: side of the square region, in longer sides of the person's box.
        rotation: degrees, clockwise as seen in the picture.
        mirrored: left and right change places.
    """

    padding: float
    rotation: float
    mirrored: bool


VIEWS: Final = tuple(
    View(padding, rotation, mirrored)
    for (padding, rotation), mirrored in product(
        ((1.15, 0.0), (1.35, 0.0), (1.25, 12.0), (1.25, -12.0)), (False, True)
    )
)
"""The eight views that a pseudo-label is the median of."""


class Estimate(NamedTuple):
    """What the views of a person say, in image px.

    Attributes:
        points: (37, 2) medians of the head's points.
        spread: (37,) median distance of a view's point from that median.
        mass: (37,) mean share of a heatmap that lies around its peak, 0 to 1.
        body: (17, 3) medians of MoveNet's own x, y and score.
        body_spread: (17,) as `spread`, of these.
    """

    points: NDArray[np.float32]
    spread: NDArray[np.float32]
    mass: NDArray[np.float32]
    body: NDArray[np.float32]
    body_spread: NDArray[np.float32]


def view_matrix(box: NDArray[np.float64], view: View, side: int = CROP_SIDE) -> Matrix:
    """(2, 3) matrix from image px to px of a square crop of `side` px, for a (4,) xyxy box."""
    size = (side, side)
    centers, scales = box_center_scale(box[None], size, view.padding)
    matrix = warp_matrix(centers[0], scales[0], size, view.rotation)
    return mirrored_warp(matrix, side) if view.mirrored else matrix


def cut(image: Image, matrix: Matrix, side: int = CROP_SIDE) -> Image:
    """A square crop (side, side, 3) of an image, averaged where it becomes much smaller, black outside.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 3) image px to crop px.
        side: of the crop in px.
    """
    reduction = int(1 / float(matrix_scale(matrix))) if matrix_scale(matrix) < _SMALLEST_SCALE else 1
    if reduction > 1:
        height, width = image.shape[:2]
        small = max(1, height // reduction), max(1, width // reduction)
        image = shrink(image, small)
        # From the centres of the reduced pixels to those of the picture's.
        y, x = height / small[0], width / small[1]
        matrix = matrix @ np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    return warp_crop(image, matrix, (side, side))


def combine(points: NDArray[np.float32], mass: NDArray[np.float32], body: NDArray[np.float32]) -> Estimate:
    """Join V views, brought back into the image and with left and right as in it.

    Args:
        points: (V, 37, 2) image px.
        mass: (V, 37).
        body: (V, 17, 3) x, y in image px and score.
    """
    median, body_median = np.median(points, axis=0), np.median(body, axis=0)
    return Estimate(
        points=median,
        spread=_spread(points, median),
        mass=mass.mean(axis=0),
        body=body_median,
        body_spread=_spread(body[..., :2], body_median[:, :2]),
    )


def _spread(points: NDArray[np.float32], median: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = np.median(np.linalg.norm(points - median, axis=-1), axis=0)
    return result


class Annotator:
    """Looks at people through MoveNet and the head.

    Args:
        movenet: the frozen features.
        head: trained on them.
        views: of each person.
    """

    def __init__(self, movenet: FrozenMoveNet, head: AnnotatorHead, views: Sequence[View] = VIEWS) -> None:
        self._movenet, self._head, self._views = movenet, head.eval(), tuple(views)

    def __call__(self, image: Image, box: NDArray[np.float64]) -> Estimate:
        """Estimate the points of the person in a (4,) xyxy box of an image (H, W, 3) uint8 RGB."""
        matrices = np.stack([view_matrix(box, view) for view in self._views])
        answers = [self._movenet(cut(image, matrix)) for matrix in matrices]
        with torch.inference_mode():
            logits = self._head(
                *(
                    torch.from_numpy(np.stack(maps))
                    for maps in zip(*((a.fine, a.middle, a.coarse) for a in answers), strict=True)
                )
            )
            crop_points, mass = (value.numpy() for value in decode(logits))
        body = np.stack([answer.body for answer in answers])
        points = to_image(crop_points, matrices).astype(np.float32)
        body[..., :2] = to_image(body[..., :2], matrices)
        mirror = np.array(FLIP_INDEX)
        for number, view in enumerate(self._views):
            if view.mirrored:
                points[number], mass[number] = points[number, mirror], mass[number, mirror]
                body[number] = body[number, mirror[: body.shape[1]]]
        return combine(points, mass, body)


__all__ = ["VIEWS", "Annotator", "Estimate", "View", "combine", "cut", "view_matrix"]
