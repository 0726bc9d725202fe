"""The Image tab: a photo in, the drawn spine, its measures and files out."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.image_answers import (
    WELCOME,
    ImageAnswers,
    Payload,
    person_choices,
    person_html,
    status_html,
)
from spinepose_hf.app.image_parts import TABLES, ImageParts, picture_options
from spinepose_hf.app.image_result import ImageResult, seen_from
from spinepose_hf.app.messages import plain_errors

_API_HELP: Final = (
    "Estimate the 37 keypoints of each person in a photo, with scores, uncertainties and measures of the "
    "spine. boxes: rows of x1, y1, x2, y2 in px, or null to find people."
)
# The browser saves the file once the server has answered with its address.
_SAVE_PNG: Final = """() => {
  const link = document.querySelector("#image-png-file");
  setTimeout(() => (link.querySelector("button, a") ?? link).click(), 60);
}"""


def build_image_tab(context: AppContext) -> None:
    """Add the tab, and the endpoint `/estimate_image`, to the page that is being built."""
    answers = ImageAnswers(context)
    with gr.Tab("Image", id="image"):
        parts = ImageParts(60 * context.settings.keep_minutes)
        _wire_endpoint(answers)
    _wire_boxes(parts)
    _wire_run(parts, answers)
    _wire_changes(parts, answers)


def _wire_boxes(parts: ImageParts) -> None:
    parts.drop_last.click(None, js="() => window.spineposeBoxes.dropLast()", api_visibility="private")
    parts.drop_all.click(None, js="() => window.spineposeBoxes.dropAll()", api_visibility="private")
    parts.mode.change(
        lambda mode: gr.update(visible=mode == "draw"), parts.mode, parts.tools,
        js="(mode) => { window.spineposeBoxes.setMode(mode); return mode; }",
        show_progress="hidden", queue=False, api_visibility="private",
    )  # fmt: skip
    parts.boxes.change(None, js="() => window.spineposeBoxes.show()", api_visibility="private")
    # Boxes are those of one photo.
    parts.photo.change(None, outputs=parts.boxes, js="() => ''", api_visibility="private")


def _wire_run(parts: ImageParts, answers: ImageAnswers) -> None:
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
            return [None] * (1 + len(TABLES))
        files = answers.files(result)
        return [answers.panel(result, 0), *(files[name] for name, _ in TABLES)]

    inputs = [parts.photo, parts.mode, parts.boxes, parts.toggles]
    private = {"api_visibility": "private"}
    # preprocess=False: Gradio would decode and rewrite the photo before its size is looked at.
    raw = {"preprocess": False, "show_progress_on": [parts.picture], **private}
    for trigger, handler in ((parts.run.click, estimate), (parts.photo.change, estimate_new)):
        event = trigger(handler, inputs, parts.shown, **raw)
        event.success(finish, parts.result, parts.files, show_progress="hidden", **private)
        event.failure(_blank, None, parts.shown, show_progress="hidden", queue=False, **private)


def _wire_changes(parts: ImageParts, answers: ImageAnswers) -> None:
    """What a visitor may change of a result: what is drawn, whose spine is shown, from where it is seen."""

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

    private = {"api_visibility": "private"}
    parts.toggles.change(
        redraw, [parts.result, parts.toggles], parts.picture,
        show_progress="hidden", trigger_mode="always_last", **private,
    )  # fmt: skip
    parts.person.input(
        choose, [parts.result, parts.person], [parts.panel, *parts.of_person],
        show_progress="hidden", **private,
    )  # fmt: skip
    parts.view.input(
        look_from, [parts.result, parts.view, parts.person, parts.toggles],
        [parts.result, parts.status, parts.picture, *parts.of_person, parts.tables["angles"]],
        show_progress="hidden", **private,
    )  # fmt: skip
    parts.png.click(
        save_png, [parts.result, parts.toggles], parts.png_file, show_progress_on=[parts.png], **private
    ).success(None, js=_SAVE_PNG, **private)


def _shown(result: ImageResult, picture: str) -> list[Any]:
    """Values of status, picture, person, details and the person's parts."""
    count = len(result.people)
    chooser = gr.update(choices=person_choices(result), value=0 if count else None, visible=count > 1)
    parts = person_html(result, 0) if count else ("", "", "")
    return [status_html(result), picture, chooser, "", gr.update(visible=count > 0), *parts]


def _blank() -> list[Any]:
    """The page before the first photo."""
    hidden = gr.update(visible=False)
    return [None, WELCOME, None, gr.update(choices=[], value=None, visible=False), "", hidden, "", "", ""]


def _wire_endpoint(answers: ImageAnswers) -> None:
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


__all__ = ["build_image_tab"]
