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
from spinepose_hf.app.video_status import (
    CANCELLED,
    FAILED,
    STARTING,
    WELCOME,
    limits_line,
    person_note,
    progress_html,
    result_html,
)

Payload = Mapping[str, Any] | None
"""What Gradio passes for a video that it has not opened: "path" of the upload and "orig_name"."""

_EXAMPLE: Final = Path(__file__).parent / "examples" / "walking.mp4"
_CREDIT: Final = "Example: Walking (video: perfanalytics, BSD-3-Clause)."
_STRIDES: Final = [("Every frame", 1), ("Every 2nd", 2), ("Every 3rd", 3), ("Every 5th", 5)]
_SMOOTHING: Final = [
    ("Best for recorded video", "auto"),
    ("None: every frame by itself", "none"),
    ("Butterworth, without delay", "butterworth"),
    ("Savitzky-Golay", "savgol"),
    ("Median", "median"),
    ("One-Euro, as for live pictures", "one-euro"),
]
_DOWNLOADS: Final = (
    ("video", "Video (MP4)"),
    ("keypoints", "Points (CSV)"),
    ("angles", "Angles (CSV)"),
    ("trc", "Markers (TRC)"),
    ("parquet", "Points (Parquet)"),
)
_NO_PARQUET: Final = "Parquet is not offered here: the package pyarrow is missing (spinepose-hf[data])."
_API_HELP: Final = (
    "Follow the people of a video. start and end in seconds (end 0: to its end), stride: take every n-th "
    "frame, smooth: auto, none, butterworth, savgol, median or one-euro. Returns a summary with ranges "
    "of the measures, the annotated video, and all files."
)
_POLL_SECONDS: Final = 0.4


class _Parts:
    """The components that events read and write."""

    def __init__(self, settings: AppSettings) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self._inputs(settings)
            with gr.Column(scale=6, min_width=300):
                self.status = gr.HTML(WELCOME, elem_id="video-status", padding=False)
                self.result = gr.Video(
                    label="Result", interactive=False, height=420, elem_id="video-result", buttons=[],
                    autoplay=False,
                )  # fmt: skip
        with gr.Column(visible=False) as self.details:
            self.person = gr.Dropdown(
                [], label="Person", info="The number stands beside the head in the video",
                visible=False, elem_id="video-person",
            )  # fmt: skip
            self.plot = gr.Plot(label="Angles over time", elem_id="video-plot")
            self.note = gr.HTML(elem_id="video-note", padding=False)
            with gr.Row(elem_id="video-downloads"):
                self.downloads = [
                    gr.DownloadButton(title, size="sm", min_width=130, elem_id=f"video-download-{name}")
                    for name, title in _DOWNLOADS
                ]
            self.parquet_note = gr.HTML(
                f'<p class="figure-note">{_NO_PARQUET}</p>', visible=False, padding=False
            )
        # What the choice of a person needs: the table of measures, where it begins, and how long it is.
        self.table = gr.State(None)

    def _inputs(self, settings: AppSettings) -> None:
        self.video = gr.Video(
            label="Video", sources=["upload"], height=340, elem_id="video-upload", buttons=[]
        )
        gr.HTML(f'<p class="figure-note">{limits_line(settings)}</p>', elem_id="video-limits", padding=False)
        with gr.Accordion("Part, speed and smoothing", open=False, elem_id="video-options"):
            with gr.Row():
                self.start = gr.Number(
                    0, label="From (s)", minimum=0, step=0.1, min_width=110, elem_id="video-start"
                )
                self.end = gr.Number(
                    0, label="To (s)", info="0: to its end", minimum=0, step=0.1, min_width=110,
                    elem_id="video-end",
                )  # fmt: skip
            self.stride = gr.Dropdown(
                _STRIDES, value=1, label="Frames", info="Fewer frames are done sooner", elem_id="video-stride"
            )
            self.smooth = gr.Dropdown(_SMOOTHING, value="auto", label="Smoothing", elem_id="video-smooth")
            self.spine_only = gr.Checkbox(False, label="Draw the spine only", elem_id="video-spine-only")
        with gr.Row():
            self.run = gr.Button("Follow the spine", variant="primary", elem_id="video-run")
            self.cancel = gr.Button(
                "Cancel", variant="stop", interactive=False, min_width=90, scale=0, elem_id="video-cancel"
            )
        gr.Examples(
            [[str(_EXAMPLE)]], [self.video], label="Example", elem_id="video-examples",
            example_labels=["Walking"], cache_examples=False, api_visibility="private",
        )  # fmt: skip
        gr.HTML(f'<p class="figure-note">{_CREDIT}</p>', padding=False)

    @property
    def shown(self) -> list[Any]:
        """What a run writes, in the order of `_values`."""
        return [
            self.status, self.run, self.cancel, self.result, self.details, self.person, self.plot, self.note,
            self.parquet_note, self.table, *self.downloads,
        ]  # fmt: skip


def build_video_tab(context: AppContext) -> None:
    """Add the tab, and the endpoint `/estimate_video`, to the page that is being built."""
    jobs = VideoJobs(context)
    with gr.Tab("Video", id="video"):
        parts = _Parts(context.settings)
        _wire_run(parts, jobs, context.settings)
        _wire_person(parts)
        _wire_endpoint(context)


def _wire_run(parts: _Parts, jobs: VideoJobs, settings: AppSettings) -> None:
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


def _wire_person(parts: _Parts) -> None:
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
    """Values of `_Parts.shown` without a result."""
    return [
        status,
        gr.update(interactive=not busy),
        gr.update(interactive=busy),
        None,
        gr.update(visible=False),
        *[gr.skip()] * 4,
        None,
        *[gr.skip()] * len(_DOWNLOADS),
    ]


def _finished(result: VideoResult) -> list[Any]:
    """Values of `_Parts.shown` with a result."""
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
