"""The Image tab: a photo in, the drawn spine, its measures and files out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.examples import EXAMPLES, credits_line
from spinepose_hf.app.image_answers import (
    WELCOME,
    ImageAnswers,
    Payload,
    person_choices,
    person_html,
    status_html,
)
from spinepose_hf.app.image_result import ImageResult, seen_from
from spinepose_hf.app.measure_words import VIEW_CHOICES
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.point_labels import PictureOptions

_TOGGLES: Final = (
    ("Spine only", "spine"),
    ("Names", "names"),
    ("Confidence", "confidence"),
    ("Angles", "angles"),
)
_TABLES: Final = (
    ("coco", "COCO JSON"),
    ("openpose", "OpenPose JSON"),
    ("csv", "Points (CSV)"),
    ("angles", "Measures (CSV)"),
)
_DRAW_HELP: Final = (
    "Drag a box around each person on the photo; a tap on a box removes it. Or type one box a line: left, "
    "top, right, bottom in pixels."
)
_API_HELP: Final = (
    "Estimate the 37 keypoints of each person in a photo, with scores, uncertainties and measures of the "
    "spine. boxes: rows of x1, y1, x2, y2 in px, or null to find people."
)
# The browser saves the file once the server has answered with its address.
_SAVE_PNG: Final = """() => {
  const link = document.querySelector("#image-png-file");
  setTimeout(() => (link.querySelector("button, a") ?? link).click(), 60);
}"""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that events read and write."""

    photo: Any
    mode: Any
    boxes: Any
    run: Any
    status: Any
    picture: Any
    toggles: Any
    person: Any
    view: Any
    details: Any
    panel: Any
    figure: Any
    measures: Any
    points: Any
    tables: dict[str, Any]
    png: Any
    png_file: Any
    result: Any


def build_image_tab(context: AppContext) -> None:
    """Add the tab, and the endpoint `/estimate_image`, to the page that is being built."""
    import gradio as gr

    answers = ImageAnswers(context)
    with gr.Tab("Image", id="image"):
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                photo, mode, boxes, tools, run = _inputs()
            with gr.Column(scale=6, min_width=300):
                status, picture, toggles, person = _outputs()
        details, view, panel, figure, measures, points, tables, png, png_file = _details()
        result = gr.State(None, time_to_live=60 * context.settings.keep_minutes)
        _wire_endpoint(answers)
    parts = _Parts(
        photo, mode, boxes, run, status, picture, toggles, person, view, details, panel, figure, measures,
        points, tables, png, png_file, result,
    )  # fmt: skip
    _wire_boxes(parts, tools)
    _wire_result(parts, answers)


def picture_options(shown: list[str]) -> PictureOptions:
    """Return what the switches that are on mean."""
    return PictureOptions(
        spine_only="spine" in shown,
        names="names" in shown,
        confidence="confidence" in shown,
        angles="angles" in shown,
    )


def _inputs() -> tuple[Any, Any, Any, Any, Any]:
    import gradio as gr

    photo = gr.Image(
        label="Photo", type="filepath", sources=["upload", "webcam", "clipboard"], height=400,
        elem_id="image-upload", buttons=[], alt_text="The chosen photo",
        placeholder="Drop a photo here\nor click to choose one",
    )  # fmt: skip
    mode = gr.Radio(
        [("Find people automatically", "auto"), ("I draw boxes", "draw")],
        value="auto", label="People", elem_id="image-people",
    )  # fmt: skip
    with gr.Group(visible=False) as tools:
        boxes = gr.Textbox(label="Boxes", info=_DRAW_HELP, lines=2, max_lines=6, elem_id="image-boxes")
        with gr.Row():
            last = gr.Button("Remove last box", size="sm", elem_id="image-box-undo")
            every = gr.Button("Remove all boxes", size="sm", elem_id="image-box-clear")
    last.click(None, js="() => window.spineposeBoxes.dropLast()", api_visibility="private")
    every.click(None, js="() => window.spineposeBoxes.dropAll()", api_visibility="private")
    run = gr.Button("Find the spine", variant="primary", elem_id="image-run")
    gr.Examples(
        [[str(one.path)] for one in EXAMPLES], [photo], label="Examples", elem_id="image-examples",
        example_labels=[one.title for one in EXAMPLES], cache_examples=False, api_visibility="private",
    )  # fmt: skip
    gr.HTML(f'<p class="figure-note">{credits_line()}</p>')
    return photo, mode, boxes, tools, run


def _outputs() -> tuple[Any, Any, Any, Any]:
    import gradio as gr

    status = gr.HTML(WELCOME, elem_id="image-status")
    picture = gr.Image(
        label="Result", type="filepath", interactive=False, height=440, elem_id="image-result",
        buttons=["fullscreen"], alt_text="The photo with the spine drawn on it",
    )  # fmt: skip
    toggles = gr.CheckboxGroup(list(_TOGGLES), value=["angles"], label="Show", elem_id="image-toggles")
    person = gr.Dropdown(
        [], label="Person", info="Whose spine is shown below", visible=False, elem_id="image-person"
    )
    return status, picture, toggles, person


def _details() -> tuple[Any, Any, Any, Any, Any, Any, dict[str, Any], Any, Any]:
    import gradio as gr

    with gr.Column(visible=False) as details:
        view = gr.Dropdown(
            list(VIEW_CHOICES), value="", label="Seen from", elem_id="image-view",
            info="If you know better from where the person is seen, say so: measures follow.",
        )  # fmt: skip
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                panel = gr.Image(
                    label="The spine, enlarged", type="filepath", interactive=False, height=460,
                    elem_id="image-spine", buttons=["fullscreen"],
                    alt_text="The spine, enlarged out of the photo, with the names of its levels",
                )  # fmt: skip
            with gr.Column(scale=6, min_width=300):
                figure = gr.HTML(elem_id="image-figure", label="Figure of the measured spine")
        measures = gr.HTML(elem_id="image-measures")
        with gr.Accordion("All 37 points", open=False, elem_id="image-points"):
            points = gr.HTML(elem_id="image-table")
        with gr.Row(elem_id="image-downloads"):
            tables = {
                name: gr.DownloadButton(title, size="sm", min_width=130, elem_id=f"image-download-{name}")
                for name, title in _TABLES
            }
            png = gr.Button("Picture (PNG)", size="sm", min_width=130, elem_id="image-download-png")
            png_file = gr.DownloadButton("PNG", elem_id="image-png-file", elem_classes="unseen-link")
    return details, view, panel, figure, measures, points, tables, png, png_file


def _wire_boxes(parts: _Parts, tools: Any) -> None:
    import gradio as gr

    parts.mode.change(
        lambda mode: gr.update(visible=mode == "draw"), parts.mode, tools,
        js="(mode) => { window.spineposeBoxes.setMode(mode); return mode; }",
        show_progress="hidden", queue=False, api_visibility="private",
    )  # fmt: skip
    parts.boxes.change(None, js="() => window.spineposeBoxes.show()", api_visibility="private")
    # Boxes are those of one photo.
    parts.photo.change(None, outputs=parts.boxes, js="() => ''", api_visibility="private")


def _wire_result(parts: _Parts, answers: ImageAnswers) -> None:
    import gradio as gr

    of_person = [parts.figure, parts.measures, parts.points]
    shown = [parts.result, parts.status, parts.picture, parts.person, parts.view, parts.details, *of_person]

    def answer(photo: Payload, mode: str, boxes: str, switches: list[str]) -> list[Any]:
        result = answers.estimate(photo, mode, boxes)
        return [result, *_shown(result, answers.picture(result, picture_options(switches)))]

    @plain_errors
    def estimate(photo: Payload, mode: str, boxes: str, switches: list[str]) -> list[Any]:
        return answer(photo, mode, boxes, switches)

    @plain_errors
    def estimate_new(photo: Payload, mode: str, boxes: str, switches: list[str]) -> list[Any]:
        if not photo or mode == "draw":
            return _blank()
        return answer(photo, mode, boxes, switches)

    @plain_errors
    def finish(result: ImageResult | None) -> list[Any]:
        if result is None or not len(result.people):
            return [None] * (1 + len(_TABLES))
        files = answers.files(result)
        return [answers.panel(result, 0), *(files[name] for name, _ in _TABLES)]

    @plain_errors
    def redraw(result: ImageResult | None, switches: list[str]) -> Any:
        return None if result is None else answers.picture(result, picture_options(switches))

    @plain_errors
    def choose(result: ImageResult | None, person: int | None) -> list[Any]:
        if result is None or person is None or not 0 <= person < len(result.people):
            return [gr.skip()] * 4
        return [answers.panel(result, person), *person_html(result, person)]

    @plain_errors
    def look_from(
        result: ImageResult | None, view: str, person: int | None, switches: list[str]
    ) -> list[Any]:
        if result is None or not len(result.people):
            return [gr.skip()] * 7
        result = seen_from(result, view)
        number = person or 0
        drawn = answers.picture(result, picture_options(switches))
        return [
            result,
            status_html(result),
            drawn,
            *person_html(result, number),
            answers.measure_file(result),
        ]

    @plain_errors
    def save_png(result: ImageResult | None, switches: list[str]) -> Any:
        return None if result is None else answers.png(result, picture_options(switches))

    inputs = [parts.photo, parts.mode, parts.boxes, parts.toggles]
    private = {"api_visibility": "private"}
    # preprocess=False: Gradio would decode and rewrite the photo before its size is looked at.
    raw = {"preprocess": False, "show_progress_on": [parts.picture], **private}
    files = [parts.panel, *parts.tables.values()]
    for trigger, handler in ((parts.run.click, estimate), (parts.photo.change, estimate_new)):
        event = trigger(handler, inputs, shown, **raw)
        event.success(finish, parts.result, files, show_progress="hidden", **private)
        event.failure(_blank, None, shown, show_progress="hidden", queue=False, **private)
    parts.toggles.change(
        redraw, [parts.result, parts.toggles], parts.picture,
        show_progress="hidden", trigger_mode="always_last", **private,
    )  # fmt: skip
    parts.person.input(
        choose, [parts.result, parts.person], [parts.panel, *of_person], show_progress="hidden", **private
    )
    parts.view.input(
        look_from, [parts.result, parts.view, parts.person, parts.toggles],
        [parts.result, parts.status, parts.picture, *of_person, parts.tables["angles"]],
        show_progress="hidden", **private,
    )  # fmt: skip
    parts.png.click(
        save_png, [parts.result, parts.toggles], parts.png_file, show_progress_on=[parts.png], **private
    ).success(None, js=_SAVE_PNG, **private)


def _shown(result: ImageResult, picture: str) -> list[Any]:
    """Values of status, picture, person, details and the person's parts."""
    import gradio as gr

    count = len(result.people)
    chooser = gr.update(choices=person_choices(result), value=0 if count else None, visible=count > 1)
    parts = person_html(result, 0) if count else ("", "", "")
    return [status_html(result), picture, chooser, "", gr.update(visible=count > 0), *parts]


def _blank() -> list[Any]:
    """The page before the first photo."""
    import gradio as gr

    hidden = gr.update(visible=False)
    return [None, WELCOME, None, gr.update(choices=[], value=None, visible=False), "", hidden, "", "", ""]


def _wire_endpoint(answers: ImageAnswers) -> None:
    import gradio as gr

    @plain_errors
    def estimate_image(image: Payload, boxes: list[list[float]] | None = None) -> dict[str, Any]:
        return answers.document(image, boxes)

    photo = gr.Image(type="filepath", label="image", visible=False)
    boxes = gr.JSON(label="boxes", visible=False)
    document = gr.JSON(label="result", visible=False)
    gr.Button(visible=False).click(
        estimate_image, [photo, boxes], document,
        preprocess=False, api_name="estimate_image", api_description=_API_HELP,
    )  # fmt: skip


__all__ = ["build_image_tab", "picture_options"]
