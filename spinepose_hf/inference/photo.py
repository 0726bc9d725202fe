"""One call for one photo, as in the original package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from spinepose_hf.errors import ImageError
from spinepose_hf.inference.engine import FramePoses
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.job import run_job
from spinepose_hf.inference.job_outputs import JobOutputs, one_path
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.openpose import to_openpose

PathLike = str | os.PathLike[str]


def infer_image(
    path: PathLike,
    out: PathLike | None = None,
    vis_path: PathLike | None = None,
    save_path: PathLike | None = None,
    *,
    boxes: ArrayLike | None = None,
    estimator: SpinePoseEstimator | None = None,
    model: PathLike | PoseRuntime | None = None,
    device: str = "auto",
    detector: PathLike = "auto",
    spine_only: bool = False,
    threshold: float = 0.3,
) -> list[dict[str, Any]]:
    """Estimate the people of a photo, and write the annotated picture and the results where asked.

    Files that exist are replaced.

    Args:
        path: the photo.
        out: where to write the annotated picture (.jpg, .png or .webp).
        vis_path: another name for `out`.
        save_path: where to write the results: OpenPose for .json; other formats as in `open_writer`.
        boxes: (N, 4) x1, y1, x2, y2 of the people in px, if they are known.
        estimator: one that is already loaded; it makes `model`, `device` and `detector` meaningless. Without
            one, people are looked at mirrored too, as by the command.
        model: see `SpinePoseEstimator`.
        device: see `SpinePoseEstimator`.
        detector: see `SpinePoseEstimator`.
        spine_only: draw the spine and nothing else.
        threshold: least score of a keypoint that is drawn, 0 to 1.

    Returns:
        OpenPose-style results, one dict a person.

    Raises:
        ImageError: the photo cannot be read.
        NoPersonError: nobody was found; nothing is written.
        OutputError: a file cannot be written.
        ValueError: both `out` and `vis_path` are given.
        SpinePoseError: what `SpinePoseEstimator` and its `predict` raise.
    """
    outputs = JobOutputs(
        drawn=one_path(out, vis_path),
        results=() if save_path is None else ((Path(save_path), None),),
        drawing=DrawOptions(spine_only=spine_only, threshold=threshold),
        overwrite=True,
    )
    if estimator is None:
        estimator = SpinePoseEstimator(model, device, detector, threshold, flip=None)
    if "://" not in str(path) and not Path(path).is_file():
        raise ImageError(f"{path} does not exist, or is no file; check the path")
    stream = estimator.stream(path, boxes)
    if stream.info.kind != "pictures" or stream.info.frame_count != 1:
        stream.close()
        raise ImageError(f"{path} is no single picture; use infer_video, or SpinePoseEstimator.stream")
    results: list[FramePoses] = []
    run_job(stream, outputs, results.append)
    return to_openpose(results[0].people)


__all__ = ["infer_image"]
