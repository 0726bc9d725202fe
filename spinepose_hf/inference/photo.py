"""One call for one photo, as in the original package."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from spinepose_hf.errors import NoPersonError
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.output.drawing import draw_people
from spinepose_hf.output.json_file import check_json_path
from spinepose_hf.output.openpose import to_openpose, write_openpose
from spinepose_hf.output.picture import check_picture_path, write_picture

PathLike = str | os.PathLike[str]

NO_PERSON = "no person found in {path}; give a box around the person, or a detector"


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

    Args:
        path: the photo.
        out: where to write the annotated picture (.jpg, .png or .webp).
        vis_path: another name for `out`.
        save_path: where to write the results as OpenPose JSON.
        boxes: (N, 4) x1, y1, x2, y2 of the people in px, if they are known.
        estimator: one that is already loaded; it makes `model`, `device` and `detector` meaningless.
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
    if out is not None and vis_path is not None:
        raise ValueError("out and vis_path are the same thing: give one of them")
    picture_path = out if vis_path is None else vis_path
    if picture_path is not None:
        check_picture_path(picture_path)
    if save_path is not None:
        check_json_path(save_path)
    image = load_image(path)
    if estimator is None:
        estimator = SpinePoseEstimator(model, device, detector, threshold)
    people = estimator.estimate(image, boxes, color="rgb")
    if not len(people):
        raise NoPersonError(NO_PERSON.format(path=path))
    if picture_path is not None:
        drawn = draw_people(
            image, people.keypoints, people.scores, spine_only=spine_only, threshold=threshold
        )
        write_picture(drawn, picture_path)
    if save_path is not None:
        write_openpose(people, save_path)
    return to_openpose(people)


__all__ = ["NO_PERSON", "infer_image"]
