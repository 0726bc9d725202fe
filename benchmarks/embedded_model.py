"""Figures of a model on labelled persons, with ground-truth boxes: AP a group, and the spine's ends.

    python benchmarks/embedded_model.py COCO.json IMAGES [--model PATH] [--sheet out/sheet.jpg]

As the package runs it: the deploy graph, no flip test, persons ranked by their calibrated scores. A model
folder is ranked by its raw peaks instead; `spinepose evaluate` tells more. The 12 photos of the embedded
model's README are for measuring only: nothing is trained or chosen on them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.evaluate import Evaluation, run_evaluation
from spinepose_hf.evaluation.network import load_network
from spinepose_hf.evaluation.source import open_eval_set
from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.inference.images import load_image
from spinepose_hf.output.drawing import draw_people
from spinepose_hf.weights import embedded_onnx


def main() -> None:
    """Predict every labelled person and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--model", help="deploy ONNX file or model folder; default: the embedded weights")
    parser.add_argument("--sheet", type=Path, help="also write a contact sheet of the predictions")
    arguments = parser.parse_args()

    data = open_eval_set(arguments.annotations, arguments.images)
    network = load_network(arguments.model or embedded_onnx(), flip=False, device="cpu")
    evaluation = run_evaluation(network, data, samples=0)
    report = evaluation.report
    print(f"{report.images} pictures, {report.persons} persons with labels")
    for name, group in report.groups.items():
        figures = [f"{key} {'-' if v is None else f'{v:.3f}'}" for key, v in group.figures.items()]
        print(f"{name:6s} " + "  ".join(figures))
    print_torso(evaluation)
    print(
        f"keypoints above OKS 0.5: {report.calibration.right:.3f}; "
        f"calibration error of their scores: {report.calibration.error:.3f}"
    )
    if arguments.sheet:
        write_sheet(drawn_pictures(evaluation, arguments.images), arguments.sheet)
        print(arguments.sheet)


def print_torso(evaluation: Evaluation) -> None:
    """How often the predicted ends of the spine lie near the labelled torso."""
    labels = evaluation.data.index.converted(SPINETRACK).keypoints[evaluation.pairs.label_rows]
    pairs = zip(evaluation.pairs.predicted, labels, strict=True)
    found = (torso_agreement(points, label[:, :2], label[:, 2]) for points, label in pairs)
    agreements = [agreement for agreement in found if agreement is not None]
    if not agreements:
        return
    for name in ("sacrum", "c7"):
        within = np.mean([getattr(agreement, name) <= 0.3 for agreement in agreements])
        print(f"{name} within 0.3 torso lengths: {within:.3f}")
    share = np.mean([agreement.agrees for agreement in agreements])
    print(f"both, of {len(agreements)} persons with ten points, shoulders and hips: {share:.3f}")


def drawn_pictures(evaluation: Evaluation, images: Path) -> list[np.ndarray]:
    """Every picture with its people drawn in."""
    index, found = evaluation.data.index, evaluation.predictions
    tiles = []
    for rank, row in enumerate(np.argsort(index.image_ids, kind="stable").tolist()):
        some = found.select(found.image_rows == rank)
        if len(some):
            image = load_image(images / index.file_names[row])
            tiles.append(draw_people(image, some.keypoints, some.scores))
    return tiles


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
