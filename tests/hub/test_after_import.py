"""Acting once a module has been imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spinepose_hf.hub.after_import import after_import


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "spinepose_test_awaited"
    (tmp_path / f"{name}.py").write_text("value = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_an_action_runs_once_after_the_module_is_complete(module: str) -> None:
    seen: list[int] = []

    def act() -> None:
        seen.append(sys.modules[module].value)

    def act_too() -> None:
        seen.append(2)

    after_import({module: act})
    after_import({module: act, "spinepose_test_never": act})
    after_import({module: act_too})
    assert seen == []
    __import__(module)
    assert seen == [1, 2]
    assert type(sys.modules[module].__loader__).__name__ == "SourceFileLoader"
    del sys.modules[module]
    __import__(module)
    assert seen == [1, 2]


def test_a_module_that_is_there_already(module: str) -> None:
    __import__(module)
    seen: list[int] = []
    after_import({module: lambda: seen.append(1)})
    assert seen == [1]
