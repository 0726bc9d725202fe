"""The Compare tab: before and after, athlete and reference; two photos or two videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from spinepose_hf.app.compare_plot import compare_plot
from spinepose_hf.app.comparison import (
    comparison_document,
    comparison_html,
    differences,
    main_person,
    mean_measures,
)
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.image_answers import Payload, upload_name, upload_path
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.point_labels import PictureOptions, annotate
from spinepose_hf.app.uploads import check_span, check_upload_video, open_upload_image
from spinepose_hf.app.video_trace import VideoTrace, trace_video
from spinepose_hf.errors import NoPersonError
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.quantity import FrameMeasures, PersonMeasures
from spinepose_hf.output.picture import write_picture

_NAMES: Final = ("First", "Second")
_HELP: Final = """Before and after, left and right, athlete and reference. Take both from the same direction
and distance; the largest person counts, or in videos the one who is seen longest."""
_CHOICES: Final = [(words.title, key) for key, words in MEASURE_WORDS.items()]
_API_PHOTOS: Final = (
    "Compare the largest person of two photos: every measure of the spine in both, the difference, its "
    "standard deviation, and whether it is larger than chance."
)
_API_VIDEOS: Final = "Compare the means over two videos of the person who is seen longest in each."


def build_compare_tab(context: AppContext) -> None:
    """Add the tab, and the endpoints `/compare_images` and `/compare_videos`, to the page being built."""
    import gradio as gr

    with gr.Tab("Compare", id="compare"):
        gr.Markdown(_HELP)
        with gr.Tabs(elem_id="compare-kinds"):
            with gr.Tab("Two photos", id="compare-photos"):
                _photos(context)
            with gr.Tab("Two videos", id="compare-videos"):
                _videos(context)


def _photos(context: AppContext) -> None:
    import gradio as gr

    with gr.Row(equal_height=False):
        uploads = [
            gr.Image(
                label=f"{name} photo", type="filepath", sources=["upload", "clipboard"], height=300,
                elem_id=f"compare-upload-{place}", buttons=[], alt_text=f"The {name.lower()} photo",
                min_width=280,
            )
            for place, name in enumerate(_NAMES, 1)
        ]  # fmt: skip
    run = gr.Button("Compare", variant="primary", elem_id="compare-run")
    with gr.Row(equal_height=False):
        results = [
            gr.Image(
                label=name, type="filepath", interactive=False, height=380, elem_id=f"compare-result-{place}",
                buttons=["fullscreen"], alt_text=f"The {name.lower()} photo with the spine drawn on it",
                min_width=280,
            )
            for place, name in enumerate(_NAMES, 1)
        ]  # fmt: skip
    table = gr.HTML(elem_id="compare-table")

    @plain_errors
    def compare(first: Payload, second: Payload) -> list[Any]:
        seen = [_photo(context, photo, which) for photo, which in zip((first, second), _NAMES, strict=True)]
        folder = context.folder()
        paths = []
        for place, (image, people, frame, _) in enumerate(seen, 1):
            path = folder / f"compare_{place}.jpg"
            write_picture(annotate(image, people, frame, PictureOptions(angles=True)), path)
            paths.append(str(path))
        (_, _, _, one), (_, _, _, other) = seen
        views = (one.view.view, other.view.view)
        return [*paths, comparison_html(differences(one, other), _NAMES, views)]

    @plain_errors
    def compare_images(first: Payload, second: Payload) -> dict[str, Any]:
        one, other = (
            _photo(context, photo, which)[3] for photo, which in zip((first, second), _NAMES, strict=True)
        )
        return comparison_document(differences(one, other), (one.view.view, other.view.view))

    # preprocess=False: Gradio would decode and rewrite photos before their size is looked at.
    run.click(
        compare, uploads, [*results, table], preprocess=False, api_visibility="private",
        show_progress_on=results,
    )  # fmt: skip
    given = [gr.Image(type="filepath", label=name.lower(), visible=False) for name in _NAMES]
    gr.Button(visible=False).click(
        compare_images, given, gr.JSON(visible=False, label="comparison"), preprocess=False,
        api_name="compare_images", api_description=_API_PHOTOS,
    )  # fmt: skip


def _videos(context: AppContext) -> None:
    import gradio as gr

    most = context.settings.video_seconds
    with gr.Row(equal_height=False):
        uploads, spans = [], []
        for place, name in enumerate(_NAMES, 1):
            with gr.Column(min_width=280):
                uploads.append(
                    gr.Video(
                        label=f"{name} video",
                        sources=["upload"],
                        height=300,
                        buttons=[],
                        elem_id=f"compare-video-{place}",
                    )
                )
                with gr.Row():
                    for part, value in (("from", 0), ("to", 0)):
                        spans.append(
                            gr.Number(
                                value,
                                label=f"{part.capitalize()} second",
                                minimum=0,
                                precision=2,
                                min_width=90,
                                info="0: its end" if part == "to" else None,
                                elem_id=f"compare-{part}-{place}",
                            )
                        )
    gr.Markdown(f"At most {most:g} s of each.", elem_classes="quiet")
    with gr.Row():
        run = gr.Button("Compare", variant="primary", elem_id="compare-videos-run")
        stop = gr.Button("Cancel", elem_id="compare-videos-cancel")
    with gr.Row(equal_height=False):
        results = [
            gr.Video(
                label=name, interactive=False, height=340, buttons=["download"], min_width=280,
                elem_id=f"compare-video-result-{place}",
            )
            for place, name in enumerate(_NAMES, 1)
        ]  # fmt: skip
    table = gr.HTML(elem_id="compare-videos-table")
    with gr.Column(visible=False) as over_time:
        with gr.Row():
            key = gr.Dropdown(_CHOICES, value="trunk_lean_deg", label="Measure", elem_id="compare-measure")
            axis = gr.Radio(
                [("Share of the video", "share"), ("Seconds", "seconds")], value="share", label="Along",
                elem_id="compare-axis",
            )  # fmt: skip
        plot = gr.Plot(label="Both over time", elem_id="compare-plot")
    known = gr.State(None, time_to_live=60 * context.settings.keep_minutes)

    def work(progress: Any, *given: Any) -> tuple[VideoTrace, VideoTrace]:
        videos, seconds = given[:2], given[2:]
        infos = [check_upload_video(video, context.settings) for video in videos]
        parts = [
            check_span(info, seconds[2 * place], seconds[2 * place + 1], context.settings)
            for place, info in enumerate(infos)
        ]
        folder = context.folder()
        traces = []
        for place, (video, info, (start, end)) in enumerate(zip(videos, infos, parts, strict=True)):
            last = min(end or float("inf"), info.duration or float("inf"))
            length = max(last - start, 0.1)

            def tell(done: float, place: int = place, length: float = length) -> None:
                if progress is not None:
                    share = (place + min(1.0, done / length)) / 2
                    progress(share, desc=f"{_NAMES[place]} video: {done:.1f} of {length:.1f} s")

            out = folder / f"compare_{place + 1}.mp4"
            traces.append(trace_video(context, Path(video), out, start=start, end=end, on_time=tell))
        return traces[0], traces[1]

    progress_bar = gr.Progress()

    @plain_errors
    def compare(
        first: str | None, second: str | None, from_1: float, to_1: float, from_2: float, to_2: float,
        chosen: str, along: str, progress: Any = progress_bar,
    ) -> list[Any]:  # fmt: skip
        traces = work(progress, first, second, from_1, to_1, from_2, to_2)
        rows = differences(*(mean_measures(trace.frames) for trace in traces))
        told = comparison_html(rows, _NAMES, (traces[0].view, traces[1].view), over_time=True)
        drawn = compare_plot(traces, _NAMES, chosen, along == "share")
        return [*(str(trace.video) for trace in traces), told, gr.update(visible=True), drawn, traces]

    @plain_errors
    def redraw(traces: tuple[VideoTrace, VideoTrace] | None, chosen: str, along: str) -> Any:
        return None if traces is None else compare_plot(traces, _NAMES, chosen, along == "share")

    @plain_errors
    def compare_videos(first: str | None, second: str | None) -> dict[str, Any]:
        traces = work(None, first, second, 0, 0, 0, 0)
        rows = differences(*(mean_measures(trace.frames) for trace in traces))
        return comparison_document(rows, (traces[0].view, traces[1].view))

    limits: dict[str, Any] = {"concurrency_limit": context.settings.videos, "concurrency_id": "videos"}
    event = run.click(
        compare, [*uploads, *spans, key, axis], [*results, table, over_time, plot, known],
        show_progress_on=[table], api_visibility="private", **limits,
    )  # fmt: skip
    stop.click(None, cancels=[event], api_visibility="private")
    for choice in (key, axis):
        choice.change(redraw, [known, key, axis], plot, show_progress="hidden", api_visibility="private")
    given = [gr.Video(label=name.lower(), visible=False) for name in _NAMES]
    gr.Button(visible=False).click(
        compare_videos, given, gr.JSON(visible=False, label="comparison"),
        api_name="compare_videos", api_description=_API_VIDEOS, **limits,
    )  # fmt: skip


def _photo(context: AppContext, photo: Payload, which: str) -> tuple[Any, Any, FrameMeasures, PersonMeasures]:
    """Picture, the largest person in it, and that person's measures."""
    image = open_upload_image(upload_path(photo), context.settings)
    people = context.estimate(image)
    largest = main_person(people)
    if largest is None:
        raise NoPersonError(
            f"nobody was found in the {which.lower()} photo ({upload_name(photo)}); take one that shows the "
            "whole upper body"
        )
    alone = people.select([largest])
    measures = measure_people(alone, threshold=context.estimator.threshold)
    return image, alone, measures, measures.people[0]


__all__ = ["build_compare_tab"]
