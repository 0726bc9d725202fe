"""Without a detector the network finds one person wherever the picture shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.self_locating import (
    SelfLocator,
    body_box,
    closer_windows,
    search_windows,
)
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.onnx import OnnxPose


def picture(size: tuple[int, int], person: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    image = np.full((*size, 3), 90, np.uint8)
    x1, y1, x2, y2 = person
    image[y1:y2, x1:x2] = (255, 20, 20)
    return image


@pytest.mark.parametrize(
    ("size", "person"),
    [
        pytest.param((400, 300), (80, 40, 220, 360), id="of the network's aspect"),
        pytest.param((400, 300), (0, 0, 300, 400), id="fills the picture"),
        pytest.param((400, 300), (200, 250, 290, 390), id="in a corner"),
        pytest.param((300, 1600), (1300, 60, 1400, 250), id="wide picture"),
        pytest.param((1600, 200), (60, 1300, 130, 1430), id="tall picture"),
        pytest.param((64, 48), (10, 10, 30, 60), id="small picture"),
        pytest.param((900, 1200), (700, 300, 790, 500), id="small person"),
    ],
)
def test_finds_the_person(toy_pose: Path, size: tuple[int, int], person: tuple[int, int, int, int]) -> None:
    found = SelfLocator(OnnxPose(toy_pose, "cpu"))(picture(size, person))
    assert found.boxes.shape == (1, 4)
    # The toy's keypoints reach to the outline, so that the margins of real bodies make its box too large.
    assert box_iou(found.boxes[0], person) > 0.55
    assert 0.3 <= found.scores[0] <= 1


def test_finds_nobody(toy_pose: Path) -> None:
    found = SelfLocator(OnnxPose(toy_pose, "cpu"))(np.full((300, 200, 3), 128, np.uint8))
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)


class Counted:
    """A runtime that counts how often it runs."""

    def __init__(self, runtime: OnnxPose) -> None:
        self.runtime = runtime
        self.input_size, self.box_padding = runtime.input_size, runtime.box_padding
        self.keypoint_names = runtime.keypoint_names
        self.runs = 0

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        self.runs += 1
        return self.runtime(crops)


@pytest.mark.parametrize(
    ("person", "runs"),
    [
        pytest.param((4, 4, 296, 396), 1, id="the first box is already stable"),
        pytest.param((80, 40, 220, 360), 2, id="one more look"),
    ],
)
def test_stops_when_stable(toy_pose: Path, person: tuple[int, int, int, int], runs: int) -> None:
    runtime = Counted(OnnxPose(toy_pose, "cpu"))
    SelfLocator(runtime)(picture((400, 300), person))
    assert runtime.runs == runs


@pytest.mark.parametrize(
    ("size", "count"),
    [
        pytest.param((400, 300), 1, id="3:4"),
        pytest.param((300, 400), 1 + 3, id="4:3"),
        pytest.param((400, 400), 1, id="square"),
        pytest.param((1080, 1920), 1 + 4, id="16:9"),
        pytest.param((1920, 1080), 1, id="9:16"),
        pytest.param((300, 30_000), 1 + 16, id="panorama"),
    ],
)
def test_windows_cover_the_picture(size: tuple[int, int], count: int) -> None:
    views = search_windows(size, (256, 192))
    height, width = size
    assert len(views) == count
    np.testing.assert_array_equal(views[0], [0, 0, width, height])
    assert views[:, :2].min() == 0
    assert views[-1, 2] == pytest.approx(width)
    assert views[-1, 3] == pytest.approx(height)


def test_body_box_is_larger_than_the_keypoints_and_inside_the_image() -> None:
    box = body_box(np.array([[10.0, 20.0], [50.0, 80.0]]), (90, 200))
    assert box is not None
    np.testing.assert_allclose(box, [4, 17, 56, 83])
    assert body_box(np.array([[10.0, 20.0], [10.0, 20.0]]), (90, 200)) is None
    assert body_box(np.array([[-90.0, 20.0], [-50.0, 80.0]]), (90, 200)) is None


@pytest.mark.parametrize(
    ("size", "count"),
    [
        pytest.param((400, 300), 3 * 3, id="3:4"),
        pytest.param((480, 640), 3 * 5, id="4:3"),
        pytest.param((300, 30_000), 3 * 16, id="panorama"),
    ],
)
def test_closer_windows_lie_all_over_the_picture(size: tuple[int, int], count: int) -> None:
    views = closer_windows(size, (256, 192))
    height, width = size
    assert len(views) == count
    assert views.min(axis=0)[:2] == pytest.approx([0, 0])
    assert views.max(axis=0)[2:] == pytest.approx([width, height])
    sides = views[:, 2:] - views[:, :2]
    assert sides[:, 1] == pytest.approx(0.6 * min(height, width * 256 / 192))
    assert sides[:, 0] / sides[:, 1] == pytest.approx(192 / 256)


class Timid(Counted):
    """A network that is not sure of anything in views as large as the picture."""

    def __init__(self, runtime: OnnxPose, doubt: float) -> None:
        super().__init__(runtime)
        self.doubt = doubt
        self.crops = 0

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        self.crops += len(crops)
        found = super().__call__(crops)
        return found._replace(scores=found.scores * self.doubt)


@pytest.mark.parametrize(("doubt", "closer"), [(1.0, False), (0.5, True)])
def test_looks_closer_where_it_is_not_sure(toy_pose: Path, doubt: float, closer: bool) -> None:
    runtime = Timid(OnnxPose(toy_pose, "cpu"), doubt)
    found = SelfLocator(runtime, threshold=0.1)(picture((400, 300), (80, 40, 220, 360)))
    assert len(found.boxes) == 1
    assert (runtime.crops > 2 + 9) == closer
