"""A graph that reads torch's own weights answers what the self-contained file answers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.onnx.export import export_deploy
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.onnx.shared_weights import share_weights, write_whole
from tests.lively import lively_network

pytest.importorskip("onnxscript", reason="the export needs the extra onnx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the self-contained `whole.onnx`, the sharing `net.onnx` and its weights in `net/`."""
    folder = tmp_path_factory.mktemp("made")
    network = lively_network(image_size=(64, 64)).half()
    network.save_pretrained(folder / "net")
    export_deploy(network.float(), folder / "whole.onnx")
    shutil.copyfile(folder / "whole.onnx", folder / "net.onnx")
    share_weights(folder / "net.onnx", folder / "net" / "model.safetensors")
    return folder


def answers(path: Path, level: Any) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    crops = np.random.default_rng(3).integers(0, 256, (2, 64, 64, 3), np.uint8)
    found: list[np.ndarray] = session.run(None, {"crops": crops})
    return found


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_ALL"])
def test_answers_are_the_same_to_the_bit(made: Path, level: str) -> None:
    chosen = getattr(onnxruntime.GraphOptimizationLevel, level)
    for one, other in zip(
        answers(made / "whole.onnx", chosen), answers(made / "net.onnx", chosen), strict=True
    ):
        assert np.array_equal(one, other)


def test_large_tensors_lie_in_the_weights_alone(made: Path) -> None:
    assert external_files(made / "net.onnx") == [made / "net" / "model.safetensors"]
    shared = onnx.load(made / "net.onnx", load_external_data=False)
    assert max(len(tensor.raw_data) for tensor in shared.graph.initializer) <= 4096
    assert (made / "net.onnx").stat().st_size < 0.1 * (made / "whole.onnx").stat().st_size


def test_a_whole_copy_stands_alone(made: Path, tmp_path: Path) -> None:
    write_whole(made / "net.onnx", tmp_path / "copy.onnx")
    assert external_files(tmp_path / "copy.onnx") == []
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    for one, other in zip(
        answers(made / "whole.onnx", level), answers(tmp_path / "copy.onnx", level), strict=True
    ):
        assert np.array_equal(one, other)


def test_weights_of_another_network_are_refused(made: Path, tmp_path: Path) -> None:
    lively_network(1, image_size=(64, 64)).half().save_pretrained(tmp_path / "net")
    shutil.copyfile(made / "whole.onnx", tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="which is not in .*; both must be one network"):
        share_weights(tmp_path / "net.onnx", tmp_path / "net" / "model.safetensors")
    assert (tmp_path / "net.onnx").read_bytes() == (made / "whole.onnx").read_bytes()


def test_weights_in_a_folder_above_are_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="or a folder below"):
        share_weights(tmp_path / "net.onnx", made / "net" / "model.safetensors")
