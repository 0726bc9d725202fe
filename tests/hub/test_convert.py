"""Original checkpoints: converted when they are SpinePose's, refused with one line when not."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.convert import (
    config_from_shapes,
    config_from_state_dict,
    convert_checkpoint,
    convert_state_dict,
    load_checkpoint,
)

State = dict[str, Any]


@pytest.fixture
def state(shared: Path) -> State:
    """The names and shapes of size t, all zero, without memory."""
    return zeros(shared, "t")


def zeros(shared: Path, variant: str) -> State:
    keys = json.loads((shared / "parity" / "keys.json").read_text())[variant]
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in keys.items()}


@pytest.mark.parametrize("variant", ["t", "s", "m", "l", "x"])
def test_every_size_converts_with_no_key_left_over(shared: Path, variant: str) -> None:
    original = zeros(shared, variant)
    converted = convert_state_dict(original)
    assert converted.keys() == original.keys()
    config = config_from_state_dict(converted)
    assert config.to_dict() == type(config).from_variant(variant).to_dict()


@pytest.mark.parametrize(
    ("case", "wrap"),
    [
        ("training checkpoint", lambda s: {"meta": {"epoch": 1}, "state_dict": s, "optimizer": {}}),
        ("data parallel", lambda s: {f"module.{key}": value for key, value in s.items()}),
        ("preprocessor", lambda s: {**s, "data_preprocessor.mean": np.zeros(3)}),
        ("no counters", lambda s: {k: v for k, v in s.items() if not k.endswith("batches_tracked")}),
    ],
)
def test_wrappings_come_off(state: State, case: str, wrap: Callable[[State], State]) -> None:
    assert convert_state_dict(wrap(state)).keys() == state.keys()


@pytest.mark.parametrize(
    ("shapes", "variant", "image_size", "sigma"),
    [
        pytest.param((17, 384, 48, 4), "t", (256, 192), (4.9, 5.66), id="t"),
        pytest.param((26, 512, 48, 6), "s", (256, 192), (4.9, 5.66), id="s"),
        pytest.param((17, 768, 108, 12), "m", (384, 288), (6.0, 6.93), id="m for large crops"),
        pytest.param((26, 1024, 108, 18), "l", (384, 288), (6.0, 6.93), id="l for large crops"),
        pytest.param((37, 1280, 108, 24), "x", (384, 288), (6.0, 6.93), id="x"),
    ],
)
def test_sizes_by_shape(
    shapes: tuple[int, int, int, int],
    variant: str,
    image_size: tuple[int, int],
    sigma: tuple[float, float],
) -> None:
    config = config_from_shapes(*shapes)
    published = type(config).from_variant(variant)
    assert (config.widen_factor, config.deepen_factor) == (published.widen_factor, published.deepen_factor)
    assert (config.num_keypoints, config.image_size, config.simcc_sigma) == (shapes[0], image_size, sigma)


@pytest.mark.parametrize("shapes", [(37, 384, 48, 6), (37, 400, 48, 4), (37, 384, 50, 4)])
def test_shapes_of_no_size(shapes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ModelError, match="t, s, m, l and x are known"):
        config_from_shapes(*shapes)


def changed(**changes: Any) -> Callable[[State], None]:
    return lambda state: state.update({key.replace("__", "."): value for key, value in changes.items()})


@pytest.mark.parametrize(
    ("case", "change", "message"),
    [
        ("Halpe26", changed(head__final_layer__weight=np.zeros((26, 384, 7, 7))), "26 keypoints and 37"),
        ("17 points", changed(head__final_layer__weight=np.zeros((17, 384, 7, 7))), "17 keypoints and 37"),
        ("unknown key", changed(head__extra=np.zeros(1)), r"has unknown 1 tensors \(head.extra\)"),
        ("missing key", lambda s: s.pop("head.cls_x.weight"), r"lacks 1 tensors \(head.cls_x.weight\)"),
        ("another head", lambda s: s.pop("head.final_layer.weight"), "no tensor head.final_layer.weight"),
        ("another size", changed(head__mlp__1__weight=np.zeros((256, 50))), "no SpinePose size has 384"),
        ("another shape", changed(head__cls_x__weight=np.zeros((1, 1))), r"\(384, 256\) was expected"),
        ("not a tensor", changed(head__cls_x__weight="text"), "is a str, not a tensor"),
        ("nested nonsense", lambda s: s.update(state_dict=[1]), "is a list, not a mapping"),
        ("empty", lambda s: s.clear(), "not a SpinePose checkpoint"),
    ],
)
def test_other_networks_are_refused(
    state: State, case: str, change: Callable[[State], Any], message: str
) -> None:
    change(state)
    with pytest.raises(ModelError, match=message):
        convert_state_dict(state)


def test_a_parent_network_converts_when_its_keypoints_are_asked_for(state: State) -> None:
    state["head.final_layer.weight"] = np.zeros((26, 384, 7, 7))
    state["head.final_layer.bias"] = np.zeros(26)
    assert convert_state_dict(state, num_keypoints=26).keys() == state.keys()


def test_a_file_as_the_original_writes_it_becomes_a_network(parity: ModuleType, tmp_path: Path) -> None:
    arrays = parity.state_dict("t")
    tensors = {key: torch.from_numpy(value) for key, value in arrays.items()}
    meta = {"dataset_meta": {"sigmas": np.full(37, 0.1, np.float32), "names": {0: "nose"}}, "epoch": 10}
    torch.save({"meta": meta, "state_dict": tensors}, tmp_path / "original.pth")
    model = convert_checkpoint(tmp_path / "original.pth")
    assert not model.training
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, tensors[key]), key


class Bomb:
    """Would make a folder when unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self.folder,))


def test_a_file_that_would_run_code_is_not_opened(tmp_path: Path) -> None:
    bomb = Bomb(tmp_path / "exploded")
    torch.save({"state_dict": bomb}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"state_dict": bomb}, protocol=2))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(ModelError, match=rf"{name} was not opened: .* could run code") as caught:
            load_checkpoint(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("case", "name", "content"),
    [
        ("text", "a.pth", b"hello"),
        ("zero bytes", "b.pth", b""),
        ("broken archive", "c.pth", b"PK\x03\x04" + bytes(50)),
        ("broken safetensors", "d.safetensors", b"nonsense"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, case: str, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} .*damaged"):
        load_checkpoint(tmp_path / name)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.pth"):
        with pytest.raises(ModelError, match="no checkpoint file"):
            load_checkpoint(path)


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(10000)}, tmp_path / "whole.pth")
    cut = tmp_path / "cut.pth"
    cut.write_bytes((tmp_path / "whole.pth").read_bytes()[:20000])
    with pytest.raises(ModelError, match="cut off"):
        load_checkpoint(cut)
