"""What all tabs of a running app share: the warm network, and the folders of results."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.stream import PoseStream
from spinepose_hf.pose import People

_SWEEP_SECONDS = 30.0


class AppContext:
    """The network, loaded once, and the files of requests, deleted after a while.

    Threads may use it at the same time. `close` deletes everything it made.

    Args:
        settings: of the app.
        estimator: one that is loaded already; default: the one that the settings name.

    Raises:
        SpinePoseError: the model or the detector cannot be loaded.
    """

    def __init__(self, settings: AppSettings, estimator: SpinePoseEstimator | None = None) -> None:
        self.settings = settings
        self.estimator = estimator or _load(settings)
        self._photos: SpinePoseEstimator | None = None
        self.root = Path(tempfile.mkdtemp(prefix="spinepose-app-"))
        self.uploads = self.root / "gradio"
        """Gradio's own, where it deletes by itself (`delete_cache`) and keeps what the page always shows."""
        self._results = self.root / "results"
        self._results.mkdir()
        # So many pictures at once: more would only take memory, as the network uses all cores for one.
        self._places = threading.BoundedSemaphore(settings.workers)
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="spinepose-app-sweeper", daemon=True)
        self._sweeper.start()

    def warm_up(self) -> None:
        """Load what is loaded late and run the network once, so that the first visitor does not wait."""
        grey = np.full((256, 192, 3), 128, np.uint8)
        self.estimate(grey, [[0, 0, 192, 256]])
        _ = self.estimator.detector

    def estimate(self, image: NDArray[np.uint8], boxes: ArrayLike | None = None) -> People:
        """Return the people of a picture, each looked at twice, as the command does with photos.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (N, 4) x1, y1, x2, y2 in px; None: they are found.

        Raises:
            SpinePoseError: see `SpinePoseEstimator.estimate`.
        """
        with self._places:
            if self._photos is None:
                # Not before it is needed: this loads the detector.
                self._photos = SpinePoseEstimator(
                    self.estimator.runtime,
                    detector=self.estimator.detector,
                    threshold=self.estimator.threshold,
                    flip=None,
                )
            return self._photos.estimate(image, boxes, color="rgb")

    def stream(self, path: Path, **options: Any) -> PoseStream:
        """Follow the people of a video; see `SpinePoseEstimator.stream`."""
        return self.estimator.stream(path, **options)

    def folder(self) -> Path:
        """Return a new folder for the results of one request; it is deleted after `keep_minutes`."""
        return Path(tempfile.mkdtemp(dir=self._results))

    def delete_old(self, now: float | None = None) -> None:
        """Delete results whose time is over.

        Args:
            now: seconds since 1970; default: the present.
        """
        oldest = (time.time() if now is None else now) - 60 * self.settings.keep_minutes
        for path in self._results.iterdir():
            try:
                if path.stat().st_mtime < oldest:
                    shutil.rmtree(path, ignore_errors=True)
            except FileNotFoundError:
                continue  # its request deleted it meanwhile

    def close(self) -> None:
        """Delete all results. Closing twice is allowed."""
        self._closed.set()
        self._sweeper.join(5)
        shutil.rmtree(self.root, ignore_errors=True)

    def _sweep(self) -> None:
        while not self._closed.wait(_SWEEP_SECONDS):
            self.delete_old()


def _load(settings: AppSettings) -> SpinePoseEstimator:
    if not settings.revision:
        return SpinePoseEstimator(settings.model or None, detector=settings.detector)
    from spinepose_hf.hub.convert_source import from_hub
    from spinepose_hf.inference.runtimes.load import runs_faster_in_int8

    # A pinned revision is run from its ONNX file: the app does without torch.
    file = "onnx/spinepose_int8.onnx" if runs_faster_in_int8("auto") else "onnx/spinepose.onnx"
    return SpinePoseEstimator(
        from_hub(settings.model, file, settings.revision).path, detector=settings.detector
    )


__all__ = ["AppContext"]
