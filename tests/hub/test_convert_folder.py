"""Model folders made of checkpoints: complete, loadable, and not there at all when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.hub.convert_check import check_runs
from spinepose_hf.hub.convert_folder import convert_to_folder, official_licence
from spinepose_hf.hub.convert_source import SourceFile

OFFICIAL = "spinepose-s_32xb256-10e_spinetrack-256x192.pth"


def checkpoint(parity: ModuleType, path: Path, count: int = 37, **changes: float) -> SourceFile:
    """A checkpoint in the original's layout, with the first `count` keypoints; `changes` fill tensors."""
    state = {name: torch.from_numpy(values) for name, values in parity.state_dict("t").items()}
    for kind in ("weight", "bias"):
        state[f"head.final_layer.{kind}"] = state[f"head.final_layer.{kind}"][:count]
    for name, value in changes.items():
        state[name].fill_(value)
    torch.save({"meta": {"epoch": 10}, "state_dict": state}, path)
    return SourceFile(path, path.name)


@pytest.mark.parametrize("count", [17, 26, 37])
def test_a_folder_is_complete_and_loads(parity: ModuleType, tmp_path: Path, count: int) -> None:
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    source = checkpoint(parity, tmp_path / "given.pth", count)
    done = convert_to_folder(source, tmp_path / "made")
    assert done.num_keypoints == count and done.image_size == (256, 192) and done.licence == "unknown"
    assert {path.name for path in done.folder.iterdir()} >= {
        "README.md", "config.json", "model.safetensors", "modeling_spinepose.py", "preprocessor_config.json",
        "configuration_spinepose.py", "image_processing_spinepose.py", "requirements.txt", "skeleton.py",
    }  # fmt: skip
    config = json.loads((done.folder / "config.json").read_text())
    assert config["auto_map"]["AutoModel"] == "modeling_spinepose.SpinePoseForPoseEstimation"
    given = torch.load(source.path, weights_only=True)["state_dict"]
    model = SpinePoseForPoseEstimation.from_pretrained(done.folder)
    assert all(torch.equal(tensor, given[name]) for name, tensor in model.state_dict().items())
    assert SpinePoseImageProcessor.from_pretrained(done.folder) is not None
    assert str(tmp_path) not in (done.folder / "README.md").read_text() + json.dumps(config)


@pytest.mark.slow
def test_onnx_files_come_along(parity: ModuleType, tmp_path: Path) -> None:
    folder = convert_to_folder(
        checkpoint(parity, tmp_path / "rtm.pth", 17), tmp_path / "made", onnx=True
    ).folder
    assert [path.name for path in (folder / "onnx").iterdir()] == ["model.onnx"]
    said = {entry.key: entry.value for entry in onnx.load(folder / "onnx" / "model.onnx").metadata_props}
    assert said["spinepose.source"] == "rtm.pth"
    assert "model.onnx" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("source", "licence"),
    [
        pytest.param(SourceFile(Path(OFFICIAL), OFFICIAL), "cc-by-nc-4.0", id="official name"),
        pytest.param(SourceFile(Path("a.pth"), "", "dfki-av/spinepose"), "cc-by-nc-4.0", id="official place"),
        pytest.param(SourceFile(Path("a.pth"), "", "me/other"), "unknown", id="other place"),
        pytest.param(SourceFile(Path("spinepose-mine.pth"), ""), "unknown", id="a like name"),
    ],
)
def test_official_licence(source: SourceFile, licence: str) -> None:
    assert official_licence(source) == licence


def test_the_card_says_licence_and_source(parity: ModuleType, tmp_path: Path) -> None:
    source = checkpoint(parity, tmp_path / OFFICIAL)
    card = (convert_to_folder(source, tmp_path / "made").folder / "README.md").read_text()
    assert "license: cc-by-nc-4.0" in card and OFFICIAL in card and "SHA-256" in card
    assert "medical device" in card


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"head.cls_x.weight": float("nan")}, "answer in no numbers", id="not numbers"),
        pytest.param({"head.cls_y.weight": 0.0}, "answer the same to every picture", id="all zero"),
    ],
)
def test_nothing_is_left_of_what_fails(
    parity: ModuleType, tmp_path: Path, changes: dict[str, float], message: str
) -> None:
    source = checkpoint(parity, tmp_path / "given.pth", **changes)
    with pytest.raises(ModelError, match=message):
        convert_to_folder(source, tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["given.pth"]


def test_nothing_is_left_when_writing_stops(
    parity: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(line: str) -> None:
        if "writing" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_to_folder(checkpoint(parity, tmp_path / "given.pth"), tmp_path / "made", tell=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["given.pth"]


def test_what_is_there_is_replaced_only_when_asked(parity: ModuleType, tmp_path: Path) -> None:
    source = checkpoint(parity, tmp_path / "given.pth")
    made = tmp_path / "made"
    convert_to_folder(source, made)
    (made / "old.txt").write_text("old")
    with pytest.raises(OutputError, match="is there already"):
        convert_to_folder(source, made)
    assert (made / "old.txt").is_file()
    convert_to_folder(source, made, overwrite=True)
    assert not (made / "old.txt").exists() and (made / "config.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.pth", "made"]


def test_other_folders_and_files_are_not_replaced(tmp_path: Path) -> None:
    source = SourceFile(tmp_path / "none.pth", "none.pth")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    (tmp_path / "file").write_text("")
    for name, message in (("photos", "no model folder"), ("file", "it is a file")):
        with pytest.raises(OutputError, match=message):
            convert_to_folder(source, tmp_path / name, overwrite=True)
    assert (tmp_path / "photos" / "a.jpg").is_file()


def test_a_lively_network_passes(parity: ModuleType, tmp_path: Path) -> None:
    from tests.lively import lively_network

    network: Any = lively_network()
    check_runs(network, tmp_path)
    assert np.isfinite(sum(float(p.sum()) for p in network.parameters()))
