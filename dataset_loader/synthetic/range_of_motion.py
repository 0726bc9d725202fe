"""How a bend of the whole spine is shared out over its vertebrae, and how far each may go.

Representative ranges of White and Panjabi, Clinical Biomechanics of the Spine (2nd ed., 1990): per level,
flexion and extension together, side bend to one side, axial rotation to one side, degrees. The body has a
hinge for a few levels each; a hinge takes the sum of the levels around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.rotations import Floats, rx, ry, rz

LEVELS: dict[str, tuple[float, float, float]] = {
    "L5-S1": (17, 3, 1),
    "L4-L5": (16, 6, 2),
    "L3-L4": (15, 8, 2),
    "L2-L3": (14, 6, 2),
    "L1-L2": (12, 6, 2),
    "T12-L1": (12, 8, 2),
    "T11-T12": (12, 9, 2),
    "T10-T11": (9, 7, 2),
    "T9-T10": (6, 6, 4),
    "T8-T9": (6, 6, 6),
    "T7-T8": (6, 6, 7),
    "T6-T7": (5, 6, 7),
    "T5-T6": (4, 6, 8),
    "T4-T5": (4, 6, 8),
    "T3-T4": (4, 5, 8),
    "T2-T3": (4, 6, 8),
    "T1-T2": (4, 5, 9),
    "C7-T1": (9, 4, 2),
    "C6-C7": (17, 7, 6),
    "C5-C6": (20, 8, 7),
    "C4-C5": (20, 11, 7),
    "C3-C4": (15, 11, 7),
    "C2-C3": (10, 10, 3),
    "C1-C2": (20, 5, 40),
    "C0-C1": (25, 5, 5),
}
# Levels by the bone whose head is their hinge, bottom to top.
TRUNK_HINGES: dict[str, tuple[str, ...]] = {
    "spine05": ("L5-S1",),
    "spine04": ("L4-L5", "L3-L4"),
    "spine03": ("L2-L3", "L1-L2"),
    "spine02": ("T12-L1", "T11-T12", "T10-T11", "T9-T10"),
    "spine01": ("T8-T9", "T7-T8", "T6-T7", "T5-T6", "T4-T5", "T3-T4"),
}
NECK_HINGES: dict[str, tuple[str, ...]] = {
    "neck01": ("T2-T3", "T1-T2", "C7-T1", "C6-C7"),
    "neck02": ("C5-C6", "C4-C5"),
    "neck03": ("C3-C4", "C2-C3"),
    "head": ("C1-C2", "C0-C1"),
}
FORWARD_PART = 0.65  # of the range of flexion and extension together; the rest goes backwards
WHOLE_SIDE, WHOLE_TWIST = 48.0, 52.0  # the whole trunk reaches less than its levels added up


def _ranges(hinges: Mapping[str, Sequence[str]]) -> Floats:
    """Summed ranges (hinges, 3) of flexion-extension, side bend, twist."""
    return np.array([np.sum([LEVELS[level] for level in levels], axis=0) for levels in hinges.values()])


TRUNK_RANGES, NECK_RANGES = _ranges(TRUNK_HINGES), _ranges(NECK_HINGES)


def shared_out(
    totals: Sequence[float], ranges: Floats, jitter: npt.NDArray[np.float64] | float = 1.0
) -> Floats:
    """Degrees (hinges, 3) of flexion, side bend and twist that add up to `totals` (3,).

    Shares follow the ranges, times `jitter` (hinges, 3) for the habits of a person. What would exceed the
    range of a hinge is passed to the others; what exceeds all of them is lost.
    """
    wanted = np.asarray(totals, float)
    forward = wanted[0] >= 0
    limits = ranges * [FORWARD_PART if forward else 1 - FORWARD_PART, 1, 1]
    shares = ranges * jitter
    taken = np.zeros_like(ranges)
    for _ in range(3):
        free = shares * (taken < limits - 1e-9)
        missing = np.abs(wanted) - taken.sum(axis=0)
        taken = np.minimum(taken + free / np.maximum(free.sum(axis=0), 1e-9) * missing, limits)
    signed: Floats = taken * np.sign(wanted)
    return signed


def spine_turns(hinges: Mapping[str, Sequence[str]], degrees: npt.NDArray[np.float64]) -> dict[str, Floats]:
    """Local rotations by bone, Rz(twist) Ry(side) Rx(flexion), from `degrees` (hinges, 3)."""
    return {
        bone: rz(twist) @ ry(side) @ rx(flexion)
        for bone, (flexion, side, twist) in zip(hinges, degrees, strict=True)
    }
