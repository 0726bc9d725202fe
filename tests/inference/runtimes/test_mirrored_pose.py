"""Asking a network twice: what comes back from the mirror, and what two answers say together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from spinepose_hf.errors import ModelError
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.runtimes.mirrored import MirroredPose, combined
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_NAMES

SAMPLES = Path(__file__).resolve().parents[3] / "spinepose_hf" / "samples"
FAR = 10.0


class BrightestOnTheLeft:
    """Puts every point on the brightest pixel, and is sure of what it calls left only."""

    input_size = (64, 48)
    box_padding = 1.25
    keypoint_names = KEYPOINT_NAMES

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        keypoints = np.zeros((len(crops), 37, 2), np.float32)
        for place, crop in enumerate(crops):
            row, column = np.unravel_index(crop[..., 0].argmax(), crop.shape[:2])
            keypoints[place] = column, row
        sure = np.array([name.startswith("left_") for name in KEYPOINT_NAMES])
        scores = np.where(sure, 0.9, 0.1).astype(np.float32)[None].repeat(len(crops), axis=0)
        return CropPoses(keypoints, scores, np.ones_like(scores))


def test_the_mirrors_answer_comes_back_on_the_other_side() -> None:
    crops = np.zeros((2, 64, 48, 3), np.uint8)
    crops[0, 20, 10] = crops[1, 40, 47] = 255
    network = MirroredPose(BrightestOnTheLeft())
    assert network.input_size == (64, 48) and network.keypoint_names == KEYPOINT_NAMES
    found = network(crops)
    np.testing.assert_array_equal(found.keypoints[0], np.broadcast_to((10, 20), (37, 2)))
    np.testing.assert_array_equal(found.keypoints[1], np.broadcast_to((47, 40), (37, 2)))
    # Left was seen surely, and right in the mirror; the midline never.
    expected = [0.5 if FLIP_INDEX[point] != point else 0.1 for point in range(37)]
    np.testing.assert_allclose(found.scores[0], expected, atol=1e-6)


def sighting(x: float, score: float, sigma: float = 1.0) -> CropPoses:
    return CropPoses(
        np.array([[[x, 5.0]]], np.float32), np.array([[score]], np.float32), np.array([[sigma]], np.float32)
    )


CASES: dict[str, tuple[CropPoses, CropPoses, tuple[float, float, float]]] = {
    "the same": (sighting(4, 0.8), sighting(4, 0.8), (4, 0.8, 1)),
    "near, equally sure": (sighting(4, 0.6), sighting(6, 0.6), (5, 0.6, np.sqrt(1 + 0.25 * 4 / 2))),
    "near, one is surer": (sighting(4, 0.9), sighting(8, 0.3), (5, 0.6, np.sqrt(1 + 0.1875 * 16 / 2))),
    "far, the first is surer": (sighting(4, 0.9), sighting(24, 0.3), (4, 0.6, np.sqrt(1 + 0.1875 * 200))),
    "far, the second is surer": (sighting(4, 0.3), sighting(24, 0.9), (24, 0.6, np.sqrt(1 + 0.1875 * 200))),
    "neither saw anything": (sighting(4, 0), sighting(6, 0), (5, 0, np.sqrt(1 + 0.25 * 4 / 2))),
    "one is exact": (sighting(4, 0.5, 0), sighting(4, 0.5, 2), (4, 0.5, np.sqrt(2))),
}


@pytest.mark.parametrize(("first", "second", "expected"), CASES.values(), ids=CASES.keys())
def test_two_sightings(first: CropPoses, second: CropPoses, expected: tuple[float, float, float]) -> None:
    for found in (combined(first, second, FAR), combined(second, first, FAR)):
        x, score, sigma = expected
        np.testing.assert_allclose(found.keypoints, [[[x, 5]]], rtol=1e-6)
        np.testing.assert_allclose(found.scores, [[score]], rtol=1e-6)
        np.testing.assert_allclose(found.sigmas, [[sigma]], rtol=1e-6)
        assert {array.dtype for array in found} == {np.dtype(np.float32)}


def test_nobody() -> None:
    found = MirroredPose(load_runtime(None, "cpu"))(np.zeros((0, 256, 192, 3), np.uint8))
    assert found.keypoints.shape == (0, 37, 2) and found.scores.shape == found.sigmas.shape == (0, 37)


def test_names_without_sides_are_refused_where_asked_for() -> None:
    class Tail(BrightestOnTheLeft):
        keypoint_names = ("nose", "tail")

    with pytest.raises(ModelError, match="do not tell left from right"):
        SpinePoseEstimator(Tail(), detector="none", flip=True)
    assert isinstance(SpinePoseEstimator(Tail(), detector="none", flip=None).runtime, Tail)
    sided = SpinePoseEstimator(BrightestOnTheLeft(), detector="none", flip=None)
    assert isinstance(sided.runtime, MirroredPose)


@pytest.mark.slow
def test_a_mirrored_picture_gives_the_mirrored_people() -> None:
    from spinepose_hf.inference.images import load_image

    image = load_image(SAMPLES / "rendered.jpg")
    height, width = image.shape[:2]
    box = [width * 0.25, height * 0.1, width * 0.75, height * 0.95]
    mirrored_box = [width - 1 - box[2], box[1], width - 1 - box[0], box[3]]
    estimator = SpinePoseEstimator(device="cpu", flip=True, precision="fp32")
    seen = estimator.estimate(image, [box], color="rgb")
    turned = estimator.estimate(np.ascontiguousarray(image[:, ::-1]), [mirrored_box], color="rgb")
    back = turned.keypoints[:, list(FLIP_INDEX)].copy()
    back[..., 0] = width - 1 - back[..., 0]
    assert np.median(np.linalg.norm(seen.keypoints - back, axis=2)) < 0.02 * height
    assert np.median(np.abs(seen.scores - turned.scores[:, list(FLIP_INDEX)])) < 0.03


@pytest.mark.slow
def test_the_command_looks_twice_at_photos(tmp_path: Path) -> None:
    photo = SAMPLES / "rendered.jpg"
    found = []
    for extra in ([], ["--flip"], ["--no-flip"]):
        target = tmp_path / f"{len(found)}.json"
        result = CliRunner().invoke(app, ["-i", str(photo), "-s", str(target), "--detector", "none", *extra])
        assert result.exit_code == 0, result.output
        found.append(target.read_text())
    assert found[0] == found[1] != found[2]
