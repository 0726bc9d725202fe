"""The open files of a job: each frame goes into all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.drawn_output import open_drawn
from spinepose_hf.inference.engine import FramePoses, StageTimes
from spinepose_hf.inference.job_outputs import JobOutputs
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.inference.result_files import result_files_there
from spinepose_hf.output.record_file import write_errors
from spinepose_hf.output.writer import ClipInfo, ResultWriter, open_writer

if TYPE_CHECKING:
    from spinepose_hf.measure.angle_table import AngleTableWriter
    from spinepose_hf.measure.quantity import FrameMeasures


class ReadyFrame(NamedTuple):
    """A frame that only has to be written.

    Attributes:
        result: the frame and its people.
        measures: of them, where something is measured.
        picture: (H, W, 3) uint8 RGB drawing, where something is drawn.
    """

    result: FramePoses
    measures: FrameMeasures | None
    picture: NDArray[np.uint8] | None


def open_outputs(
    outputs: JobOutputs, info: SourceInfo, first: ReadyFrame, stack: ExitStack, times: StageTimes
) -> Callable[[ReadyFrame], None]:
    """Open every output.

    Args:
        outputs: what to write.
        info: the source.
        first: its first frame, which tells sizes that the source does not.
        stack: closes the outputs when it is left.
        times: where the time of encoding is added up.

    Returns:
        What takes one frame after another, the first one included.

    Raises:
        OutputError: one cannot be written.
        MissingExtraError: one needs a package that is not installed.
    """
    clip = ClipInfo(
        name=info.name,
        rate=info.rate,
        keypoint_names=first.result.people.keypoint_names,
        pictures=info.kind == "pictures",
        count=info.frame_count,
    )
    writers = [_open_results(outputs, path, kind, info, clip, stack) for path, kind in outputs.results]
    tables = _open_measures(outputs, clip, stack)
    sink = None
    if outputs.drawn is not None and first.picture is not None:
        height, width = first.picture.shape[:2]
        sink = open_drawn(outputs.drawn, info, (height, width), stack)

    def write(frame: ReadyFrame) -> None:
        result, measures, picture = frame
        name = result.frame.name if clip.pictures else ""
        for writer in writers:
            writer.write(result.people, name)
        if measures is not None:
            for table in tables:
                table.write_measures(measures, name)
        if sink is not None and picture is not None:
            with times.measure("encode"):
                sink(result, picture)

    return write


def _open_results(
    outputs: JobOutputs, path: Path, kind: str | None, info: SourceInfo, clip: ClipInfo, stack: ExitStack
) -> ResultWriter:
    height = outputs.person_height if path.suffix.lower() == ".trc" else None
    if not clip.pictures and (path.is_dir() or path.suffix.lower() == ".trc"):
        # An earlier run may have left frames or people that this one does not reach.
        with write_errors(path):
            for old in result_files_there(path, info, ()):
                old.unlink()
    return stack.enter_context(open_writer(path, kind, clip, person_height=height))


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


__all__ = ["ReadyFrame", "open_outputs"]
