"""Left and right in the names of keypoints."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIDES = {"left": "right", "l": "r"}
# A side is a word of the name (left_eye, eye-l, L Eye), or a capital before another (LEye).
_WORDS = re.compile(r"[_\-. ]+")


def infer_flip_pairs(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of columns whose names differ in the side only: left_eye/right_eye, eye_l/eye_r, LEye/REye."""
    keys = {_side_key(name): column for column, name in enumerate(names)}
    pairs = []
    for (side, rest), column in keys.items():
        if side in _SIDES and (_SIDES[side], rest) in keys:
            pairs.append((column, keys[_SIDES[side], rest]))
    return tuple(sorted((min(a, b), max(a, b)) for a, b in pairs))


def flip_order(pairs: Sequence[tuple[int, int]], count: int) -> tuple[int, ...]:
    """Permutation of `count` columns that a mirrored picture needs: `mirrored[k] = original[order[k]]`."""
    order = list(range(count))
    for first, second in pairs:
        order[first], order[second] = second, first
    return tuple(order)


def _side_key(name: str) -> tuple[str, tuple[str, ...]]:
    """A name as its side ("" on the midline) and its other words with their places."""
    words = _WORDS.split(name.strip())
    for place, word in enumerate(words):
        lower = word.lower()
        if lower in ("left", "right", "l", "r"):
            return lower, tuple(w.lower() for w in (*words[:place], "*", *words[place + 1 :]))
    joined = re.fullmatch(r"(left|right|Left|Right|[LR](?=[A-Z]))(.+)", name)
    if joined:
        return joined[1].lower(), ("*" + joined[2].lower(),)
    return "", (name.lower(),)


__all__ = ["flip_order", "infer_flip_pairs"]
