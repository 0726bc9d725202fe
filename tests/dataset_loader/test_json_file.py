"""JSON with and without orjson, and how much memory is free."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from dataset_loader import json_file
from dataset_loader.memory import available_memory
from spinepose_hf.errors import DatasetError


@pytest.mark.parametrize("fast", [True, False], ids=["orjson", "standard library"])
class TestParseJson:
    @pytest.fixture(autouse=True)
    def parser(self, fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        if fast:
            pytest.importorskip("orjson")
            return
        real: Any = importlib.util.find_spec
        monkeypatch.setattr(json_file, "find_spec", lambda name: None if name == "orjson" else real(name))

    def test_numbers_are_exact(self, fast: bool) -> None:
        assert json_file.parse_json(b'{"a": 0.1, "b": 123456789012345678}', "x") == {
            "a": 0.1,
            "b": 123456789012345678,
        }

    @pytest.mark.parametrize(
        "text", [b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1', b'{"a": "\xff"}'], ids=str
    )
    def test_refuses(self, text: bytes, fast: bool) -> None:
        with pytest.raises(DatasetError, match="x is not valid JSON"):
            json_file.parse_json(text, "x")


class TestAvailableMemory:
    def test_this_machine_tells(self) -> None:
        memory = available_memory()
        assert memory is None or memory > 10**6

    @pytest.mark.parametrize(
        ("name", "files", "expected"),
        [
            ("machine only", {}, 2048),
            ("container without a limit", {"memory.max": "max", "memory.current": "5"}, 2048),
            ("container", {"memory.max": "1000", "memory.current": "900"}, 100),
            (
                "file cache counts as free",
                {"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 1\ninactive_file 300"},
                400,
            ),
            (
                "old container",
                {"memory/memory.limit_in_bytes": "1000", "memory/memory.usage_in_bytes": "1"},
                999,
            ),
        ],
    )
    def test_smaller_of_machine_and_container(
        self, name: str, files: dict[str, str], expected: int, tmp_path: Path
    ) -> None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:       2 kB\n")
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        assert available_memory(tmp_path / "proc", tmp_path) == expected
