"""People of a picture, a folder, a video, a camera or a stream, frame by frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.closing import Closing
from spinepose_hf.inference.boxes import check_boxes
from spinepose_hf.inference.detectors.base import Detections, Detector
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.engine import Engine, FramePoses, PoseStep, StageTimes
from spinepose_hf.inference.media.source import Source, SourceInfo, open_source
from spinepose_hf.inference.smoothing.base import Smoother
from spinepose_hf.inference.smoothing.make import make_smoother
from spinepose_hf.inference.tracking.follow import Follower, largest
from spinepose_hf.pose import People

if TYPE_CHECKING:
    from spinepose_hf.inference.estimator import SpinePoseEstimator


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a source is read, and how its people are followed.

    Attributes:
        start: seconds into a video where to begin.
        end: seconds into a video where to stop.
        stride: take every n-th frame.
        detect_every: run the detector on every n-th taken frame, and carry boxes by the keypoints between
            them; None chooses. A person who is lost or a cut is looked for at once.
        max_people: keep at most so many people a frame; None keeps all.
        smooth: "auto", "none", "one-euro", "butterworth", "savgol" or "median". "auto" takes the one for
            recorded or for live video.

    Raises:
        ValueError: `stride`, `detect_every` or `max_people` is less than 1.
    """

    start: float | None = None
    end: float | None = None
    stride: int = 1
    detect_every: int | None = None
    max_people: int | None = None
    smooth: str = "auto"

    def __post_init__(self) -> None:
        for name in ("stride", "detect_every", "max_people"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")


@dataclass(slots=True)
class PoseStream(Closing):
    """The frames of a source with their people. Iterate over it once; leaving `with` closes the source.

    Attributes:
        info: what is known of the source.
        times: seconds that each stage was busy so far.
    """

    source: Source
    step: PoseStep
    smoother: Smoother
    times: StageTimes = field(default_factory=StageTimes)
    _engine: Engine | None = None

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        return self.source.info

    @property
    def skipped(self) -> int:
        """Frames or pictures that could not be read so far."""
        return self.source.skipped

    @property
    def detections(self) -> int:
        """How often the detector ran so far."""
        return self.step.detections_made

    def __iter__(self) -> Iterator[FramePoses]:
        if self._engine is None:
            self._engine = Engine(self.source, self.step, self.smoother, self.times)
        return self._engine

    def close(self) -> None:
        """Stop the work and close the source. Closing twice is allowed."""
        if self._engine is not None:
            self._engine.close()
        self.source.close()


class PictureStep:
    """Pictures have nothing to do with each other: each is searched anew, and nobody has an id."""

    def __init__(
        self, estimator: SpinePoseEstimator, boxes: ArrayLike | None, max_people: int | None
    ) -> None:
        self._estimator, self._boxes, self._max_people = estimator, boxes, max_people
        self.detections_made = 0

    @property
    def detector(self) -> Detector:
        """The estimator's."""
        return self._estimator.detector

    def scheduled(self, count: int) -> bool:
        """Never: pictures are searched where their poses are estimated."""
        return False

    def __call__(
        self, image: NDArray[np.uint8], frame: int, time: float, detections: Detections | None = None
    ) -> People:
        """The people of one picture."""
        self.detections_made += self._boxes is None
        people = self._estimator.estimate(image, self._boxes, color="rgb").replace(frame=frame)
        return people if self._max_people is None else people.select(largest(people.boxes, self._max_people))


def open_stream(
    estimator: SpinePoseEstimator,
    path: str | int | os.PathLike[str] | Source,
    options: StreamOptions | None = None,
    boxes: ArrayLike | None = None,
) -> PoseStream:
    """Open a source for `SpinePoseEstimator.stream`, which see.

    Raises:
        VideoError: it cannot be opened.
        ImageError: a single picture that cannot be read.
        BoxError: a given box cannot be used.
        ValueError: options that mean nothing.
    """
    chosen = options or StreamOptions()
    if isinstance(path, str | int | os.PathLike):
        source = open_source(path, start=chosen.start, end=chosen.end, stride=chosen.stride)
    else:
        source = path
    try:
        info = source.info
        if boxes is not None and info.size is not None:
            boxes = check_boxes(boxes, info.size)
        if info.kind == "pictures":
            step: PoseStep = PictureStep(estimator, boxes, chosen.max_people)
            return PoseStream(source, step, make_smoother("none"))
        step = Follower(
            # Given boxes need no detector, and the automatic one is not loaded before it is needed.
            estimator.detector if boxes is None else SelfLocator(estimator.runtime),
            estimator.runtime,
            every=chosen.detect_every,
            max_people=chosen.max_people,
            boxes=boxes,
            threshold=estimator.threshold,
        )
        return PoseStream(source, step, make_smoother(chosen.smooth, live=info.kind == "live"))
    except BaseException:
        source.close()
        raise


__all__ = ["PictureStep", "PoseStream", "StreamOptions", "open_stream"]
