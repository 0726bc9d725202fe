"""A whole source into files: annotated video or pictures, results, measures, plot; and a summary of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from spinepose_hf.errors import NoPersonError
from spinepose_hf.inference.ahead import Ahead
from spinepose_hf.inference.drawn_output import make_painter
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.interruption import Interruption
from spinepose_hf.inference.job_files import ReadyFrame, open_outputs
from spinepose_hf.inference.job_outputs import JobOutputs, check_outputs
from spinepose_hf.inference.stream import PoseStream
from spinepose_hf.inference.threads import usable_cores

logger = logging.getLogger(__name__)

NO_PERSON = "no person found in {path}; give a box around the person, or a detector"
NOBODY = "nobody was found in %s; give a detector, or a box around each person"

# Drawings that may wait for the encoder.
_DRAWN = 2

# Drawing a frame of 1080p takes some 25 ms and encoding it 15: one after the other they would limit a machine
# on which the network has cores of its own. On two cores, which are busy anyway, a thread gains nothing.
_CORES_TO_DRAW = 3


@dataclass(slots=True)
class JobSummary:
    """What a job did.

    Attributes:
        frames: that went through the network.
        empty_frames: in which nobody was seen.
        most_people: in one frame.
        ids: of everybody who was followed.
        seconds: that it took.
        clip_seconds: of the source that were covered.
        skipped: frames or pictures that could not be read.
        detections: how often the detector ran.
        stage_seconds: how long each stage was busy; stages overlap.
        interrupted: whether it was stopped before the end; what was written until then is whole.
    """

    frames: int = 0
    empty_frames: int = 0
    most_people: int = 0
    ids: set[int] = field(default_factory=set)
    seconds: float = 0.0
    clip_seconds: float = 0.0
    skipped: int = 0
    detections: int = 0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False

    def add(self, result: FramePoses) -> None:
        """Count one frame."""
        count = len(result.people)
        self.frames += 1
        self.empty_frames += count == 0
        self.most_people = max(self.most_people, count)
        if result.people.ids is not None:
            self.ids.update(result.people.ids.tolist())

    @property
    def frames_per_second(self) -> float:
        """Frames per second of the whole job."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


def run_job(
    stream: PoseStream, outputs: JobOutputs, on_frame: Callable[[FramePoses], None] | None = None
) -> JobSummary:
    """Work through a source and write what is asked for.

    Nothing is made before the first frame was understood. Ctrl-C or SIGTERM end the job early: what was
    written until then is whole, and the summary says so.

    Args:
        stream: the source; it is closed at the end.
        outputs: what to write.
        on_frame: called with every frame, in order, after it was written.

    Raises:
        NoPersonError: the source is one picture that shows nobody; nothing is written.
        KeyboardInterrupt: Ctrl-C came again while files were being finished.
        SpinePoseError: what reading, finding and writing raise. What was written until then is whole.
    """
    summary = JobSummary()
    begin = time.perf_counter()
    stop = Interruption()
    try:
        with stop:
            _work(stream, outputs, on_frame, summary, stop)
    except KeyboardInterrupt:
        if stop.insisted:
            raise
        summary.interrupted = True
    summary.seconds = time.perf_counter() - begin
    summary.skipped, summary.detections = stream.skipped, stream.detections
    summary.stage_seconds = dict(stream.times.seconds)
    if summary.frames and summary.empty_frames == summary.frames:
        logger.warning(NOBODY, stream.info.name)
    return summary


def _work(
    stream: PoseStream,
    outputs: JobOutputs,
    on_frame: Callable[[FramePoses], None] | None,
    summary: JobSummary,
    stop: Interruption,
) -> None:
    single = stream.info.kind == "pictures" and stream.info.frame_count == 1
    first = 0.0
    # The files are finished last, when nothing else is at work.
    with ExitStack() as files, _ready_frames(stream, outputs) as frames:
        write = None
        while (frame := stop.next_of(frames)) is not None:
            result = frame.result
            if single and not len(result.people):
                raise NoPersonError(NO_PERSON.format(path=stream.info.name))
            if write is None:
                write = open_outputs(outputs, stream.info, frame, files, stream.times)
                first = result.time
            write(frame)
            summary.add(result)
            summary.clip_seconds = result.time - first
            if on_frame is not None:
                on_frame(result)


@contextmanager
def _ready_frames(stream: PoseStream, outputs: JobOutputs) -> Iterator[Iterator[ReadyFrame]]:
    """Give the frames, measured and drawn; drawing has a thread of its own where a core is left for it."""
    with stream:
        check_outputs(outputs, stream.info)
        frames = _drawn(stream, outputs)
        if outputs.drawn is None or usable_cores() < _CORES_TO_DRAW:
            yield frames
            return
        ahead = Ahead(frames, _DRAWN, "spinepose-draw")
        try:
            yield ahead
        finally:
            ahead.stop()
            stream.close()
            ahead.join()


def _drawn(stream: PoseStream, outputs: JobOutputs) -> Iterator[ReadyFrame]:
    shows_angles = outputs.overlay_angles and outputs.drawn is not None
    measured = shows_angles or outputs.measures is not None or outputs.plot is not None
    measurer = paint = None
    if measured:
        from spinepose_hf.measure.people import Measurer

        measurer = Measurer()
    if outputs.drawn is not None:
        paint = make_painter(outputs.drawing, shows_angles, outputs.side_by_side)
    for result in stream:
        measures = None if measurer is None else measurer(result.people)
        picture = None
        if paint is not None:
            with stream.times.measure("draw"):
                picture = paint(result, measures)
        yield ReadyFrame(result, measures, picture)


__all__ = ["NO_PERSON", "JobSummary", "run_job"]
