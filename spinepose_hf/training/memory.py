"""Memory that training frees and needs again a moment later, kept at hand."""

from __future__ import annotations

import ctypes
import os
import sys

# Of glibc's <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, instead of giving it back to the system.

    glibc fetches every block of more than 32 MB from the system, page by page, and gives it back when it is
    freed. A step on a CPU frees and needs again hundreds of such blocks; keeping them takes a tenth or more
    off its time (docs/training.md). The process then never becomes smaller than it has once been.

    Returns:
        Whether anything changed: not without glibc, nor where MALLOC_... or GLIBC_TUNABLES say what the user
        wants.
    """
    if not sys.platform.startswith("linux") or _set_by_user():
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # 1 is glibc's answer for done; musl has no mallopt.
    return mallopt is not None and mallopt(_M_MMAP_MAX, 0) == 1 and mallopt(_M_TRIM_THRESHOLD, -1) == 1


def _set_by_user() -> bool:
    names = ("MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    return any(name in os.environ for name in names) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")


__all__ = ["keep_freed_memory"]
