"""The drawing of a job: one video, one picture, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.output.draw_options import DrawOptions

if TYPE_CHECKING:
    from spinepose_hf.measure.quantity import FrameMeasures

Painter = Callable[[FramePoses, "FrameMeasures | None"], NDArray[np.uint8]]
"""What one frame looks like: (H, W, 3) uint8 RGB."""

PictureSink = Callable[[FramePoses, NDArray[np.uint8]], None]
"""Takes each frame with its drawing."""


class PictureNames:
    """Names for drawings of pictures: `a.jpg` for `a.png`, and another one where that is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, name: str, index: int) -> str:
        """Return a name that was not given before, for the picture `name`, the `index`-th of its source."""
        names = (f"{Path(name).stem}.jpg", f"{name}.jpg", f"{index}_{name}.jpg")
        # Case does not count: some file systems do not tell it.
        chosen = next(each for each in names if each.casefold() not in self._taken)
        self._taken.add(chosen.casefold())
        return chosen


def make_painter(options: DrawOptions | None, show_angles: bool, beside_source: bool) -> Painter:
    """Return what draws a frame.

    Args:
        options: see `DrawOptions`.
        show_angles: write spine angles beside people.
        beside_source: show the source at the left. Faces that are to be blurred are so in it as well.
    """
    from spinepose_hf.output.blur_faces import blur_faces
    from spinepose_hf.output.drawn_frame import draw_result
    from spinepose_hf.output.side_by_side import side_by_side

    chosen = options or DrawOptions()
    blurred_before = beside_source and chosen.blur_faces
    if blurred_before:
        chosen = replace(chosen, blur_faces=False)

    def paint(result: FramePoses, measures: FrameMeasures | None) -> NDArray[np.uint8]:
        image = result.image
        if blurred_before:
            image = image.copy()
            blur_faces(image, result.people)
        drawn = draw_result(image, result.people, chosen, measures if show_angles else None)
        return side_by_side(image, drawn) if beside_source else drawn

    return paint


def open_drawn(target: Path, info: SourceInfo, size: tuple[int, int], stack: ExitStack) -> PictureSink:
    """Open where drawings go.

    Args:
        target: a video, a picture, or a folder for several pictures.
        info: the source.
        size: (height, width) of the first drawing.
        stack: closes the video when it is left.

    Raises:
        OutputError: it cannot be written.
    """
    if info.kind != "pictures":
        from spinepose_hf.inference.media.video_writer import VideoWriter

        sound = info.name if info.has_audio else None
        video = stack.enter_context(VideoWriter(target, size, info.rate, audio_from=sound))
        return lambda result, picture: video.write(picture, result.time)

    from spinepose_hf.output.picture import write_picture

    if draws_one_picture(target, info):
        return lambda result, picture: write_picture(picture, target)
    names = PictureNames()
    return lambda result, picture: write_picture(picture, target / names(result.frame.name, result.index))


def draws_one_picture(target: Path, info: SourceInfo) -> bool:
    """Tell whether the source is one picture and its drawing a file, not a folder."""
    return info.kind == "pictures" and info.frame_count == 1 and not target.is_dir()


__all__ = ["Painter", "PictureNames", "PictureSink", "draws_one_picture", "make_painter", "open_drawn"]
