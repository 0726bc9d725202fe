"""ONNX detectors: boxes come back in image px, and foreign graphs are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.onnx import OnnxDetector, OnnxDetectorInput, letterbox
from spinepose_hf.inference.images import load_image


def test_boxes_in_image_pixels(toy_detector: Path) -> None:
    detector = OnnxDetector(toy_detector, "cpu", options=OnnxDetectorInput(size=(320, 320)))
    # 640 px become 320: what the detector says doubles, and is cut to the 360 rows of the image.
    found = detector(np.zeros((360, 640, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[400, 60, 600, 359], [20, 40, 220, 359]])
    np.testing.assert_allclose(found.scores, [0.9, 0.6], rtol=1e-6)


@pytest.mark.parametrize(
    ("threshold", "label", "count"),
    [
        pytest.param(0.05, 0, 3, id="low threshold"),
        pytest.param(0.7, 0, 1, id="high threshold"),
        pytest.param(0.99, 0, 0, id="nobody"),
        pytest.param(0.4, 7, 1, id="another class"),
    ],
)
def test_keeps_confident_people(toy_detector: Path, threshold: float, label: int, count: int) -> None:
    options = OnnxDetectorInput(size=(640, 640), person_label=label)
    found = OnnxDetector(toy_detector, "cpu", threshold, options)(np.zeros((640, 640, 3), np.uint8))
    assert found.boxes.shape == (count, 4)
    assert found.scores.shape == (count,)


def save(text: str, path: Path) -> Path:
    onnx.save(onnx.parser.parse_model('<ir_version: 9, opset_import: ["" : 18]>' + text), path)
    return path


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        pytest.param(
            "g (float[1,3,H,W] image) => (float[1,3,H,W] boxes) { boxes = Identity(image) }",
            r"outputs dets and labels.*image -> boxes",
            id="other outputs",
        ),
        pytest.param(
            "g (uint8[1,3,H,W] image) => (uint8[1,3,H,W] dets, uint8[1,3,H,W] labels)"
            "{ dets = Identity(image) labels = Identity(image) }",
            "not a float image",
            id="bytes in",
        ),
    ],
)
def test_refuses_foreign_graphs(tmp_path: Path, graph: str, message: str) -> None:
    with pytest.raises(DetectorError, match=message):
        OnnxDetector(save(graph, tmp_path / "foreign.onnx"), "cpu")


def test_refuses_wrong_answers(tmp_path: Path) -> None:
    graph = (
        "g (float[1,3,H,W] image) => (float[1,3,H,W] dets, float[1,3,H,W] labels)"
        "{ dets = Identity(image) labels = Identity(image) }"
    )
    detector = OnnxDetector(save(graph, tmp_path / "image.onnx"), "cpu")
    with pytest.raises(DetectorError, match=r"answered dets \(1, 3, 416, 416\)"):
        detector(np.zeros((50, 50, 3), np.uint8))


def test_refuses_files(tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(b"\x08\x09broken")
    for name in ("cut.onnx", "none.onnx"):
        with pytest.raises(DetectorError, match=name):
            OnnxDetector(tmp_path / name, "cpu")


@pytest.mark.parametrize(
    ("height", "width", "factor"),
    [
        pytest.param(200, 100, 0.5, id="tall"),
        pytest.param(100, 200, 0.5, id="wide"),
        pytest.param(50, 25, 2.0, id="small"),
        pytest.param(9999, 20, 100 / 9999, id="thin"),
    ],
)
def test_letterbox(height: int, width: int, factor: float) -> None:
    frame, found = letterbox(np.full((height, width, 3), 7, np.uint8), (100, 100))
    assert found == pytest.approx(factor)
    assert frame.shape == (100, 100, 3)
    inside = (max(1, round(height * factor)), max(1, round(width * factor)))
    assert (frame[: inside[0], : inside[1]] == 7).all()
    assert (frame == 114).sum() == (10_000 - inside[0] * inside[1]) * 3


@pytest.mark.parametrize(
    ("photo", "boxes"),
    [
        pytest.param("tfjs_pose.jpg", [[250, 236, 752, 641]], id="yoga"),
        pytest.param("tfexamples_image3.jpeg", [[145, 112, 320, 625]], id="tree"),
        pytest.param(
            "tfjs_three_people.jpg",
            [[706, 32, 1048, 860], [83, 325, 671, 860], [0, 0, 651, 850]],
            id="three people",
        ),
    ],
)
def test_finds_people_on_photos(shared: Path, photo: str, boxes: list[list[int]]) -> None:
    detector = OnnxDetector(shared / "models" / "rtmdet_nano_person.onnx", "cpu", threshold=0.5)
    found = detector(load_image(shared / "samples" / "images" / photo)).boxes
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(box_iou(box, other) for other in found) > 0.8


def test_colors_reach_the_detector_as_bgr(shared: Path) -> None:
    path = shared / "models" / "rtmdet_nano_person.onnx"
    image = load_image(shared / "samples" / "images" / "tfjs_three_people.jpg")
    right = OnnxDetector(path, "cpu")(image).scores[:3].sum()
    swapped = OnnxDetector(path, "cpu", options=OnnxDetectorInput(color="rgb"))(image).scores[:3].sum()
    assert right > swapped
