"""What is said of ONNX files that onnxruntime refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from spinepose_hf.errors import DetectorError, ModelError
from spinepose_hf.inference.onnx_session import open_session
from tests.inference.toy_logits import save_toy_logits


def newer_opset(model: Any) -> None:
    model.opset_import[0].version = 999


def newer_format(model: Any) -> None:
    model.ir_version = 999


def unknown_operator(model: Any) -> None:
    model.graph.node[3].op_type = "SwishOfTomorrow"


def wrong_graph(model: Any) -> None:
    model.graph.node[3].input[0] = "nowhere"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(newer_opset, r"is newer than this onnxruntime .*till opset \d+.; update", id="opset"),
        pytest.param(newer_format, r"newer than this onnxruntime .*IR version: 999, max", id="IR version"),
        pytest.param(unknown_operator, "lacks .No Op registered for SwishOfTomorrow.; update", id="operator"),
        pytest.param(wrong_graph, "not a readable ONNX model: damaged or truncated", id="graph"),
    ],
)
def test_refuses_in_one_line(tmp_path: Path, change: Callable[[Any], None], message: str) -> None:
    model = onnx.load(save_toy_logits(tmp_path / "toy.onnx"))
    change(model)
    path = tmp_path / "changed.onnx"
    onnx.save(model, path)
    for error in (ModelError, DetectorError):
        with pytest.raises(error, match=message) as caught:
            open_session(path, "cpu", error)
        assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
