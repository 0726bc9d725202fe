"""One frame of the drawing: blurred faces, skeletons, boxes, ids and angles, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.output.canvas import Canvas
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.drawing import draw_skeletons

if TYPE_CHECKING:
    from spinepose_hf.measure.quantity import FrameMeasures
    from spinepose_hf.pose import People


def draw_result(
    image: NDArray[np.uint8],
    people: People,
    options: DrawOptions | None = None,
    measures: FrameMeasures | None = None,
) -> NDArray[np.uint8]:
    """Draw the people of one picture on a copy of it.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        people: with 37 keypoints each, in px of `image`.
        options: what is drawn, and how; the defaults of `DrawOptions` when left out.
        measures: of the same people, whose spine angles are written beside them; None writes none.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: the people have other keypoints, or `measures` are not of these people.
    """
    options = options or DrawOptions()
    if measures is not None and len(measures.people) != len(people):
        raise ValueError(f"{len(people)} people need as many measures, got {len(measures.people)}")
    canvas = Canvas(image)
    draw_skeletons(canvas, people.keypoints, people.scores, options)
    return canvas.pixels


__all__ = ["draw_result"]
