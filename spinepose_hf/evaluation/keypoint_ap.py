"""The score of a predicted person, under the name by which result writers import it."""

from __future__ import annotations

from spinepose_hf.evaluation.instances import instance_score

__all__ = ["instance_score"]
