"""How far people moved the model's keypoints: what it gets wrong, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import LabelledPerson
from dataset_loader.schema import SPINETRACK

MOVED: Final = 0.5
"""Pixels beyond which a point counts as moved: less is rounding, or a slip of the hand."""


@dataclass(frozen=True, slots=True)
class KeypointMoves:
    """What happened to one keypoint over all persons that people saw.

    Attributes:
        name: of the keypoint.
        compared: persons in which it is labelled before and after.
        moved: of these, in how many it moved by more than `MOVED`.
        median_px: median distance of the moved ones in px, None without any.
        p90_px: their 90th percentile.
        median_share: median of their distance as a share of the person's size, the root of its box's area.
        p90_share: its 90th percentile.
        visibility_changed: persons in which its visibility was changed, points added or removed included.
    """

    name: str
    compared: int
    moved: int
    median_px: float | None
    p90_px: float | None
    median_share: float | None
    p90_share: float | None
    visibility_changed: int

    @property
    def moved_share(self) -> float:
        """Share of the compared points that moved, 0 to 1."""
        return self.moved / self.compared if self.compared else 0.0

    def to_json(self) -> dict[str, Any]:
        """All figures, rounded."""
        rounded = {
            key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()
        }
        return rounded | {"moved_share": round(self.moved_share, 4)}


def distances(old: LabelledPerson, new: LabelledPerson) -> NDArray[np.float64]:
    """(37,) distances in px between two states of a person; NaN where one of them lacks the point."""
    both = (old.visibility > 0) & (new.visibility > 0)
    length: NDArray[np.float64] = np.where(
        both, np.linalg.norm(new.keypoints - old.keypoints, axis=1), np.nan
    )
    return length


def keypoint_moves(pairs: list[tuple[LabelledPerson, LabelledPerson]]) -> list[KeypointMoves]:
    """Gather the moves over persons.

    Args:
        pairs: each person before (with its box) and after.

    Returns:
        One entry a keypoint, in order of the skeleton.
    """
    count = len(SPINETRACK)
    lengths = np.array([distances(old, new) for old, new in pairs]).reshape(-1, count)
    sizes = np.array([_size(old) for old, _ in pairs]).reshape(-1, 1)
    changed = np.array([old.visibility != new.visibility for old, new in pairs], bool).reshape(-1, count)
    result = []
    for column, name in enumerate(SPINETRACK.keypoints):
        far = lengths[:, column] > MOVED
        px, share = lengths[far, column], (lengths / sizes)[far, column]
        result.append(
            KeypointMoves(
                name,
                int(np.isfinite(lengths[:, column]).sum()),
                int(far.sum()),
                _percentile(px, 50),
                _percentile(px, 90),
                _percentile(share, 50),
                _percentile(share, 90),
                int(changed[:, column].sum()),
            )
        )
    return result


def _percentile(values: NDArray[np.float64], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None


def _size(person: LabelledPerson) -> float:
    if person.box is None:
        raise ValueError("a prepared person has a box")
    return float(np.sqrt((person.box[2:] - person.box[:2]).prod()))


__all__ = ["MOVED", "KeypointMoves", "distances", "keypoint_moves"]
