"""Make transformers' auto classes know SpinePose, without making anyone wait for transformers.

`register` does it at once. `register_when_imported` does it at the moment somebody imports the auto classes,
which may be before or after the import of this package: so `import spinepose_hf` stays as quick as it is, and
`AutoModel.from_pretrained(folder)` needs no `trust_remote_code` once it has happened.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

from spinepose_hf.hub.after_import import after_import


def register() -> None:
    """Register all classes with transformers: the auto classes and the pipeline. Repeating it is harmless."""
    _register_config()
    _register_models()
    _register_image_processor()
    _load_pipeline()
    _register_pipeline()


def register_when_imported() -> None:
    """Register each class as soon as the module of its auto class has been imported, be it already.

    Imports neither transformers nor torch itself. Repeating it is harmless.
    """
    after_import(_ACTIONS)


def _register_config() -> None:
    from transformers.models.auto.configuration_auto import AutoConfig

    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig

    AutoConfig.register(SpinePoseConfig.model_type, SpinePoseConfig, exist_ok=True)


def _register_models() -> None:
    # transformers imports without torch, and then has no models to register with.
    if importlib.util.find_spec("torch") is None:
        return
    from transformers.models.auto.modeling_auto import AutoModel

    from spinepose_hf.compat import pose_auto_class
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    for auto_class in (AutoModel, pose_auto_class()):
        if auto_class is not None:
            auto_class.register(SpinePoseConfig, SpinePoseForPoseEstimation, exist_ok=True)


def _register_image_processor() -> None:
    if importlib.util.find_spec("torch") is None:
        return
    from spinepose_hf.compat import register_image_processor
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor

    register_image_processor(SpinePoseConfig, SpinePoseImageProcessor)


def _load_pipeline() -> None:
    # Whoever imports this module first has it import `transformers.pipelines`, half-way through: then it is
    # not ready to be registered here, but will be when it has been imported.
    if importlib.util.find_spec("torch") is not None:
        importlib.import_module(_PIPELINE)


def _register_pipeline() -> None:
    if importlib.util.find_spec("torch") is None:
        return
    from transformers import AutoModel
    from transformers.pipelines import PIPELINE_REGISTRY

    from spinepose_hf.model.pipeline_spinepose import TASK, SpinePosePipeline

    # A later transformers may have this task itself, and then knows more networks than ours.
    if TASK not in PIPELINE_REGISTRY.get_supported_tasks():
        PIPELINE_REGISTRY.register_pipeline(
            TASK, pipeline_class=SpinePosePipeline, pt_model=AutoModel, type="image"
        )


def _attach_from_original() -> None:
    from spinepose_hf.hub.original import attach_from_original

    attach_from_original()


_PIPELINE = "spinepose_hf.model.pipeline_spinepose"
_ACTIONS: dict[str, Callable[[], None]] = {
    "transformers.models.auto.configuration_auto": _register_config,
    "transformers.models.auto.modeling_auto": _register_models,
    "transformers.models.auto.image_processing_auto": _register_image_processor,
    "transformers.pipelines": _load_pipeline,
    _PIPELINE: _register_pipeline,
    "spinepose_hf.model.modeling_spinepose": _attach_from_original,
    # Reading an exported model back takes the class of its outputs, which transformers 5 does not look up.
    "transformers.exporters.base": _register_models,
}

__all__ = ["register", "register_when_imported"]
