"""How good the embedded model, or another one, is: all figures that its page and its log quote.

    python benchmarks/embedded_model.py --photos coco/person_keypoints.json \\
        --held-out coco_train/person_keypoints.json --synthetic data/embedded/validation --limit 300 \\
        [--flip] [--model PATH] [--json out/figures.json] [--contact-sheet out/sheet.jpg]

Prints a table for each set in Markdown. As the package runs it: ground-truth boxes, the deploy graph, no flip
test, persons ranked by their calibrated scores (a model folder: by its raw peaks). With `--flip` as
`spinepose --flip` runs it (a model folder: with the published flip test). Intervals are the middle 95 % of
bootstrap samples of pictures. Where rendered people are given, the mean of their poses, drawn in every box,
stands beside the figures: what can be had without looking.

`--photos` are for measuring alone: nothing is trained or chosen on them. `--held-out` takes those pictures of
its file that the recipe's list gives to validation. The contact sheet shows held-out photos whose licence
allows it, and rendered people; their credits are written beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

from embedded_sections.contact_sheet import (
    may_be_shown,
    photo_credit,
    rendered_credit,
    tiles_of,
    write_sheet,
)
from embedded_sections.figures import Figure, Section, beside
from embedded_sections.locating import located_figure
from embedded_sections.mean_pose import MeanPose, mean_pose
from embedded_sections.photos import photo_figures
from embedded_sections.rendered import calibration_figures, rendered_figures
from embedded_sections.sets import LabelledSet, listed_images, read_set
from embedded_sections.table import as_json, markdown

from spinepose_hf.errors import ModelError, SpinePoseError
from spinepose_hf.evaluation.bootstrap import SAMPLES
from spinepose_hf.evaluation.evaluate import Evaluation, run_evaluation
from spinepose_hf.evaluation.network import DeployNetwork, Network, load_network
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.onnx_session import open_session
from spinepose_hf.weights import embedded_onnx

ROOT = Path(__file__).resolve().parent.parent
PHOTO_LIST = ROOT / "recipes" / "embedded_photos.txt"
PHOTO_TILES, RENDERED_TILES = 18, 12


class Measured(NamedTuple):
    """A set, its figures, and what they were made of."""

    labelled: LabelledSet
    evaluation: Evaluation
    section: Section


def main() -> None:
    """Measure, print and write."""
    arguments = parsed()
    try:
        measure(arguments)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")


def parsed() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, help="deploy ONNX file or model folder; default: the embedded one"
    )
    parser.add_argument("--flip", action="store_true", help="look at mirrored crops too")
    parser.add_argument("--photos", type=Path, help="COCO keypoint JSON, its pictures in `images` beside it")
    parser.add_argument(
        "--held-out", type=Path, help="the same, of which only the list's validation part counts"
    )
    parser.add_argument("--list", type=Path, default=PHOTO_LIST, help="of the recipe's photos")
    parser.add_argument("--synthetic", type=Path, help="folder of `spinepose synthesize`")
    parser.add_argument("--limit", type=int, default=0, help="only the first rendered pictures; 0: all")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of the intervals; 0: none")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--contact-sheet", type=Path, help="also write a sheet of predictions (.jpg)")
    arguments = parser.parse_args()
    if not (arguments.photos or arguments.held_out or arguments.synthetic):
        parser.error("give --photos, --held-out or --synthetic")
    if arguments.contact_sheet and not (arguments.held_out or arguments.synthetic):
        parser.error("--contact-sheet shows people of --held-out and --synthetic")
    return arguments


def measure(arguments: argparse.Namespace) -> None:
    """All sets that the arguments name.

    Raises:
        SpinePoseError: a set or the model cannot be read, or an output cannot be written.
    """
    model = arguments.model or embedded_onnx()
    network = network_of(model, arguments.flip)
    estimator = SpinePoseEstimator(model, device="cpu", detector="none", flip=arguments.flip)
    rendered = (
        read_set("Rendered people", arguments.synthetic, limit=arguments.limit)
        if arguments.synthetic
        else None
    )
    mean = (
        None if rendered is None else mean_pose(rendered.data.index, network.input_size, network.box_padding)
    )
    photos, held_out = None, None
    sections = []
    how = "mirrored crops too" if network.flip else "no mirrored crops"
    print(f"`{model.name}`, {how}, digest {network.digest[:12]}", flush=True)
    if arguments.photos:
        photos = photo_set(
            read_set("Photos for measuring", arguments.photos), network, mean, estimator, arguments.samples
        )
        sections.append(photos.section)
        print_section(photos.section)
    if arguments.held_out:
        ids = listed_images(arguments.list, "validation")
        labelled = read_set(
            "Held-out photos", arguments.held_out, wanted=lambda picture: picture["id"] in ids
        )
        held_out = photo_set(labelled, network, mean, estimator, arguments.samples)
        sections.append(held_out.section)
        print_section(held_out.section)
    found = None
    if rendered is not None and mean is not None:
        found = rendered_set(rendered, network, mean, estimator, arguments.samples)
        sections.append(found.section)
        print_section(found.section)
    if arguments.json:
        content = as_json(model.name, network.digest, sections)
        with atomic_path(arguments.json) as path:
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if arguments.contact_sheet:
        write_contact_sheet(held_out, found, arguments.contact_sheet)


def network_of(model: Path, flip: bool) -> Network:
    """The network of a file or folder.

    Raises:
        ModelError: it cannot be loaded.
    """
    if flip and model.suffix == ".onnx":
        return DeployNetwork(model, open_session(model, "cpu", ModelError), flip=True)
    return load_network(model, flip=flip, device="cpu")


def photo_set(
    labelled: LabelledSet,
    network: Network,
    mean: MeanPose | None,
    estimator: SpinePoseEstimator,
    samples: int,
) -> Measured:
    """The figures of photos with labelled bodies."""
    evaluation = run_evaluation(network, labelled.data, samples=samples)
    figures = photo_figures(evaluation, labelled, samples)
    if mean is not None:
        figures = beside(figures, photo_figures(run_evaluation(mean, labelled.data, samples=0), labelled, 0))
    figures.append(located_figure(estimator, labelled, samples))
    return Measured(labelled, evaluation, section_of(labelled, evaluation, figures))


def rendered_set(
    labelled: LabelledSet, network: Network, mean: MeanPose, estimator: SpinePoseEstimator, samples: int
) -> Measured:
    """The figures of rendered people."""
    evaluation = run_evaluation(network, labelled.data, samples=samples)
    baseline = rendered_figures(run_evaluation(mean, labelled.data, samples=0), 0)
    figures = beside(rendered_figures(evaluation, samples), baseline)
    figures += calibration_figures(evaluation)
    figures.append(located_figure(estimator, labelled, samples))
    return Measured(labelled, evaluation, section_of(labelled, evaluation, figures))


def section_of(labelled: LabelledSet, evaluation: Evaluation, figures: list[Figure]) -> Section:
    """The figures with the size of their set."""
    report = evaluation.report
    return Section(labelled.title, report.images, report.persons, tuple(figures))


def print_section(section: Section) -> None:
    """Print a table as soon as it is known."""
    print(f"\n{markdown(section)}", flush=True)


def write_contact_sheet(held_out: Measured | None, rendered: Measured | None, target: Path) -> None:
    """Write the sheet of both sets, where they are given."""
    rows = []
    if held_out is not None:
        rows.append(tiles_of(held_out.evaluation, held_out.labelled, PHOTO_TILES, photo_credit, may_be_shown))
    if rendered is not None:
        rows.append(tiles_of(rendered.evaluation, rendered.labelled, RENDERED_TILES, rendered_credit))
    write_sheet(rows, target)
    print(f"\n{target}")


if __name__ == "__main__":
    main()
