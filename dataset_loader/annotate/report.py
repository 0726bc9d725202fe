"""What people did with the tasks, as figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataset_loader.annotate.moves import MOVED, KeypointMoves


@dataclass(frozen=True, slots=True)
class Report:
    """What people did.

    Attributes:
        source: format of the corrections.
        images_seen: pictures in the corrections.
        images_unseen: prepared pictures that the corrections lack.
        auto: persons that nobody had to touch.
        corrected: persons that were changed.
        added: persons that the model had missed.
        deleted: persons that are none.
        clipped: labelled points outside their picture, moved to its edge.
        keypoints: the moves of each keypoint, over the persons that were neither added nor deleted.
    """

    source: str
    images_seen: int
    images_unseen: int
    auto: int
    corrected: int
    added: int
    deleted: int
    clipped: int
    keypoints: tuple[KeypointMoves, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON document."""
        return {
            "source": self.source,
            "images": {"seen": self.images_seen, "unseen": self.images_unseen},
            "people": {
                "auto": self.auto,
                "corrected": self.corrected,
                "added": self.added,
                "deleted": self.deleted,
            },
            "clipped_points": self.clipped,
            "moved_beyond_px": MOVED,
            "keypoints": [moves.to_json() for moves in self.keypoints],
        }


__all__ = ["Report"]
