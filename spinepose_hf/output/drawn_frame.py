"""One frame of the drawing: blurred faces, boxes, uncertainty, skeletons, ids and angles, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.skeleton import SPINE_CHAIN
from spinepose_hf.output.blur_faces import blur_faces
from spinepose_hf.output.canvas import Canvas
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.drawing import OUTLINE, SHADOW, draw_skeletons, limb_width, near_picture, side_color
from spinepose_hf.output.overlay import draw_angles, draw_ids, id_color
from spinepose_hf.output.tag import TagLayout

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
    if options.blur_faces:
        blur_faces(canvas.pixels, people)
    if options.boxes:
        _draw_boxes(canvas, people)
    if options.uncertainty:
        _draw_uncertainty(canvas, people, options)
    draw_skeletons(canvas, people.keypoints, people.scores, options)
    layout = TagLayout(canvas.pixels.shape)
    if options.ids:
        draw_ids(canvas, people, layout, options.threshold)
    if measures is not None:
        draw_angles(canvas, people, measures, layout)
    return canvas.pixels


def _draw_boxes(canvas: Canvas, people: People) -> None:
    """Draw each box in the colour of the id, white where there are none."""
    size = canvas.pixels.shape[:2]
    for person, box in enumerate(people.boxes.astype(np.float64)):
        corners = box.reshape(2, 2)
        if not near_picture(corners, size).all():
            continue
        color = OUTLINE if people.ids is None else id_color(int(people.ids[person]))
        width = 0.6 * limb_width(corners, size)
        outline = box[[0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].reshape(-1, 2)
        canvas.stroke(outline, width + 1.5, SHADOW, 0.4)
        canvas.stroke(outline, width, color, 0.9)


def _draw_uncertainty(canvas: Canvas, people: People, options: DrawOptions) -> None:
    """Draw around each point that is shown the circle of one standard deviation."""
    spine = set(SPINE_CHAIN)
    size = canvas.pixels.shape[:2]
    for person, points in enumerate(people.keypoints.astype(np.float64)):
        scores, sigmas = people.scores[person], people.sigmas[person]
        shown = (scores >= options.threshold) & near_picture(points, size) & (sigmas < max(size))
        for index in np.flatnonzero(shown).tolist():
            if index in spine or not options.spine_only:
                color = OUTLINE if index in spine else side_color(index)
                canvas.disc(points[index], float(sigmas[index]), color, 0.3)


__all__ = ["draw_result"]
