"""The engine: order, overlap, errors, and that nothing is left running."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.closing import Closing
from spinepose_hf.errors import DetectorError, ModelError, SpinePoseError, VideoError
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.engine import Engine, StageTimes
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.inference.smoothing.base import Smoother
from spinepose_hf.inference.smoothing.make import make_smoother
from spinepose_hf.pose import People
from tests.inference.red_clips import HEIGHT, WIDTH, red_clip
from tests.inference.toy_networks import save_toy_pose

NOBODY = Detections(np.zeros((0, 4)), np.zeros(0))


class Numbers(Closing):
    """A source whose frames hold their own number; it may break, stall or take time."""

    def __init__(
        self, count: int = 10, *, breaks_at: int = -1, stalls_at: int = -1, seconds: float = 0.0
    ) -> None:
        self.info = SourceInfo("numbers", "video", (8, 8), 10.0, count, count / 10, False)
        self.skipped = self.dropped = 0
        self.closed = threading.Event()
        self._count, self._breaks_at, self._stalls_at, self._seconds = count, breaks_at, stalls_at, seconds

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._count):
            if index == self._breaks_at:
                raise VideoError("the cable is out")
            if index == self._stalls_at:
                self.closed.wait()
                return
            time.sleep(self._seconds)
            image = np.full((8, 8, 3), index % 256, np.uint8)
            yield Frame(index, index / 10, "numbers", (8, 8), lambda image=image: image)  # type: ignore[misc]

    def close(self) -> None:
        self.closed.set()


class Step:
    """One person a frame, whose box is at the number that the picture holds."""

    def __init__(self, every: int = 3, *, breaks_at: int = -1, detector_breaks: bool = False) -> None:
        self.every, self.breaks_at, self.detector_breaks = every, breaks_at, detector_breaks
        self.seconds = 0.0
        self.detections_made = 0
        self.detected: list[int] = []

    def detector(self, image: NDArray[np.uint8]) -> Detections:
        if self.detector_breaks:
            raise DetectorError("no answer")
        time.sleep(self.seconds)
        return NOBODY

    def scheduled(self, count: int) -> bool:
        return count % self.every == 0

    def __call__(
        self, image: NDArray[np.uint8], frame: int, time: float, detections: Detections | None = None
    ) -> People:
        if frame == self.breaks_at:
            raise ModelError("out of memory")
        if detections is not None:
            self.detected.append(frame)
        _sleep(self.seconds)
        number = float(image[0, 0, 0])
        points = np.full((1, 37, 2), number, np.float32)
        ones = np.ones((1, 37), np.float32)
        return People(
            boxes=np.array([[number, 0, number + 5, 5]], np.float32),
            keypoints=points,
            scores=ones,
            sigmas=ones,
            image_size=(8, 8),
            ids=np.array([1]),
            frame=frame,
            time=time,
        )


_sleep = time.sleep


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("spinepose-")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    gc.collect()
    assert workers() == []


@pytest.mark.parametrize("method", ["none", "butterworth", "one-euro"])
def test_every_frame_comes_once_in_order_with_its_picture(method: str) -> None:
    source, step = Numbers(60), Step()
    results = list(Engine(source, step, make_smoother(method)))
    assert [result.index for result in results] == list(range(60))
    for result in results:
        assert result.people.frame == result.index
        assert result.people.time == result.time == pytest.approx(result.index / 10)
        assert result.image[0, 0, 0] == result.index
        # Smoothing straightens nothing here: the person moves evenly.
        assert result.people.boxes[0, 0] == pytest.approx(result.index, abs=1.5)
    assert source.closed.is_set()
    assert step.detected == list(range(0, 60, 3))


def test_stages_overlap() -> None:
    step = Step(every=1)
    step.seconds = 0.02
    times = StageTimes()
    begin = time.perf_counter()
    for _ in Engine(Numbers(15, seconds=0.02), step, make_smoother("none"), times):
        time.sleep(0.02)
    whole = time.perf_counter() - begin
    assert set(times.seconds) == {"decode", "detect", "pose", "smooth"}
    # Four stages of 0.3 s each.
    assert whole < 0.9, times.seconds


@pytest.mark.parametrize(
    ("source", "step", "error", "frames"),
    [
        pytest.param(Numbers(breaks_at=4), Step(), VideoError, 4, id="source"),
        pytest.param(Numbers(breaks_at=0), Step(), VideoError, 0, id="source at once"),
        pytest.param(Numbers(), Step(detector_breaks=True), DetectorError, 0, id="detector"),
        pytest.param(Numbers(), Step(breaks_at=5), ModelError, 5, id="network"),
    ],
)
def test_errors_reach_the_consumer(
    source: Numbers, step: Step, error: type[SpinePoseError], frames: int
) -> None:
    seen = 0
    engine = Engine(source, step, make_smoother("none"))
    with pytest.raises(error):
        for _ in engine:
            seen += 1
    assert seen == frames, "what came before the error is not lost"
    assert source.closed.is_set()
    assert next(engine, None) is None


def test_errors_of_the_smoother_reach_the_consumer() -> None:
    class Broken:
        delay = 0.0

        def push(self, people: People) -> list[People]:
            raise ArithmeticError("flat")

        def finish(self) -> list[People]:
            return []

    smoother: Smoother = Broken()
    with pytest.raises(ArithmeticError, match="flat"):
        list(Engine(Numbers(), Step(), smoother))


def test_closing_early_stops_everything() -> None:
    source = Numbers(10_000)
    engine = Engine(source, Step(), make_smoother("none"))
    assert next(engine).index == 0
    engine.close()
    assert source.closed.is_set()
    assert workers() == []
    assert next(engine, None) is None
    engine.close()


def test_closing_does_not_wait_for_a_stalled_source() -> None:
    engine = Engine(Numbers(stalls_at=2), Step(), make_smoother("none"))
    assert [next(engine).index, next(engine).index] == [0, 1]
    begin = time.perf_counter()
    engine.close()
    assert time.perf_counter() - begin < 2
    assert workers() == []


def test_a_forgotten_engine_ends() -> None:
    source = Numbers(10_000)
    for result in Engine(source, Step(), make_smoother("none")):
        assert result.index == 0
        break
    gc.collect()
    assert source.closed.wait(2)
    assert workers() == []


_MEMORY = """
import resource, sys
from spinepose_hf.inference.estimator import SpinePoseEstimator
estimator = SpinePoseEstimator(sys.argv[2], device="cpu", detector="none")
peaks = []
for index, frame in enumerate(estimator.stream(sys.argv[1], detect_every=50)):
    assert frame.image.shape == (%d, %d, 3)
    if index in (300, 1499):
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(index, *peaks)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    clip = red_clip(tmp_path / "long.mp4", 1500)
    model = save_toy_pose(tmp_path / "toy.onnx")
    script = _MEMORY % (HEIGHT, WIDTH)
    command = [sys.executable, "-c", script, str(clip), str(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    last, early, late = map(int, done.stdout.split())
    assert last == 1499
    # 1200 decoded frames alone would be 27 MB.
    assert late < early + (8 << 10 if sys.platform != "darwin" else 8 << 20)
