"""What stands in the Video tab: the components, and where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.video_status import WELCOME, limits_line

DOWNLOADS: Final = (
    ("video", "Video (MP4)"),
    ("keypoints", "Points (CSV)"),
    ("angles", "Angles (CSV)"),
    ("trc", "Markers (TRC)"),
    ("parquet", "Points (Parquet)"),
)
"""Files of a result: name and title."""

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
_NO_PARQUET: Final = "Parquet is not offered here: the package pyarrow is missing (spinepose-hf[data])."


class VideoParts:
    """The components that events read and write; made where the page stands.

    Args:
        settings: whose limits are told.
    """

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
                    for name, title in DOWNLOADS
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
        """What a run writes."""
        return [
            self.status, self.run, self.cancel, self.result, self.details, self.person, self.plot, self.note,
            self.parquet_note, self.table, *self.downloads,
        ]  # fmt: skip


__all__ = ["DOWNLOADS", "VideoParts"]
