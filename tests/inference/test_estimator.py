"""The estimator: cv2 and PIL pictures in, the original's arrays or the typed result out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.errors import BoxError, DetectorError, DeviceError, ImageError, ModelError
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.pose import People

BOX = [100, 60, 180, 240]


def bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image[:, :, ::-1])


def test_predict_takes_cv2_and_pil(estimator: SpinePoseEstimator, red_person: NDArray[np.uint8]) -> None:
    expected, expected_scores = estimator.predict(bgr(red_person), [BOX])
    assert expected.shape == (1, 37, 2)
    assert expected_scores.shape == (1, 37)
    assert expected_scores.min() > 0.9
    for keypoints, scores in (
        estimator.predict(Image.fromarray(red_person), [BOX]),
        estimator.predict(red_person, [BOX], color="rgb"),
        estimator(bgr(red_person), [BOX]),
    ):
        np.testing.assert_array_equal(keypoints, expected)
        np.testing.assert_array_equal(scores, expected_scores)
    # Red read as blue is no person to this network: the colour order does matter.
    assert estimator.predict(red_person, [BOX])[1].max() == 0


def test_results_are_the_callers_own(estimator: SpinePoseEstimator, red_person: NDArray[np.uint8]) -> None:
    image = bgr(red_person)
    before = image.copy()
    keypoints, scores = estimator.predict(image, [BOX])
    keypoints += 1
    scores *= 0
    np.testing.assert_array_equal(image, before)


def test_estimate(estimator: SpinePoseEstimator, red_person: NDArray[np.uint8]) -> None:
    people = estimator.estimate(red_person, [BOX, [50, 50, 399, 280]], color="rgb")
    assert isinstance(people, People)
    assert people.image_size == (300, 400)
    assert len(people) == 2
    np.testing.assert_array_equal(people.boxes[0], BOX)
    np.testing.assert_allclose(people.keypoints[0].max(axis=0), (180, 240), atol=2)
    np.testing.assert_allclose(people.keypoints[1].max(axis=0), (180, 240), atol=9)
    # The looser box shows the person smaller, so a pixel of its crop is more of the image.
    assert people.sigmas[1, 0] > people.sigmas[0, 0]


def test_finds_the_person_itself(estimator: SpinePoseEstimator, red_person: NDArray[np.uint8]) -> None:
    people = estimator.estimate(red_person, color="rgb")
    assert len(people) == 1
    np.testing.assert_allclose(people.keypoints[0].min(axis=0), (100, 60), atol=6)
    np.testing.assert_allclose(people.keypoints[0].max(axis=0), (180, 240), atol=6)


def test_nobody(estimator: SpinePoseEstimator) -> None:
    keypoints, scores = estimator.predict(np.full((300, 200, 3), 128, np.uint8))
    assert keypoints.shape == (0, 37, 2)
    assert scores.shape == (0, 37)
    assert len(estimator.estimate(np.full((300, 200, 3), 128, np.uint8), [])) == 0


def test_any_callable_is_a_detector(toy_pose: Path, red_person: NDArray[np.uint8]) -> None:
    def two_parts(image: NDArray[np.uint8]) -> Detections:
        height, width = image.shape[:2]
        boxes = np.array([[0, 0, width / 2, height], [width - 50, 0, width, 100]])
        return Detections(boxes, np.array([0.8, 0.6]))

    people = SpinePoseEstimator(toy_pose, device="cpu", detector=two_parts).estimate(red_person, color="rgb")
    assert len(people) == 2
    assert people.box_scores is not None
    np.testing.assert_allclose(people.box_scores, [0.8, 0.6])
    assert people.scores[0].max() > people.scores[1].max()


def test_detector_file(toy_pose: Path, toy_detector: Path) -> None:
    people = SpinePoseEstimator(toy_pose, "cpu", toy_detector).estimate(np.zeros((416, 416, 3), np.uint8))
    np.testing.assert_allclose(people.boxes, [[200, 30, 300, 330], [10, 20, 110, 220]])


def test_says_once_where_boxes_come_from(
    toy_pose: Path, red_person: NDArray[np.uint8], caplog: pytest.LogCaptureFixture
) -> None:
    estimator = SpinePoseEstimator(toy_pose, device="cpu", detector="none")
    with caplog.at_level("INFO", logger="spinepose_hf"):
        for _ in range(2):
            estimator.predict(red_person)
            estimator.predict(red_person, [BOX])
    assert caplog.messages == [
        "boxes: found by the pose network itself, one person (no detector was given)",
        "boxes: given by the user",
    ]


@pytest.mark.parametrize(
    ("image", "boxes", "error", "message"),
    [
        pytest.param(None, None, ImageError, "cv2.imread answers None", id="unread image"),
        pytest.param(np.zeros((1, 1, 3), np.uint8), None, ImageError, "too small", id="1x1"),
        pytest.param(np.zeros((300, 400, 3)), None, ImageError, "float64", id="float image"),
        pytest.param("ok", [[1, 1, np.nan, 9]], BoxError, "box 0 .*not finite", id="NaN box"),
        pytest.param("ok", [BOX, [5, 5, 5, 9]], BoxError, "box 1 .*no area", id="zero-size box"),
        pytest.param("ok", [[500, 5, 600, 90]], BoxError, "box 0 .*outside", id="box outside"),
    ],
)
def test_refuses(
    estimator: SpinePoseEstimator,
    red_person: NDArray[np.uint8],
    image: Any,
    boxes: Any,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        estimator.predict(red_person if isinstance(image, str) else image, boxes)


def test_refuses_model_and_device(toy_pose: Path, toy_detector: Path) -> None:
    with pytest.raises(ModelError, match="is no pose network"):
        SpinePoseEstimator(toy_detector, device="cpu")
    with pytest.raises(DeviceError, match="the device gpu belongs to the runtime openvino"):
        SpinePoseEstimator(toy_pose, device="gpu")


@pytest.mark.parametrize("kind", ["bgr", "rgb", "pil", "grey"])
def test_visualize_keeps_colors_and_the_callers_array(
    estimator: SpinePoseEstimator, red_person: NDArray[np.uint8], kind: str
) -> None:
    keypoints, scores = estimator.predict(Image.fromarray(red_person), [BOX])
    images: dict[str, Any] = {
        "bgr": bgr(red_person),
        "rgb": red_person,
        "pil": Image.fromarray(red_person),
        "grey": red_person[:, :, 0],
    }
    image = images[kind]
    before = np.array(image)
    color: Any = "rgb" if kind == "rgb" else None
    drawn = estimator.visualize(image, keypoints, scores, color=color)
    np.testing.assert_array_equal(np.array(image), before)
    assert drawn.shape == (300, 400, 3)
    assert drawn.dtype == np.uint8
    corner = {"bgr": [0, 0, 255], "rgb": [255, 0, 0], "pil": [255, 0, 0], "grey": [255, 255, 255]}[kind]
    # Inside the red rectangle, away from the figure's limbs.
    assert drawn[70, 105].tolist() == corner
    assert (drawn != np.broadcast_to(before.reshape(300, 400, -1), (300, 400, 3))).any()


def test_the_automatic_detector_is_not_loaded_where_boxes_are_given(
    toy_pose: Path, red_person: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINEPOSE_DETECTOR", "gone.onnx")
    estimator = SpinePoseEstimator(toy_pose, device="cpu")
    assert len(estimator.estimate(red_person, [100, 60, 180, 240], color="rgb")) == 1
    with pytest.raises(DetectorError, match=r"gone\.onnx does not exist"):
        estimator.estimate(red_person, color="rgb")
