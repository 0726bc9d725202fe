"""How many threads a decoder or an encoder gets beside a network on the same CPUs."""

from __future__ import annotations

from spinepose_hf.inference.threads import usable_cores

MOST_THREADS = 4


def media_threads() -> int:
    """Return half of the usable cores, at least 1 and at most 4.

    More would not slow the network's own threads down by much, since the work per frame stays the same, but
    each thread of a decoder or encoder holds frames of its own in memory and wakes up on all CPUs at once.
    """
    return max(1, min(MOST_THREADS, usable_cores() // 2))


__all__ = ["media_threads"]
