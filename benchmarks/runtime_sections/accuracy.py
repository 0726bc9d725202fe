"""AP of a network as a runtime computes it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.evaluate import run_evaluation
from spinepose_hf.evaluation.network import CropAnswers
from spinepose_hf.evaluation.source import open_eval_set
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.model.skeleton import GROUPS


class RuntimeNetwork:
    """A runtime as a `Network` of the evaluation: no flip test, persons ranked by their scores."""

    flip = False
    schema = SPINETRACK

    def __init__(self, runtime: PoseRuntime, name: str) -> None:
        self._runtime = runtime
        self.name = self.digest = name
        self.groups = dict(GROUPS)
        self.input_size, self.box_padding = runtime.input_size, runtime.box_padding

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """Answer as the runtime does."""
        poses = self._runtime(crops)
        return CropAnswers(poses.keypoints, poses.scores, poses.scores)


def average_precision(
    runtime: PoseRuntime, name: str, annotations: Path, images: Path, pictures: int
) -> dict[str, float]:
    """AP of all points and of the spine, 0 to 1, with ground-truth boxes, on the first pictures of a file."""
    content = json.loads(annotations.read_text(encoding="utf-8"))
    content["images"] = content["images"][:pictures]
    kept = {picture["id"] for picture in content["images"]}
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] in kept]
    with tempfile.TemporaryDirectory() as folder:
        some = Path(folder) / "some.json"
        some.write_text(json.dumps(content), encoding="utf-8")
        data = open_eval_set(some, images)
        groups = run_evaluation(RuntimeNetwork(runtime, name), data, samples=0).report.groups
    return {group: groups[group].figures["AP"] or 0.0 for group in ("all", "spine")}
