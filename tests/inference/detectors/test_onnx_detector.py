"""ONNX files: their outputs tell what they are, and foreign graphs are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.errors import DetectorError, DeviceError
from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.detr_onnx import DetrOnnxDetector
from spinepose_hf.inference.detectors.end_to_end import EndToEndDetector
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.onnx import open_onnx_detector
from spinepose_hf.inference.detectors.pixels import RTMDET_INPUT, YOLOX_INPUT, DetectorInput
from spinepose_hf.inference.detectors.yolox import YoloxDetector
from spinepose_hf.inference.images import load_image
from tests.inference.detectors.toy_graphs import save_answers, save_text


def test_boxes_in_image_pixels(toy_detector: Path) -> None:
    detector = EndToEndDetector(DetectorGraph(toy_detector, "cpu"), options=DetectorInput(size=(320, 320)))
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
    options = DetectorInput(size=(640, 640), person_label=label)
    detector = EndToEndDetector(DetectorGraph(toy_detector, "cpu"), threshold, options)
    found = detector(np.zeros((640, 640, 3), np.uint8))
    assert found.boxes.shape == (count, 4)
    assert found.scores.shape == (count,)


@pytest.mark.parametrize(
    ("name", "answers", "kind"),
    [
        pytest.param(
            "rtmdet.onnx",
            {"dets": np.zeros((1, 2, 5)), "labels": np.zeros((1, 2))},
            EndToEndDetector,
            id="RTMDet",
        ),
        pytest.param("yolox_nano.onnx", {"output": np.zeros((1, 84, 85))}, YoloxDetector, id="raw YOLOX"),
        pytest.param(
            "model.onnx",
            {"logits": np.zeros((1, 3, 80)), "pred_boxes": np.zeros((1, 3, 4))},
            DetrOnnxDetector,
            id="transformers",
        ),
        pytest.param(
            "rf-detr.onnx",
            {"dets": np.zeros((1, 3, 4)), "labels": np.zeros((1, 3, 91))},
            DetrOnnxDetector,
            id="RF-DETR's own export",
        ),
    ],
)
def test_outputs_tell_the_kind(
    tmp_path: Path, name: str, answers: dict[str, np.ndarray], kind: type[object]
) -> None:
    detector = open_onnx_detector(save_answers(tmp_path / name, (64, 64), **answers), "cpu", threshold=0.7)
    assert isinstance(detector, kind)
    assert detector(np.zeros((48, 80, 3), np.uint8)).boxes.shape == (0, 4)


def test_suppressed_yolox_has_its_own_normalisation(tmp_path: Path) -> None:
    answers = {"dets": np.zeros((1, 2, 5)), "labels": np.zeros((1, 2))}
    options = {}
    for name in ("YOLOX_m_humanart.onnx", "rtmdet_m.onnx"):
        detector = open_onnx_detector(save_answers(tmp_path / name, None, **answers), "cpu")
        assert isinstance(detector, EndToEndDetector)
        options[name] = detector.options
    assert list(options.values()) == [YOLOX_INPUT, RTMDET_INPUT]


def test_threshold_of_the_kind_or_of_the_user(toy_detector: Path) -> None:
    image = np.zeros((416, 416, 3), np.uint8)
    assert len(open_onnx_detector(toy_detector, "cpu")(image).boxes) == 2
    assert len(open_onnx_detector(toy_detector, "cpu", threshold=0.8)(image).boxes) == 1


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        pytest.param(
            "g (float[1,3,H,W] image) => (float[1,3,H,W] boxes) { boxes = Identity(image) }",
            r"no detector of a known kind \(it has image -> boxes\).*logits and pred_boxes",
            id="other outputs",
        ),
        pytest.param(
            "g (uint8[1,3,H,W] image) => (uint8[1,3,H,W] dets, uint8[1,3,H,W] labels)"
            "{ dets = Identity(image) labels = Identity(image) }",
            "not one float image",
            id="bytes in",
        ),
        pytest.param(
            "g (float[1,3,H,W] image, float[1,2] size) => (float[1,3,H,W] dets, float[1,2] labels)"
            "{ dets = Identity(image) labels = Identity(size) }",
            r"image: tensor\(float\).*size: tensor\(float\)",
            id="two inputs",
        ),
    ],
)
def test_refuses_foreign_graphs(tmp_path: Path, graph: str, message: str) -> None:
    with pytest.raises(DetectorError, match=message):
        open_onnx_detector(save_text(graph, tmp_path / "foreign.onnx"), "cpu")


def test_refuses_wrong_answers(tmp_path: Path) -> None:
    graph = (
        "g (float[1,3,H,W] image) => (float[1,3,H,W] dets, float[1,3,H,W] labels)"
        "{ dets = Identity(image) labels = Identity(image) }"
    )
    detector = open_onnx_detector(save_text(graph, tmp_path / "image.onnx"), "cpu")
    with pytest.raises(DetectorError, match=r"answered dets \(1, 3, 416, 416\)"):
        detector(np.zeros((50, 50, 3), np.uint8))


def test_refuses_a_picture_that_the_graph_cannot_take(tmp_path: Path) -> None:
    graph = (
        "g (float[1,3,H,W] image) => (float[1,M,5] dets, float[1,M] labels)"
        "< int64[3] five = {1, -1, 5}, int64[2] flat = {1, -1} >"
        "{ dets = Reshape(image, five) labels = Reshape(image, flat) }"
    )
    detector = open_onnx_detector(save_text(graph, tmp_path / "odd.onnx"), "cpu")
    with pytest.raises(DetectorError, match=r"odd\.onnx failed on an input of \(1, 3, 416, 416\)") as caught:
        detector(np.zeros((50, 50, 3), np.uint8))
    assert "\n" not in str(caught.value)


def test_refuses_files(tmp_path: Path, toy_detector: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(b"\x08\x09broken")
    for name in ("cut.onnx", "none.onnx"):
        with pytest.raises(DetectorError, match=name):
            open_onnx_detector(tmp_path / name, "cpu")
    with pytest.raises(DeviceError, match="belongs to the runtime openvino"):
        open_onnx_detector(toy_detector, "gpu")


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
    detector = open_onnx_detector(shared / "models" / "rtmdet_nano_person.onnx", "cpu", threshold=0.5)
    found = detector(load_image(shared / "samples" / "images" / photo)).boxes
    assert len(found) == len(boxes)
    for box in boxes:
        assert max(box_iou(box, other) for other in found) > 0.8


def test_colors_reach_the_detector_as_bgr(shared: Path) -> None:
    graph = DetectorGraph(shared / "models" / "rtmdet_nano_person.onnx", "cpu")
    image = load_image(shared / "samples" / "images" / "tfjs_three_people.jpg")
    right = EndToEndDetector(graph)(image).scores[:3].sum()
    swapped = EndToEndDetector(graph, options=DetectorInput(color="rgb"))(image).scores[:3].sum()
    assert right > swapped
