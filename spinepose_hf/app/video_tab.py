"""The Video tab: a clip in; the drawn clip, a plot of the angles that runs along, and files out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import gradio as gr
from plotly.graph_objects import Figure

from spinepose_hf.app.angle_plot import angle_figure
from spinepose_hf.app.angle_series import PersonSeries, read_angles, summary_of
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.video_job import VideoJob, VideoRequest, VideoResult
from spinepose_hf.app.video_jobs import VideoJobs
from spinepose_hf.app.video_parts import DOWNLOADS, VideoParts
from spinepose_hf.app.video_status import (
    CANCELLED,
    FAILED,
    STARTING,
    person_note,
    progress_html,
    result_html,
)

Payload = Mapping[str, Any] | None
"""What Gradio passes for a video that it has not opened: "path" of the upload and "orig_name"."""

_API_HELP: Final = (
    "Follow the people of a video. start and end in seconds (end 0: to its end), stride: take every n-th "
    "frame, smooth: auto, none, butterworth, savgol, median or one-euro. Returns a summary with ranges "
    "of the measures, the annotated video, and all files."
)
_POLL_SECONDS: Final = 0.4


def build_video_tab(context: AppContext) -> None:
    """Add the tab, and the endpoint `/estimate_video`, to the page that is being built."""
    jobs = VideoJobs(context)
    with gr.Tab("Video", id="video"):
        parts = VideoParts(context.settings)
        _wire_run(parts, jobs, context.settings)
        _wire_person(parts)
        _wire_endpoint(context)


def _wire_run(parts: VideoParts, jobs: VideoJobs, settings: AppSettings) -> None:
    # To Gradio a cancelled run is a failed one; its visitor is told otherwise.
    cancelled: set[str] = set()

    @plain_errors
    def run(
        video: Payload,
        start: float | None,
        end: float | None,
        stride: int,
        smooth: str,
        spine_only: bool,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        wish = VideoRequest(*_upload(video), start, end, int(stride), smooth, bool(spine_only))
        yield _values(STARTING)
        visitor = str(request.session_hash)
        cancelled.discard(visitor)
        job = jobs.start(visitor, wish)
        shown = False
        try:
            while not job.wait(_POLL_SECONDS):
                yield _values(progress_html(job.progress()))
            result = job.result()
            values = _values(CANCELLED, busy=False) if result is None else _finished(result)
            shown = True
            yield values
        finally:
            jobs.forget(visitor, job)
            if not shown:
                job.cancel()

    @plain_errors
    def cancel(request: gr.Request) -> list[Any]:
        visitor = str(request.session_hash)
        cancelled.add(visitor)
        jobs.cancel(visitor)
        return _values(CANCELLED, busy=False)

    @plain_errors
    def fail(request: gr.Request) -> list[Any]:
        visitor = str(request.session_hash)
        status = CANCELLED if visitor in cancelled else FAILED
        cancelled.discard(visitor)
        return _values(status, busy=False)

    inputs = [parts.video, parts.start, parts.end, parts.stride, parts.smooth, parts.spine_only]
    private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # preprocess=False: Gradio would open the upload before its size is looked at.
    event = parts.run.click(
        run, inputs, parts.shown, preprocess=False,
        concurrency_id="video", concurrency_limit=settings.videos, **private,
    )  # fmt: skip
    event.failure(fail, None, parts.shown, queue=False, **private)
    parts.cancel.click(cancel, None, parts.shown, cancels=[event], queue=False, **private)


def _wire_person(parts: VideoParts) -> None:
    @plain_errors
    def choose(table: tuple[str, float, float] | None, person: int | None) -> list[Any]:
        if table is None or person is None:
            return [gr.skip(), gr.skip()]
        people = read_angles(Path(table[0]), table[1])
        return _plotted(people[person], table[2]) if person in people else [gr.skip(), gr.skip()]

    parts.person.input(
        choose, [parts.table, parts.person], [parts.plot, parts.note],
        show_progress="hidden", api_visibility="private",
    )  # fmt: skip


def _wire_endpoint(context: AppContext) -> None:
    @plain_errors
    def estimate_video(
        video: Payload, start: float = 0, end: float = 0, stride: int = 1, smooth: str = "auto"
    ) -> tuple[dict[str, Any], str, list[str]]:
        job = VideoJob(context, VideoRequest(*_upload(video), start, end, int(stride), smooth))
        while not job.wait(_POLL_SECONDS):
            job.progress()
        result = job.result()
        if result is None:
            raise gr.Error("The app is being shut down.", print_exception=False)
        return _document(result), str(result.drawn), [str(path) for path in result.files]

    inputs = [
        gr.Video(label="video", visible=False),
        gr.Number(0, label="start", visible=False),
        gr.Number(0, label="end", visible=False),
        gr.Number(1, label="stride", precision=0, visible=False),
        gr.Textbox("auto", label="smooth", visible=False),
    ]
    outputs = [
        gr.JSON(label="summary", visible=False),
        gr.Video(label="annotated", visible=False),
        gr.File(label="files", file_count="multiple", visible=False),
    ]
    gr.Button(visible=False).click(
        estimate_video, inputs, outputs, preprocess=False, api_name="estimate_video",
        api_description=_API_HELP, concurrency_id="video",
    )  # fmt: skip


def _upload(video: Payload) -> tuple[str | None, str]:
    """Path and name of an upload."""
    if not video or not video.get("path"):
        return None, "video"
    return str(video["path"]), str(video.get("orig_name") or Path(video["path"]).name)


def _values(status: str, *, busy: bool = True) -> list[Any]:
    """Values of `VideoParts.shown` without a result."""
    return [
        status,
        gr.update(interactive=not busy),
        gr.update(interactive=busy),
        None,
        gr.update(visible=False),
        *[gr.skip()] * 4,
        None,
        *[gr.skip()] * len(DOWNLOADS),
    ]


def _finished(result: VideoResult) -> list[Any]:
    """Values of `VideoParts.shown` with a result."""
    people = read_angles(result.measures, result.begin)
    first = next(iter(people), None)
    length = result.summary.clip_seconds
    files = (result.drawn, result.keypoints, result.measures, result.trc, result.parquet)
    return [
        result_html(result, len(people)),
        gr.update(interactive=True),
        gr.update(interactive=False),
        str(result.drawn),
        gr.update(visible=True),
        gr.update(
            choices=[(f"Person {number}", number) for number in people], value=first, visible=len(people) > 1
        ),
        *([None, ""] if first is None else _plotted(people[first], length)),
        gr.update(visible=result.parquet is None),
        (str(result.measures), result.begin, length),
        *(gr.update(value=None if path is None else str(path), visible=path is not None) for path in files),
    ]


def _plotted(person: PersonSeries, length: float) -> list[Any]:
    return [Figure(angle_figure(person, length)), person_note(person)]


def _document(result: VideoResult) -> dict[str, Any]:
    """The summary that programs get."""
    people = read_angles(result.measures, result.begin)
    return {
        "frames": result.summary.frames,
        "frames_without_people": result.summary.empty_frames,
        "seconds": round(result.summary.seconds, 3),
        "people": [
            {
                "id": number,
                "frames": len(next(iter(person.values())).times),
                "measures": {key: summary_of(series) for key, series in person.items()},
            }
            for number, person in people.items()
        ],
    }


__all__ = ["build_video_tab"]
