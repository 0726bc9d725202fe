"""The app: spine pose in a browser, for people who do not program. Needs the extra `space`."""

from __future__ import annotations

from typing import Any

from spinepose_hf.app.settings import AppSettings

_LAZY = {
    "build_page": "spinepose_hf.app.page",
    "launch_app": "spinepose_hf.app.serve",
}


def __getattr__(name: str) -> Any:
    """Import what needs Gradio only when it is asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


__all__ = ["AppSettings", "build_page", "launch_app"]
