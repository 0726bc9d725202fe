"""Which other files an ONNX file keeps its weights in, read without the package onnx.

An ONNX file is a protobuf message, in which every field says how long it is. Three of them lead from the
model to the places of weights that lie elsewhere: its graph, the graph's initializers, their external data
(https://github.com/onnx/onnx/blob/main/docs/ExternalData.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

# Numbers of the fields, from onnx.proto.
_GRAPH: Final = 7
_INITIALIZER: Final = 5
_EXTERNAL_DATA: Final = 13
_KEY: Final = 1
_VALUE: Final = 2


def external_files(path: Path) -> list[Path]:
    """The files that hold weights of an ONNX file, whether they are there or not.

    Only files beside it or in folders below count: runtimes follow no other paths. Weights of inner graphs
    (of If and Loop) are not looked for.

    Args:
        path: the .onnx file.

    Returns:
        Their paths in the order of the weights; none for a file that holds all its weights, or is damaged.
    """
    return [path.parent / location for location in _ends(path)]


def weights_fault(path: Path) -> str | None:
    """What keeps a runtime from the weights that an ONNX file has elsewhere.

    Args:
        path: the .onnx file, which a runtime refused.

    Returns:
        What is wrong and what to do, to be read after the file's name; None where no fault is seen.
    """
    for location, end in _ends(path).items():
        file = path.parent / location
        told = f"has its weights in {location}, which"
        if not file.is_file():
            return f"{told} is not beside it; keep both files together"
        if not file.resolve().is_relative_to(path.parent.resolve()):
            return f"{told} is a link to another place; copy both files into one folder"
        if file.stat().st_size < end:
            return f"{told} is too short; it is cut off, or belongs to another model"
    return None


def _ends(path: Path) -> dict[str, int]:
    """How far each file is read, by its path from the ONNX file's folder."""
    ends: dict[str, int] = {}
    if not path.is_file():
        return ends
    try:
        for graph in _messages(memoryview(path.read_bytes()), _GRAPH):
            for tensor in _messages(graph, _INITIALIZER):
                entries = dict(_entry(each) for each in _messages(tensor, _EXTERNAL_DATA))
                location = PurePosixPath(entries.get("location", ""))
                if not location.name or location.is_absolute() or ".." in location.parts:
                    continue
                end = int(entries.get("offset", 0)) + int(entries.get("length", 0))
                ends[str(location)] = max(end, ends.get(str(location), 0))
    except ValueError:
        # Damaged: what reads the model itself says so.
        return {}
    return ends


def _entry(message: memoryview) -> tuple[str, str]:
    """A pair of key and value."""
    key, value = (
        b"".join(_messages(message, number)).decode("utf-8", "replace") for number in (_KEY, _VALUE)
    )
    return key, value


def _messages(data: memoryview, number: int) -> Iterator[memoryview]:
    """The contents of one field, which are messages or texts.

    Raises:
        ValueError: this is no protobuf message.
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            _, place = _varint(data, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("a field is longer than its message")
            if tag >> 3 == number:
                yield data[place : place + size]
            place += size
        else:
            raise ValueError(f"protobuf has no wire type {kind}")


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while place < len(data):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("a number goes on after its message's end")


__all__ = ["external_files", "weights_fault"]
