"""How good the measures of the spine are on rendered people, whose true keypoints are known.

    python benchmarks/measures.py FOLDER [--model PATH] [--count 600]

FOLDER is one of `spinepose synthesize`. Predicted measures are compared with those of the true keypoints,
both in the true view; views with those of the true keypoints, and where the labels have three dimensions
(newer generators), the views of the true keypoints with the exact ones. Also the cost of measuring.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.measure.angles import wrapped
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.uncertainty import SPINE_CORRELATION
from spinepose_hf.measure.view import View, ViewEstimate, estimate_views, view_of
from spinepose_hf.model.geometry import xywh_to_xyxy
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, SPINE_CHAIN
from spinepose_hf.pose import People

SHOWN = (
    "trunk_inclination_deg", "trunk_lean_deg", "side_lean_deg", "neck_lean_deg", "head_forward_deg",
    "shoulder_tilt_deg", "deviation_trunk", "curvature_deg", "lumbar_deg", "thoracic_deg", "cervical_deg",
)  # fmt: skip
LEAST_LABELLED = 30
TRUE_SIGMA = 0.3  # Pixels: labels are exact, but sigmas of 0 would make views certain.


@dataclass
class Sample:
    """Predicted and true people, as one result each, and the exact yaw where it is known."""

    predicted: People
    true: People
    yaws: np.ndarray


def main() -> None:
    """Predict, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", help="deploy ONNX file or model folder; default: the embedded weights")
    parser.add_argument("--count", type=int, default=600, help="at most so many people")
    arguments = parser.parse_args()
    sample = read(arguments.folder, arguments.model, arguments.count)
    views = estimate_views(sample.true)
    print(f"{len(views)} people")
    print_measures(sample, views)
    print_views("views of predicted against those of true keypoints", estimate_views(sample.predicted), views)
    exact = [
        view_of(float(yaw), 0.1) if np.isfinite(yaw) else ViewEstimate(View.UNKNOWN) for yaw in sample.yaws
    ]
    if np.isfinite(sample.yaws).any():
        print_views("views of true keypoints against exact ones", views, exact)
    print_correlation(sample)
    print_cost(sample.predicted)


def read(folder: Path, model: str | None, count: int) -> Sample:
    """Predict the people of a folder in their labelled boxes."""
    labels = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in labels["images"]}
    runtime = load_runtime(model, "cpu")
    people = [entry for entry in labels["annotations"] if entry["num_keypoints"] >= LEAST_LABELLED][:count]
    boxes, truth, found, yaws = [], [], [], []
    for entry in people:
        box = xywh_to_xyxy([entry["bbox"]])
        poses = poses_in_boxes(load_image(folder / "images" / names[entry["image_id"]]), box, runtime)
        boxes.append(box[0])
        found.append([part[0] for part in (poses.keypoints, poses.scores, poses.sigmas)])
        truth.append(np.reshape(entry["keypoints"], (-1, 3)))
        yaws.append(exact_yaw(np.array(entry["keypoints_3d"])) if "keypoints_3d" in entry else np.nan)
    points, scores, sigmas = (np.array(part) for part in zip(*found, strict=True))
    true = np.array(truth, float)
    common: dict[str, Any] = {"boxes": np.array(boxes), "image_size": (1, 1)}
    return Sample(
        People(keypoints=points, scores=scores, sigmas=sigmas, **common),
        People(
            keypoints=true[..., :2],
            scores=(true[..., 2] > 0).astype(float),
            sigmas=np.full(scores.shape, TRUE_SIGMA),
            **common,
        ),
        np.array(yaws),
    )


def exact_yaw(points: np.ndarray) -> float:
    """Yaw (degrees) of keypoints (37, 3) in metres of the camera: x right, y down, z away from it.

    The person's left is the mean direction of shoulders and hips. NaN where the trunk points along the view.
    """
    at = {name: points[index] for name, index in KEYPOINT_INDEX.items()}

    def unit(vector: np.ndarray) -> np.ndarray:
        return np.asarray(vector / np.linalg.norm(vector))

    up = unit(at["neck"] - at["hip"])
    left = sum(unit(at[f"left_{part}"] - at[f"right_{part}"]) for part in ("shoulder", "hip"))
    front = np.cross(unit(left - (left @ up) * up), up)
    camera = unit(-(at["neck"] + at["hip"]) / 2)
    if abs(camera @ up) > 0.7:
        return float("nan")
    camera = unit(camera - (camera @ up) * up)
    return float(np.degrees(np.arctan2(front @ np.cross(up, camera), front @ camera)))


def print_measures(sample: Sample, views: list[ViewEstimate]) -> None:
    """One line a measure."""
    predicted, true = (measure_people(people, views).people for people in (sample.predicted, sample.true))
    print(f"{'measure':24s}  valid  error  deviation  correlation  sigma  error/sigma")
    for key in SHOWN:
        both = [
            (a[key], b[key]) for a, b in zip(predicted, true, strict=True) if a[key].known and b[key].known
        ]
        if len(both) < 3:
            continue
        values, truth, sigmas = np.array([(a.value, b.value, a.sigma) for a, b in both]).T
        errors = wrapped(values - truth) if key.endswith("_deg") else values - truth
        print(
            f"{key:24s}  {len(both):5d}  {np.abs(errors).mean():5.3g}  {truth.std():9.3g}  "
            f"{np.corrcoef(values, truth)[0, 1]:11.2f}  {np.median(sigmas):5.3g}  "
            f"{1.4826 * np.median(np.abs(errors) / sigmas):.2f}"
        )


def print_views(title: str, found: list[ViewEstimate], truth: list[ViewEstimate]) -> None:
    """How often views are right and known."""
    both = [(a, b) for a, b in zip(found, truth, strict=True) if b.view is not View.UNKNOWN]
    known = [(a, b) for a, b in both if a.view is not View.UNKNOWN]
    right = np.mean([a.view is b.view for a, b in known])
    confidence = np.mean([a.confidence for a, _ in known])
    print(
        f"{title}: {len(both)} people, {1 - len(known) / len(both):.2f} unknown, {right:.2f} of the others "
        f"right (mean confidence {confidence:.2f})"
    )


def print_correlation(sample: Sample) -> None:
    """Correlation of the spine's errors by distance, beside the table that is used."""
    chain = list(SPINE_CHAIN)
    errors = (sample.predicted.keypoints - sample.true.keypoints) / sample.predicted.sigmas[..., None]
    errors = errors[:, chain][(sample.true.scores[:, chain] > 0).all(axis=1)]
    errors = errors[(np.abs(errors) < 6).all(axis=(1, 2))]
    measured = [
        np.mean(
            [
                np.corrcoef(errors[:, low, axis], errors[:, low + apart, axis])[0, 1]
                for low in range(len(chain) - apart)
                for axis in range(2)
            ]
        )
        for apart in range(1, len(chain))
    ]
    print("correlation of errors along the spine:", " ".join(f"{value:.2f}" for value in measured))
    print(
        "                            that used:", " ".join(f"{value:.2f}" for value in SPINE_CORRELATION[1:])
    )


def print_cost(people: People) -> None:
    """CPU time of measuring a frame."""
    assert people.keypoint_names == KEYPOINT_NAMES
    for count in (1, 4, 8):
        frame = people.select(np.arange(count))
        start = time.process_time()
        for _ in range(50):
            measure_people(frame)
        print(f"{count} people: {(time.process_time() - start) * 20:.1f} ms a frame")


if __name__ == "__main__":
    main()
