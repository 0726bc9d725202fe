"""The Space: the same app as `spinepose app`, on a server of Hugging Face.

The Space's settings may name another model (SPINEPOSE_APP_MODEL, SPINEPOSE_APP_REVISION) and other limits;
see `spinepose_hf.app.settings`.
"""

from __future__ import annotations

from spinepose_hf.app import launch_app
from spinepose_hf.app.settings import settings_from_environment

if __name__ == "__main__":
    launch_app(settings_from_environment(), host="0.0.0.0", port=7860)
