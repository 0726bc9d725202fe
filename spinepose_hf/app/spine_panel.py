"""The spine of one person, enlarged out of the picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.cut_out import cut_out, spine_window
from spinepose_hf.app.point_labels import PictureOptions, annotate
from spinepose_hf.measure.people import measure_people
from spinepose_hf.pose import People

Closeup = tuple[NDArray[np.uint8], People]
"""A picture of one spine, and its person in px of it."""

PANEL_SIDE: Final = 640
"""Longer side of the enlarged spine in px."""

# The page shows the panel smaller than it is.
_PANEL_LABELS: Final = 1.9


def spine_closeup(
    image: NDArray[np.uint8], people: People, person: int, threshold: float = 0.3
) -> Closeup | None:
    """Cut one person's spine out of the picture, enlarged.

    Args:
        image: (H, W, 3) uint8 RGB, the whole picture.
        people: in px of `image`.
        person: position among them.
        threshold: score from which a point counts as seen.

    Returns:
        (h, w, 3) uint8 RGB with a longer side of `PANEL_SIDE`, and this person alone in its px; None where
        the spine is not seen.
    """
    window = spine_window(people, person, threshold)
    if window is None:
        return None
    left, top, right, bottom = window
    scale = PANEL_SIDE / max(right - left, bottom - top)
    size = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    return cut_out(image, people.select([person]).replace(ids=None), window, size)


def spine_panel(closeup: Closeup, threshold: float = 0.3) -> NDArray[np.uint8]:
    """Draw the spine with the names of its levels on a close-up, and return (h, w, 3) uint8 RGB."""
    image, people = closeup
    options = PictureOptions(
        spine_only=True, names=True, angles=False, threshold=threshold, label_scale=_PANEL_LABELS
    )
    return annotate(image, people, measure_people(people), options)


__all__ = ["PANEL_SIDE", "Closeup", "spine_closeup", "spine_panel"]
