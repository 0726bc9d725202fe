"""A transformers model as runtime: a local folder or a Hub id, with torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.hub.load import load_model
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.deploy import no_poses
from spinepose_hf.inference.threads import inference_threads
from spinepose_hf.inference.torch_device import choose_torch_device, load_torch_at_rest
from spinepose_hf.model.simcc import confidence, decode, spread
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, PIXEL_MEAN, PIXEL_STD


class TorchPose:
    """`SpinePoseForPoseEstimation` behind the interface of `PoseRuntime`.

    Args:
        name: a folder that `save_pretrained` wrote, a Hub id, or a checkpoint file in the original's layout.
        device: "cpu", "cuda" or "auto".
        threads: CPU threads of torch in this whole process; None leaves torch's own number.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: nothing can be loaded under this name, or it is another network.
        DeviceError: CUDA was asked for and is not there.
    """

    def __init__(self, name: str, device: Device = "auto", threads: int | None = None) -> None:
        require_extra("torch", ("torch", "transformers"), f"the model {name}")
        load_torch_at_rest()
        if threads is not None:
            import torch

            torch.set_num_threads(inference_threads(threads))
        self._device = choose_torch_device(device)
        model = load_model(name)
        config: Any = model.config
        if config.model_type != "spinepose" or config.num_keypoints != len(KEYPOINT_NAMES):
            raise ModelError(
                f"{name!r} is a {config.model_type} model with {config.num_keypoints} keypoints; "
                f"a spinepose model with {len(KEYPOINT_NAMES)} is needed"
            )
        self._model: Any = model.eval().float().to(self._device)
        self.keypoint_names: tuple[str, ...] = KEYPOINT_NAMES
        self.box_padding = float(config.box_padding)
        height, width = config.image_size
        self.input_size: tuple[int, int] = (int(height), int(width))
        self._split_ratio = float(config.simcc_split_ratio)
        sigma_x, sigma_y = config.simcc_sigma
        self._sigma_bins = (float(sigma_x), float(sigma_y))

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop; see `PoseRuntime`."""
        import torch

        if len(crops) == 0:
            return no_poses(len(self.keypoint_names))
        pixels = torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2).float()
        mean, std = (
            torch.tensor(values, device=self._device).view(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD)
        )
        with torch.inference_mode():
            outputs = self._model(pixel_values=(pixels - mean) / std)
        simcc_x, simcc_y = outputs.simcc_x.cpu().numpy(), outputs.simcc_y.cpu().numpy()
        keypoints, _ = decode(simcc_x, simcc_y, self._split_ratio)
        return CropPoses(
            keypoints,
            confidence(simcc_x, simcc_y, self._sigma_bins),
            spread(simcc_x, simcc_y, self._split_ratio),
        )


__all__ = ["TorchPose"]
