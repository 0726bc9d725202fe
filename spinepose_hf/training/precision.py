"""Whether this machine computes in bfloat16 itself: imitated, it takes ten times as long as float32."""

from __future__ import annotations

from functools import cache

import torch


@cache
def computes_bfloat16(device: str) -> bool:
    """Tell whether networks are faster in bfloat16 than in float32 there.

    Args:
        device: "cpu" or "cuda". Others are not known to compute in it.
    """
    if device == "cuda":
        # Without the argument, the answer is yes for old GPUs too, which imitate it.
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    if device != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    # What torch itself asks before a convolution in bfloat16 goes to oneDNN and not to its plain loops.
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


__all__ = ["computes_bfloat16"]
