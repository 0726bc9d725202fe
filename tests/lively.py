"""Small networks for tests, with random weights whose answers depend on the picture.

Freshly initialised networks answer nearly the same to everything, so a test on them would not notice swapped
colours or lost crops.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import torch


def lively_network(seed: int = 0, **fields: Any) -> Any:
    """A network of `SpinePoseConfig(**fields)`, an eighth as wide by default, in evaluation mode.

    Weights are scaled so that logits are of the order of 1; batch norms have seen noise and pass it on.
    """
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    network = SpinePoseForPoseEstimation(SpinePoseConfig(**{"widen_factor": 0.125, **fields}))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("gamma"):
                tensor.copy_(0.2 * noise)
            elif name.endswith(("bn.weight", ".g", "scale")):
                tensor.copy_(1 + 0.1 * noise)
            elif name.endswith("running_var"):
                tensor.copy_(1 + 0.1 * noise.abs())
            elif name.endswith("weight"):
                tensor.copy_(noise * sqrt(2 / prod(tensor.shape[1:])))
            elif tensor.is_floating_point():
                tensor.copy_(0.1 * noise)
        norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = 1.0
        network.train()(torch.randn(4, 3, *network.config.image_size, generator=generator))
        for norm in norms:
            norm.momentum = 0.1
    return network.eval()
