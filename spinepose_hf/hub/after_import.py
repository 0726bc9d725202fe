"""Doing something as soon as a module has been imported, without importing it oneself."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def after_import(actions: Mapping[str, Callable[[], None]]) -> None:
    """Call each action once, as soon as the module of its name has been imported, be it already.

    Args:
        actions: by the full name of a module. Giving the same again is harmless: an action still waiting is
            not taken twice, and one whose module is there already is called again.
    """
    for name, action in actions.items():
        if name in sys.modules:
            action()
        else:
            _FINDER.wait_for(name, action)


class _AfterImport(MetaPathFinder):
    """Run actions once after each named module has been imported, however it is found."""

    def __init__(self) -> None:
        self._actions: dict[str, list[Callable[[], None]]] = {}
        self._searching: set[str] = set()

    def wait_for(self, name: str, action: Callable[[], None]) -> None:
        waiting = self._actions.setdefault(name, [])
        if action not in waiting:
            waiting.append(action)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

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
        actions = self._actions.pop(fullname, [])
        if not self._actions and self in sys.meta_path:
            sys.meta_path.remove(self)
        for action in actions:
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


_FINDER = _AfterImport()

__all__ = ["after_import"]
