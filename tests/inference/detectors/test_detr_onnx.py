"""Detection transformers in ONNX: shares of the picture become pixels, and files beside tell the rest."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.detr_onnx import DetrOnnxDetector
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.onnx import open_onnx_detector
from spinepose_hf.inference.detectors.pixels import DetectorInput, stretched_tensor
from spinepose_hf.inference.images import load_image
from tests.inference.detectors.toy_graphs import save_answers, save_text

PHOTO = Path(__file__).resolve().parents[3] / "spinepose_hf" / "samples" / "walking.jpg"
BOXES = [[[0.5, 0.5, 0.2, 0.5], [0.1, 0.1, 0.4, 0.4], [0.7, 0.3, 0.1, 0.2]]]


def logits(classes: int, person: int) -> NDArray[np.float32]:
    """Three queries: a likely person, a likelier one, and something else."""
    values = np.full((1, 3, classes), -9.0, np.float32)
    values[0, 0, person], values[0, 1, person] = math.log(3), math.log(9)
    values[0, 2, (person + 1) % classes] = 9.0
    return values


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("classes", "person"),
    [pytest.param(80, 0, id="COCO in a row"), pytest.param(91, 1, id="COCO's numbers")],
)
def test_boxes_in_image_pixels(tmp_path: Path, classes: int, person: int) -> None:
    path = save_answers(tmp_path / "dfine.onnx", (64, 64), logits=logits(classes, person), pred_boxes=BOXES)
    found = open_onnx_detector(path, "cpu")(np.zeros((100, 200, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[0, 0, 60, 30], [80, 25, 120, 75]], atol=1e-4)
    np.testing.assert_allclose(found.scores, [0.9, 0.75], rtol=1e-5)
    assert len(open_onnx_detector(path, "cpu", threshold=0.8)(np.zeros((100, 200, 3), np.uint8)).boxes) == 1


def test_own_export_of_rf_detr(tmp_path: Path) -> None:
    path = save_answers(tmp_path / "rf-detr.onnx", (64, 64), dets=BOXES, labels=logits(91, 1))
    detector = open_onnx_detector(path, "cpu")
    assert isinstance(detector, DetrOnnxDetector)
    np.testing.assert_allclose(detector.options.mean, [123.675, 116.28, 103.53])
    found = detector(np.zeros((100, 200, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[0, 0, 60, 30], [80, 25, 120, 75]], atol=1e-4)


@pytest.mark.parametrize("folder", ["", "onnx"], ids=["beside", "above the folder onnx"])
def test_files_beside_tell_classes_and_normalisation(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "config.json", {"model_type": "rf_detr", "id2label": {"0": "dog", "1": "Person"}})
    write(
        tmp_path / "preprocessor_config.json",
        {
            "do_normalize": True,
            "image_mean": [0.5, 0.4, 0.3],
            "image_std": [0.2, 0.2, 0.1],
            "size": {"height": 96, "width": 64},
        },
    )
    (tmp_path / folder).mkdir(exist_ok=True)
    path = save_answers(tmp_path / folder / "model.onnx", None, logits=logits(2, 1), pred_boxes=BOXES)
    detector = open_onnx_detector(path, "cpu")
    assert isinstance(detector, DetrOnnxDetector)
    assert detector.input_size == (96, 64)
    assert detector.options.person_label == 1
    np.testing.assert_allclose(detector.options.mean, [127.5, 102, 76.5])
    np.testing.assert_allclose(detector.options.std, [51, 51, 25.5])
    assert len(detector(np.zeros((10, 10, 3), np.uint8)).boxes) == 2


def test_without_files_pixels_are_zero_to_one_and_rgb(tmp_path: Path) -> None:
    # The one box is as wide as the picture is red, which a graph in BGR or 0 to 255 would get wrong.
    graph = (
        "g (float[1,3,32,32] pixel_values) => (float[1,1,80] logits, float[1,1,4] pred_boxes)"
        "< int64[2] plane = {2, 3}, float[1,1,2] middle = {0.5, 0.5}, float[1,1,1] tall = {1},"
        "  int64[3] one = {1, 1, 1}, float[1,1,80] zeros = {" + ", ".join(["0"] * 80) + "} > {"
        " means = ReduceMean <keepdims = 0> (pixel_values, plane)"
        " red, green, blue = Split <axis = 1, num_outputs = 3> (means)"
        " width = Reshape (red, one)"
        " pred_boxes = Concat <axis = 2> (middle, width, tall)"
        " weak = Mul (red, green)"
        " logits = Add (zeros, weak)"
        "}"
    )
    image = np.zeros((101, 101, 3), np.uint8)
    image[..., 0] = 51
    detector = open_onnx_detector(save_text(graph, tmp_path / "red.onnx"), "cpu", threshold=0.4)
    np.testing.assert_allclose(detector(image).boxes, [[40.4, 0, 60.6, 100]], atol=0.1)


def test_pictures_are_scaled_as_transformers_scales_them(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    kind = getattr(transformers, "RTDetrImageProcessorPil", None) or transformers.RTDetrImageProcessor
    processor = kind(size={"height": 96, "width": 96})
    processor.save_pretrained(tmp_path)
    path = save_answers(tmp_path / "model.onnx", None, logits=logits(80, 0), pred_boxes=BOXES)
    detector = open_onnx_detector(path, "cpu")
    assert isinstance(detector, DetrOnnxDetector)
    image = load_image(PHOTO)
    ours = stretched_tensor(image, detector.input_size, detector.options)
    theirs = processor(images=image, return_tensors="np")["pixel_values"]
    assert ours.shape == theirs.shape
    # Pillow averages over a wider area than OpenCV: of a range of 1, they differ by a hundredth.
    assert np.abs(ours - theirs).mean() < 0.02
    assert np.abs(ours - theirs[:, ::-1]).mean() > 2 * np.abs(ours - theirs).mean()


@pytest.mark.parametrize(
    ("config", "processor", "classes", "message"),
    [
        pytest.param({"model_type": "detr"}, {}, 92, "is a detr model", id="softmax"),
        pytest.param({}, {}, 7, "which of its 7 classes is a person", id="unknown classes"),
        pytest.param({"id2label": {"0": "cat"}}, {}, 80, "which of its 80 classes", id="no person"),
        pytest.param({}, {"do_normalize": True, "image_mean": [1]}, 80, "no three numbers", id="one mean"),
        pytest.param([], {}, 80, "is no configuration", id="list"),
    ],
)
def test_refuses(tmp_path: Path, config: object, processor: object, classes: int, message: str) -> None:
    write(tmp_path / "config.json", config)
    write(tmp_path / "preprocessor_config.json", processor)
    path = save_answers(tmp_path / "model.onnx", (64, 64), logits=logits(classes, 0), pred_boxes=BOXES)
    with pytest.raises(DetectorError, match=message):
        open_onnx_detector(path, "cpu")


def test_refuses_a_damaged_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    path = save_answers(tmp_path / "model.onnx", (64, 64), logits=logits(80, 0), pred_boxes=BOXES)
    with pytest.raises(DetectorError, match=r"config\.json beside the detector is not readable JSON"):
        open_onnx_detector(path, "cpu")


def test_refuses_wrong_answers(tmp_path: Path) -> None:
    path = save_answers(
        tmp_path / "model.onnx", (64, 64), logits=logits(80, 0), pred_boxes=np.zeros((1, 2, 4))
    )
    detector = DetrOnnxDetector(DetectorGraph(path, "cpu"), options=DetectorInput(color="rgb"))
    with pytest.raises(DetectorError, match=r"answered logits \(1, 3, 80\) and pred_boxes \(1, 2, 4\)"):
        detector(np.zeros((9, 9, 3), np.uint8))
