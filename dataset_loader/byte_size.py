"""A number of bytes as people read it."""

from __future__ import annotations


def readable_size(count: float) -> str:
    """Three digits and a decimal unit, such as `61.5 MB`.

    Args:
        count: bytes.
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


__all__ = ["readable_size"]
