"""One call for one video, as in the original package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.job import run_job
from spinepose_hf.inference.job_outputs import JobOutputs, one_path
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.pose import People

PathLike = str | os.PathLike[str]


def infer_video(
    path: PathLike | int,
    out: PathLike | None = None,
    use_smoothing: bool = True,
    vis_path: PathLike | None = None,
    save_path: PathLike | None = None,
    *,
    measure_path: PathLike | None = None,
    boxes: ArrayLike | None = None,
    estimator: SpinePoseEstimator | None = None,
    model: PathLike | PoseRuntime | None = None,
    device: str = "auto",
    detector: PathLike = "auto",
    spine_only: bool = False,
    threshold: float = 0.3,
    **options: Any,
) -> list[People]:
    """Follow the people of a video, and write the annotated video and the results where asked.

    Files that exist are replaced.

    Args:
        path: a video, a folder of pictures, or an address; see `SpinePoseEstimator.stream`.
        out: where to write the annotated video (.mp4, .mov or .mkv).
        use_smoothing: whether to smooth over time.
        vis_path: another name for `out`.
        save_path: where to write the keypoints: .json (COCO), .csv, .parquet, .trc, or a folder of OpenPose
            files.
        measure_path: where to write spine measures: .csv or .mot.
        boxes: (N, 4) x1, y1, x2, y2 of the people in px, if they stay in their places.
        estimator: one that is already loaded; it makes `model`, `device` and `detector` meaningless.
        model: see `SpinePoseEstimator`.
        device: see `SpinePoseEstimator`.
        detector: see `SpinePoseEstimator`.
        spine_only: draw the spine and nothing else.
        threshold: least score of a keypoint that is drawn, 0 to 1.
        **options: fields of `StreamOptions`, such as `start`, `end`, `stride` and `detect_every`.

    Returns:
        The people of each frame. This is some 2 kB a person and frame: iterate over
        `SpinePoseEstimator.stream` instead where a video has hours.

    Raises:
        VideoError: the video cannot be read.
        OutputError: a file cannot be written.
        ValueError: both `out` and `vis_path` are given.
        SpinePoseError: what `SpinePoseEstimator` and its `stream` raise.
    """
    outputs = JobOutputs(
        drawn=one_path(out, vis_path),
        results=() if save_path is None else ((Path(save_path), None),),
        measures=None if measure_path is None else Path(measure_path),
        drawing=DrawOptions(spine_only=spine_only, threshold=threshold),
        overwrite=True,
    )
    if estimator is None:
        estimator = SpinePoseEstimator(model, device, detector, threshold)
    if not use_smoothing:
        options["smooth"] = "none"
    people: list[People] = []

    def keep(result: FramePoses) -> None:
        people.append(result.people)

    summary = run_job(estimator.stream(path, boxes, **options), outputs, keep)
    if summary.interrupted:
        raise KeyboardInterrupt
    return people


__all__ = ["infer_video"]
