"""A whole source into files: annotated video or pictures, results, measures, plot; and a summary of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from spinepose_hf.errors import NoPersonError
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.job_outputs import JobOutputs, check_outputs, open_outputs
from spinepose_hf.inference.stream import PoseStream

NO_PERSON = "no person found in {path}; give a box around the person, or a detector"


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

    Nothing is made before the first frame was understood. Ctrl-C ends the job early: what was written until
    then is whole, and the summary says so.

    Args:
        stream: the source; it is closed at the end.
        outputs: what to write.
        on_frame: called with every frame, in order, after it was written.

    Raises:
        NoPersonError: the source is one picture that shows nobody; nothing is written.
        SpinePoseError: what reading, finding and writing raise. What was written until then is whole.
    """
    summary = JobSummary()
    begin = time.perf_counter()
    single = stream.info.kind == "pictures" and stream.info.frame_count == 1
    first = 0.0
    try:
        with stream, ExitStack() as stack:
            check_outputs(outputs, stream.info)
            write = None
            for result in stream:
                if single and not len(result.people):
                    raise NoPersonError(NO_PERSON.format(path=stream.info.name))
                if write is None:
                    write = open_outputs(outputs, stream.info, result, stack)
                    first = result.time
                write(result)
                summary.add(result)
                summary.clip_seconds = result.time - first
                if on_frame is not None:
                    on_frame(result)
    except KeyboardInterrupt:
        summary.interrupted = True
    summary.seconds = time.perf_counter() - begin
    summary.skipped, summary.detections = stream.skipped, stream.detections
    summary.stage_seconds = dict(stream.times.seconds)
    return summary


__all__ = ["NO_PERSON", "JobSummary", "run_job"]
