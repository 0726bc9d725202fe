"""The loss: value and gradient of the original."""

from __future__ import annotations

import numpy as np
import torch

from spinepose_hf.model.loss_spinepose import encode_targets, kl_discret_loss
from spinepose_hf.model.skeleton import JOINT_WEIGHTS


def test_loss_and_gradients_equal_the_original(
    codec: dict[str, np.ndarray], outputs: dict[str, dict[str, np.ndarray]]
) -> None:
    simcc_x = torch.from_numpy(outputs["t"]["simcc_x"]).requires_grad_()
    simcc_y = torch.from_numpy(outputs["t"]["simcc_y"]).requires_grad_()
    labels = torch.from_numpy(np.concatenate([codec["keypoints"], codec["visible"][..., None]], axis=-1))
    targets = encode_targets(labels, (256, 192), (4.9, 5.66), 2.0)
    np.testing.assert_allclose(targets[0].numpy(), codec["x_labels"], atol=1e-6)
    np.testing.assert_allclose(targets[1].numpy(), codec["y_labels"], atol=1e-6)
    loss = kl_discret_loss(simcc_x, simcc_y, *targets)
    loss.backward()
    assert abs(loss.item() - float(codec["loss"])) <= 1e-5
    assert simcc_x.grad is not None and simcc_y.grad is not None
    np.testing.assert_allclose(simcc_x.grad.numpy(), codec["grad_x"], atol=1e-5)
    np.testing.assert_allclose(simcc_y.grad.numpy(), codec["grad_y"], atol=1e-5)


def test_perfect_logits_cost_nothing_and_untrained_points_neither() -> None:
    labels = torch.tensor([[[5.0, 6.0, 1.0], [float("nan"), 3.0, 0.0]]])
    x, y, weights = encode_targets(labels, (32, 32), (4.9, 5.66), 2.0)
    logits_x, logits_y = x.clone().requires_grad_(), y.clone().requires_grad_()
    loss = kl_discret_loss(logits_x, logits_y, x, y, weights)
    assert abs(loss.item()) < 1e-6
    worse = kl_discret_loss(logits_x + torch.randn_like(x), logits_y, x, y, weights)
    worse.backward()
    assert logits_x.grad is not None
    assert worse.item() > 1e-3
    assert logits_x.grad[0, 0].abs().sum() > 0
    assert logits_x.grad[0, 1].abs().sum() == 0


def test_joint_weights_multiply() -> None:
    labels = torch.full((1, 37, 3), 20.0)
    weights = encode_targets(labels, (64, 64), (4.9, 5.66), 2.0, JOINT_WEIGHTS)[2]
    np.testing.assert_allclose(weights[0].numpy(), JOINT_WEIGHTS)
