"""Digests that change when the answers of a network may change."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from spinepose_hf.onnx.ort_model_files import data_files
from spinepose_hf.onnx.provenance import weights_digest

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation


def network_digest(model: SpinePoseForPoseEstimation) -> str:
    """SHA-256 of a torch network: its weights, input size and bins."""
    identity = (model.config.image_size, model.config.simcc_bins, weights_digest(model))
    return hashlib.sha256(repr(identity).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of an ONNX file, and of the weights that large ones keep beside them."""
    digest = hashlib.sha256()
    for part in (path, *data_files(path)):
        with part.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


__all__ = ["file_digest", "network_digest"]
