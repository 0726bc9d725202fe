"""What every writer of results offers, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.pose import People


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a writer must know of the source before its first frame.

    Attributes:
        name: the source's file name, for formats that record it.
        rate: frames per second of what is written (after any stride); None for single pictures and where
            the source does not tell.
        keypoint_names: K names, in the order of the arrays.
        pictures: the source is one or several pictures and not a video; then each `People` that is written
            comes with its own file name.
    """

    name: str
    rate: float | None = None
    keypoint_names: tuple[str, ...] = KEYPOINT_NAMES
    pictures: bool = False


class ResultWriter(Protocol):
    """Takes the people of one frame after another, in the order of time, and keeps none of them in memory.

    Whatever was written so far is valid once the writer is closed, also when the block that uses it is left
    by an error or by Ctrl-C.
    """

    def write(self, people: People, name: str = "") -> None:
        """Write the people of one frame, who may be none.

        Args:
            people: with `frame` and `time` where the source is a video, and `ids` where people are tracked.
            name: the picture's file name, where the source consists of pictures.

        Raises:
            OutputError: it cannot be written, for example because the disk is full.
        """
        ...

    def close(self) -> None:
        """Finish the file. Closing twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


__all__ = ["ClipInfo", "ResultWriter"]
