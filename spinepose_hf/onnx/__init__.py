"""ONNX files of the network."""

from __future__ import annotations

from spinepose_hf.onnx.optimum_register import register_with_optimum

__all__ = ["register_with_optimum"]
