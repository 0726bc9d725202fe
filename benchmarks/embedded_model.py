"""Figures of a model on labelled persons, with ground-truth boxes: AP a group, and the spine's ends.

    python benchmarks/embedded_model.py COCO.json IMAGES [--model PATH] [--sheet out/sheet.jpg]

The 12 photos of the embedded model's README are for measuring only: nothing is trained or chosen on them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from spinepose_hf.evaluation.calibration import expected_calibration_error
from spinepose_hf.evaluation.keypoint_ap import instance_score, keypoint_ap
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS
from spinepose_hf.output.drawing import draw_people
from spinepose_hf.training.data import read_persons


def main() -> None:
    """Predict every labelled person and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--model", help="deploy ONNX file or model folder; default: the embedded weights")
    parser.add_argument("--sheet", type=Path, help="also write a contact sheet of the predictions")
    parser.add_argument("--limit", type=int, default=0, help="only the first N pictures")
    arguments = parser.parse_args()

    ground_truth = json.loads(arguments.annotations.read_text(encoding="utf-8"))
    persons = read_persons(arguments.annotations, arguments.images)
    estimator = SpinePoseEstimator(model=arguments.model, device="cpu")
    ids = sorted({person.image_id for person in persons})[: arguments.limit or None]
    results, agreements, tiles = [], [], []
    scores: list[np.ndarray] = []
    right: list[np.ndarray] = []
    for image_id in ids:
        some = [person for person in persons if person.image_id == image_id]
        image = load_image(some[0].image)
        people = estimator.estimate(image, boxes=np.stack([person.box for person in some]), color="rgb")
        for i, person in enumerate(some):
            results.append(
                {
                    "image_id": image_id,
                    "score": instance_score(people.scores[i]),
                    "keypoints": people.keypoints[i],
                }
            )
            labelled = person.visibility > 0
            similarity = [
                keypoint_similarity(
                    people.keypoints[i][None, [k]],
                    person.keypoints[None, [k]],
                    np.ones((1, 1), bool),
                    np.array([person.area]),
                    np.array([OKS_SIGMAS[k]]),
                )[0]
                for k in np.flatnonzero(labelled)
            ]
            scores.append(people.scores[i][labelled])
            right.append(np.array(similarity) > 0.5)
            agreement = torso_agreement(people.keypoints[i], person.keypoints, person.visibility)
            if agreement is not None:
                agreements.append(agreement)
        if arguments.sheet:
            tiles.append(draw_people(image, people.keypoints, people.scores))
    if arguments.limit:
        kept = set(ids)
        for key, field in (("images", "id"), ("annotations", "image_id")):
            ground_truth[key] = [entry for entry in ground_truth[key] if entry[field] in kept]

    print(f"{len(ids)} pictures, {len(results)} persons with labels")
    for name, group in GROUPS.items():
        figures = keypoint_ap(ground_truth, results, group)
        if figures:
            print(f"{name:6s} " + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
    for name in ("sacrum", "c7"):
        within = np.mean([getattr(agreement, name) <= 0.3 for agreement in agreements])
        print(f"{name} within 0.3 torso lengths: {within:.3f}")
    share = np.mean([agreement.agrees for agreement in agreements])
    print(f"both, of {len(agreements)} persons with ten points, shoulders and hips: {share:.3f}")
    hits = np.concatenate(right)
    error = expected_calibration_error(np.concatenate(scores), hits)
    print(f"keypoints above OKS 0.5: {hits.mean():.3f}; calibration error of their scores: {error:.3f}")
    if arguments.sheet:
        write_sheet(tiles, arguments.sheet)
        print(arguments.sheet)


def write_sheet(tiles: list[np.ndarray], path: Path, columns: int = 4, side: int = 480) -> None:
    """Write pictures in a grid, each fitted into a square."""
    import cv2

    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * side, columns * side, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        factor = side / max(tile.shape[:2])
        small = cv2.resize(tile, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        y, x = i // columns * side, i % columns * side
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
