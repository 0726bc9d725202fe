"""What `ORTModelForPoseEstimation` does in both of its homes: load, run, save, push."""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from huggingface_hub import ModelHubMixin

from spinepose_hf.errors import ModelError
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.onnx_session import session_errors
from spinepose_hf.inference.simcc_graph import OUTPUTS
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.modeling_spinepose import SpinePosePoseEstimationOutput
from spinepose_hf.onnx.ort_model_files import ModelFiles, ModelSource, data_files, find_model_files
from spinepose_hf.onnx.ort_model_session import PlainInterface, open_model_session, read_interface

if TYPE_CHECKING:
    import onnxruntime
    from numpy.typing import NDArray

_CARD = """\
---
{{ card_data }}
---

# SpinePose in ONNX

Human pose with nine keypoints along the spine, as an ONNX graph: normalised crops in, SimCC logits out.

```python
from spinepose_hf import ORTModelForPoseEstimation, SpinePoseImageProcessor

model = ORTModelForPoseEstimation.from_pretrained("<this repository>")
processor = SpinePoseImageProcessor.from_pretrained("<this repository>")
inputs = processor(image, boxes=[[[x, y, width, height]]], return_tensors="np")
people = processor.post_process_pose_estimation(model(**inputs), boxes=[[[x, y, width, height]]])
```
"""


class PoseOrtModel(
    ModelHubMixin,
    ABC,
    model_card_template=_CARD,
    library_name="onnx",
    pipeline_tag="keypoint-detection",
    tags=["onnx", "pose-estimation", "human-pose", "spine"],
):
    """The plain graph behind the interface of `SpinePoseForPoseEstimation`; see its two subclasses.

    Attributes:
        config: the `SpinePoseConfig`.
        session: the open `onnxruntime.InferenceSession`.
        path: the .onnx file.
        preprocessors: the `SpinePoseImageProcessor` that belongs to it; none if the session was given.
    """

    config: SpinePoseConfig
    session: onnxruntime.InferenceSession
    path: Path
    preprocessors: list[SpinePoseImageProcessor]
    device: torch.device
    use_io_binding: bool
    _export_folder: TemporaryDirectory[str] | None = None

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        model_id: str | os.PathLike[str],
        *,
        config: SpinePoseConfig | None = None,
        export: bool = False,
        file_name: str | None = None,
        subfolder: str = "",
        revision: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        provider: str = "CPUExecutionProvider",
        providers: Sequence[str] | None = None,
        provider_options: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
        session_options: onnxruntime.SessionOptions | None = None,
        use_io_binding: bool | None = None,
    ) -> Self:
        """Load an ONNX file from a folder or the Hub, or make one from a network's weights.

        Args:
            model_id: a folder or a Hub id.
            config: taken instead of the config.json beside the file or above it.
            export: make the ONNX file from the weights there. It lives as long as the model;
                `save_pretrained` keeps it.
            file_name: "model_quantized.onnx" or "onnx/model_quantized.onnx"; None is model.onnx, at the top
                or in the folder onnx.
            subfolder: the part of `model_id` to look in.
            revision: branch, tag or commit on the Hub.
            cache_dir: where downloads are kept.
            token: for private repositories.
            force_download: download again what is there.
            local_files_only: download nothing.
            provider: execution provider as onnxruntime names it.
            providers: several, by preference, instead of one.
            provider_options: of each provider, or of the first alone.
            session_options: onnxruntime's; None chooses the number of threads and leaves the rest.
            use_io_binding: run on torch tensors in place, without copies through NumPy; None: on CUDA.

        Raises:
            ModelError: no such file or model, a damaged file, or one that is no plain graph of this network.
            DeviceError: the provider is not there.
            MissingExtraError: `export` without the packages it needs.
            ValueError: `file_name` together with `export`.
        """
        download = {
            "revision": revision,
            "cache_dir": cache_dir,
            "token": token,
            "force_download": force_download,
            "local_files_only": local_files_only,
        }
        folder = None
        if export:
            if file_name is not None:
                raise ValueError(f"export makes a new file; leave out file_name={file_name!r}, or the export")
            folder = TemporaryDirectory(prefix="spinepose-onnx-")
            cls._export_to(Path(folder.name), str(model_id), subfolder, download)
            source, subfolder = ModelSource(folder.name), ""
        else:
            source = ModelSource(str(model_id), download)
        files = find_model_files(source, file_name, subfolder)
        config = config if config is not None else _read_config(files)
        session = open_model_session(
            files.graph, list(providers or [provider]), provider_options, session_options
        )
        read_interface(files.graph, session, config)
        model = cls(
            config=config, session=session, use_io_binding=use_io_binding, model_save_dir=files.graph.parent
        )
        model._export_folder = folder
        model.preprocessors = [_read_processor(files, config)]
        return model

    @classmethod
    @abstractmethod
    def _export_to(cls, folder: Path, name: str, subfolder: str, download: Mapping[str, Any]) -> None:
        """Write model.onnx, config.json and preprocessor_config.json of a network's weights to `folder`."""

    def forward(
        self, pixel_values: torch.Tensor | NDArray[np.floating[Any]]
    ) -> SpinePosePoseEstimationOutput:
        """Logits of normalised crops, as `SpinePoseForPoseEstimation.forward` has them.

        Args:
            pixel_values: (N, 3, H, W) RGB crops of `config.image_size`, normalised, in torch or NumPy.

        Returns:
            `simcc_x` (N, K, Wx) and `simcc_y` (N, K, Wy), float32, in torch or NumPy as the input was.

        Raises:
            ValueError: crops of another size, or NumPy with `use_io_binding`.
            ModelError: onnxruntime cannot run the graph on them.
        """
        self._check_crops(tuple(pixel_values.shape))
        if self.use_io_binding and not isinstance(pixel_values, torch.Tensor):
            raise ValueError("use_io_binding runs on torch tensors only; set it to False for NumPy arrays")
        try:
            bound = self.use_io_binding and len(pixel_values) > 0
            logits = self._run_bound(pixel_values) if bound else self._run(pixel_values)
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(
                f"{self.path} cannot run on crops {tuple(pixel_values.shape)} ({reason})"
            ) from error
        return SpinePosePoseEstimationOutput(**dict(zip(OUTPUTS, logits, strict=True)))

    @cached_property
    def _interface(self) -> PlainInterface:
        return read_interface(self.path, self.session, self.config)

    def _check_crops(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 4 or shape[1:] != (3, *self.config.image_size):
            raise ValueError(
                f"crops must be (N, 3, height, width) of {tuple(self.config.image_size)} pixels, not {shape}"
            )
        batch = self._interface.batch
        if batch is not None and shape[0] != batch:
            raise ValueError(
                f"{self.path.name} was exported for {batch} crops at a time, {shape[0]} were given; "
                "export it with a free batch size"
            )

    def _run(self, pixels: Any) -> list[Any]:
        given = pixels.numpy(force=True) if isinstance(pixels, torch.Tensor) else np.asarray(pixels)
        crops = np.ascontiguousarray(given, self._interface.input_type)
        if len(crops):
            answers = self.session.run(list(OUTPUTS), {self._interface.input_name: crops})
        else:  # graphs reshape by what they are given, and cannot tell a shape from nothing
            answers = [np.empty((0, self.config.num_keypoints, bins)) for bins in self.config.simcc_bins]
        logits = [answer.astype(np.float32, copy=False) for answer in answers]
        if isinstance(pixels, torch.Tensor):
            return [torch.from_numpy(values).to(pixels.device) for values in logits]
        return logits

    def _run_bound(self, pixels: Any) -> list[torch.Tensor]:
        # onnxruntime reads and writes torch's memory.
        device, index = self.device.type, self.device.index or 0
        interface = self._interface
        crops = pixels.detach().to(self.device, _torch_type(interface.input_type)).contiguous()
        shape = (len(crops), self.config.num_keypoints)
        logits = [
            torch.empty((*shape, bins), dtype=_torch_type(kind), device=self.device)
            for bins, kind in zip(self.config.simcc_bins, interface.output_types, strict=True)
        ]
        binding = self.session.io_binding()
        binding.bind_input(
            interface.input_name, device, index, interface.input_type, crops.shape, crops.data_ptr()
        )
        for name, values, kind in zip(OUTPUTS, logits, interface.output_types, strict=True):
            binding.bind_output(name, device, index, kind, values.shape, values.data_ptr())
        if device != "cpu":
            # Each library queues its work on a stream of its own.
            torch.cuda.current_stream(self.device).synchronize()
        self.session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return [values.to(pixels.device, torch.float32) for values in logits]

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write config, processor and the ONNX file, under its name, with the file of its weights if any."""
        folder = Path(save_directory)
        self.config.save_pretrained(folder)
        for processor in self.preprocessors:
            processor.save_pretrained(folder)
        for path in (*data_files(self.path), self.path):
            target = folder / path.relative_to(self.path.parent)
            if target.exists() and target.samefile(path):
                continue
            with atomic_path(target) as temporary:
                shutil.copyfile(path, temporary)


def _torch_type(kind: type[np.floating[Any]]) -> torch.dtype:
    return torch.float16 if kind is np.float16 else torch.float32


def _read_config(files: ModelFiles) -> SpinePoseConfig:
    if files.config is None:
        raise ModelError(
            f"no config.json beside {files.graph} or above it; put the network's there, or pass config="
        )
    fields = _read_json(files.config)
    if fields.get("model_type") != SpinePoseConfig.model_type:
        raise ModelError(
            f"{files.config} is of a {fields.get('model_type')} model, not of a SpinePose network"
        )
    try:
        config: SpinePoseConfig = SpinePoseConfig.from_dict(fields)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{files.config} is no valid configuration ({error})") from error
    return config


def _read_processor(files: ModelFiles, config: SpinePoseConfig) -> SpinePoseImageProcessor:
    if files.processor is None:
        return SpinePoseImageProcessor.from_config(config)
    processor: SpinePoseImageProcessor = SpinePoseImageProcessor.from_dict(_read_json(files.processor))
    return processor


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not readable as JSON ({error})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds a {type(content).__name__}, not the fields of a configuration")
    return content


__all__ = ["PoseOrtModel"]
