"""Frozen networks that a student learns from: what the training step sees of one."""

from __future__ import annotations

from typing import Literal, Protocol

from torch import Tensor

TeacherKeypoints = Literal["shared24", "all26", "all"]


class Teacher(Protocol):
    """Answers for the student's crops, over the student's bins, for the keypoints that both have.

    Attributes:
        columns: N pairs (student's keypoint id, teacher's keypoint id), in the order of the answers' rows.
        digest: changes with anything that changes the answers.
    """

    @property
    def columns(self) -> tuple[tuple[int, int], ...]: ...

    @property
    def digest(self) -> str: ...

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(B, h, w, 3) uint8 RGB crops to logits (B, N, Wx) and (B, N, Wy), without gradient."""
        ...
