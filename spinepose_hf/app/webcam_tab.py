"""The Webcam tab: the spine live, picture by picture."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.live import LiveVisits, live_html, live_picture
from spinepose_hf.app.measure_words import VIEW_CHOICES
from spinepose_hf.app.messages import plain_errors
from spinepose_hf.app.point_labels import PictureOptions

_EVERY: Final = 0.1
"""Seconds between two pictures that the browser sends; slower servers take fewer."""

_MINUTES: Final = 10
"""After which a camera that was forgotten is let go of."""

_HELP: Final = """Turn the camera on, allow it in the browser, and press **Record**; **Stop** ends it. Stand
so that your upper body is seen exactly from the side, the front or the back. Pictures go to this server only,
and none is stored."""
_IDLE: Final = '<div class="live"><p class="quiet">What is measured is shown here, live.</p></div>'


def build_webcam_tab(context: AppContext) -> None:
    """Add the tab to the page that is being built."""
    import gradio as gr

    with gr.Tab("Webcam", id="webcam"):
        gr.Markdown(_HELP)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                camera = gr.Image(
                    label="Camera", sources=["webcam"], streaming=True, type="numpy", height=360,
                    elem_id="webcam-camera", buttons=[],
                    webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": {"width": 640}}),
                )  # fmt: skip
                view = gr.Dropdown(
                    list(VIEW_CHOICES), value="", label="Seen from", elem_id="webcam-view",
                    info="If you know from where the camera sees you, say so: more is measured then.",
                )  # fmt: skip
                spine_only = gr.Checkbox(
                    label="Draw the spine only", value=False, elem_id="webcam-spine-only"
                )
            with gr.Column(scale=6, min_width=300):
                picture = gr.HTML(live_picture(None), elem_id="webcam-result")
                told = gr.HTML(_IDLE, elem_id="webcam-measures")

    visits = LiveVisits(context.estimator)

    @plain_errors
    def look(image: NDArray[np.uint8] | None, spine: bool, seen: str, request: gr.Request) -> tuple[Any, Any]:
        if image is None:
            return gr.skip(), gr.skip()
        visit = visits.of(str(request.session_hash))
        drawn, measures = visit(image, PictureOptions(spine_only=spine, angles=True), seen or "")
        return live_picture(drawn), live_html(visit, measures)

    def leave(request: gr.Request) -> None:
        visits.forget(str(request.session_hash))

    # Gradio finds the request by the type's name, which postponed annotations hide in a nested function.
    for handler in (look, leave):
        handler.__annotations__["request"] = gr.Request
    camera.stream(
        look, [camera, spine_only, view], [picture, told],
        stream_every=_EVERY, time_limit=60 * _MINUTES, concurrency_limit=context.settings.workers,
        show_progress="hidden", api_visibility="private",
    )  # fmt: skip
    gr.context.Context.root_block.unload(leave)


__all__ = ["build_webcam_tab"]
