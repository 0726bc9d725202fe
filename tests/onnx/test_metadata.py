"""What exported files say about themselves."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import onnxruntime
import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.metadata import FileMetadata, read_metadata
from spinepose_hf.weights import embedded_onnx

FULL = FileMetadata(
    format="plain-1",
    keypoint_names=("muzzle", "left_hoof", "right_hoof"),
    input_size_hw=(256, 192),
    box_padding=1.1,
    oks_sigmas=(0.1, 0.2, 0.2),
    skeleton=((0, 1), (0, 2)),
    flip_pairs=((1, 2),),
    simcc_split_ratio=2.0,
    simcc_sigma=(4.9, 5.66),
    precision="int8",
    licence="apache-2.0",
    source="someone/horses",
    source_commit="0" * 40,
    source_sha256="1" * 64,
    package_version="0.1.0",
)


def test_what_is_written_is_read_again() -> None:
    entries = FULL.entries()
    assert all(key.startswith("spinepose.") and isinstance(text, str) for key, text in entries.items())
    assert len(entries) == len(fields(FULL))
    assert read_metadata({**entries, "somebody.else": "{"}, "a.onnx") == FULL


def test_files_made_before_the_later_entries_are_read() -> None:
    session = onnxruntime.InferenceSession(str(embedded_onnx()), providers=["CPUExecutionProvider"])
    found = read_metadata(session.get_modelmeta().custom_metadata_map, embedded_onnx())
    assert found.keypoint_names == KEYPOINT_NAMES and found.input_size_hw == (256, 192)
    assert found.format == "deploy-1"
    old = {key: FULL.entries()[key] for key in ("spinepose.format", "spinepose.keypoint_names")}
    found = read_metadata({**old, "spinepose.input_size_hw": "[64, 96]"}, "old.onnx")
    assert found.box_padding is None
    assert found.precision is found.skeleton is found.source is found.simcc_sigma is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param("format", None, id="no format"),
        pytest.param("format", "deploy-9", id="format of the future"),
        pytest.param("keypoint_names", None, id="no names"),
        pytest.param("keypoint_names", "[1, 2, 3]", id="names that are numbers"),
        pytest.param("input_size_hw", "[256", id="cut off"),
        pytest.param("input_size_hw", "[256]", id="one side"),
        pytest.param("input_size_hw", "[0, 192]", id="no height"),
        pytest.param("box_padding", "0", id="crops of nothing"),
        pytest.param("oks_sigmas", "[0.1]", id="too few sigmas"),
        pytest.param("skeleton", "[[0, 3]]", id="bone to nowhere"),
        pytest.param("flip_pairs", "[0, 1]", id="pairs that are none"),
        pytest.param("simcc_split_ratio", "0", id="no bins"),
        pytest.param("simcc_sigma", "[4.9]", id="one axis"),
        pytest.param("precision", "fp7", id="unknown precision"),
    ],
)
def test_damaged_entries_are_named(key: str, text: str | None) -> None:
    entries = FULL.entries()
    del entries[f"spinepose.{key}"]
    if text is not None:
        entries[f"spinepose.{key}"] = text
    with pytest.raises(ModelError, match=rf"broken.onnx .*({key}|format)"):
        read_metadata(entries, "broken.onnx")


def test_reading_needs_neither_torch_nor_onnx() -> None:
    code = (
        "import sys; import spinepose_hf.onnx.metadata; "
        "print([name for name in ('torch', 'onnx', 'transformers', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
