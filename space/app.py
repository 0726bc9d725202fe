"""The Space: the same app as `spinepose app`, on a server of Hugging Face.

`model.json`, which `spinepose publish space` writes, names the model and its commit; variables of the Space
(SPINEPOSE_APP_MODEL, SPINEPOSE_APP_REVISION, limits) go before it. See `spinepose_hf.app.settings`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from spinepose_hf.app import AppSettings, launch_app
from spinepose_hf.app.settings import settings_from_environment

PINNED = Path(__file__).with_name("model.json")


def space_settings() -> AppSettings:
    """The environment's settings, and the pinned model where they name none."""
    settings = settings_from_environment()
    if settings.model or not PINNED.is_file():
        return settings
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    return replace(settings, model=pinned["model"], revision=pinned["revision"])


if __name__ == "__main__":
    launch_app(space_settings(), host="0.0.0.0", port=7860)
