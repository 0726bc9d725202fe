"""The networks that the video benchmark compares on: the same weights as our graph and as the peers' graph.

`t` has the weights of the package. `s` has random ones, which cost the same. `m` too, but its answers must
make sense where boxes are carried by keypoints; so `m` computes `t` beside it and gives the answers of `t`.
That makes it a little dearer than `m` alone, for both sides.
"""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spinepose_hf.files import atomic_path
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.onnx.export import export_deploy, export_plain
from spinepose_hf.weights import embedded_model

SIZES = ("t", "s", "m")

# So small that an answer does not change, and no optimiser may drop the term.
_NOTHING = 1e-20


class _Features:
    """What the export reads of a backbone's output."""

    def __init__(self, last_hidden_state: Any) -> None:
        self.last_hidden_state = last_hidden_state


class _TwoBackbones(nn.Module):
    def __init__(self, heavy: nn.Module, light: nn.Module) -> None:
        super().__init__()
        self.heavy, self.light = heavy, light

    def forward(self, pixel_values: Tensor, return_dict: bool = True) -> _Features:
        pair = [part(pixel_values, return_dict=True).last_hidden_state for part in (self.heavy, self.light)]
        return _Features(pair)


class _TwoHeads(nn.Module):
    def __init__(self, heavy: nn.Module, light: nn.Module) -> None:
        super().__init__()
        self.heavy, self.light = heavy, light

    def forward(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        costly, answer = self.heavy(features[0]), self.light(features[1])
        return answer[0] + _NOTHING * costly[0], answer[1] + _NOTHING * costly[1]


class Accompanied(nn.Module):
    """A random network whose answers are those of a small trained one, computed beside it."""

    def __init__(self, heavy: SpinePoseForPoseEstimation, light: SpinePoseForPoseEstimation) -> None:
        super().__init__()
        self.backbone = _TwoBackbones(heavy.backbone, light.backbone)
        self.head = _TwoHeads(heavy.head, light.head)
        self.config = light.config


def make_networks(folder: Path) -> None:
    """Write `<size>-deploy.onnx` and `<size>-plain.onnx` of every size, where they are missing."""
    for size in SIZES:
        deploy, plain = folder / f"{size}-deploy.onnx", folder / f"{size}-plain.onnx"
        if not (deploy.is_file() and plain.is_file()):
            network = _network(size)
            export_deploy(network, deploy, half_weights=False)
            export_plain(network, plain, half_weights=False)


def _network(size: str) -> Any:
    trained = SpinePoseForPoseEstimation.from_pretrained(embedded_model())
    if size == "t":
        return trained
    torch.manual_seed(0)
    random = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(size))
    return Accompanied(random, trained) if size == "m" else random


class _BoxesAndLogits(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        found = self.model(pixel_values=pixels)
        return found.pred_boxes, found.logits


def make_rf_detr(path: Path) -> bool:
    """Write RF-DETR small at 512 px with random weights, as transformers has it; False where it has not.

    Backbone DINOv2 small with 2 x 2 windows and patches of 16 px, three decoder layers: 32.1 million
    parameters, as its makers state for the size, and 59.6 GFLOPs.
    """
    if path.is_file():
        return True
    import transformers

    if not hasattr(transformers, "RfDetrForObjectDetection"):
        return False
    backbone = transformers.RfDetrDinov2Config(
        hidden_size=384,
        num_attention_heads=6,
        image_size=512,
        patch_size=16,
        num_windows=2,
        out_features=["stage3", "stage6", "stage9", "stage12"],
    )
    config = transformers.RfDetrConfig(
        backbone_config=backbone, decoder_layers=3, decoder_n_points=2, num_queries=300, num_labels=91
    )
    torch.manual_seed(0)
    network = _BoxesAndLogits(transformers.RfDetrForObjectDetection(config)).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), atomic_path(path) as temporary:
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (torch.zeros(1, 3, 512, 512),),
            dynamo=True,
            opset_version=18,
            input_names=["input"],
            output_names=["dets", "labels"],
            verbose=False,
        )
        assert program is not None
        program.save(str(temporary))
    return True


def make_empty_detector(path: Path) -> None:
    """Write a graph that does nothing, for peers that load a detector even where boxes are given."""
    if path.is_file():
        return
    import onnx
    from onnx import TensorProto, helper

    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 8, 8])
    same = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 8, 8])
    graph = helper.make_graph([helper.make_node("Identity", ["input"], ["output"])], "empty", [image], [same])
    with atomic_path(path) as temporary:
        onnx.save_model(
            helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)]), temporary
        )


def main(folder: Path) -> dict[str, Any]:
    """Write all that is missing in `folder`, and tell what could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    make_networks(folder)
    make_empty_detector(folder / "empty.onnx")
    return {"rf_detr": make_rf_detr(folder / "rf-detr-small.onnx")}


if __name__ == "__main__":
    import sys

    print(json.dumps(main(Path(sys.argv[1]))))

__all__ = ["SIZES", "Accompanied", "main", "make_empty_detector", "make_networks", "make_rf_detr"]
