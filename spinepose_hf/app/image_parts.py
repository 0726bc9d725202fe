"""What stands in the Image tab: the components, and where they stand."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from spinepose_hf.app.examples import EXAMPLES, credits_line
from spinepose_hf.app.image_answers import WELCOME
from spinepose_hf.app.measure_words import VIEW_CHOICES
from spinepose_hf.app.point_labels import PictureOptions

TABLES: Final = (
    ("coco", "COCO JSON"),
    ("openpose", "OpenPose JSON"),
    ("csv", "Points (CSV)"),
    ("angles", "Measures (CSV)"),
)
"""Files of a result beside the picture: name and title."""

_TOGGLES: Final = (
    ("Spine only", "spine"),
    ("Names", "names"),
    ("Confidence", "confidence"),
    ("Angles", "angles"),
)
_DRAW_HELP: Final = (
    "Drag a box around each person on the photo; a tap on a box removes it. Or type one box a line: left, "
    "top, right, bottom in pixels."
)


class ImageParts:
    """The components that events read and write; made where the page stands.

    Args:
        keep_seconds: how long a visitor's result is kept.
    """

    def __init__(self, keep_seconds: float) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self._inputs()
            with gr.Column(scale=6, min_width=300):
                self._outputs()
        with gr.Column(visible=False) as self.details:
            self._details()
        self.result = gr.State(None, time_to_live=keep_seconds)

    @property
    def of_person(self) -> list[Any]:
        """What `person_html` fills."""
        return [self.figure, self.measures, self.points]

    @property
    def shown(self) -> list[Any]:
        """What a run writes at once."""
        return [
            self.result, self.status, self.picture, self.person, self.view, self.details, *self.of_person,
        ]  # fmt: skip

    @property
    def files(self) -> list[Any]:
        """What a run writes afterwards: the enlarged spine and the `TABLES`."""
        return [self.panel, *self.tables.values()]

    def _inputs(self) -> None:
        self.photo = gr.Image(
            label="Photo", type="filepath", sources=["upload", "webcam", "clipboard"], height=400,
            elem_id="image-upload", buttons=[], alt_text="The chosen photo",
            placeholder="Drop a photo here\nor click to choose one",
        )  # fmt: skip
        self.mode = gr.Radio(
            [("Find people automatically", "auto"), ("I draw boxes", "draw")],
            value="auto", label="People", elem_id="image-people",
        )  # fmt: skip
        with gr.Group(visible=False) as self.tools:
            self.boxes = gr.Textbox(
                label="Boxes", info=_DRAW_HELP, lines=2, max_lines=6, elem_id="image-boxes"
            )
            with gr.Row():
                self.drop_last = gr.Button("Remove last box", size="sm", elem_id="image-box-undo")
                self.drop_all = gr.Button("Remove all boxes", size="sm", elem_id="image-box-clear")
        self.run = gr.Button("Find the spine", variant="primary", elem_id="image-run")
        gr.Examples(
            [[str(one.path)] for one in EXAMPLES], [self.photo], label="Examples", elem_id="image-examples",
            example_labels=[one.title for one in EXAMPLES], cache_examples=False, api_visibility="private",
        )  # fmt: skip
        gr.HTML(f'<p class="figure-note">{credits_line()}</p>')

    def _outputs(self) -> None:
        self.status = gr.HTML(WELCOME, elem_id="image-status")
        self.picture = gr.Image(
            label="Result", type="filepath", interactive=False, height=440, elem_id="image-result",
            buttons=["fullscreen"], alt_text="The photo with the spine drawn on it",
        )  # fmt: skip
        self.toggles = gr.CheckboxGroup(
            list(_TOGGLES), value=["angles"], label="Show", elem_id="image-toggles"
        )
        self.person = gr.Dropdown(
            [], label="Person", info="Whose spine is shown below", visible=False, elem_id="image-person"
        )

    def _details(self) -> None:
        self.view = gr.Dropdown(
            list(VIEW_CHOICES), value="", label="Seen from", elem_id="image-view",
            info="If you know better from where the person is seen, say so: measures follow.",
        )  # fmt: skip
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self.panel = gr.Image(
                    label="The spine, enlarged", type="filepath", interactive=False, height=460,
                    elem_id="image-spine", buttons=["fullscreen"],
                    alt_text="The spine, enlarged out of the photo, with the names of its levels",
                )  # fmt: skip
            with gr.Column(scale=6, min_width=300):
                self.figure = gr.HTML(elem_id="image-figure", label="Figure of the measured spine")
        self.measures = gr.HTML(elem_id="image-measures")
        with gr.Accordion("All 37 points", open=False, elem_id="image-points"):
            self.points = gr.HTML(elem_id="image-table")
        with gr.Row(elem_id="image-downloads"):
            self.tables = {
                name: gr.DownloadButton(title, size="sm", min_width=130, elem_id=f"image-download-{name}")
                for name, title in TABLES
            }
            self.png = gr.Button("Picture (PNG)", size="sm", min_width=130, elem_id="image-download-png")
            self.png_file = gr.DownloadButton("PNG", elem_id="image-png-file", elem_classes="unseen-link")


def picture_options(shown: list[str]) -> PictureOptions:
    """Return what the switches that are on mean."""
    return PictureOptions(
        spine_only="spine" in shown,
        names="names" in shown,
        confidence="confidence" in shown,
        angles="angles" in shown,
    )


__all__ = ["TABLES", "ImageParts", "picture_options"]
