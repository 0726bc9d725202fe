"""A visitor's video at work on a thread of its own: how far it is, how to end it, what came out."""

from __future__ import annotations

import shutil
import threading
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.downloads import safe_stem
from spinepose_hf.app.uploads import check_span, check_upload_video, shown_name
from spinepose_hf.errors import SpinePoseError, UploadError
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.job import JobSummary, run_job
from spinepose_hf.inference.job_outputs import JobOutputs
from spinepose_hf.inference.smoothing.make import METHODS
from spinepose_hf.inference.stream import PoseStream
from spinepose_hf.output.draw_options import DrawOptions

ABANDONED_SECONDS: Final = 20.0
"""A job ends when nobody asked how far it is for so long: its visitor has left."""

LARGEST_STRIDE: Final = 30


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a visitor wants of a video.

    Attributes:
        path: of the upload.
        name: the file's name as the visitor knows it.
        start: second of the video at which to begin; None is its beginning.
        end: second at which to stop; None or 0 is its end.
        stride: take every n-th frame.
        smooth: see `StreamOptions`.
        spine_only: draw the spine and nothing else.
    """

    path: str | None
    name: str = "video.mp4"
    start: float | None = None
    end: float | None = None
    stride: int = 1
    smooth: str = "auto"
    spine_only: bool = False


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far a job is.

    Attributes:
        frames: done so far.
        total: estimate of all; None where the video does not tell.
        frames_per_second: of the work since its first frame; 0 before.
        seconds_left: estimate; None while nothing is known.
    """

    frames: int
    total: int | None
    frames_per_second: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What a job made; all files lie in one folder of the context.

    Attributes:
        summary: of the job.
        begin: second of the video that the result begins with.
        drawn: the annotated video, H.264 in MP4.
        keypoints: of all people and frames, .csv.
        measures: of the same, .csv.
        trc: a .zip with a marker file a person; None if nobody was found.
        parquet: as `keypoints`; None without pyarrow.
    """

    summary: JobSummary
    begin: float
    drawn: Path
    keypoints: Path
    measures: Path
    trc: Path | None
    parquet: Path | None

    @property
    def files(self) -> list[Path]:
        """All that can be downloaded."""
        found = (self.drawn, self.keypoints, self.measures, self.trc, self.parquet)
        return [path for path in found if path is not None]


class VideoJob:
    """Works on one video from the moment it is made.

    Args:
        context: of the app.
        request: what is wanted.

    Raises:
        UploadError: the video, or the part of it that is wanted, cannot be used here.
    """

    def __init__(self, context: AppContext, request: VideoRequest) -> None:
        self._request = request
        self._stream = _open(context, request)
        self._folder = context.folder()
        self._frames = 0
        self._first: tuple[float, float] | None = None
        self._stopped = threading.Event()
        self._asked = time.monotonic()
        # An executor and no bare thread: its future keeps whatever goes wrong for who asks for the result.
        executor = ThreadPoolExecutor(1, "spinepose-video")
        self._future: Future[VideoResult | None] = executor.submit(self._work)
        executor.shutdown(wait=False)

    @property
    def cancelled(self) -> bool:
        """Whether it was ended before its time; then there is no result."""
        return self._stopped.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long, and return whether it has come."""
        end = time.monotonic() + seconds
        while not self._future.done() and time.monotonic() < end:
            time.sleep(0.02)
        return self._future.done()

    def progress(self) -> VideoProgress:
        """How far it is. Ask every few seconds: see `ABANDONED_SECONDS`."""
        now = self._asked = time.monotonic()
        total = self._stream.info.frame_count
        begun = now if self._first is None else self._first[1]
        # The first frame waited for everything to be loaded; it says nothing of the speed.
        rate = (self._frames - 1) / (now - begun) if self._frames > 1 and now > begun else 0.0
        left = max(total - self._frames, 0) / rate if total is not None and rate > 0 else None
        return VideoProgress(self._frames, total, rate, left)

    def result(self) -> VideoResult | None:
        """Wait for the end and return what was made; None if the job was cancelled.

        Raises:
            UploadError: the video cannot be read to its end.
            SpinePoseError: the result cannot be written.
        """
        return self._future.result()

    def cancel(self) -> None:
        """End the work within a frame, wait for that, and delete what was made of it."""
        self._stop()
        self._future.exception()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        if not self._future.done():
            self._stopped.set()
            self._stream.close()

    def _count(self, frame: FramePoses) -> None:
        if self._first is None:
            self._first = (frame.time, time.monotonic())
        self._frames += 1
        left_alone = time.monotonic() - self._asked > ABANDONED_SECONDS
        # The folder goes when the app ends.
        if left_alone or not self._folder.is_dir():
            self._stop()

    def _work(self) -> VideoResult | None:
        outputs = _outputs(self._folder, self._request)
        done = False
        try:
            summary = run_job(self._stream, outputs, self._count)
            if self._stopped.is_set():
                return None
            if not summary.frames:
                raise UploadError(f"{shown_name(self._request.name)} has no frame that can be read.")
            result = _result(outputs, summary, 0.0 if self._first is None else self._first[0])
            done = True
            return result
        except SpinePoseError as error:
            if self._stopped.is_set():
                return None
            # Messages of the engine name the place of the upload, which is nobody's business.
            told = str(error).replace(str(self._request.path), shown_name(self._request.name))
            raise UploadError(told) from error
        finally:
            if not done:
                shutil.rmtree(self._folder, ignore_errors=True)


def _open(context: AppContext, request: VideoRequest) -> PoseStream:
    if not 1 <= request.stride <= LARGEST_STRIDE:
        raise UploadError(f"Take every frame, or up to every {LARGEST_STRIDE}th; {request.stride} cannot be.")
    if request.smooth not in ("auto", *METHODS):
        raise UploadError(f"There is no smoothing {request.smooth!r}; take auto, {', '.join(METHODS)}.")
    info = check_upload_video(request.path, context.settings)
    start, end = check_span(info, request.start, request.end, context.settings)
    return context.stream(
        Path(info.name), start=start or None, end=end, stride=request.stride, smooth=request.smooth
    )


def _outputs(folder: Path, request: VideoRequest) -> JobOutputs:
    stem = safe_stem(request.name)
    results = [(folder / f"{stem}_keypoints.csv", "csv"), (folder / f"{stem}.trc", "trc")]
    if find_spec("pyarrow") is not None:
        results.append((folder / f"{stem}_keypoints.parquet", "parquet"))
    return JobOutputs(
        drawn=folder / f"{stem}_spine.mp4",
        results=tuple(results),
        measures=folder / f"{stem}_angles.csv",
        drawing=DrawOptions(spine_only=request.spine_only),
    )


def _result(outputs: JobOutputs, summary: JobSummary, begin: float) -> VideoResult:
    assert outputs.drawn is not None and outputs.measures is not None
    keypoints, trc, *parquet = (path for path, _ in outputs.results)
    return VideoResult(
        summary,
        begin,
        outputs.drawn,
        keypoints,
        outputs.measures,
        _packed(trc),
        parquet[0] if parquet else None,
    )


def _packed(trc: Path) -> Path | None:
    """Put the marker files, one a person, and the marker set into one .zip."""
    files = sorted([*trc.parent.glob(f"{trc.stem}_person*.trc"), *trc.parent.glob(f"{trc.stem}_markers.xml")])
    if not files:
        return None
    packed = trc.with_name(f"{trc.stem}_trc.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.name)
    return packed


__all__ = [
    "ABANDONED_SECONDS",
    "LARGEST_STRIDE",
    "VideoJob",
    "VideoProgress",
    "VideoRequest",
    "VideoResult",
]
