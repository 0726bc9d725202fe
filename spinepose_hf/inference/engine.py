"""The video engine: frames in, the people of each frame out, with every stage at work at the same time."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.ahead import Ahead
from spinepose_hf.inference.detectors.base import Detections, Detector
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import Source
from spinepose_hf.inference.smoothing.base import Smoother
from spinepose_hf.pose import People

# Finished items that may wait between two stages. Decoded pictures are the large ones. Smoothers that look
# ahead let go of a fifth of a second at once, which waits here so that the network can go on.
_DECODED, _DETECTED, _POSED = 3, 1, 12


@dataclass(frozen=True, slots=True)
class FramePoses:
    """One frame and the people in it.

    Attributes:
        frame: where it stands in its source, and its picture.
        people: with ids; `people.frame` and `people.time` are those of the frame.
    """

    frame: Frame
    people: People

    @property
    def index(self) -> int:
        """Number of the frame in its source, from 0."""
        return self.frame.index

    @property
    def time(self) -> float:
        """Seconds since the source's first frame."""
        return self.frame.time

    @property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; converted anew each time, so keep it if you need it twice."""
        return self.frame.image


@dataclass(slots=True)
class StageTimes:
    """Seconds that each stage of the engine was busy, to see what limits. Stages overlap."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to a stage. Each stage belongs to one thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class PoseStep(Protocol):
    """What happens to one frame: people are found or followed, and their poses estimated."""

    @property
    def detector(self) -> Detector:
        """Where boxes come from; the engine runs it ahead on scheduled frames."""
        ...

    @property
    def detections_made(self) -> int:
        """How often the detector's answers were used so far."""
        ...

    def scheduled(self, count: int) -> bool:
        """Tell whether the `count`-th frame of the source needs the detector, whatever is seen before it."""
        ...

    def __call__(
        self, image: NDArray[np.uint8], frame: int, time: float, detections: Detections | None = None
    ) -> People:
        """Return the people of one frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            frame: its number in the source.
            time: seconds since the source's first frame.
            detections: what the detector found in it, if it was scheduled.
        """
        ...


class _Decoded(NamedTuple):
    frame: Frame
    image: NDArray[np.uint8]


class _Detected(NamedTuple):
    frame: Frame
    image: NDArray[np.uint8]
    detections: Detections | None


class Engine:
    """Finds, follows and smooths the people of a source; gives every frame of it, in order.

    Decoding, scheduled detection, and pose with tracking and smoothing run in a thread each; the consumer's
    own work (drawing, encoding, writing) overlaps with them. A few frames wait between the stages and, for
    smoothers that look ahead, as long as those look; so the memory does not depend on the source's length.

    Iterating over it raises what the source, the detector or the network raise. The source is closed when the
    iteration ends, in whatever way, and when nobody holds the engine any more.

    Args:
        source: where frames come from.
        step: new for each source: it remembers people.
        smoother: new for each source too.
        times: where the stages' times are added up.
    """

    def __init__(
        self, source: Source, step: PoseStep, smoother: Smoother, times: StageTimes | None = None
    ) -> None:
        clock = times or StageTimes()
        decoded = Ahead(_decoded(source, clock), _DECODED, "spinepose-decode")
        detected = Ahead(_detected(decoded, step, clock), _DETECTED, "spinepose-detect")
        self._posed = Ahead(_posed(detected, step, smoother, clock), _POSED, "spinepose-pose")
        # The threads know nothing of this object, so that it is let go of when its user forgets it.
        self._finish = weakref.finalize(self, _end, (self._posed, detected, decoded), source)

    def __iter__(self) -> Iterator[FramePoses]:
        return self

    def __next__(self) -> FramePoses:
        try:
            return next(self._posed)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the work and close the source, from any thread. Closing twice is allowed."""
        self._finish()


def _end(workers: tuple[Ahead[Any], ...], source: Source) -> None:
    for worker in workers:
        worker.stop()
    # Before the threads are waited for: a stalled stream would keep the first of them.
    source.close()
    for worker in workers:
        worker.join()


def _decoded(source: Source, clock: StageTimes) -> Iterator[_Decoded]:
    with source:
        frames = iter(source)
        while True:
            with clock.measure("decode"):
                frame = next(frames, None)
                if frame is None:
                    return
                item = _Decoded(frame, frame.image)
            yield item


def _detected(decoded: Iterator[_Decoded], step: PoseStep, clock: StageTimes) -> Iterator[_Detected]:
    for count, (frame, image) in enumerate(decoded):
        detections = None
        if step.scheduled(count):
            with clock.measure("detect"):
                detections = step.detector(image)
        yield _Detected(frame, image, detections)


def _posed(
    detected: Iterator[_Detected], step: PoseStep, smoother: Smoother, clock: StageTimes
) -> Iterator[FramePoses]:
    # Frames whose people the smoother still holds back.
    waiting: deque[Frame] = deque()
    for frame, image, detections in detected:
        waiting.append(frame)
        with clock.measure("pose"):
            people = step(image, frame.index, frame.time, detections)
        with clock.measure("smooth"):
            ready = smoother.push(people)
        for smoothed in ready:
            yield FramePoses(waiting.popleft(), smoothed)
    with clock.measure("smooth"):
        rest = smoother.finish()
    for smoothed in rest:
        yield FramePoses(waiting.popleft(), smoothed)


__all__ = ["Engine", "FramePoses", "PoseStep", "StageTimes"]
