"""What a frozen teacher knows of the body: the loss against forgetting it."""

from __future__ import annotations

import torch
from torch import Tensor

from spinepose_hf.training.losses.divergence import bin_divergence


def distillation_loss(
    simcc_x: Tensor,
    simcc_y: Tensor,
    teacher_x: Tensor,
    teacher_y: Tensor,
    weights: Tensor | None = None,
    beta: float = 10.0,
) -> Tensor:
    """KL divergence from a teacher's SimCC distributions (Eq. 4), in nats a keypoint, summed over both axes.

    With p = softmax(beta * student) and q = softmax(beta * teacher) along each axis, the loss is the weighted
    mean over keypoints of KL(q_x || p_x) + KL(q_y || p_y). The paper leaves the direction and the
    temperature open; the teacher as target and RTMPose's beta make it the position loss with another target,
    so that beta and alpha of the total compare like with like.

    Args:
        simcc_x: (B, N, Wx) the student's logits of the N keypoints that the teacher has too.
        simcc_y: (B, N, Wy) likewise.
        teacher_x: (B, N, Wx) the teacher's logits over the same bins. No gradient flows into them.
        teacher_y: (B, N, Wy) likewise.
        weights: (B, N) weight of each keypoint, 0 = left out; by default all count, because a teacher needs
            no label.
        beta: steepness of both softmaxes.

    Returns:
        A scalar: the weighted sum over keypoints divided by the number of those that count.

    Raises:
        ValueError: student and teacher have different shapes.
    """
    for axis, student, teacher in (("x", simcc_x, teacher_x), ("y", simcc_y, teacher_y)):
        if student.shape != teacher.shape:
            raise ValueError(
                f"simcc_{axis} is {tuple(student.shape)} for the student and {tuple(teacher.shape)} for the "
                "teacher (persons, keypoints, bins); both must answer for the same keypoints and bins"
            )
    divergence = bin_divergence(simcc_x, teacher_x.detach(), beta) + bin_divergence(
        simcc_y, teacher_y.detach(), beta
    )
    if weights is None:
        weights = torch.ones_like(divergence)
    return (divergence * weights).sum() / (weights > 0).sum().clamp(min=1)


__all__ = ["distillation_loss"]
