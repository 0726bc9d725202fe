"""The search for parts that stay in float: what is measured, and in which order parts are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spinepose_hf
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.onnx import sensitivity
from spinepose_hf.onnx.quantize import Prepared, prepare
from spinepose_hf.onnx.sensitivity import Harm, PartSensitivity, harm, measure_parts, search_keep_float
from spinepose_hf.weights import embedded_onnx

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    image = load_image(Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg")
    height, width = image.shape[:2]
    boxes = [
        [width * x, height * y, width * (x + 0.6), height * (y + 0.8)] for x in (0, 0.4) for y in (0, 0.2)
    ]
    return crop_persons(image, boxes, (256, 192))[0]


@pytest.fixture(scope="module")
def exact(crops: np.ndarray) -> CropPoses:
    return OnnxPose(embedded_onnx("fp32"), "cpu")(crops)


@pytest.fixture(scope="module")
def prepared(crops: np.ndarray) -> Prepared:
    return prepare(embedded_onnx("fp32"), crops)


def test_harm_counts_sure_keypoints_only() -> None:
    points, scores = np.zeros((2, 37, 2), np.float32), np.zeros((2, 37), np.float32)
    scores[:, :10] = 0.9
    exact = CropPoses(points, scores, scores)
    moved = points.copy()
    moved[:, 10:] = 50
    assert harm(exact, CropPoses(moved, scores, scores), (256, 192)) == Harm(0.0, 0.0)
    moved[0, :5] = (3, 4)
    found = harm(exact, CropPoses(moved, scores, scores), (256, 192))
    assert found.displacement == pytest.approx(5 * 5 / 20)
    assert 0 < found.similarity_lost < 0.25


def test_each_part_is_measured_alone(
    prepared: Prepared, exact: CropPoses, crops: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[list[float]] = []
    timed = sensitivity._turns

    def noted(*arguments: Any) -> list[float]:
        spent.append(timed(*arguments))
        return spent[-1]

    monkeypatch.setattr(sensitivity, "_turns", noted)
    told: list[PartSensitivity] = []
    found = measure_parts(
        prepared, exact, crops, parts=("stage2", "gau"), rounds=3, threads=1, report=told.append
    )
    assert found == told and [each.part for each in found] == ["stage2", "gau"]
    assert all(each.alone.displacement > 0 for each in found)
    # Which of both takes longer is up to the processor: float where bytes are not multiplied at once.
    assert min(min(times) for times in spent) > 0
    assert [each.cost for each in found] == [in_float - in_int8 for in_float, in_int8 in spent]


def test_what_harms_most_for_its_time_is_kept_first(
    prepared: Prepared, exact: CropPoses, crops: np.ndarray
) -> None:
    table = [
        PartSensitivity("stage4", Harm(0.02, 1), 10.0),
        PartSensitivity("gau", Harm(0.01, 1), 1.0),
        PartSensitivity("classifiers", Harm(0.005, 1), 0.1),
    ]
    assert search_keep_float(prepared, exact, crops, table, limit=1.0, threads=1)[0] == ()
    kept, left = search_keep_float(prepared, exact, crops, table, limit=0.0, threads=1)
    assert kept == ("classifiers", "gau") and left.similarity_lost > 0
