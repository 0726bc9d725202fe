"""Walking through a COCO file gives what parsing it gives, whatever the chunks, and notices damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_loader.parquet.stream import CocoScanner, read_element
from spinepose_hf.errors import DatasetError

DOCUMENT: dict[str, Any] = {
    "info": {"images": [1, {"annotations": [{}]}], "text": 'quote \\" brace { bracket [ \\\\'},
    "images": [
        {"id": 1, "file_name": 'é"\\[]{}.jpg', "nested": [[1.5], {"a": {}}]},
        {"id": 2, "file_name": "b.jpg", "annotations": [{"id": 5}]},
    ],
    "licenses": [],
    "annotations": [{"id": number, "keypoints": [0.1 * number, -1e-7, 2]} for number in range(5)],
    "categories": [{"id": 1, "images": []}],
    "version": 1.5,
}


def scan(path: Path, chunk_bytes: int = 1 << 20) -> dict[str, Any]:
    scanner = CocoScanner(path, chunk_bytes)
    sections: dict[str, list[Any]] = {"images": [], "annotations": []}
    for element in scanner:
        sections[element.section].append(element.value)
    return {name: sections.get(name, value) for name, value in scanner.document.items()}


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"separators": (",", ":"), "ensure_ascii": False}])
def test_gives_what_parsing_gives(tmp_path: Path, chunk_bytes: int, style: dict[str, Any]) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(DOCUMENT, **style), encoding="utf-8")
    found = scan(path, chunk_bytes)
    assert found == DOCUMENT
    assert list(found) == list(DOCUMENT)


def test_places_lead_back_to_entries(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(DOCUMENT, ensure_ascii=False), encoding="utf-8")
    elements = list(CocoScanner(path, 50))
    with path.open("rb") as stream:
        for element in reversed(elements):
            assert read_element(stream, element.offset, element.size) == element.value


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    whole = json.dumps(DOCUMENT, ensure_ascii=False).encode()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"a\.json"):
            scan(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"images": [{"id": 1}, {"id": 2', "in images after 1 entries", id="cut off"),
        pytest.param('{"images": [{"id": 1} {"id": 2}]}', "not an object after 1 entries", id="no comma"),
        pytest.param('{"images": [1, 2]}', "not an object after 0 entries", id="numbers"),
        pytest.param('{"images": [[{}]]}', "not an object after 0 entries", id="list of lists"),
        pytest.param('{"images": ["a"]}', "not an object after 0 entries", id="texts"),
        pytest.param('{"images": [{"id": 1},]}', "not an object after 1 entries", id="comma at the end"),
        pytest.param('{"annotations": [{"x": NaN}]}', "not valid JSON near byte 17", id="NaN"),
        pytest.param('{"images": [] "x": 1}', "not valid JSON", id="no comma between sections"),
        pytest.param("[1]", "top level is not an object", id="list"),
        pytest.param("", "not valid JSON", id="empty"),
    ],
)
def test_damage_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=message):
        scan(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot read"):
        scan(tmp_path / "none.json")
