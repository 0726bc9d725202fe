"""The embedded weights do not get worse unnoticed."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.weights import embedded_model, embedded_onnx
from tests.weights.guard import FOLDER, TOLERANCE, Figures, fallen, measure, read_recorded


@pytest.fixture(scope="module")
def found() -> Figures:
    return measure(embedded_onnx())


def test_the_embedded_weights_are_as_good_as_recorded(found: Figures) -> None:
    assert fallen(found, read_recorded()) == [], (
        "the weights, or what they run on, got worse; "
        "after a release of other weights: python -m tests.weights.guard --record"
    )


def test_the_record_is_of_these_weights(found: Figures) -> None:
    """Better weights must be recorded too, or a later fall to what they were better than would pass."""
    recorded = read_recorded()
    assert found.keys() == recorded.keys()
    risen = {
        name: (recorded[name], found[name]) for name in found if found[name] > recorded[name] + TOLERANCE
    }
    assert not risen, "python -m tests.weights.guard --record"


@pytest.mark.parametrize(
    ("prefix", "share"),
    [
        pytest.param("head.", 0.5, id="noise of a half on the head"),
        pytest.param("backbone.", 0.35, id="noise of a third on the backbone"),
    ],
)
def test_worse_weights_are_noticed(tmp_path: Path, prefix: str, share: float) -> None:
    graph = tmp_path / embedded_onnx().name
    shutil.copyfile(embedded_onnx(), graph)
    shutil.copytree(embedded_model(), tmp_path / embedded_model().name)
    changed = add_noise(tmp_path / embedded_model().name / "model.safetensors", prefix, share)
    assert changed, f"no weight begins with {prefix}"
    lines = fallen(measure(graph), read_recorded())
    assert any(line.startswith("rendered_all_ap") for line in lines), lines


def add_noise(path: Path, prefix: str, share: float) -> int:
    """Add noise of a share of each tensor's deviation, in place: the graph reads tensors by their offsets."""
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    rng = np.random.default_rng(0)
    changed = 0
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if not name.startswith(prefix) or entry["dtype"] != "F16":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(content[start:end], np.float16).astype(np.float32)
        values += rng.normal(0, share * values.std(), values.shape)
        content[start:end] = values.astype(np.float16).tobytes()
        changed += 1
    path.write_bytes(content)
    return changed


def test_the_guarded_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 400_000


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        pytest.param(0.60, 0, id="better"),
        pytest.param(0.481, 0, id="within the tolerance"),
        pytest.param(0.479, 1, id="fallen"),
    ],
)
def test_what_counts_as_fallen(value: float, lines: int) -> None:
    assert len(fallen({"x": value}, {"x": 0.5})) == lines
