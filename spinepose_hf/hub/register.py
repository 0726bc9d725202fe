"""Make transformers' auto classes know SpinePose, without making anyone wait for transformers.

`register` does it at once. `register_when_imported` does it at the moment somebody imports the auto classes,
which may be before or after the import of this package: so `import spinepose_hf` stays as quick as it is, and
`AutoModel.from_pretrained(folder)` needs no `trust_remote_code` once it has happened.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def register() -> None:
    """Register configuration, network and image processor with the auto classes. Repeating it is harmless."""
    _register_config()
    _register_models()
    _register_image_processor()


def register_when_imported() -> None:
    """Register each class as soon as the module of its auto class has been imported, be it already.

    Imports neither transformers nor torch itself. Repeating it is harmless.
    """
    waiting: dict[str, Callable[[], None]] = {}
    for name, action in _ACTIONS.items():
        if name in sys.modules:
            action()
        else:
            waiting[name] = action
    if waiting and not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport(waiting))


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


_ACTIONS: dict[str, Callable[[], None]] = {
    "transformers.models.auto.configuration_auto": _register_config,
    "transformers.models.auto.modeling_auto": _register_models,
    "transformers.models.auto.image_processing_auto": _register_image_processor,
}


class _AfterImport(MetaPathFinder):
    """Run an action once after each named module has been imported, however it is found."""

    def __init__(self, actions: dict[str, Callable[[], None]]) -> None:
        self._actions = actions
        self._searching: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._actions or fullname in self._searching:
            return None
        # The search below comes back here; it must then be left to the other finders.
        self._searching.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _LoaderWithAction(spec.loader, lambda: self._run(fullname))
        return spec

    def _run(self, fullname: str) -> None:
        action = self._actions.pop(fullname, None)
        if not self._actions and self in sys.meta_path:
            sys.meta_path.remove(self)
        if action is not None:
            action()


class _LoaderWithAction(Loader):
    """The loader of a module, followed by an action; it puts the real loader back before that."""

    def __init__(self, loader: Loader, action: Callable[[], None]) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._action()


__all__ = ["register", "register_when_imported"]
