"""Where a network comes from: no local path, a commit or digest, a licence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.onnx.provenance import Provenance, load_source, network_provenance, weights_digest
from tests.lively import lively_network

COMMIT = "0123456789abcdef0123456789abcdef01234567"


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network() -> Any:
    return lively_network(seed=1, image_size=(64, 96))


@pytest.fixture(scope="module")
def folder(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("somewhere") / "mine"
    network.save_pretrained(path)
    return path


CARDS = [
    pytest.param(None, None, "unknown", id="no card"),
    pytest.param("# A model without a header\n", None, "unknown", id="card without a header"),
    pytest.param("---\nlicense: [\n---\n", None, "unknown", id="broken card"),
    pytest.param("---\nlicense: cc-by-nc-4.0\n---\n", None, "cc-by-nc-4.0", id="card"),
    pytest.param("---\nlicense: other\nlicense_name: mine\n---\n", None, "mine", id="own licence"),
    pytest.param("---\nlicense: cc-by-nc-4.0\n---\n", "mit", "mit", id="said by the user"),
]


@pytest.mark.parametrize(("card", "said", "licence"), CARDS)
def test_a_folder(
    card: str | None, said: str | None, licence: str, folder: Path, network: Any, tmp_path: Path
) -> None:
    copy = tmp_path / "mine"
    shutil.copytree(folder, copy)
    if card is not None:
        (copy / "README.md").write_text(card)
    loaded, origin = load_source(copy, said)
    assert origin == Provenance("mine", None, weights_digest(network), licence)
    assert not loaded.training


def test_a_checkpoint_of_any_number_of_keypoints(tmp_path: Path) -> None:
    network = lively_network(seed=2, deepen_factor=0.167, widen_factor=0.375, num_keypoints=17)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "rtmpose.pth")
    loaded, origin = load_source(tmp_path / "rtmpose.pth")
    assert origin == Provenance("rtmpose.pth", None, weights_digest(network), "unknown")
    assert loaded.config.num_keypoints == 17


def test_the_embedded_model() -> None:
    _, origin = load_source("embedded")
    assert origin.source == "spinepose-hf/spinepose_t" and origin.licence == "apache-2.0"
    assert origin.commit is None and origin.sha256 is not None and len(origin.sha256) == 64


def test_a_model_of_the_hub_has_its_id_commit_and_licence(folder: Path, tmp_path: Path) -> None:
    # Where the Hub's library keeps what it downloaded is settled when it is imported.
    repository = tmp_path / "hub" / "models--someone--model"
    shutil.copytree(folder, repository / "snapshots" / COMMIT)
    (repository / "snapshots" / COMMIT / "README.md").write_text("---\nlicense: mit\n---\n")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    code = (
        "from spinepose_hf.onnx.provenance import load_source, network_provenance\n"
        "network, origin = load_source('someone/model')\n"
        "print(origin == network_provenance(network, 'mit'), *vars(origin).values())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "someone/model", COMMIT, "None", "mit"]


def test_a_network_in_memory_has_the_name_of_its_folder(folder: Path) -> None:
    loaded, origin = load_source(folder)
    assert network_provenance(loaded) == origin
    assert network_provenance(lively_network(seed=1, image_size=(64, 96))).source == "unsaved model"


def test_the_digest_follows_values_not_storage(network: Any) -> None:
    half = lively_network(seed=1, image_size=(64, 96)).half()
    assert weights_digest(half) == weights_digest(half.float())
    assert weights_digest(half) != weights_digest(network)


@pytest.mark.parametrize("name", ["model.onnx", "model.xml"])
def test_what_is_exported_is_not_exported_again(name: str) -> None:
    with pytest.raises(ModelError, match="is exported already; give the model folder"):
        load_source(name)
