"""Whose video is being worked on: each visitor has one job at most."""

from __future__ import annotations

import threading

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.video_job import VideoJob, VideoRequest


class VideoJobs:
    """The running job of each visitor, at most one."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._jobs: dict[str, VideoJob] = {}
        # Who is starting a job: opening the video takes a moment in which it may be cancelled already.
        self._starting: dict[str, object] = {}
        self._lock = threading.Lock()

    def start(self, visitor: str, request: VideoRequest) -> VideoJob:
        """Begin a job; an earlier one of the same visitor is cancelled.

        Raises:
            UploadError: see `VideoJob`.
        """
        self.cancel(visitor)
        ticket = object()
        with self._lock:
            self._starting[visitor] = ticket
        try:
            job = VideoJob(self._context, request)
        except BaseException:
            with self._lock:
                self._starting.pop(visitor, None)
            raise
        with self._lock:
            wanted = self._starting.get(visitor) is ticket
            if wanted:
                del self._starting[visitor]
                self._jobs[visitor] = job
        if not wanted:
            job.cancel()
        return job

    def cancel(self, visitor: str) -> bool:
        """End a visitor's job, and return whether there was one at work."""
        with self._lock:
            starting = self._starting.pop(visitor, None) is not None
            job = self._jobs.pop(visitor, None)
        if job is None or job.wait(0):
            return starting
        job.cancel()
        return True

    def forget(self, visitor: str, job: VideoJob) -> None:
        """Let go of a job that has ended; its files stay."""
        with self._lock:
            if self._jobs.get(visitor) is job:
                del self._jobs[visitor]


__all__ = ["VideoJobs"]
