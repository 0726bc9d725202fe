"""What the keypoints of other networks are among SpinePose's 37."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from spinepose_hf.errors import ModelError
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES

HALPE26_NAMES: Final = KEYPOINT_NAMES[:26]
"""Of Halpe26, whose first 17 are COCO's."""

MOVED: Final = ("neck", "hip")
"""They lie between the shoulders and between the hips in Halpe26; SpinePose's are C7 and the sacrum."""

# What a number of keypoints means where nothing names them: COCO, Halpe26, SpinePose.
_KNOWN_COUNTS: Final = (17, 26, 37)


def names_by_count(count: int, what: str) -> tuple[str, ...]:
    """The keypoints that a network without names has: COCO's 17, Halpe26's, or SpinePose's 37.

    Args:
        count: of its keypoints.
        what: the network, for messages.

    Raises:
        ModelError: another number.
    """
    if count not in _KNOWN_COUNTS:
        raise ModelError(
            f"{what} has {count} keypoints without names; only 17 (COCO), 26 (Halpe26) and 37 (SpinePose) "
            "are known by their number: name them in id2label"
        )
    return KEYPOINT_NAMES[:count]


def unnamed(names: Sequence[str]) -> bool:
    """Tell whether keypoints have numbers only, as `SpinePoseConfig` gives them: `keypoint_0` and so on."""
    return tuple(names) == tuple(f"keypoint_{index}" for index in range(len(names)))


class KnownKeypoints(NamedTuple):
    """The keypoints of a network that are among the 37.

    Attributes:
        ours: their ids among the 37.
        theirs: their ids in the network.
        note: what the network lacks, as a sentence; empty where that is nothing.
    """

    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    note: str


def known_keypoints(names: Sequence[str], what: str) -> KnownKeypoints:
    """Find which of the 37 a network answers for: those it has by name, with the same meaning.

    Args:
        names: of its keypoints, by id.
        what: the network, for messages.

    Raises:
        ModelError: none.
    """
    moved = MOVED if tuple(names) == HALPE26_NAMES else ()
    pairs = [
        (KEYPOINT_INDEX[name], index)
        for index, name in enumerate(names)
        if name in KEYPOINT_INDEX and name not in moved
    ]
    if not pairs:
        raise ModelError(
            f"{what} has none of SpinePose's {len(KEYPOINT_NAMES)} keypoints (its first is {names[0]!r}); "
            "give a network of people"
        )
    ours, theirs = zip(*sorted(pairs), strict=True)
    if len(ours) == len(KEYPOINT_NAMES):
        return KnownKeypoints(ours, theirs, "")
    where = "; its neck and hip are Halpe26's, not C7 and the sacrum" if moved else ""
    return KnownKeypoints(
        ours,
        theirs,
        f"{what} knows {len(ours)} of the {len(KEYPOINT_NAMES)} keypoints: the others have the score 0, and "
        f"what needs them is not measured{where}",
    )


__all__ = ["HALPE26_NAMES", "MOVED", "KnownKeypoints", "known_keypoints", "names_by_count", "unnamed"]
