"""Digests change with whatever the answers of a network depend on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spinepose_hf.inference.model_digest import file_digest, network_digest
from spinepose_hf.weights import embedded_model, embedded_onnx
from tests.lively import lively_network


def test_networks() -> None:
    networks = [
        lively_network(image_size=(64, 64)),
        lively_network(1, image_size=(64, 64)),
        lively_network(image_size=(64, 64), simcc_split_ratio=1.0),
    ]
    digests = [network_digest(network) for network in networks]
    assert len(set(digests)) == 3
    assert network_digest(lively_network(image_size=(64, 64))) == digests[0]


@pytest.mark.parametrize("suffix", [".data", "_data"])
def test_files_and_the_weights_beside_them(tmp_path: Path, suffix: str) -> None:
    path, data = tmp_path / "model.onnx", tmp_path / f"model.onnx{suffix}"
    path.write_bytes(b"graph")
    alone = file_digest(path)
    data.write_bytes(b"weights")
    whole = file_digest(path)
    data.write_bytes(b"others")
    assert len({alone, whole, file_digest(path)}) == 3


def test_weights_in_a_folder_below_count(tmp_path: Path) -> None:
    path = tmp_path / embedded_onnx().name
    shutil.copyfile(embedded_onnx(), path)
    shutil.copytree(embedded_model(), tmp_path / embedded_model().name)
    assert file_digest(path) == file_digest(embedded_onnx())
    weights = tmp_path / embedded_model().name / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert file_digest(path) != file_digest(embedded_onnx())
