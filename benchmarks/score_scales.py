"""What a temperature for each group of keypoints would do to the calibration of the scores.

    python benchmarks/score_scales.py --synthetic data/v3_val [--limit 600] [--model FOLDER] \\
        [--held-out coco_train/person_keypoints.json]

A score is the probability around the peak of softmax(10 x logits); with a scale s, of softmax(10 s x logits).
The scale of each group is the one of the lowest calibration error (ten bins, right within OKS 0.5) on every
second rendered picture; errors are of the other pictures, and of held-out photos, whose people chose nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from embedded_sections.rendered import RIGHT
from embedded_sections.sets import LabelledSet, listed_images, read_set
from numpy.typing import NDArray

from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.calibration import expected_calibration_error
from spinepose_hf.evaluation.evaluate import run_evaluation
from spinepose_hf.evaluation.network import CropAnswers
from spinepose_hf.evaluation.persons import Bools, Floats, Integers
from spinepose_hf.hub.load import load_model
from spinepose_hf.model.simcc import confidence, decode
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.weights import embedded_model

ROOT: Final = Path(__file__).resolve().parent.parent
SCALES: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)
PARTS: Final = {name: list(GROUPS[name]) for name in ("body", "feet", "spine")}
OTHERS: Final = [column for column in GROUPS["all"] if not any(column in part for part in PARTS.values())]


class ScaledNetwork:
    """A network of torch as a `Network` of the evaluation, which keeps its scores at every scale.

    Args:
        folder: of the model.
    """

    flip = False
    schema = SPINETRACK

    def __init__(self, folder: Path) -> None:
        self._model = load_model(str(folder), num_keypoints=None).float().eval().requires_grad_(False)
        self.name = self.digest = str(folder)
        self.groups = dict(GROUPS)
        height, width = self._model.config.image_size
        self.input_size = (int(height), int(width))
        sigma_x, sigma_y = self._model.config.simcc_sigma
        self._sigma = (float(sigma_x), float(sigma_y))
        self._ratio = float(self._model.config.simcc_split_ratio)
        self.scores: list[Floats] = []

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """Answer at scale 1; `scores` grows by the (N, 37, S) ones of all scales."""
        pixels = (torch.from_numpy(crops).float() - torch.tensor(PIXEL_MEAN)) / torch.tensor(PIXEL_STD)
        with torch.inference_mode():
            output = self._model(pixels.permute(0, 3, 1, 2), return_dict=True)
        x, y = output.simcc_x.numpy(), output.simcc_y.numpy()
        found = [confidence(x * scale, y * scale, self._sigma) for scale in SCALES]
        self.scores.append(np.stack(found, axis=-1).astype(np.float64))
        keypoints, raw_scores = decode(x, y, self._ratio)
        return CropAnswers(keypoints, found[SCALES.index(1.0)], raw_scores)


@dataclass(frozen=True, eq=False)
class Scored:
    """Persons of a set: (n, 37, S) scores, (n, 37) which points are right and labelled, (n,) pictures."""

    scores: Floats
    right: Bools
    visible: Bools
    image_rows: Integers

    def error(self, persons: Bools, scales: Sequence[int]) -> float | None:
        """Calibration error of some persons with a place in `SCALES` for each of the 37 points.

        A place of -1 leaves the point out; None where nothing is labelled.
        """
        columns = [column for column, place in enumerate(scales) if place >= 0]
        chosen = self.scores[persons][:, columns, [scales[column] for column in columns]]
        seen = self.visible[persons][:, columns]
        if not seen.any():
            return None
        return expected_calibration_error(chosen[seen], self.right[persons][:, columns][seen])


def main() -> None:
    """Choose the scales and print what they do."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=embedded_model(), help="model folder")
    parser.add_argument("--synthetic", type=Path, required=True, help="folder of `spinepose synthesize`")
    parser.add_argument("--limit", type=int, default=0, help="only the first rendered pictures; 0: all")
    parser.add_argument("--held-out", type=Path, help="COCO keypoint JSON of the recipe's photos")
    arguments = parser.parse_args()
    network = ScaledNetwork(arguments.model)
    rendered = scored(network, read_set("rendered", arguments.synthetic, limit=arguments.limit))
    fitted = rendered.image_rows % 2 == 0
    scales = {name: best_scale(rendered, fitted, part) for name, part in {**PARTS, "other": OTHERS}.items()}
    print_errors("rendered people, pictures that chose nothing", rendered, ~fitted, scales)
    if arguments.held_out:
        ids = listed_images(ROOT / "recipes" / "embedded_photos.txt", "validation")
        held_out = read_set("photos", arguments.held_out, wanted=lambda picture: picture["id"] in ids)
        photos = scored(network, held_out)
        print_errors("held-out photos", photos, np.ones(len(photos.scores), bool), scales)


def scored(network: ScaledNetwork, labelled: LabelledSet) -> Scored:
    """Run the network over a set."""
    network.scores.clear()
    pairs = run_evaluation(network, labelled.data, samples=0).pairs
    # With labelled boxes, pairs are in the order of the predictions, which is that of the crops.
    right = np.asarray(pairs.similarity(OKS_SIGMAS) > RIGHT, np.bool_)
    return Scored(np.concatenate(network.scores), right, pairs.visible, pairs.image_rows)


def best_scale(found: Scored, persons: Bools, part: Sequence[int]) -> int:
    """The place in `SCALES` with the lowest error over some points."""
    errors = [found.error(persons, only(part, place)) for place in range(len(SCALES))]
    return int(np.argmin([1.0 if error is None else error for error in errors]))


def only(part: Sequence[int], place: int) -> list[int]:
    """One scale for some points, the others left out."""
    return [place if column in part else -1 for column in range(len(SPINETRACK))]


def print_errors(title: str, found: Scored, persons: Bools, scales: dict[str, int]) -> None:
    """A table of errors before and after."""
    print(f"\n{title}: {int(persons.sum())} persons")
    one = SCALES.index(1.0)
    after = [-1] * len(SPINETRACK)
    for name, part in {**PARTS, "other": OTHERS}.items():
        for column in part:
            after[column] = scales[name]
        before = found.error(persons, only(part, one))
        print_line(name, SCALES[scales[name]], before, found.error(persons, only(part, scales[name])))
    before = found.error(persons, [one] * len(SPINETRACK))
    print_line("all", None, before, found.error(persons, after))


def print_line(name: str, scale: float | None, before: float | None, after: float | None) -> None:
    """One line of the table; nothing for points that nobody has."""
    if before is not None and after is not None:
        words = "     " if scale is None else f"x{scale:4.2f}"
        print(f"{name:6s} {words}  {before:.3f} -> {after:.3f}")


if __name__ == "__main__":
    main()
