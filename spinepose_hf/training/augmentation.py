"""Random views of one person: every geometric change folded into one affine warp, then pixel changes.

The order and the ranges follow the RTMPose recipe (half body, shift, scale, rotation, flip, photometric,
blur, dropout); the wider scale range, the occluders and the cut-off pictures are ours, so that loose boxes
and people who are covered or seen in part work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.geometry import BOX_PADDING, box_center_scale, transform, warp_matrix
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_INDEX, LOWER_BODY, UPPER_BODY

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

# With fewer points than these there is no half worth a crop of its own.
_HALF_BODY_MIN_POINTS: Final = 9
_HALF_BODY_MIN_UPPER: Final = 2
_HALF_BODY_MIN_LOWER: Final = 3
_HALF_BODY_EXTENT: Final = 1.5

# Of cut-off people: the picture's edge that does it (its place in xyxy: bottom, top, left, right), how often,
# how much of the box is kept, and points that must remain.
_CUT_EDGES: Final = (3, 1, 0, 2)
_CUT_SHARES: Final = (0.6, 0.12, 0.14, 0.14)
_CUT_KEPT: Final = ((0.35, 0.85), (0.65, 0.9), (0.45, 0.85), (0.45, 0.85))
_CUT_MIN_POINTS: Final = 6


@dataclass(frozen=True)
class AugmentationOptions:
    """Probabilities and ranges. The defaults suit long runs; recipes/embedded.yaml has lighter ones.

    Attributes:
        flip: probability of mirroring, keypoints swapped left and right.
        half_body: probability of a crop around the upper or the lower half.
        scale: smallest and largest factor on the padded box; above 1 the box is loose.
        loose: probability of drawing the factor from the whole range instead of near 1.
        rotation: largest angle in degrees; applied with probability `rotate`.
        rotate: probability of rotating.
        shift: largest shift as a share of the box; applied with probability `shift_probability`.
        shift_probability: probability of shifting.
        photometric: probability of each of the colour changes.
        degrade: probability of each of blur, noise, low resolution and JPEG.
        occlude: probability of each of up to three occluders.
        cut_off: probability of a person whom an edge of the picture cuts off.
    """

    flip: float = 0.5
    half_body: float = 0.25
    scale: tuple[float, float] = (0.6, 2.5)
    loose: float = 0.2
    rotation: float = 60.0
    rotate: float = 0.6
    shift: float = 0.16
    shift_probability: float = 0.4
    photometric: float = 0.5
    degrade: float = 0.15
    occlude: float = 0.35
    cut_off: float = 0.0

    def weakened(self) -> AugmentationOptions:
        """The lighter views of the last steps, as in the parent recipe: no shift, no colours, fewer holes."""
        return replace(self, shift_probability=0.0, photometric=0.0, occlude=self.occlude / 2)


class Halves(NamedTuple):
    """Columns of the keypoints of the upper and of the lower half of a body."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]


def body_halves(names: Sequence[str]) -> Halves:
    """The halves of a skeleton, of those points whose names are among the 37; others belong to neither."""
    known = {column: KEYPOINT_INDEX[name] for column, name in enumerate(names) if name in KEYPOINT_INDEX}
    return Halves(
        upper=tuple(column for column, point in known.items() if point in UPPER_BODY),
        lower=tuple(column for column, point in known.items() if point in LOWER_BODY),
    )


SPINETRACK_HALVES: Final = Halves(UPPER_BODY, LOWER_BODY)


def _clipped_normal(rng: np.random.Generator, size: int | None = None) -> NDArray[np.float64]:
    """A normal draw cut to [-1, 1], as the parent recipe scales by it."""
    return np.clip(rng.normal(0, 0.5, size), -1, 1)


def half_body_box(
    keypoints: Points,
    visible: NDArray[np.bool_],
    rng: np.random.Generator,
    halves: Halves = SPINETRACK_HALVES,
) -> NDArray[np.float64] | None:
    """A box around the upper or the lower half of a person, or None where too little is labelled.

    Args:
        keypoints: (K, 2) image pixels.
        visible: (K,) labelled points.
        rng: decides between the halves; the upper one with probability 0.7 when both qualify.
        halves: which columns belong to which half.

    Returns:
        (4,) xyxy, 1.5 times the extent of the chosen points.
    """
    if visible.sum() < _HALF_BODY_MIN_POINTS:
        return None
    upper = [i for i in halves.upper if visible[i]]
    lower = [i for i in halves.lower if visible[i]]
    take_upper, take_lower = len(upper) >= _HALF_BODY_MIN_UPPER, len(lower) >= _HALF_BODY_MIN_LOWER
    if not (take_upper or take_lower):
        return None
    chosen = upper if take_upper and (not take_lower or rng.random() < 0.7) else lower
    points = keypoints[chosen]
    centre = points.mean(0)
    half = (points.max(0) - points.min(0)) * _HALF_BODY_EXTENT / 2
    if half.min() < 1:
        return None
    return np.concatenate([centre - half, centre + half]).astype(np.float64)


def cut_off_frame(
    box: NDArray[np.float64], keypoints: Points, visible: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Where a picture shall end so that one of its edges cuts a person off.

    Most people of COCO with few labelled points are seen so: down to the hips, more often than anything else.

    Args:
        box: (4,) xyxy of the person.
        keypoints: (K, 2) image pixels.
        visible: (K,) labelled points.
        rng: the only source of chance.

    Returns:
        (4,) xyxy, infinite but for one edge; None where too few labelled points would remain.
    """
    which = int(rng.choice(len(_CUT_EDGES), p=_CUT_SHARES))
    edge = _CUT_EDGES[which]
    opposite = (edge + 2) % 4
    frame = np.array([-np.inf, -np.inf, np.inf, np.inf])
    frame[edge] = box[opposite] + rng.uniform(*_CUT_KEPT[which]) * (box[edge] - box[opposite])
    return frame if (visible & inside_frame(keypoints, frame)).sum() >= _CUT_MIN_POINTS else None


def inside_frame(points: Points, frame: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(K,) whether points (K, 2) lie in a frame (4,) xyxy."""
    return np.asarray(((points >= frame[:2]) & (points < frame[2:])).all(axis=1), np.bool_)


def random_warp(
    box: NDArray[np.float64],
    keypoints: Points,
    visible: NDArray[np.bool_],
    input_size: tuple[int, int],
    options: AugmentationOptions,
    rng: np.random.Generator,
    halves: Halves = SPINETRACK_HALVES,
    *,
    padding: float = BOX_PADDING,
) -> tuple[NDArray[np.float64], bool]:
    """Draw one view of a person.

    Args:
        box: (4,) xyxy of the person, unpadded.
        keypoints: (K, 2) image pixels.
        visible: (K,) labelled points.
        input_size: (height, width) of the crop.
        options: probabilities and ranges.
        rng: the only source of chance.
        halves: of the skeleton, for crops of half a body.
        padding: how much larger than its box the plain crop is, per side, around which views vary.

    Returns:
        The 2x3 matrix from image to crop pixels, and whether it mirrors (then the keypoints must be swapped).
    """
    if rng.random() < options.half_body:
        half = half_body_box(keypoints, visible, rng, halves)
        box = box if half is None else half
    centers, scales = box_center_scale(box[None], input_size, padding)
    center, scale = centers[0], scales[0]

    low, high = options.scale
    if rng.random() < options.loose:
        factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    else:
        factor = float(np.clip(1 + 0.4 * _clipped_normal(rng), low, high))
    if rng.random() < options.shift_probability:
        # A loose box is seldom centred: what it adds around the person may lie on one side.
        reach = options.shift + 0.3 * max(factor - 1, 0)
        center = center + scale * reach * _clipped_normal(rng, 2)
    rotation = float(options.rotation * _clipped_normal(rng)) if rng.random() < options.rotate else 0.0
    matrix = warp_matrix(center, scale * factor, input_size, rotation)
    mirrored = bool(rng.random() < options.flip)
    return (mirrored_warp(matrix, input_size[1]) if mirrored else matrix), mirrored


def mirrored_warp(matrix: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The 2x3 matrix to the mirror image of a crop of `width` pixels."""
    mirrored = matrix.copy()
    mirrored[0] *= -1
    mirrored[0, 2] += width - 1
    return mirrored


def warp_keypoints(
    keypoints: Points,
    visibility: NDArray[np.float32],
    matrix: NDArray[np.float64],
    mirrored: bool,
    flip_index: Sequence[int] = FLIP_INDEX,
) -> tuple[Points, NDArray[np.float32]]:
    """Carry (K, 2) keypoints into the crop, swapping left and right of a mirrored person by `flip_index`."""
    moved = transform(keypoints, matrix).astype(np.float32)
    if mirrored:
        swap = np.asarray(flip_index)
        return moved[swap], visibility[swap]
    return moved, visibility


def photometric(crop: Image, options: AugmentationOptions, rng: np.random.Generator) -> Image:
    """Change brightness, contrast, gamma, colour and sharpness of an RGB crop; returns a new array."""
    import cv2

    if rng.random() < 0.9:
        crop = cv2.LUT(crop, _tone_table(options, rng))
    if rng.random() < options.photometric * 0.6:
        hsv = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)
        table = np.empty((256, 1, 3), np.uint8)
        steps = np.arange(256)
        table[:, 0, 0] = (steps + rng.integers(-15, 16)) % 180
        table[:, 0, 1] = np.clip(steps * rng.uniform(0.4, 1.5), 0, 255)
        table[:, 0, 2] = steps
        crop = cv2.cvtColor(cv2.LUT(hsv, table), cv2.COLOR_HSV2RGB)
    if rng.random() < options.photometric * 0.2:
        crop = np.ascontiguousarray(crop[..., rng.permutation(3)])
    if rng.random() < options.photometric * 0.2:
        crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return _degrade(crop, options, rng)


def _tone_table(options: AugmentationOptions, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Brightness, contrast, gamma and colour cast as one lookup table (256, 1, 3)."""
    levels = np.repeat(np.arange(256, dtype=np.float32)[:, None] / 255, 3, axis=1)
    if rng.random() < options.photometric:
        levels = levels ** rng.uniform(0.6, 1.7)
    if rng.random() < options.photometric:
        levels = (levels - 0.5) * rng.uniform(0.5, 1.5) + 0.5
    if rng.random() < options.photometric:
        levels = levels + rng.uniform(-0.18, 0.18)
    if rng.random() < options.photometric:
        levels = levels * rng.uniform(0.8, 1.2, 3)
    table: NDArray[np.uint8] = (np.clip(levels, 0, 1) * 255).astype(np.uint8)[:, None]
    return table


def _degrade(crop: Image, options: AugmentationOptions, rng: np.random.Generator) -> Image:
    import cv2

    height, width = crop.shape[:2]
    if rng.random() < options.degrade:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 1.8) * height / 256)
    if rng.random() < options.degrade:
        factor = rng.uniform(0.25, 0.7)
        small = cv2.resize(crop, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
        crop = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < options.degrade:
        # One noise value for the three channels is what film and dark photos look like, and costs a third.
        noise = rng.normal(0, rng.uniform(2, 14), (height, width, 1)).astype(np.float32)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    if rng.random() < options.degrade:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        crop = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", crop, quality)[1], cv2.IMREAD_COLOR), dtype=np.uint8
        )
    return crop


def occlude(crop: Image, source: Image, options: AugmentationOptions, rng: np.random.Generator) -> Image:
    """Cover parts of a crop with up to three shapes filled with a colour, a shade or a piece of a picture.

    Labels stay: a network that must place covered points learns the body as a whole.

    Args:
        crop: (h, w, 3) uint8; not changed.
        source: any picture to cut pieces from, at least 8 pixels a side.
        options: probability of each occluder.
        rng: the only source of chance.
    """
    import cv2

    covered = crop
    height, width = crop.shape[:2]
    for _ in range(3):
        if rng.random() >= options.occlude:
            continue
        covered = covered.copy() if covered is crop else covered
        w = int(width * rng.uniform(0.08, 0.45))
        h = int(height * rng.uniform(0.06, 0.35))
        x, y = int(rng.integers(-w // 2, width - w // 2)), int(rng.integers(-h // 2, height - h // 2))
        centre, reach = (x + w // 2, y + h // 2), int(np.hypot(w, h) / 2) + 1
        # Only the rectangle that the shape can touch is painted: the rest of the crop stays untouched.
        left, top = max(centre[0] - reach, 0), max(centre[1] - reach, 0)
        right, bottom = min(centre[0] + reach, width), min(centre[1] + reach, height)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        middle = (centre[0] - left, centre[1] - top)
        if rng.random() < 0.5:
            cv2.ellipse(mask, middle, (max(w // 2, 1), max(h // 2, 1)), rng.uniform(0, 180), 0, 360, 255, -1)
        else:
            corners = cv2.boxPoints((middle, (w, h), rng.uniform(-30, 30)))
            cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
        kind = rng.random()
        if kind < 0.4 and min(source.shape[:2]) >= 8:
            piece = _piece(source, (left / width, top / height, right / width, bottom / height), rng)
            fill = cv2.resize(piece, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        else:
            fill = np.empty((*mask.shape, 3), np.uint8)
            fill[:] = rng.integers(0, 256, 3)
            if kind > 0.7:
                shade = np.linspace(rng.uniform(0.3, 1), rng.uniform(0.3, 1), len(mask))
                fill = (fill * shade[:, None, None]).astype(np.uint8)
        cv2.copyTo(fill, mask, covered[top:bottom, left:right])
    return covered


def _piece(source: Image, part: tuple[float, float, float, float], rng: np.random.Generator) -> Image:
    """The same `part` (left, top, right, bottom in 0..1) of a random quarter of a picture."""
    height, width = source.shape[0] // 2, source.shape[1] // 2
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    left, top = x + int(part[0] * (width - 1)), y + int(part[1] * (height - 1))
    right, bottom = x + int(part[2] * width), y + int(part[3] * height)
    return source[top : max(bottom, top + 1), left : max(right, left + 1)]
