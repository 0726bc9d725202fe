"""Point sets that the tests of the geometric losses share."""

from __future__ import annotations

import torch
from torch import Tensor

CHAIN = (0, 1, 2, 3)
BONES = ((0, 1), (1, 2), (2, 3))
ALL = torch.ones(1, 4, dtype=torch.bool)


def points(*xy: tuple[float, float]) -> Tensor:
    """(1, K, 2) float64."""
    return torch.tensor([xy], dtype=torch.float64)


STRAIGHT = points((0, 0), (0, 10), (0, 20), (0, 30))

PREDICTIONS = {
    "plain": STRAIGHT,
    "all on one spot": STRAIGHT * 0,
    "two on one spot": points((0, 0), (0, 0), (0, 10), (0, 30)),
    "far away": STRAIGHT + 1e5,
}

LABELS = {
    "labelled": (STRAIGHT, ALL),
    "nothing labelled": (STRAIGHT * float("nan"), ALL & False),
    "one labelled": (STRAIGHT, torch.tensor([[False, True, False, False]])),
    "every second labelled": (STRAIGHT, torch.tensor([[True, False, True, False]])),
    "labels on one spot": (STRAIGHT * 0, ALL),
    "unlabelled is nowhere": (
        points((0, 0), (0, 10), (float("nan"), float("inf")), (0, 30)),
        torch.tensor([[True, True, False, True]]),
    ),
}
