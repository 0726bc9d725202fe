"""Make Optimum's ONNX exporter know SpinePose: `main_export`, `optimum-cli` and the `ORTModel` classes."""

from __future__ import annotations

from typing import Any

from spinepose_hf.errors import MissingExtraError

TASK = "keypoint-detection"


def register_with_optimum() -> None:
    """Register configuration, class and export of SpinePose with Optimum. Repeating it is harmless.

    `optimum.exporters.onnx.main_export(folder, out, task="keypoint-detection")` then exports a saved network;
    `optimum-cli` does this by itself.

    Raises:
        MissingExtraError: Optimum's ONNX exporter (optimum-onnx) is not installed.
    """
    from spinepose_hf.compat import has_optimum

    if not has_optimum():
        raise MissingExtraError(
            "the export through Optimum needs optimum-onnx, which is not installed; "
            "run: pip install 'spinepose-hf[optimum]'"
        )
    from spinepose_hf.hub.register import register

    register()
    _register_export()


def register_with_optimum_when_imported() -> None:
    """Register as soon as somebody imports Optimum's ONNX exporter, be it already; imports nothing itself."""
    from spinepose_hf.hub.after_import import after_import

    after_import({"optimum.exporters.onnx.model_configs": _register_export})


def _register_export() -> None:
    from optimum.exporters.tasks import TasksManager

    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
    from spinepose_hf.onnx.optimum_config import SpinePoseOnnxConfig

    model_type = SpinePoseConfig.model_type
    if model_type in TasksManager._SUPPORTED_MODEL_TYPE:
        return
    # No auto class of transformers 4.57 stands for the task; ViTPose is named in the same table.
    home = (SpinePoseForPoseEstimation.__module__, SpinePoseForPoseEstimation.__name__)
    TasksManager._CUSTOM_CLASSES["pt", model_type, TASK] = home
    # `feature-extraction` is what Optimum takes where it knows no more than `AutoModel`.
    TasksManager.create_register("onnx")(model_type, TASK, "feature-extraction")(SpinePoseOnnxConfig)
    _count_as_transformers(TasksManager, SpinePoseForPoseEstimation)


def _count_as_transformers(tasks: Any, network: type) -> None:
    """Let Optimum take `network` for a transformers model, which it does by the name of a class's module.

    There is no other way to tell it: the exporter asks for the library of the loaded network whatever library
    was named to it.
    """
    by_module = tasks._infer_library_from_model_or_model_class

    def infer(model: Any = None, model_class: type | None = None) -> Any:
        known = model_class if model is None else type(model)
        if known is not None and issubclass(known, network):
            return "transformers"
        return by_module(model=model, model_class=model_class)

    tasks._infer_library_from_model_or_model_class = staticmethod(infer)


__all__ = ["TASK", "register_with_optimum", "register_with_optimum_when_imported"]
