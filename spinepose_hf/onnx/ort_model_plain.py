"""`ORTModelForPoseEstimation` without Optimum, as under transformers 5: onnxruntime and the Hub's mixin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from spinepose_hf.hub.load import load_model
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.modeling_spinepose import SpinePosePoseEstimationOutput
from spinepose_hf.onnx.ort_model_base import PoseOrtModel
from spinepose_hf.onnx.ort_model_files import STANDARD_NAME
from spinepose_hf.onnx.ort_model_session import CUDA_PROVIDERS

if TYPE_CHECKING:
    import onnxruntime


class ORTModelForPoseEstimation(PoseOrtModel):
    """A SpinePose network in onnxruntime, called like the torch one.

    Where Optimum is installed, the name stands for a subclass of its `ORTModel` with the same methods.

    Args:
        config: the network's configuration.
        session: the open plain graph.
        use_io_binding: run on torch tensors in place; None: on CUDA.
        model_save_dir: the folder of the graph.

    Example:
        ```python
        model = ORTModelForPoseEstimation.from_pretrained(folder, file_name="onnx/model_quantized.onnx")
        inputs = processor(image, boxes=[[[x, y, width, height]]], return_tensors="pt")
        people = processor.post_process_pose_estimation(model(**inputs), boxes=[[[x, y, width, height]]])
        ```
    """

    def __init__(
        self,
        *,
        config: SpinePoseConfig,
        session: onnxruntime.InferenceSession,
        use_io_binding: bool | None = None,
        model_save_dir: Path | None = None,
    ) -> None:
        self.config = config
        self.session = session
        self.path = Path(session._model_path)
        self.preprocessors = []
        self.model_save_dir = self.path.parent if model_save_dir is None else model_save_dir
        if self.provider in CUDA_PROVIDERS:
            options = session.get_provider_options()[self.provider]
            self.device = torch.device("cuda", int(options.get("device_id", 0)))
        else:
            self.device = torch.device("cpu")
        self.use_io_binding = self.device.type == "cuda" if use_io_binding is None else use_io_binding

    def __call__(self, *args: Any, **kwargs: Any) -> SpinePosePoseEstimationOutput:
        """See `forward`."""
        return self.forward(*args, **kwargs)

    @property
    def providers(self) -> list[str]:
        """The execution providers, by preference."""
        names: list[str] = self.session.get_providers()
        return names

    @property
    def provider(self) -> str:
        """The execution provider that is tried first."""
        return self.providers[0]

    @property
    def dtype(self) -> torch.dtype:
        """The type of the crops that the graph takes."""
        return torch.float16 if self.session.get_inputs()[0].type == "tensor(float16)" else torch.float32

    @classmethod
    def _export_to(cls, folder: Path, name: str, subfolder: str, download: Mapping[str, Any]) -> None:
        from spinepose_hf.onnx.export import export_plain

        network = load_model(name, subfolder=subfolder, **download)
        export_plain(network, folder / STANDARD_NAME)
        network.config.save_pretrained(folder)
        SpinePoseImageProcessor.from_config(network.config).save_pretrained(folder)


__all__ = ["ORTModelForPoseEstimation"]
