"""Two videos in the Compare tab: both followed, their means in a table, their courses in a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import gradio as gr

from spinepose_hf.app.compare_plot import compare_plot, plotted_measures
from spinepose_hf.app.comparison import comparison_document, comparison_html, differences
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.uploads import shown_name
from spinepose_hf.app.video_job import VideoJob, VideoProgress, VideoRequest
from spinepose_hf.app.video_status import progress_html
from spinepose_hf.app.video_trace import VideoTrace, trace_of

Payload = Mapping[str, Any] | None
Traces = tuple[VideoTrace, VideoTrace]

NAMES: Final = ("First", "Second")
_POLL_SECONDS: Final = 0.5
_API_HELP: Final = (
    "Compare two videos: the means of every measure over the frames in which the person who is seen longest "
    "shows it, their difference, its standard deviation, and whether it is larger than chance. start and end "
    "in seconds; an end of 0 is the video's own."
)
_WELCOME: Final = '<p class="quiet">The table of both, and their courses over time, are shown here.</p>'
_CANCELLED: Final = '<p class="quiet">Cancelled; nothing of it is kept.</p>'


def build_compare_videos(context: AppContext) -> None:
    """Add the part for videos, and the endpoint `/compare_videos`."""
    uploads, spans = _inputs(context.settings.video_seconds)
    with gr.Row():
        run = gr.Button("Compare the videos", variant="primary", elem_id="compare-videos-run")
        stop = gr.Button("Cancel", variant="stop", scale=0, min_width=90, elem_id="compare-videos-cancel")
    with gr.Row(equal_height=False, visible=False) as drawn:
        results = [
            gr.Video(
                label=name, interactive=False, height=340, buttons=["download"], min_width=280,
                elem_id=f"compare-video-result-{place}",
            )
            for place, name in enumerate(NAMES, 1)
        ]  # fmt: skip
    told = gr.HTML(_WELCOME, elem_id="compare-videos-table")
    with gr.Column(visible=False) as over_time:
        with gr.Row():
            key = gr.Dropdown([], label="Measure", elem_id="compare-measure")
            axis = gr.Radio(
                [("Share of the video", "share"), ("Seconds", "seconds")], value="share",
                label="Along", elem_id="compare-axis",
                info="By share, a slow and a fast movement lie on each other.",
            )  # fmt: skip
        plot = gr.Plot(label="Both over time", elem_id="compare-plot")
    known = gr.State(None, time_to_live=60 * context.settings.keep_minutes)
    shown = [*results, drawn, told, over_time, key, plot, known]

    # To Gradio a cancelled run is a failed one; its visitor is told otherwise.
    cancelled: set[str] = set()

    @plain_errors
    def compare(visitor: gr.Request, first: Payload, second: Payload, *rest: Any) -> Iterator[list[Any]]:
        along, requests = rest[-1], _requests((first, second), rest[:-1])
        cancelled.discard(str(visitor.session_hash))
        traces: list[VideoTrace] = []
        yield _values("")
        for place, request in enumerate(requests):
            job = VideoJob(context, request)
            for progress in _followed(job):
                yield _values(f"<p>{NAMES[place]} video</p>{progress_html(progress)}")
            result = job.result()
            if result is None:
                yield _values(_CANCELLED)
                return
            traces.append(trace_of(result, f"the {NAMES[place].lower()} video ({shown_name(request.name)})"))
        yield _finished((traces[0], traces[1]), along)

    @plain_errors
    def cancel(visitor: gr.Request) -> list[Any]:
        cancelled.add(str(visitor.session_hash))
        return _values(_CANCELLED)

    @plain_errors
    def fail(visitor: gr.Request) -> list[Any]:
        hashed = str(visitor.session_hash)
        status = _CANCELLED if hashed in cancelled else _WELCOME
        cancelled.discard(hashed)
        return _values(status)

    @plain_errors
    def redraw(traces: Traces | None, chosen: str | None, along: str) -> Any:
        return None if traces is None or not chosen else compare_plot(traces, NAMES, chosen, along == "share")

    private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # preprocess=False: Gradio would open uploads before their size is looked at.
    event = run.click(
        compare, [*uploads, *spans, axis], shown, preprocess=False, concurrency_id="video",
        concurrency_limit=context.settings.videos, **private,
    )  # fmt: skip
    event.failure(fail, None, shown, queue=False, **private)
    stop.click(cancel, None, shown, cancels=[event], queue=False, **private)
    for choice in (key, axis):
        choice.input(redraw, [known, key, axis], plot, **private)
    _wire_endpoint(context)


def _wire_endpoint(context: AppContext) -> None:
    @plain_errors
    def compare_videos(
        first: Payload, second: Payload, first_start: float = 0, first_end: float = 0,
        second_start: float = 0, second_end: float = 0,
    ) -> dict[str, Any]:  # fmt: skip
        spans = (first_start, first_end, second_start, second_end)
        traces = []
        for name, request in zip(NAMES, _requests((first, second), spans), strict=True):
            job = VideoJob(context, request)
            for _ in _followed(job):
                continue
            result = job.result()
            if result is None:
                raise gr.Error("The app is being shut down.", print_exception=False)
            traces.append(trace_of(result, f"the {name.lower()} video"))
        views = (traces[0].view, traces[1].view)
        return comparison_document(differences(traces[0].means(), traces[1].means(), views), views)

    given = [gr.Video(label=name.lower(), visible=False) for name in NAMES]
    parts = [
        gr.Number(0, label=f"{name.lower()}_{part}", visible=False)
        for name in NAMES
        for part in ("start", "end")
    ]
    gr.Button(visible=False).click(
        compare_videos, [*given, *parts], gr.JSON(visible=False, label="comparison"), preprocess=False,
        api_name="compare_videos", api_description=_API_HELP, concurrency_id="video",
    )  # fmt: skip


def _inputs(most: float) -> tuple[list[Any], list[Any]]:
    """Fields of both videos, and of their beginnings and ends."""
    uploads, spans = [], []
    with gr.Row(equal_height=False):
        for place, name in enumerate(NAMES, 1):
            with gr.Column(min_width=280):
                upload = gr.Video(
                    label=f"{name} video", sources=["upload"], height=300, buttons=[],
                    elem_id=f"compare-video-{place}",
                )  # fmt: skip
                uploads.append(upload)
                with gr.Row():
                    for part, info in (
                        ("From", "0: from its beginning"),
                        ("To", f"0: to its end; at most {most:g} s"),
                    ):
                        field = gr.Number(
                            0, label=f"{part} (s)", info=info, minimum=0, step=0.1, min_width=110,
                            elem_id=f"compare-{part.lower()}-{place}",
                        )  # fmt: skip
                        spans.append(field)
    return uploads, spans


def _requests(videos: tuple[Payload, Payload], spans: Any) -> list[VideoRequest]:
    requests = []
    for place, video in enumerate(videos):
        path = str(video["path"]) if video and video.get("path") else None
        name = str((video or {}).get("orig_name") or path or "video")
        requests.append(VideoRequest(path, name, spans[2 * place], spans[2 * place + 1]))
    return requests


def _followed(job: VideoJob) -> Iterator[VideoProgress]:
    """Tell how far a job is until it is done; it is ended when nobody listens any more."""
    done = False
    try:
        while not job.wait(_POLL_SECONDS):
            yield job.progress()
        done = True
    finally:
        if not done:
            job.cancel()


def _values(told: str) -> list[Any]:
    """The page while there is no result."""
    hidden = gr.update(visible=False)
    return [None, None, hidden, told, hidden, gr.update(choices=[], value=None), None, None]


def _finished(traces: Traces, along: str) -> list[Any]:
    views = (traces[0].view, traces[1].view)
    rows = differences(traces[0].means(), traces[1].means(), views)
    keys = plotted_measures(traces)
    plot = compare_plot(traces, NAMES, keys[0], along == "share") if keys else None
    note = "" if keys else '<p class="quiet">No measure is seen in both, so there is no plot.</p>'
    return [
        *(str(trace.drawn) for trace in traces),
        gr.update(visible=True),
        comparison_html(rows, NAMES, views, over_time=True) + note,
        gr.update(visible=bool(keys)),
        gr.update(
            choices=[(escape(MEASURE_WORDS[key].title), key) for key in keys], value=keys[0] if keys else None
        ),
        plot,
        traces,
    ]


__all__ = ["NAMES", "build_compare_videos"]
