"""How Optimum exports a SpinePose network: its input, its outputs, and how exact the file must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optimum.exporters.onnx.config import VisionOnnxConfig
from optimum.utils import NormalizedVisionConfig

from spinepose_hf.onnx.export import OPSET, describe

_BATCH = {0: "batch_size"}


class SpinePoseOnnxConfig(VisionOnnxConfig):  # type: ignore[misc]
    """`pixel_values` (batch_size, 3, H, W) -> `simcc_x` (batch_size, K, Wx), `simcc_y` (batch_size, K, Wy).

    H, W, K and the bins are fixed; they are those of the `SpinePoseConfig` that it is made with, whose
    `image_size` (height, width) the exporter's example input has too.
    """

    NORMALIZED_CONFIG_CLASS = NormalizedVisionConfig
    DEFAULT_ONNX_OPSET = OPSET
    ATOL_FOR_VALIDATION = 1e-4

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """Names and free axes of the inputs."""
        return {"pixel_values": _BATCH}

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        """Names and free axes of the outputs."""
        return {"simcc_x": _BATCH, "simcc_y": _BATCH}

    def post_process_exported_models(
        self, path: Path, models_and_onnx_configs: dict[str, Any], onnx_files_subpaths: list[str]
    ) -> Any:
        """Let the files say what they are, as those of `spinepose export` do; the exporter calls this."""
        import onnx

        done = super().post_process_exported_models(path, models_and_onnx_configs, onnx_files_subpaths)
        entries = describe(self._config, "plain", self.float_dtype).entries()
        for name in onnx_files_subpaths:
            proto = onnx.load_model(Path(path) / name, load_external_data=False)
            onnx.helper.set_model_props(proto, entries)
            onnx.save_model(proto, Path(path) / name)
        return done


__all__ = ["SpinePoseOnnxConfig"]
