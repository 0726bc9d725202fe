"""The figures of a row of docs/embedded_model.md, of one or more model folders.

    python benchmarks/log_figures.py spinepose_hf/weights/spinepose_t [MORE ...] \\
        --rendered data/embedded/validation --photos data/embedded/photos/person_keypoints.json

As the trainer scores: ground-truth boxes, no flip test, raw scores. `photos` are the held-out people with
ten labelled points or more; `rendered` all people of a folder of `spinepose synthesize`, with the mean error
of the angles between the links of their spines. Two lines of a model say what it remembers: body AP of all
held-out people, and of those on every fourth photo that it was trained on. One says what it makes of people
of whom little is seen: the mean OKS of held-out people by their number of labelled body points. The last
tells points that are seen from hidden ones, which are labelled as well: how near they are found, as OKS
counts it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from embedded_sections.sets import listed_images, read_set

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.evaluation.evaluate import run_evaluation
from spinepose_hf.evaluation.network import Network, load_network
from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.hub.load import load_model
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source
from spinepose_hf.training.trainer import SpinePoseTrainer

PHOTO_LIST = Path(__file__).resolve().parent.parent / "recipes" / "embedded_photos.txt"
LEAST_LABELLED = 10
SEEN_EVERY = 4
SEEN, HIDDEN = 2, 1  # COCO's visibility
LABELLED_POINTS = ((1, 4), (5, 9), (10, 13), (14, 17))


def trainer_figures(model: Path, rendered: Path, photos: Path) -> list[str]:
    """The two columns of the log."""
    people = load_source(DataSource(annotations=rendered / "annotations.json"))
    held_out = load_source(DataSource(annotations=photos, part="validation", min_keypoints=LEAST_LABELLED))
    with tempfile.TemporaryDirectory() as folder:
        arguments = SpinePoseTrainingArguments(
            output_dir=folder,
            max_steps=1,
            per_device_eval_batch_size=64,
            use_cpu=True,
            dataloader_num_workers=1,
            report_to=[],
            disable_tqdm=True,
        )
        sets = {"rendered": people, "photos": held_out}
        found = SpinePoseTrainer(
            load_model(str(model)).float(), arguments, [people], eval_sets=sets
        ).evaluate()
    rendered_aps = ", ".join(
        f"{group} {found[f'eval_rendered_{group}_ap']:.3f}" for group in ("body", "feet", "spine", "all")
    )
    angle = found["eval_rendered_spine_angle_error"]
    return [
        f"photos ({len(held_out)}): body AP {found['eval_photos_body_ap']:.3f}, "
        f"OKS {found['eval_photos_body_oks']:.3f}",
        f"rendered ({len(people)}): AP {rendered_aps}; spine angle error {angle:.1f} degrees",
    ]


def photo_figures(network: Network, photos: Path) -> list[str]:
    """Body AP of people on photos that were held out and that were not, and OKS by what is labelled."""
    seen = sorted(listed_images(PHOTO_LIST, "train"))[::SEEN_EVERY]
    evaluations = {}
    for name, ids in (("held out", listed_images(PHOTO_LIST, "validation")), ("trained on", set(seen))):
        labelled = read_set(name, photos, wanted=lambda picture, ids=ids: picture["id"] in ids)
        evaluations[name] = run_evaluation(network, labelled.data, samples=0)
    bodies = {name: evaluation.report.groups["body"] for name, evaluation in evaluations.items()}
    return [
        *(f"{name} ({body.persons}): body AP {body.figures['AP']:.3f}" for name, body in bodies.items()),
        by_labelled_points(evaluations["held out"].pairs),
    ]


def hidden_figures(network: Network, rendered: Path) -> str:
    """The mean similarity of points that are seen and of hidden ones."""
    labelled = read_set("rendered", rendered)
    pairs = run_evaluation(network, labelled.data, samples=0).pairs
    states = labelled.data.index.keypoints[pairs.label_rows, :, 2]
    found = pairs.similarity(OKS_SIGMAS)
    parts = []
    for group in ("body", "feet", "spine"):
        columns = list(GROUPS[group])
        seen, hidden = (found[:, columns][states[:, columns] == state] for state in (SEEN, HIDDEN))
        parts.append(
            f"{group} {seen.mean():.2f} seen ({len(seen)}), {hidden.mean():.2f} hidden ({len(hidden)})"
        )
    return "mean similarity of rendered points: " + "; ".join(parts)


def by_labelled_points(pairs: Pairs) -> str:
    """The mean OKS of people with few and with many labelled body points."""
    body = slice(0, len(GROUPS["body"]))
    found = keypoint_similarity(
        pairs.predicted[:, body],
        pairs.labelled[:, body],
        pairs.visible[:, body],
        pairs.areas,
        np.array(OKS_SIGMAS[body]),
    )
    points = pairs.visible[:, body].sum(axis=1)
    parts = []
    for low, high in LABELLED_POINTS:
        some = found[(points >= low) & (points <= high)]
        parts.append(f"{low} to {high} points ({len(some)}) {some.mean():.2f}")
    return "mean OKS of those held out: " + ", ".join(parts)


def main() -> None:
    """Measure and print what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+", help="model folders")
    parser.add_argument("--rendered", type=Path, required=True, help="folder of `spinepose synthesize`")
    parser.add_argument("--photos", type=Path, required=True, help="COCO keypoint JSON of the listed photos")
    arguments = parser.parse_args()
    try:
        for model in arguments.models:
            network = load_network(model, flip=False, device="cpu")
            lines = [
                *trainer_figures(model, arguments.rendered, arguments.photos),
                *photo_figures(network, arguments.photos),
                hidden_figures(network, arguments.rendered),
            ]
            print("\n  ".join([f"{model}", *lines]), flush=True)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
