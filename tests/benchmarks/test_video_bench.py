"""The video benchmark's arithmetic and its clips; what it measures is not tested here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spinepose_hf.model.skeleton import NUM_KEYPOINTS
from spinepose_hf.pose import People

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def parts(root: Path) -> Iterator[ModuleType]:
    """The benchmark's folder as a package, and as the processes see it that it starts."""
    folders = [str(root / "benchmarks"), str(root / "benchmarks" / "video_peers")]
    sys.path[:0] = folders
    yield importlib.import_module("video_peers")
    for folder in folders:
        sys.path.remove(folder)


def part(parts: ModuleType, name: str) -> ModuleType:
    return importlib.import_module(f"{parts.__name__}.{name}")


@pytest.mark.parametrize(
    ("case", "ours", "other", "goal", "at_most", "row"),
    [
        (
            "faster",
            [20, 30, 40],
            [10, 10, 10],
            1.5,
            False,
            "30 fps | 10 fps | **3.00** (2.00–4.00) | ≥ 1.5 ✓",
        ),
        ("slower", [10], [10], 1.5, False, "10 fps | 10 fps | **1.00** | ≥ 1.5 ✗"),
        ("smaller", [10], [100], 0.2, True, "10 fps | 100 fps | **0.10** | ≤ 0.2 ✓"),
        ("no goal", [10], [20], None, False, "10 fps | 20 fps | **0.50** | - |"),
    ],
)
def test_a_ratio_is_formed_within_rounds_and_judged(
    parts: ModuleType,
    case: str,
    ours: list[float],
    other: list[float],
    goal: float | None,
    at_most: bool,
    row: str,
) -> None:
    assert row in part(parts, "report").Ratio(case, ours, other, "fps", goal, at_most).row()


def test_stages_that_one_case_lacks_are_dashes(parts: ModuleType) -> None:
    table = part(parts, "report").stage_table({"a": {"decode": 1.0}, "b": {"decode": 2.0, "detect": 3.0}})
    assert "| a | 1.0 | - |" in table and "| b | 2.0 | 3.0 |" in table


def test_fixed_boxes_are_the_largest_and_as_many_as_asked_for(parts: ModuleType) -> None:
    fixed_boxes = part(parts, "sections").fixed_boxes
    found = [[[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 99.0, 99.0]]]
    assert fixed_boxes(found, 1) == [found[0][1]]
    assert fixed_boxes(found, 4)[:2] == [found[0][1], found[0][0]]
    assert len(fixed_boxes([], 8)) == 8


def test_a_clip_is_repeated_without_gaps(parts: ModuleType, tmp_path: Path) -> None:
    clips = part(parts, "clips")
    shades = (np.full((32, 32, 3), 8 * n, np.uint8) for n in range(clips.RATE))
    clips.write_clip(tmp_path / "short.mp4", shades, (32, 32))
    long = clips.lengthen(tmp_path / "short.mp4", tmp_path / "long.mp4", 3)
    with av.open(str(long)) as container:
        frames = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    times, levels = np.array(frames).T
    assert len(times) == 3 * clips.RATE
    assert np.allclose(np.diff(times), 1 / clips.RATE, atol=1e-3)
    assert np.allclose(levels[: clips.RATE], levels[-clips.RATE :], atol=2)


def person(at: float) -> People:
    points = np.random.default_rng(0).uniform(0, 100, (1, NUM_KEYPOINTS, 2)).astype(np.float32) + at
    ones = np.ones((1, NUM_KEYPOINTS), np.float32)
    box = np.array([[at, at, at + 100, at + 100]], np.float32)
    return People(
        boxes=box,
        keypoints=points,
        scores=ones,
        sigmas=ones,
        image_size=(400, 400),
        box_scores=np.ones(1, np.float32),
    )


def test_the_cadences_loss_is_that_of_the_frames_it_misses(parts: ModuleType) -> None:
    cadence = part(parts, "cadence")
    truth = [person(10.0), person(20.0), person(30.0), person(40.0)]
    labels = cadence.labels_from(truth)
    columns = range(NUM_KEYPOINTS)
    assert cadence.average_precision(labels, truth, columns) == pytest.approx(1.0)
    off = [*truth[:3], person(240.0)]
    assert 0.5 < cadence.average_precision(labels, off, columns) < 0.8
    nobody = [*truth[:3], truth[3].select(np.zeros(1, bool))]
    assert 0.7 < cadence.average_precision(labels, nobody, columns) < 0.8
    assert cadence.average_precision(cadence.labels_from(nobody), nobody, columns) == pytest.approx(1.0)


def test_labels_move_with_the_camera(parts: ModuleType, tmp_path: Path) -> None:
    cadence = part(parts, "cadence")
    image = np.zeros((200, 300, 3), np.uint8)
    image[90:111, 140:161] = 255
    square = {"bbox": [140, 90, 21, 21], "keypoints": [150, 100, 2] * 17}
    truth = cadence.swaying_clip(image, cadence.records([square]), tmp_path / "clip.mp4", 8)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(shown) == len(truth) == 8
    for picture, rows in zip(shown, truth, strict=True):
        y, x = (axis.mean() for axis in np.nonzero(picture > 128))
        assert rows[0, 4:6] == pytest.approx((x, y), abs=1.5)
    assert not np.allclose(truth[0][0, :4], truth[-1][0, :4], atol=2)
