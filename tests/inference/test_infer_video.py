"""infer_video: one call for one video."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest

from spinepose_hf.errors import OutputError, VideoError
from spinepose_hf.inference import SpinePoseEstimator
from spinepose_hf.inference.video import infer_video
from tests.inference.media.clips import loudness
from tests.inference.red_clips import HEIGHT, WIDTH, left_of, red_clip

COUNT, RATE = 20, 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_clip(tmp_path_factory.mktemp("clips") / "walk.mp4", COUNT, rate=RATE, sound="aac")


def test_returns_the_people_of_each_frame(estimator: SpinePoseEstimator, clip: Path) -> None:
    before = sorted(clip.parent.iterdir())
    people = infer_video(clip, estimator=estimator)
    assert [each.frame for each in people] == list(range(COUNT))
    np.testing.assert_allclose([each.time or 0 for each in people], np.arange(COUNT) / RATE, atol=1e-6)
    for index, each in enumerate(people):
        assert each.ids is not None
        assert each.ids.tolist() == [1]
        assert each.keypoints[0, :, 0].min() == pytest.approx(left_of(index), abs=3)
    assert sorted(clip.parent.iterdir()) == before, "nothing is written unless asked"


@pytest.mark.parametrize("keyword", ["out", "vis_path"])
def test_writes_a_video_with_its_sound(
    estimator: SpinePoseEstimator, clip: Path, tmp_path: Path, keyword: str
) -> None:
    out = tmp_path / "drawn.mp4"
    infer_video(clip, estimator=estimator, **{keyword: out})  # type: ignore[arg-type]
    with av.open(str(out)) as container:
        frames = [
            (float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
    assert len(frames) == COUNT
    np.testing.assert_allclose([time for time, _ in frames], np.arange(COUNT) / RATE, atol=1e-3)
    picture = frames[5][1]
    assert picture.shape == (HEIGHT, WIDTH, 3)
    # Something other than red and grey is drawn on the person, and nothing far away from it.
    blue = picture[..., 2].astype(int) - picture[..., 0]
    person = slice(left_of(5), left_of(5) + 24)
    assert (blue[20:80, person] > 20).any()
    assert np.abs(picture[:, 120:].astype(int) - 128).max() < 16
    times, loud = loudness(out)
    assert times[-1] == pytest.approx(COUNT / RATE, abs=0.15)
    assert loud[times > 1.2].min() > 10 * loud[times < 0.8].max()


def test_use_smoothing(estimator: SpinePoseEstimator, tmp_path: Path) -> None:
    clip = red_clip(tmp_path / "walk.mp4", 30, rate=30)
    smooth, plain = (
        np.stack([each.keypoints[0] for each in infer_video(clip, None, choice, estimator=estimator)])
        for choice in (True, False)
    )
    assert smooth.shape == plain.shape == (30, 37, 2)
    assert 0 < np.abs(smooth - plain).max() < 4
    unsmoothed = [result.people.keypoints[0] for result in estimator.stream(clip, smooth="none")]
    np.testing.assert_array_equal(plain, np.stack(unsmoothed))


def test_writes_results_and_measures(estimator: SpinePoseEstimator, clip: Path, tmp_path: Path) -> None:
    table, measures = tmp_path / "people.csv", tmp_path / "angles.csv"
    infer_video(clip, estimator=estimator, save_path=table, measure_path=measures)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == COUNT * 37
    assert {row["frame"] for row in rows} == {str(index) for index in range(COUNT)}
    with measures.open(newline="") as file:
        angles = list(csv.DictReader(file))
    assert len(angles) == COUNT
    assert float(angles[-1]["time_s"]) == pytest.approx((COUNT - 1) / RATE)


@pytest.mark.parametrize(
    ("name", "made", "lines"),
    [
        pytest.param("people.json", "people.json", None, id="coco"),
        pytest.param("people.trc", "people_person01.trc", COUNT, id="trc"),
        pytest.param("angles.mot", "angles_person01.mot", COUNT, id="mot"),
        pytest.param("openpose", "openpose", None, id="openpose"),
    ],
)
def test_other_files(
    estimator: SpinePoseEstimator, clip: Path, tmp_path: Path, name: str, made: str, lines: int | None
) -> None:
    path = tmp_path / name
    target = {"measure_path": path} if path.suffix == ".mot" else {"save_path": path}
    infer_video(clip, estimator=estimator, **target)  # type: ignore[arg-type]
    if name == "openpose":
        files = sorted(path.iterdir())
        assert [file.name for file in files] == [f"walk_{i:012d}_keypoints.json" for i in range(COUNT)]
        assert all(len(json.loads(file.read_text())["people"]) == 1 for file in files)
    elif lines is None:
        entries = json.loads(path.read_text())
        assert len(entries) == COUNT
        assert len(entries[0]["keypoints"]) == 37 * 3
    else:
        numbers = [line.split("\t")[0] for line in (tmp_path / made).read_text().splitlines()]
        rows = [number for number in numbers if number.replace(".", "").isdecimal()]
        assert len(rows) >= lines


def test_replaces_what_exists(estimator: SpinePoseEstimator, clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "openpose"
    folder.mkdir()
    infer_video(clip, estimator=estimator, save_path=folder)
    other = folder / "other_000000000019_keypoints.json"
    other.touch()
    infer_video(clip, estimator=estimator, save_path=folder, end=0.5)
    # A longer run's frames are gone, another clip's are not.
    assert len(list(folder.iterdir())) == 6
    assert other.exists()
    more = tmp_path / "a_person07.trc"
    more.touch()
    infer_video(clip, estimator=estimator, save_path=tmp_path / "a.trc", end=0.5)
    assert not more.exists()


def test_refuses(estimator: SpinePoseEstimator, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="does not exist"):
        infer_video(tmp_path / "none.mp4", estimator=estimator)
    with pytest.raises(OutputError, match="a video ends in"):
        infer_video(clip, tmp_path / "out.gif", estimator=estimator)
    with pytest.raises(OutputError, match="give a file name that ends in"):
        infer_video(clip, save_path=tmp_path / "out.doc", estimator=estimator)
    with pytest.raises(OutputError, match="input itself"):
        infer_video(clip, clip, estimator=estimator)
    with pytest.raises(ValueError, match="give one of them"):
        infer_video(clip, "a.mp4", vis_path="b.mp4", estimator=estimator)
    assert list(tmp_path.iterdir()) == []
