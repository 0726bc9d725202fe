"""One person through a video: drawn, and measured frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spinepose_hf.app.context import AppContext
from spinepose_hf.errors import NoPersonError
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.job import run_job
from spinepose_hf.inference.job_outputs import JobOutputs
from spinepose_hf.measure.people import Measurer
from spinepose_hf.measure.quantity import PersonMeasures
from spinepose_hf.measure.view import View


@dataclass(frozen=True, slots=True)
class VideoTrace:
    """The person who is seen most in a video.

    Attributes:
        video: the annotated video.
        times: seconds since its beginning, one a frame in which the person is seen.
        frames: the measures in these frames.
    """

    video: Path
    times: tuple[float, ...]
    frames: tuple[PersonMeasures, ...]

    @property
    def view(self) -> View:
        """From where the person is seen in most frames."""
        views = [frame.view.view for frame in self.frames]
        return max(set(views), key=views.count)

    def series(self, key: str) -> tuple[list[float], list[float]]:
        """Times in s, and the measure where it may be used."""
        good = [(time, frame[key].value) for time, frame in zip(self.times, self.frames, strict=True)
                if frame[key].valid]  # fmt: skip
        return [time for time, _ in good], [value for _, value in good]


def trace_video(
    context: AppContext,
    path: Path,
    out: Path,
    *,
    start: float = 0.0,
    end: float | None = None,
    on_time: Callable[[float], None] | None = None,
) -> VideoTrace:
    """Work through a video, or a part of it.

    Args:
        context: of the app.
        path: of the video.
        out: where the annotated video goes.
        start: second at which to begin.
        end: second at which to stop; None is its end.
        on_time: called with the second that was worked on last.

    Raises:
        NoPersonError: nobody was seen in it.
        SpinePoseError: it cannot be read.
    """
    measure = Measurer(threshold=context.estimator.threshold)
    found: dict[int, list[tuple[float, PersonMeasures]]] = {}

    def note(result: FramePoses) -> None:
        for person in measure(result.people).people:
            found.setdefault(person.number, []).append((result.time - start, person))
        if on_time is not None:
            on_time(result.time - start)

    stream = context.stream(path, start=start, end=end)
    run_job(stream, JobOutputs(out, overlay_angles=True, overwrite=True), note)
    if not found:
        raise NoPersonError(
            f"nobody was seen in {path.name}; choose a part where one person is well in the picture"
        )
    most = max(found.values(), key=len)
    return VideoTrace(out, tuple(time for time, _ in most), tuple(person for _, person in most))


__all__ = ["VideoTrace", "trace_video"]
