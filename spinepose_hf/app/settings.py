"""What the app may be given, and how much of the machine it takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from spinepose_hf.errors import SpinePoseError

PREFIX = "SPINEPOSE_APP_"
"""Of the environment variables that set these: SPINEPOSE_APP_MODEL, SPINEPOSE_APP_VIDEO_SECONDS, ..."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Limits and choices of one running app.

    Attributes:
        model: Hub id, folder or .onnx file; empty: the weights in the package.
        revision: commit, tag or branch of a Hub id; empty: its newest.
        detector: where boxes come from, as in `SpinePoseEstimator`.
        image_megabytes: largest picture file.
        image_megapixels: largest picture, known from its header before it is decoded.
        video_megabytes: largest video file.
        video_seconds: longest video.
        video_megapixels: largest frame of a video.
        workers: pictures that are computed at the same time.
        videos: videos that are computed at the same time.
        waiting: requests that may wait; more are turned away at once.
        keep_minutes: how long results can be downloaded before they are deleted.
    """

    model: str = ""
    revision: str = ""
    detector: str = "auto"
    image_megabytes: float = 25.0
    image_megapixels: float = 40.0
    video_megabytes: float = 200.0
    video_seconds: float = 60.0
    video_megapixels: float = 9.0
    workers: int = 2
    videos: int = 1
    waiting: int = 64
    keep_minutes: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, str) and value <= 0:
                raise SpinePoseError(f"the app's setting {field.name} is {value:g}; it must be above 0")


def settings_from_environment(environment: Mapping[str, str] | None = None) -> AppSettings:
    """Return the defaults, changed by variables such as `SPINEPOSE_APP_VIDEO_SECONDS`.

    Raises:
        SpinePoseError: a variable is not a number where one is needed, or not above 0.
    """
    found = os.environ if environment is None else environment
    changes: dict[str, str | int | float] = {}
    for field in fields(AppSettings):
        variable = PREFIX + field.name.upper()
        text = found.get(variable, "").strip()
        if not text:
            continue
        default = getattr(AppSettings(), field.name)
        try:
            changes[field.name] = text if isinstance(default, str) else type(default)(text)
        except ValueError as error:
            raise SpinePoseError(f"{variable} is {text!r}; give a number") from error
    return replace(AppSettings(), **changes)  # type: ignore[arg-type]  # kinds are those of the fields


__all__ = ["PREFIX", "AppSettings", "settings_from_environment"]
