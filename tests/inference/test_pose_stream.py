"""`SpinePoseEstimator.stream`: what its options do, for videos and for pictures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import BoxError, ImageError, SpinePoseError, VideoError
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.media.source import open_source
from spinepose_hf.inference.stream import StreamOptions
from tests.inference.red_clips import HEIGHT, STEP, WIDTH, left_of, red_clip, red_frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_clip(tmp_path_factory.mktemp("clips") / "walk.mp4", 24)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, the second of them broken."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in (1, 3):
        Image.fromarray(red_frame(index)).save(pictures / f"{index}.png")
    (pictures / "2.png").write_bytes((pictures / "1.png").read_bytes()[:90])
    (pictures / "notes.txt").write_text("no picture")
    return pictures


@pytest.mark.parametrize(
    ("options", "indices"),
    [
        pytest.param({}, range(24), id="all"),
        pytest.param({"start": 1.0}, range(10, 24), id="start"),
        pytest.param({"end": 0.5}, range(5), id="end"),
        pytest.param({"start": 0.5, "end": 1.0}, range(5, 10), id="start and end"),
        pytest.param({"stride": 5, "detect_every": 1}, range(0, 24, 5), id="stride"),
        pytest.param({"smooth": "none"}, range(24), id="not smoothed"),
        pytest.param({"smooth": "median"}, range(24), id="median"),
        pytest.param({"detect_every": 1}, range(24), id="detector on every frame"),
    ],
)
def test_frames(estimator: SpinePoseEstimator, clip: Path, options: dict[str, Any], indices: range) -> None:
    with estimator.stream(clip, **options) as stream:
        results = list(stream)
    assert [result.index for result in results] == list(indices)
    assert stream.skipped == 0
    for result in results:
        assert result.time == pytest.approx(result.index / 10)
        assert result.people.frame == result.index
        assert result.people.time == pytest.approx(result.time)
        assert result.people.ids is not None
        assert result.people.ids.tolist() == [1]
        assert result.image.shape == (HEIGHT, WIDTH, 3)
        x = result.people.keypoints[0, :, 0]
        assert (x.min(), x.max()) == pytest.approx((left_of(result.index), left_of(result.index) + 24), abs=3)
        # Its own picture: the red stands where this frame has it.
        red = np.flatnonzero(result.image[50, :, 0] > 190)
        assert red.min() == pytest.approx(left_of(result.index), abs=2)


def test_detections_are_rare_where_nobody_is_lost(estimator: SpinePoseEstimator, clip: Path) -> None:
    counts = {}
    for every in (1, 6):
        with estimator.stream(clip, detect_every=every) as stream:
            assert len(list(stream)) == 24
            counts[every] = stream.detections
    assert counts == {1: 24, 6: 4}


def test_given_boxes_hold_for_every_frame(estimator: SpinePoseEstimator, clip: Path) -> None:
    box = [10, 10, 110, 90]
    with estimator.stream(clip, [box, [0, 0, 150, 95]], max_people=None) as stream:
        results = list(stream)
    assert stream.detections == 0
    assert {len(result.people) for result in results} == {2}
    np.testing.assert_array_equal(results[7].people.boxes[0], box)


def test_most_people(estimator: SpinePoseEstimator, toy_pose: Path, toy_detector: Path, clip: Path) -> None:
    two = SpinePoseEstimator(toy_pose, device="cpu", detector=toy_detector)
    assert max(len(result.people) for result in two.stream(clip, end=0.5)) == 2
    assert max(len(result.people) for result in two.stream(clip, end=0.5, max_people=1)) == 1


def test_smoothing_takes_noise_away(estimator: SpinePoseEstimator, tmp_path: Path) -> None:
    from tests.inference.media.clips import write_clip

    # Somebody who stands, and trembles by 3 px from frame to frame.
    frames = [np.roll(red_frame(0), 3 * (index % 2), axis=1) for index in range(30)]
    path = write_clip(tmp_path / "tremble.mp4", frames, rate=30)

    def spread(method: str) -> float:
        points = [result.people.keypoints[0, 0, 0] for result in estimator.stream(path, smooth=method)]
        return float(np.std(points))

    assert spread("auto") < 0.4 * spread("none")


def test_folder_with_a_broken_picture(
    estimator: SpinePoseEstimator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), estimator.stream(folder) as stream:
        assert stream.info.kind == "pictures"
        results = list(stream)
    assert [result.frame.name for result in results] == ["1.png", "3.png"]
    assert [result.people.frame for result in results] == [0, 2]
    assert stream.skipped == 1
    assert "2.png" in caplog.text
    for result in results:
        assert result.people.ids is None, "pictures have nothing to do with each other"
        number = int(Path(result.frame.name).stem)
        assert result.people.keypoints[0, :, 0].min() == pytest.approx(20 + STEP * number, abs=2)


def test_pattern_and_single_picture(estimator: SpinePoseEstimator, folder: Path) -> None:
    names = [result.frame.name for result in estimator.stream(str(folder / "[13].png"))]
    assert names == ["1.png", "3.png"]
    (single,) = estimator.stream(folder / "3.png")
    assert len(single.people) == 1
    (boxed,) = estimator.stream(folder / "3.png", [[1, 2, 150, 90], [10, 10, 80, 90]], max_people=1)
    np.testing.assert_array_equal(boxed.people.boxes, [[1, 2, 150, 90]])


def test_an_open_source_keeps_its_own_part(estimator: SpinePoseEstimator, clip: Path) -> None:
    source = open_source(clip, start=1.0, stride=2)
    assert [result.index for result in estimator.stream(source, smooth="none")] == list(range(10, 24, 2))


def test_ends_early(estimator: SpinePoseEstimator, clip: Path) -> None:
    with estimator.stream(clip) as stream:
        first = next(iter(stream))
        assert next(iter(stream)).index == first.index + 1, "there is one iteration, not one a call"
    assert list(stream) == []
    stream.close()


@pytest.mark.parametrize(
    ("name", "boxes", "options", "error"),
    [
        pytest.param("none.mp4", None, {}, VideoError, id="missing"),
        pytest.param("walk.mp4", [[1, 2, 3]], {}, BoxError, id="box of three"),
        pytest.param("walk.mp4", [[500, 500, 600, 600]], {}, BoxError, id="box outside"),
        pytest.param("walk.mp4", None, {"smooth": "much"}, SpinePoseError, id="unknown smoothing"),
        pytest.param("walk.mp4", None, {"start": 9.0}, VideoError, id="start after the end"),
        pytest.param("walk.mp4", None, {"start": 2.0, "end": 1.0}, VideoError, id="end before start"),
        pytest.param("walk.mp4", None, {"colour": 1}, TypeError, id="no such option"),
        pytest.param("cut.png", None, {}, ImageError, id="broken picture"),
    ],
)
def test_refuses(
    estimator: SpinePoseEstimator, clip: Path, name: str, boxes: Any, options: Any, error: type[Exception]
) -> None:
    Image.fromarray(red_frame(0)).save(clip.with_name("whole.png"))
    clip.with_name("cut.png").write_bytes(clip.with_name("whole.png").read_bytes()[:90])
    with pytest.raises(error):
        estimator.stream(clip.with_name(name), boxes, **options)


@pytest.mark.parametrize("name", ["stride", "detect_every", "max_people"])
def test_options_are_counts(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 1 or more"):
        StreamOptions(**{name: 0})
