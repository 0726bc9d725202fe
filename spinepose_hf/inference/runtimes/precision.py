"""In which number format a pose network is computed, as users name it."""

from __future__ import annotations

from typing import Literal

from spinepose_hf.errors import ModelError

Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("auto", "fp32", "bf16", "fp16", "int8")
"""What a user may ask for. "auto" computes as the file was made: int8 layers in int8, all else in fp32."""


def check_precision(name: str) -> Precision:
    """Return `name` if it is one of `PRECISIONS`.

    Raises:
        ModelError: it is not.
    """
    for known in PRECISIONS:
        if name == known:
            return known
    raise ModelError(f"unknown precision {name!r}; choose one of {', '.join(PRECISIONS)}")


__all__ = ["PRECISIONS", "Precision", "check_precision"]
