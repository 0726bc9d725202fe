"""Debian's Chromium, without a screen."""

from __future__ import annotations

import shutil

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def chromium_path() -> str | None:
    """Its program, or None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


__all__ = ["FLAGS", "chromium_path"]
