"""What a job writes, and the opening of it once the first frame is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import OutputError
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.output.writer import ClipInfo, open_writer

if TYPE_CHECKING:
    from spinepose_hf.measure.angle_table import AngleTableWriter
    from spinepose_hf.measure.quantity import FrameMeasures
    from spinepose_hf.output.draw_options import DrawOptions

WriteFrame = Callable[[FramePoses], None]


@dataclass(frozen=True, slots=True)
class JobOutputs:
    """What a job writes. Nothing is computed for what is None.

    Attributes:
        drawn: the annotated video; for several pictures, a folder.
        results: files of keypoints, each with the name of its format or None to go by its suffix.
        measures: a table of spine measures, .csv or .mot.
        plot: measures over time, .png or .svg.
        person_height: metres, for .trc in metres instead of pixels.
        drawing: how people are drawn.
        overlay_angles: draw spine angles.
        side_by_side: show the source beside the drawing.
        overwrite: replace files that exist.
    """

    drawn: Path | None = None
    results: tuple[tuple[Path, str | None], ...] = ()
    measures: Path | None = None
    plot: Path | None = None
    person_height: float | None = None
    drawing: DrawOptions | None = None
    overlay_angles: bool = False
    side_by_side: bool = False
    overwrite: bool = True

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files and folders that will be written."""
        single = (self.drawn, *(path for path, _ in self.results), self.measures, self.plot)
        return tuple(path for path in single if path is not None)


def one_path(out: str | os.PathLike[str] | None, vis_path: str | os.PathLike[str] | None) -> Path | None:
    """The place of the drawing, which has two names: ours and the original's.

    Raises:
        ValueError: both are given.
    """
    if out is not None and vis_path is not None:
        raise ValueError("out and vis_path are the same thing: give one of them")
    given = out if vis_path is None else vis_path
    return None if given is None else Path(given)


def check_outputs(outputs: JobOutputs, info: SourceInfo) -> None:
    """Refuse outputs that cannot be, before any work is done.

    Raises:
        OutputError: a file exists and may not be replaced, or its suffix names no format for this source.
        MissingExtraError: one needs a package that is not installed.
    """
    pictures = info.kind == "pictures"
    if outputs.drawn is not None and pictures and _is_single(outputs, info):
        from spinepose_hf.output.picture import check_picture_path

        check_picture_path(outputs.drawn)
    elif outputs.drawn is not None and pictures:
        if outputs.drawn.is_file():
            raise OutputError(f"{outputs.drawn} is a file; give a folder for the pictures of {info.name}")
    elif outputs.drawn is not None:
        from spinepose_hf.inference.media.video_writer import check_video_path

        check_video_path(outputs.drawn)
    if outputs.plot is not None:
        from spinepose_hf.measure.plot import check_plot_path

        check_plot_path(outputs.plot)
        if pictures:
            raise OutputError(f"cannot write {outputs.plot}: pictures have no times to plot over")
    if not outputs.overwrite:
        for path in written(outputs):
            if path.is_file() or any(path.iterdir()):
                raise OutputError(f"{path} exists; add --overwrite to replace it, or give another name")


def written(outputs: JobOutputs) -> list[Path]:
    """The files and folders of these outputs that exist: some formats write a file for each person."""
    from spinepose_hf.measure.mot import person_files

    found: list[Path] = []
    for path in outputs.paths:
        found += [path] if path.exists() else person_files(path)
        markers = path.with_name(f"{path.stem}_markers.xml")
        if path.suffix.lower() == ".trc" and markers.exists():
            found.append(markers)
    return found


def _is_single(outputs: JobOutputs, info: SourceInfo) -> bool:
    """One picture, and a file to draw it into."""
    return info.frame_count == 1 and outputs.drawn is not None and not outputs.drawn.is_dir()


def open_outputs(outputs: JobOutputs, info: SourceInfo, first: FramePoses, stack: ExitStack) -> WriteFrame:
    """Open every output.

    Args:
        outputs: what to write.
        info: the source.
        first: its first frame, which tells sizes that the source does not.
        stack: closes the outputs when it is left.

    Returns:
        What takes one frame after another, the first one included.

    Raises:
        OutputError: one cannot be written.
        MissingExtraError: one needs a package that is not installed.
    """
    from spinepose_hf.measure.people import Measurer

    clip = ClipInfo(
        name=info.name,
        rate=info.rate,
        keypoint_names=first.people.keypoint_names,
        pictures=info.kind == "pictures",
        count=info.frame_count,
    )
    writers = [
        stack.enter_context(open_writer(path, kind, clip, person_height=_height(outputs, path)))
        for path, kind in outputs.results
    ]
    tables = _open_measures(outputs, clip, stack)
    measurer = Measurer() if tables or (outputs.overlay_angles and outputs.drawn) else None
    draw = _open_drawing(outputs, info, first, stack)

    def write(result: FramePoses) -> None:
        name = result.frame.name if clip.pictures else ""
        for writer in writers:
            writer.write(result.people, name)
        measures = None if measurer is None else measurer(result.people)
        if measures is not None:
            for table in tables:
                table.write_measures(measures, name)
        if draw is not None:
            draw(result, measures)

    return write


def _height(outputs: JobOutputs, path: Path) -> float | None:
    return outputs.person_height if path.suffix.lower() == ".trc" else None


def _open_measures(outputs: JobOutputs, clip: ClipInfo, stack: ExitStack) -> list[AngleTableWriter]:
    from spinepose_hf.measure.angle_table import AngleTableWriter
    from spinepose_hf.measure.plot import plot_measures

    tables = []
    rows = outputs.measures
    if outputs.plot is not None:
        if rows is None or rows.suffix.lower() != ".csv":
            rows = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "measures.csv"
        # Entered first, so left last: the table is closed before it is drawn.
        stack.callback(plot_measures, rows, outputs.plot, title=Path(clip.name).name)
    for path in dict.fromkeys(path for path in (outputs.measures, rows) if path is not None):
        tables.append(stack.enter_context(AngleTableWriter(path, clip)))
    return tables


def _open_drawing(
    outputs: JobOutputs, info: SourceInfo, first: FramePoses, stack: ExitStack
) -> Callable[[FramePoses, FrameMeasures | None], None] | None:
    if outputs.drawn is None:
        return None
    show = _painter(outputs)
    if info.kind != "pictures":
        from spinepose_hf.inference.media.video_writer import VideoWriter

        size = show(first, None).shape[:2]
        sound = info.name if info.has_audio else None
        video = stack.enter_context(VideoWriter(outputs.drawn, size, info.rate, audio_from=sound))
        return lambda result, measures: video.write(show(result, measures), result.time)

    from spinepose_hf.output.picture import write_picture

    target, single = outputs.drawn, _is_single(outputs, info)

    def write(result: FramePoses, measures: FrameMeasures | None) -> None:
        path = target if single else target / Path(result.frame.name).with_suffix(".jpg").name
        write_picture(show(result, measures), path)

    return write


def _painter(
    outputs: JobOutputs,
) -> Callable[[FramePoses, FrameMeasures | None], NDArray[np.uint8]]:
    """What one frame looks like in the output."""
    from spinepose_hf.output.drawn_frame import draw_result
    from spinepose_hf.output.side_by_side import side_by_side

    def show(result: FramePoses, measures: FrameMeasures | None) -> NDArray[np.uint8]:
        image = result.image
        angles = measures if outputs.overlay_angles else None
        drawn = draw_result(image, result.people, outputs.drawing, angles)
        return side_by_side(image, drawn) if outputs.side_by_side else drawn

    return show


__all__ = ["JobOutputs", "WriteFrame", "check_outputs", "one_path", "open_outputs", "written"]
