"""Muon: a kernel's momentum is orthogonalised before it is applied, so that no direction is learned slowly.

torch's own `torch.optim.Muon` takes matrices only; this network is made of convolution kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, overload

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from spinepose_hf.training.precision import computes_bfloat16

# Quintic Newton-Schulz iteration of Jordan et al. 2024 (kellerjordan.github.io/posts/muon): its slope at
# zero is as steep as it gets while singular values stay within about 0.7 to 1.2.
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)
_ITERATIONS: Final = 5
# Below this many rows or columns there are few directions to balance, and AdamW serves as well.
_MIN_SIDE: Final = 9
# Layers that answer: their rows are bins and keypoints, which learn at rates of their own.
_ANSWERING: Final = ("cls_x", "cls_y", "auxiliary.")


class Muon(AdamW):
    """AdamW in which groups marked `orthogonal` get orthogonalised momentum instead.

    Its step is scaled to the root mean square that AdamW's has (Moonlight, arXiv 2502.16982, eq. 4), so that
    one learning rate and one weight decay serve both kinds of group.

    Args:
        groups: parameter groups; those with `orthogonal: True` hold tensors of two or more dimensions, whose
            first is the output.
        lr: learning rate of groups without one of their own.
        momentum: of the orthogonalised groups, with Nesterov's look ahead.
        **kwargs: further arguments of `torch.optim.AdamW`.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], lr: float, momentum: float = 0.95, **kwargs: Any
    ) -> None:
        marked = [{"orthogonal": False, "momentum": momentum, **group} for group in groups]
        super().__init__(marked, lr=lr, **kwargs)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step of all groups."""
        loss: float | None = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group["orthogonal"]:
                self._orthogonal_step(group)
        with self._only_plain():
            super().step()
        return loss

    def _orthogonal_step(self, group: dict[str, Any]) -> None:
        for value in group["params"]:
            if value.grad is None:
                continue
            state = self.state[value]
            if "momentum" not in state:
                # AdamW looks for the count of steps in every state that it loads.
                state["step"] = torch.zeros(())
                state["momentum"] = torch.zeros_like(value)
            state["step"] += 1
            momentum: Tensor = state["momentum"]
            momentum.lerp_(value.grad, 1 - group["momentum"])
            ahead = value.grad.lerp(momentum, group["momentum"])
            rows = ahead.reshape(len(ahead), -1)
            change = orthogonalised(rows).reshape(value.shape)
            value.mul_(1 - group["lr"] * group["weight_decay"])
            value.add_(change, alpha=-group["lr"] * 0.2 * float(max(rows.shape)) ** 0.5)

    @contextmanager
    def _only_plain(self) -> Iterator[None]:
        groups = self.param_groups
        self.param_groups = [group for group in groups if not group["orthogonal"]]
        try:
            yield
        finally:
            self.param_groups = groups


def orthogonalised(matrix: Tensor) -> Tensor:
    """The nearest matrix whose singular values are one, roughly: between 0.7 and 1.2.

    Args:
        matrix: (M, N), any float type; computed in bfloat16, which the iteration bears, where that is faster.

    Returns:
        (M, N) in the type of `matrix`.
    """
    a, b, c = _QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    fast = torch.bfloat16 if computes_bfloat16(matrix.device.type) else torch.float32
    wide = (matrix.mT if tall else matrix).to(fast)
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        square = wide @ wide.mT
        wide = a * wide + (b * square + c * (square @ square)) @ wide
    found: Tensor = wide.mT if tall else wide
    return found.to(matrix.dtype)


def is_orthogonalised(name: str, value: nn.Parameter) -> bool:
    """Whether a parameter of the training module gets orthogonalised momentum.

    Full kernels and matrices do. Norms and biases are no matrices; a depthwise kernel is a stack of small
    filters that do not mix; and layers that answer are left to AdamW, as language models leave their output.
    """
    if value.ndim < 2 or (value.ndim == 4 and value.shape[1] == 1):
        return False
    if any(part in name for part in _ANSWERING):
        return False
    return min(value.shape[0], value.shape[1:].numel()) >= _MIN_SIDE


__all__ = ["Muon", "is_orthogonalised", "orthogonalised"]
