"""Jobs: what is checked first, what is written, and how they end."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import OutputError
from spinepose_hf.inference import SpinePoseEstimator, job
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.interruption import Interruption
from spinepose_hf.inference.job import run_job
from spinepose_hf.inference.job_outputs import JobOutputs, check_outputs, written
from spinepose_hf.inference.media.source import SourceInfo, open_source
from spinepose_hf.inference.result_files import with_format
from spinepose_hf.output.draw_options import DrawOptions
from tests.inference.media.clips import write_clip
from tests.inference.red_clips import WIDTH, empty_frame, red_clip, red_frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_clip(tmp_path_factory.mktemp("clips") / "walk.mp4", 20)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "a.bmp", "b.png"):
        Image.fromarray(red_frame(1)).save(folder / name)
    return folder


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("cores", [2, 8])
def test_summary(
    estimator: SpinePoseEstimator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(job, "usable_cores", lambda: cores)
    images = [red_frame(index) if index < 6 else empty_frame() for index in range(10)]
    path = write_clip(tmp_path / "leaves.mp4", images)
    seen: list[FramePoses] = []
    drawn = tmp_path / "drawn.mp4"
    summary = run_job(
        estimator.stream(path, smooth="none"),
        JobOutputs(drawn=drawn, measures=tmp_path / "a.csv"),
        seen.append,
    )
    assert summary.frames == len(seen) == frames_of(drawn) == 10
    assert summary.empty_frames == 4
    assert summary.most_people == 1
    assert summary.ids == {1}
    assert summary.clip_seconds == pytest.approx(0.9)
    assert not summary.interrupted
    assert set(summary.stage_seconds) == {"decode", "detect", "pose", "smooth", "draw", "encode"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("spinepose-")]


@pytest.mark.parametrize("blur", [False, True], ids=["shown", "blurred"])
def test_side_by_side_hides_faces_in_both(estimator: SpinePoseEstimator, tmp_path: Path, blur: bool) -> None:
    path, out = tmp_path / "a.png", tmp_path / "out.png"
    Image.fromarray(red_frame(0)).save(path)
    # A threshold that nobody reaches: nothing is drawn over what is looked at.
    options = DrawOptions(threshold=1.0, blur_faces=blur, ids=False)
    run_job(estimator.stream(path), JobOutputs(drawn=out, drawing=options, side_by_side=True))
    both = np.asarray(Image.open(out))
    left, right = both[:, :WIDTH], both[:, -WIDTH:]
    np.testing.assert_array_equal(left, right)
    changed = np.abs(left.astype(int) - red_frame(0)).max(axis=2) > 20
    assert changed[15:25, 26:38].any() == blur
    assert not changed[40:].any()


def test_pictures_into_a_folder(estimator: SpinePoseEstimator, pictures: Path, tmp_path: Path) -> None:
    drawn, results, measures = tmp_path / "drawn", tmp_path / "results", tmp_path / "a.csv"
    outputs = JobOutputs(drawn=drawn, results=((results, None),), measures=measures)
    summary = run_job(estimator.stream(pictures), outputs)
    assert summary.frames == 3
    # Two pictures of one name: none is lost.
    assert sorted(path.name for path in drawn.iterdir()) == ["a.jpg", "a.png.jpg", "b.jpg"]
    assert len(list(results.iterdir())) == 3
    assert written(outputs) == [drawn, results, measures]
    with pytest.raises(OutputError, match=r"a\.jpg exists; add --overwrite"):
        run_job(estimator.stream(pictures), outputs)
    # Other pictures may join them.
    Image.fromarray(red_frame(2)).save(tmp_path / "c.png")
    run_job(estimator.stream(tmp_path / "c.png"), JobOutputs(drawn=drawn))
    assert (drawn / "c.jpg").is_file()


def info(path: Path, kind: str = "video", count: int | None = 20) -> SourceInfo:
    return SourceInfo(str(path), kind, None, 10.0, count, None, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        pytest.param({"drawn": "out.jpg"}, "a video ends in", id="picture of a video"),
        pytest.param({"results": ["a.doc"]}, "ends in", id="unknown results"),
        pytest.param({"results": ["people"], "format": "csv"}, "as csv: give", id="folder as csv"),
        pytest.param({"results": ["a.csv"], "format": "trc"}, "as trc: give", id="csv as trc"),
        pytest.param({"results": ["a.csv"], "format": "xml"}, "no format 'xml'", id="unknown format"),
        pytest.param({"measures": "a.txt"}, r"written as \.csv or \.mot", id="measures"),
        pytest.param({"plot": "a.gif"}, r"plots are written as", id="plot"),
        pytest.param({"drawn": "walk.mp4"}, "input itself", id="drawn over the input"),
        pytest.param({"results": ["a.csv"], "measures": "./a.csv"}, "two outputs", id="one name twice"),
        pytest.param({"drawn": "old.mp4"}, "old.mp4 exists; add --overwrite", id="old video"),
        pytest.param({"measures": "old.mot"}, "old_person01.mot exists", id="old angles of a person"),
        pytest.param({"results": ["old.trc"]}, "old_markers.xml exists", id="old markers"),
        pytest.param(
            {"results": ["old"]}, "walk_000000000003_keypoints.json exists", id="old OpenPose files"
        ),
    ],
)
def test_refuses_before_any_work(tmp_path: Path, outputs: dict[str, object], message: str) -> None:
    for name in ("walk.mp4", "old.mp4", "old_person01.mot", "old_markers.xml", "more_person02.trc"):
        (tmp_path / name).touch()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "walk_000000000003_keypoints.json").touch()
    if "plot" in outputs:
        pytest.importorskip("matplotlib")
    given = {name: tmp_path / str(outputs[name]) for name in ("drawn", "measures", "plot") if name in outputs}
    names = outputs.get("results", [])
    assert isinstance(names, list)
    results = tuple((tmp_path / name, outputs.get("format")) for name in names)
    with pytest.raises(OutputError, match=message):
        check_outputs(JobOutputs(results=results, **given), info(tmp_path / "walk.mp4"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        pytest.param({"plot": "a.png"}, "a plot shows measures over time", id="plot"),
        pytest.param({"measures": "a.mot"}, "needs times", id="mot"),
        pytest.param({"drawn": "a.txt"}, "is a file; give a folder", id="file for a folder"),
        pytest.param({"drawn": "b.jpg"}, "looks like a file; give a folder", id="name of a file"),
    ],
)
def test_pictures_refuse(pictures: Path, tmp_path: Path, outputs: dict[str, str], message: str) -> None:
    (tmp_path / "a.txt").touch()
    given = {name: tmp_path / value for name, value in outputs.items()}
    with pytest.raises(OutputError, match=message):
        check_outputs(JobOutputs(overwrite=True, **given), open_source(pictures).info)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["pictures", "pictures/*.jpg", "**/*.jpg"])
def test_never_draws_over_its_pictures(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for stem in "ab":
        Image.fromarray(red_frame(1)).save(folder / f"{stem}.jpg")
    source = open_source(f"{tmp_path}/{name}")
    with pytest.raises(OutputError, match="input itself"):
        check_outputs(JobOutputs(drawn=folder, overwrite=True), source.info)


def test_other_files_of_a_folder_are_no_reason(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "other_000000000000_keypoints.json").touch()
    check_outputs(JobOutputs(results=((folder, None),)), info(tmp_path / "walk.mp4"))


@pytest.mark.parametrize(
    ("names", "chosen", "formats"),
    [
        pytest.param(["a.json"], None, [None], id="by suffix"),
        pytest.param(["a.json"], "coco", ["coco"], id="one file"),
        pytest.param(["a.doc"], "coco", ["coco"], id="one file that does not fit is refused later"),
        pytest.param(["a.csv", "b.json", "c.trc"], "csv-wide", ["csv-wide", None, None], id="those that fit"),
        pytest.param([], "coco", [], id="none"),
    ],
)
def test_one_format_for_several_files(
    names: list[str], chosen: str | None, formats: list[str | None]
) -> None:
    assert [name for _, name in with_format([Path(name) for name in names], chosen)] == formats


def test_a_format_that_fits_none_of_several() -> None:
    with pytest.raises(OutputError, match=r"no result can be written as trc: it needs .*\.trc"):
        with_format([Path("a.csv"), Path("b.json")], "trc")


def test_nobody_in_the_whole_video(
    estimator: SpinePoseEstimator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_clip(tmp_path / "wall.mp4", [empty_frame()] * 12)
    names = ("a.json", "a.csv", "openpose")
    outputs = JobOutputs(
        drawn=tmp_path / "drawn.mp4",
        results=tuple((tmp_path / name, None) for name in names),
        measures=tmp_path / "angles.csv",
        overlay_angles=True,
    )
    with caplog.at_level(logging.WARNING):
        summary = run_job(estimator.stream(path), outputs)
    assert summary.frames == summary.empty_frames == 12
    assert "nobody was found in" in caplog.text
    assert frames_of(tmp_path / "drawn.mp4") == 12
    assert json.loads((tmp_path / "a.json").read_text()) == []
    assert len(list((tmp_path / "openpose").iterdir())) == 12
    assert set(outputs.paths) == set(written(outputs))


def test_plots_what_it_measured(estimator: SpinePoseEstimator, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot = tmp_path / "angles.png"
    run_job(estimator.stream(clip), JobOutputs(plot=plot))
    with Image.open(plot) as picture:
        assert min(picture.size) > 100
    assert list(tmp_path.iterdir()) == [plot]


@pytest.mark.parametrize("cores", [2, 8])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted(
    estimator: SpinePoseEstimator,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    cores: int,
) -> None:
    monkeypatch.setattr(job, "usable_cores", lambda: cores)
    drawn, table = tmp_path / "drawn.mp4", tmp_path / "people.csv"
    count = 0

    def on_frame(result: FramePoses) -> None:
        nonlocal count
        count += 1
        if count == 5:
            # In the middle of this frame; it is not torn out of it.
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    summary = run_job(
        estimator.stream(clip, smooth="none"), JobOutputs(drawn=drawn, results=((table, None),)), on_frame
    )
    assert summary.interrupted
    assert summary.frames == count == frames_of(drawn) == 5
    assert len(table.read_text().splitlines()) == 1 + 5 * 37
    assert signal.getsignal(number) == before
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["drawn.mp4", "people.csv"]


def test_a_second_signal_is_not_held_back() -> None:
    with pytest.raises(KeyboardInterrupt), Interruption() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        assert not stop.insisted
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.insisted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as stop:
            os.kill(os.getpid(), signal.SIGINT)
        assert not stop.asked
    finally:
        signal.signal(signal.SIGINT, before)
