"""Figures that new weights must not fall below: on one photo, and on a few rendered people.

    python -m tests.weights.guard            # the embedded weights' figures beside the recorded ones
    python -m tests.weights.guard --record   # after a release of better weights: record theirs

`guard/walking.json` says how the photo was labelled; `guard_set.py` made the rendered people (CC0 1.0).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from spinepose_hf.evaluation.evaluate import run_evaluation
from spinepose_hf.evaluation.network import Network, load_network
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.evaluation.source import open_eval_set
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import crop_persons, to_image
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS, OKS_SIGMAS, SPINE_CHAIN
from spinepose_hf.weights import embedded_onnx

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(__file__).resolve().parent / "guard"
RECORDED: Final = FOLDER / "recorded.json"
TOLERANCE: Final = 0.02
"""How far a figure may fall: less than a change for the worse, more than two machines differ by."""

_GROUPS: Final = ("body", "spine", "all")

Figures = dict[str, float]


def main() -> None:
    """Print the figures, or record them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="make them the recorded ones")
    arguments = parser.parse_args()
    found = measure(embedded_onnx())
    recorded = read_recorded() if RECORDED.is_file() else {}
    for name, value in found.items():
        print(f"{name:13s} {value:.4f}   recorded {recorded.get(name, float('nan')):.4f}")
    for line in fallen(found, recorded):
        print(line)
    if arguments.record:
        with atomic_path(RECORDED) as path:
            rounded = {name: round(value, 4) for name, value in found.items()}
            path.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
        print(f"recorded in {RECORDED.relative_to(ROOT)}")


def measure(model: Path) -> Figures:
    """The guarded figures of a deploy graph or a model folder, 0 to 1, with known boxes and no flip test."""
    network = load_network(model, flip=False, device="cpu")
    return {**photo_figures(network), **rendered_figures(network)}


def photo_figures(network: Network) -> Figures:
    """OKS of the photo's person, over the labelled points of the body and of the spine."""
    reference = json.loads((FOLDER / "walking.json").read_text(encoding="utf-8"))
    labelled, visible = labelled_points(reference)
    crops, matrices = crop_persons(
        load_image(ROOT / reference["picture"]), np.array([reference["box"]], np.float64), network.input_size
    )
    predicted = to_image(network(crops).keypoints, matrices)
    area, sigmas = np.array([float(reference["area"])]), np.array(OKS_SIGMAS)
    found = {}
    for name, columns in (("body", list(range(17))), ("spine", list(SPINE_CHAIN))):
        similarity = keypoint_similarity(
            predicted[:, columns], labelled[None, columns], visible[None, columns], area, sigmas[columns]
        )
        found[f"photo_{name}_oks"] = float(similarity[0])
    return found


def labelled_points(reference: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(37, 2) pixels and (37,) which of them are labelled."""
    points, visible = np.zeros((NUM_KEYPOINTS, 2)), np.zeros(NUM_KEYPOINTS, bool)
    for name, (x, y, seen) in reference["keypoints"].items():
        points[KEYPOINT_INDEX[name]] = x, y
        visible[KEYPOINT_INDEX[name]] = seen > 0
    return points, visible


def rendered_figures(network: Network) -> Figures:
    """AP of the rendered people."""
    groups = run_evaluation(network, open_eval_set(FOLDER / "annotations.json"), samples=0).report.groups
    return {f"rendered_{name}_ap": groups[name].figures["AP"] or 0.0 for name in _GROUPS}


def read_recorded() -> Figures:
    """What the weights reached when they were released."""
    figures: Figures = json.loads(RECORDED.read_text(encoding="utf-8"))
    return figures


def fallen(found: Figures, recorded: Figures) -> list[str]:
    """A line for each figure that fell by more than the tolerance."""
    return [
        f"{name} fell from {before:.4f} to {found[name]:.4f}; {TOLERANCE} is allowed"
        for name, before in recorded.items()
        if found[name] < before - TOLERANCE
    ]


if __name__ == "__main__":
    main()

__all__ = ["FOLDER", "RECORDED", "TOLERANCE", "Figures", "fallen", "measure", "read_recorded"]
