"""Networks made of ONNX files of several exporters answer what the file does; other files are refused."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.convert_check import check_against_onnx
from spinepose_hf.hub.onnx_weights import network_from_onnx
from tests.inference.toy_logits import save_toy_logits


def network(parity: ModuleType, count: int = 37) -> Any:
    """Size t with the reference weights, and as many keypoints as asked for."""
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant("t", num_keypoints=count))
    state = {name: torch.from_numpy(values) for name, values in parity.state_dict("t").items()}
    for kind in ("weight", "bias"):
        state[f"head.final_layer.{kind}"] = state[f"head.final_layer.{kind}"][:count]
    model.load_state_dict(state)
    return model.eval()


class _Bare(torch.nn.Module):
    """A network that answers with a plain tuple, as exporters want it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        answer = self.model(pixels, return_dict=False)
        return answer[0], answer[1]


def exported(model: Any, dynamo: bool) -> Any:
    """The ONNX model that torch itself makes, batch norms folded by the older of its exporters."""
    bare = _Bare(model).eval()
    buffer = io.BytesIO()
    names: dict[str, Any] = {"input_names": ["input"], "output_names": ["simcc_x", "simcc_y"]}
    pixels = torch.randn(1, 3, *model.config.image_size)
    if dynamo:
        program = torch.onnx.export(bare, (pixels,), dynamo=True, optimize=True, verbose=False, **names)
        assert program is not None
        return program.model_proto
    torch.onnx.export(
        bare, (pixels,), buffer, dynamo=False, do_constant_folding=True, opset_version=17, **names
    )
    return onnx.load_from_string(buffer.getvalue())


@pytest.fixture(scope="module")
def files(parity: ModuleType) -> dict[bool, Any]:
    """The file of each exporter, by whether it is the newer one."""
    return {dynamo: exported(network(parity), dynamo) for dynamo in (False, True)}


@pytest.fixture(scope="session")
def parity_answers(parity: ModuleType) -> Any:
    with torch.inference_mode():
        return network(parity)(torch.from_numpy(parity.image("t"))).simcc_x


def copy(model: Any) -> Any:
    return onnx.ModelProto.FromString(model.SerializeToString())


def scramble(model: Any) -> Any:
    """Give every inner tensor another name, and list the weights in another order."""
    changed = copy(model)
    kept = {each.name for each in (*changed.graph.input, *changed.graph.output)}
    inner = {name for node in changed.graph.node for name in (*node.input, *node.output) if name} - kept
    names = sorted(inner)
    np.random.default_rng(3).shuffle(names)
    new = {name: f"t{index}" for index, name in enumerate(names)}
    for node in changed.graph.node:
        for ends in (node.input, node.output):
            ends[:] = [new.get(name, name) for name in ends]
        node.name = ""
    weights = sorted(changed.graph.initializer, key=lambda tensor: new.get(tensor.name, tensor.name))
    for tensor in weights:
        tensor.name = new.get(tensor.name, tensor.name)
    ordered = [copy_tensor(tensor) for tensor in weights]
    del changed.graph.initializer[:]
    changed.graph.initializer.extend(ordered)
    del changed.graph.value_info[:]
    return changed


def copy_tensor(tensor: Any) -> Any:
    return onnx.TensorProto.FromString(tensor.SerializeToString())


def short_halves_first(model: Any) -> Any:
    """List the halves of cross stage partial layers in the other order, as the original's own files do."""
    changed = copy(model)
    nodes = list(changed.graph.node)
    made_by = {name: node for node in nodes for name in node.output}
    done: set[str] = set()
    ordered: list[Any] = []

    def visit(name: str) -> None:
        node = made_by.get(name)
        if node is None or node.output[0] in done:
            return
        done.add(node.output[0])
        for each in reversed(node.input):
            visit(each)
        ordered.append(node)

    for output in changed.graph.output:
        visit(output.name)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
    del changed.graph.node[:]
    changed.graph.node.extend(copies)
    return changed


def one_node_silu(model: Any) -> Any:
    """Sigmoid and Mul as one node, x * sigmoid(1 * x)."""
    changed = copy(model)
    gates = {node.output[0]: node for node in changed.graph.node if node.op_type == "Sigmoid"}
    count = 0
    for node in list(changed.graph.node):
        gate = next((gates[name] for name in node.input if name in gates), None)
        if node.op_type == "Mul" and gate is not None and gate.input[0] in node.input:
            merged = helper.make_node(
                "QuickGelu", [gate.input[0]], node.output, domain="com.microsoft", alpha=1.0
            )
            node.CopyFrom(merged)
            changed.graph.node.remove(gate)
            count += 1
    assert count > 20
    changed.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return changed


@pytest.mark.parametrize("dynamo", [False, True], ids=["older exporter", "newer exporter"])
@pytest.mark.parametrize("change", [copy, scramble, short_halves_first, one_node_silu])
def test_the_network_answers_what_the_file_does(
    files: dict[bool, Any], parity: ModuleType, parity_answers: Any, change: Any, dynamo: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(change(files[dynamo]), path)
    made = network_from_onnx(path)
    assert check_against_onnx(made, path) < 1e-4
    assert made.config.num_keypoints == 37 and made.config.keypoint_names[36] == "neck_03"
    with torch.inference_mode():
        found = made(torch.from_numpy(parity.image("t"))).simcc_x
    assert (found - parity_answers).abs().max() < 1e-4 * parity_answers.abs().max()


def test_the_older_exporter_folds_batch_norms(files: dict[bool, Any]) -> None:
    assert not [node for node in files[False].graph.node if node.op_type == "BatchNormalization"]


def test_batch_norms_pass_on_what_they_get(files: dict[bool, Any], tmp_path: Path) -> None:
    onnx.save(files[False], tmp_path / "model.onnx")
    norm = network_from_onnx(tmp_path / "model.onnx").get_submodule("backbone.stem.0.bn")
    values = torch.randn(2, norm.num_features, 4, 4)
    torch.testing.assert_close(norm(values), values + norm.bias[:, None, None], rtol=0, atol=1e-6)
    assert norm.bias.abs().max() > 0


@pytest.mark.parametrize(("count", "last"), [(17, "right_ankle"), (26, "right_heel")])
def test_parents_have_their_own_keypoints(parity: ModuleType, count: int, last: str, tmp_path: Path) -> None:
    path = tmp_path / "parent.onnx"
    onnx.save(exported(network(parity, count), False), path)
    made = network_from_onnx(path)
    assert made.config.keypoint_names[-1] == last and made.config.num_keypoints == count
    assert check_against_onnx(made, path) < 1e-4


def test_a_graph_that_computes_something_else_is_found_out(files: dict[bool, Any], tmp_path: Path) -> None:
    changed = copy(files[False])
    pool = next(node for node in changed.graph.node if node.op_type == "Relu")
    pool.op_type = "Abs"
    path = tmp_path / "odd.onnx"
    onnx.save(changed, path)
    with pytest.raises(ModelError, match="answers otherwise: logits differ by"):
        check_against_onnx(network_from_onnx(path), path)


def drop_constant(model: Any, shape: list[int]) -> Any:
    changed = copy(model)
    for tensor in changed.graph.initializer:
        if list(tensor.dims)[-2:] == shape:
            values = numpy_helper.to_array(tensor).reshape(shape)
            tensor.CopyFrom(numpy_helper.from_array(values[:, :1].copy(), tensor.name))
    return changed


def test_other_files_are_refused(files: dict[bool, Any], tmp_path: Path) -> None:
    toy = save_toy_logits(tmp_path / "toy.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    onnx.save(drop_constant(files[False], [2, 128]), tmp_path / "attention.onnx")
    cases = {
        toy: "no SpinePose or RTMPose network: it has",
        tmp_path / "text.onnx": "not a readable ONNX model",
        tmp_path / "nothing.onnx": "does not exist",
        tmp_path / "attention.onnx": r"0 Mul nodes take a constant of the shape \(2, 128\)",
    }
    for path, message in cases.items():
        with pytest.raises(ModelError, match=message):
            network_from_onnx(path)
