"""What tabs share: one network for all threads, and folders that do not stay."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from spinepose_hf.app.context import AppContext
from spinepose_hf.inference import SpinePoseEstimator
from tests.inference.red_clips import red_clip, red_frame


def test_many_threads_get_their_own_answers(context: AppContext) -> None:
    images = [red_frame(index) for index in range(0, 24, 2)]
    alone = [context.estimate(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(context.estimate, images))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
    assert not np.array_equal(alone[0].keypoints, alone[-1].keypoints)


def test_pictures_are_looked_at_twice(context: AppContext) -> None:
    image = red_frame(4)
    once = context.estimator.estimate(image, color="rgb")
    runtime, detector = context.estimator.runtime, context.estimator.detector
    twice = SpinePoseEstimator(runtime, detector=detector, flip=True).estimate(image, color="rgb")
    found = context.estimate(image)
    np.testing.assert_array_equal(found.keypoints, twice.keypoints)
    assert not np.array_equal(found.keypoints, once.keypoints), "the case must be able to fail"


def test_videos(context: AppContext, tmp_path: Path) -> None:
    with context.stream(red_clip(tmp_path / "walk.mp4", 6)) as stream:
        assert [frame.index for frame in stream] == list(range(6))


def test_folders_end_with_the_app(context: AppContext) -> None:
    folder = context.folder()
    (folder / "result.csv").write_text("x")
    assert folder != context.folder()
    context.close()
    assert not context.root.exists()
    context.close()


def test_folders_end_when_their_time_is_over(context: AppContext) -> None:
    folder = context.folder()
    context.delete_old()
    assert folder.exists()
    context.delete_old(now=time.time() + 61)
    assert not folder.exists()


def test_what_the_page_always_shows_stays(context: AppContext) -> None:
    context.uploads.mkdir()
    context.delete_old(now=time.time() + 61)
    assert context.uploads.exists()


def test_warm_up_runs_the_network(context: AppContext) -> None:
    context.warm_up()
    assert context.estimator.detector is not None
