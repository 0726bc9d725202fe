"""What can go wrong in a training run beyond files and models."""

from __future__ import annotations

from spinepose_hf.errors import SpinePoseError


class TrainingError(SpinePoseError):
    """A run that cannot go on: its loss or its weights are no numbers any more."""


__all__ = ["TrainingError"]
