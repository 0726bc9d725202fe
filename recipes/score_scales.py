"""Make a trained network's scores the probability of being right.

    python -m recipes.score_scales runs/embedded/stage3 runs/embedded/calibrated --rendered data/v3_scores \\
        --photos coco_train/person_keypoints.json

A score is the probability around the peak of softmax(10 x logits); with a scale s, of softmax(10 s x logits).
One scale is fitted for each group of keypoints (temperature scaling, arXiv 1706.04599): of those whose
calibration error (ten bins, right within OKS 0.5) is hardly above the lowest the one nearest to 1, because
the expected errors in pixels follow the scales and nobody fits them. The error is the mean of that of
rendered people and of the photos that the training recipe holds out, whose people have bodies only. Neither
may be a set that the error is reported on. Writes a copy of the model's folder whose configuration has the
scales as `logit_scales`; keypoints stay.
With `--box-padding` crops are as much larger than their boxes, and the configuration says so as well.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.embedded_sections.sets import LabelledSet, listed_images, read_set
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import OutputError, SpinePoseError
from spinepose_hf.evaluation.calibration import expected_calibration_error
from spinepose_hf.evaluation.evaluate import run_evaluation
from spinepose_hf.evaluation.network import CropAnswers
from spinepose_hf.evaluation.persons import Bools, Floats
from spinepose_hf.files import atomic_folder
from spinepose_hf.hub.load import load_model
from spinepose_hf.model.simcc import confidence, decode
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS, PIXEL_MEAN, PIXEL_STD

SCALES: Final = tuple(round(0.4 + 0.05 * step, 2) for step in range(33))
"""What is tried; 1 is the network as it is."""

HARDLY: Final = 0.01
"""Calibration errors that differ by less are taken for the same."""

RIGHT: Final = 0.5
"""OKS of one keypoint from which it counts as right, as in the evaluation's calibration error."""

PHOTO_LIST: Final = Path(__file__).with_name("embedded_photos.txt")
PARTS: Final = {name: list(GROUPS[name]) for name in ("body", "feet", "spine")}
PARTS["other"] = [column for column in GROUPS["all"] if not any(column in part for part in PARTS.values())]


class ScaledNetwork:
    """A network of torch as a `Network` of the evaluation, which keeps its scores at every scale.

    Args:
        folder: of the model.
        box_padding: how much larger than its box a crop is, per side; None: as the model says.
    """

    flip = False
    schema = SPINETRACK

    def __init__(self, folder: Path, box_padding: float | None = None) -> None:
        self._model = load_model(str(folder), num_keypoints=None).float().eval().requires_grad_(False)
        self.config = self._model.config
        self.name = self.digest = str(folder)
        self.groups = dict(GROUPS)
        height, width = self.config.image_size
        self.input_size = (int(height), int(width))
        self.box_padding = float(box_padding or self.config.box_padding)
        sigma_x, sigma_y = self.config.simcc_sigma
        self._sigma = (float(sigma_x), float(sigma_y))
        self._ratio = float(self.config.simcc_split_ratio)
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
    """Persons of a set: (n, 37, S) scores, (n, 37) which points are right and which are labelled."""

    title: str
    scores: Floats
    right: Bools
    visible: Bools

    def error(self, places: Sequence[int]) -> float | None:
        """Calibration error with a place in `SCALES` for each of the 37 points.

        A place of -1 leaves the point out; None where nothing is labelled.
        """
        columns = [column for column, place in enumerate(places) if place >= 0]
        chosen = self.scores[:, columns, [places[column] for column in columns]]
        seen = self.visible[:, columns]
        return expected_calibration_error(chosen[seen], self.right[:, columns][seen]) if seen.any() else None


def main() -> None:
    """Fit the scales, print what they do, and write the model with them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of the trained model")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--rendered", type=Path, required=True, help="folder of `spinepose synthesize`")
    parser.add_argument("--photos", type=Path, help="COCO keypoint JSON of the recipe's photos")
    parser.add_argument(
        "--box-padding", type=float, help="how much larger than its box a crop is; default: as the model says"
    )
    arguments = parser.parse_args()
    try:
        fit_folder(
            arguments.model, arguments.out, arguments.rendered, arguments.photos, arguments.box_padding
        )
    except SpinePoseError as error:
        sys.exit(f"error: {error}")


def fit_folder(
    model: Path, out: Path, rendered: Path, photos: Path | None, box_padding: float | None = None
) -> tuple[float, ...]:
    """Fit the scales of a model folder and write its calibrated copy.

    Raises:
        SpinePoseError: something cannot be read, or `out` is there already.
    """
    if out.exists():
        raise OutputError(f"{out} exists; remove it or name another folder")
    network = ScaledNetwork(model, box_padding)
    labelled = [read_set("rendered people", rendered)]
    if photos is not None:
        ids = listed_images(PHOTO_LIST, "validation")
        labelled.append(read_set("held-out photos", photos, wanted=lambda picture: picture["id"] in ids))
    sets = [scored(network, each) for each in labelled]
    places = best_places(sets)
    print_errors(sets, places)
    scales = tuple(
        round(old * SCALES[place], 4)
        for old, place in zip(network.config.logit_scales or [1.0] * len(places), places, strict=True)
    )
    write_scaled(model, out, scales, network.box_padding)
    print(f"with these scales: {out}")
    return scales


def scored(network: ScaledNetwork, labelled: LabelledSet) -> Scored:
    """Run the network over a set."""
    network.scores.clear()
    pairs = run_evaluation(network, labelled.data, samples=0).pairs
    # With labelled boxes, pairs are in the order of the predictions, which is that of the crops.
    right = np.asarray(pairs.similarity(OKS_SIGMAS) > RIGHT, np.bool_)
    return Scored(labelled.title, np.concatenate(network.scores), right, pairs.visible)


def best_places(sets: Sequence[Scored]) -> list[int]:
    """For each of the 37 points the place in `SCALES` nearest to 1 that is as good for its group as any."""
    places = [SCALES.index(1.0)] * len(SPINETRACK)
    for part in PARTS.values():
        errors = [_mean_error(sets, only(part, place)) for place in range(len(SCALES))]
        if None not in errors:
            found = np.array(errors, np.float64)
            changes = np.where(found <= found.min() + HARDLY, np.abs(np.log(SCALES)), np.inf)
            for column in part:
                places[column] = int(np.argmin(changes))
    return places


def _mean_error(sets: Sequence[Scored], places: Sequence[int]) -> float | None:
    errors = [error for each in sets if (error := each.error(places)) is not None]
    return float(np.mean(errors)) if errors else None


def only(part: Sequence[int], place: int) -> list[int]:
    """One scale for some points, the others left out."""
    return [place if column in part else -1 for column in range(len(SPINETRACK))]


def print_errors(sets: Sequence[Scored], places: Sequence[int]) -> None:
    """A table of errors before and after."""
    one = SCALES.index(1.0)
    for each in sets:
        print(f"\n{each.title}: {len(each.scores)} persons")
        for name, part in PARTS.items():
            place = places[part[0]]
            _print_line(name, SCALES[place], each.error(only(part, one)), each.error(only(part, place)))
        _print_line("all", None, each.error([one] * len(places)), each.error(places))


def _print_line(name: str, scale: float | None, before: float | None, after: float | None) -> None:
    """One line of the table; nothing for points that nobody has."""
    if before is not None and after is not None:
        words = "     " if scale is None else f"x{scale:4.2f}"
        print(f"{name:6s} {words}  {before:.3f} -> {after:.3f}")


def write_scaled(model: Path, out: Path, scales: Sequence[float], box_padding: float) -> None:
    """Copy a model's folder, without its checkpoints, and put scales and padding into its configuration."""
    with atomic_folder(out) as made:
        for path in sorted(model.iterdir()):
            if path.is_file():
                shutil.copyfile(path, made / path.name)
        _change(made / "config.json", logit_scales=list(scales), box_padding=box_padding)
        if (made / "preprocessor_config.json").is_file():
            _change(made / "preprocessor_config.json", box_padding=box_padding)


def _change(path: Path, **entries: Any) -> None:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
