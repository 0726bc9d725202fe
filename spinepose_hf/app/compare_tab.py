"""The Compare tab: before and after, athlete and reference; two photos or two videos."""

from __future__ import annotations

from typing import Any, Final

from spinepose_hf.app.compare_videos import NAMES, build_compare_videos
from spinepose_hf.app.comparison import comparison_document, comparison_html, differences, main_person
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.image_answers import Payload, upload_name, upload_path
from spinepose_hf.app.measure_words import VIEW_CHOICES
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.point_labels import PictureOptions, annotate
from spinepose_hf.app.uploads import open_upload_image
from spinepose_hf.errors import NoPersonError, UploadError
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.quantity import FrameMeasures, PersonMeasures
from spinepose_hf.measure.view import View, ViewEstimate, known_view
from spinepose_hf.output.picture import write_picture

_HELP: Final = """Before and after, left and right, athlete and reference. Take both from the same direction
and distance; the largest person counts, or in videos the one who is seen longest."""
_WELCOME: Final = '<p class="quiet">The drawings and the table of both are shown here.</p>'
_API_HELP: Final = (
    "Compare the largest person of two photos: every measure of the spine in both, the difference, its "
    "standard deviation, and whether it is larger than chance. Views, where they are known: sagittal-right, "
    "sagittal-left, frontal-front or frontal-back; empty: they are found."
)


def build_compare_tab(context: AppContext) -> None:
    """Add the tab, and the endpoints `/compare_images` and `/compare_videos`, to the page being built."""
    import gradio as gr

    with gr.Tab("Compare", id="compare"):
        gr.Markdown(_HELP)
        with gr.Tabs(elem_id="compare-kinds"):
            with gr.Tab("Two photos", id="compare-photos"):
                _photos(context)
            with gr.Tab("Two videos", id="compare-videos"):
                build_compare_videos(context)


def _photos(context: AppContext) -> None:
    import gradio as gr

    uploads, views = [], []
    with gr.Row(equal_height=False):
        for place, name in enumerate(NAMES, 1):
            with gr.Column(min_width=280):
                upload = gr.Image(
                    label=f"{name} photo", type="filepath", sources=["upload", "clipboard"], height=300,
                    elem_id=f"compare-upload-{place}", buttons=[], alt_text=f"The {name.lower()} photo",
                )  # fmt: skip
                view = gr.Dropdown(
                    list(VIEW_CHOICES), value="", label=f"{name}: seen from", elem_id=f"compare-view-{place}"
                )
                uploads.append(upload)
                views.append(view)
    run = gr.Button("Compare the photos", variant="primary", elem_id="compare-run")
    with gr.Row(equal_height=False, visible=False) as drawn:
        results = [
            gr.Image(
                label=name, type="filepath", interactive=False, height=380, elem_id=f"compare-result-{place}",
                buttons=["fullscreen"], alt_text=f"The {name.lower()} photo with the spine drawn on it",
                min_width=280,
            )
            for place, name in enumerate(NAMES, 1)
        ]  # fmt: skip
    table = gr.HTML(_WELCOME, elem_id="compare-table")

    @plain_errors
    def compare(first: Payload, second: Payload, first_view: str, second_view: str) -> list[Any]:
        seen = _both(context, (first, second), (first_view, second_view))
        folder = context.folder()
        paths = []
        for place, (image, people, frame, _) in enumerate(seen, 1):
            path = folder / f"compare_{place}.jpg"
            write_picture(annotate(image, people, frame, PictureOptions(angles=True)), path)
            paths.append(str(path))
        one, other = seen[0][3], seen[1][3]
        found = (one.view.view, other.view.view)
        told = comparison_html(differences(one, other, found), NAMES, found)
        return [*paths, gr.update(visible=True), told]

    # preprocess=False: Gradio would decode and rewrite photos before their size is looked at.
    run.click(
        compare, [*uploads, *views], [*results, drawn, table], preprocess=False,
        api_visibility="private", show_progress_on=[table],
    )  # fmt: skip
    _wire_endpoint(context)


def _wire_endpoint(context: AppContext) -> None:
    import gradio as gr

    @plain_errors
    def compare_images(
        first: Payload, second: Payload, first_view: str = "", second_view: str = ""
    ) -> dict[str, Any]:
        seen = _both(context, (first, second), (first_view, second_view))
        one, other = seen[0][3], seen[1][3]
        found = (one.view.view, other.view.view)
        return comparison_document(differences(one, other, found), found)

    given = [gr.Image(type="filepath", label=name.lower(), visible=False) for name in NAMES]
    said = [gr.Textbox("", label=f"{name.lower()}_view", visible=False) for name in NAMES]
    gr.Button(visible=False).click(
        compare_images, [*given, *said], gr.JSON(visible=False, label="comparison"), preprocess=False,
        api_name="compare_images", api_description=_API_HELP,
    )  # fmt: skip


def _both(
    context: AppContext, photos: tuple[Payload, Payload], views: tuple[str, str]
) -> list[tuple[Any, Any, FrameMeasures, PersonMeasures]]:
    return [
        _photo(context, photo, name, view or "")
        for photo, name, view in zip(photos, NAMES, views, strict=True)
    ]


def _photo(
    context: AppContext, photo: Payload, which: str, view: str = ""
) -> tuple[Any, Any, FrameMeasures, PersonMeasures]:
    """Picture, the largest person in it, and that person's measures in the view that is said, or found."""
    if not photo:
        raise UploadError(f"The {which.lower()} photo is missing. Choose two.")
    seen = _view(view)
    image = open_upload_image(upload_path(photo), context.settings)
    people = context.estimate(image)
    largest = main_person(people)
    if largest is None:
        raise NoPersonError(
            f"nobody was found in the {which.lower()} photo ({upload_name(photo)}); take one that shows the "
            "whole upper body"
        )
    alone = people.select([largest])
    measures = measure_people(alone, seen, threshold=context.estimator.threshold)
    return image, alone, measures, measures.people[0]


def _view(name: str) -> list[ViewEstimate] | None:
    """The view that a visitor says; None where it shall be found."""
    if not name:
        return None
    known = [value for _, value in VIEW_CHOICES if value]
    if name not in known:
        raise UploadError(f"There is no view {name!r}; say one of {', '.join(known)}, or nothing.")
    return [known_view(View(name))]


__all__ = ["build_compare_tab"]
