"""Figures of the annotation loop: time a picture of `annotate prepare`, and what its ranking is worth.

    python benchmarks/annotation_loop.py --annotations COCO.json --images FOLDER [--model M] [--device cpu]

Prepares tasks for labelled pictures, with the boxes of the labels. Prints the time a picture and a person
(two looks at each), then how the doubt about a person goes with its true error, 1 - OKS over the labelled
points, of persons with ten or more of them: the rank correlation, and the mean error of the most doubtful
fifth against that of the others. Labels that the model was trained on flatter it.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np

from dataset_loader.annotate.images import list_images
from dataset_loader.annotate.prepare import prepare
from dataset_loader.annotate.records import read_record, stamp_of
from dataset_loader.coco import CocoIndex, read_coco
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.similarity import keypoint_similarity

LEAST_LABELLED = 10
MOST_DOUBTFUL = 0.2


def main() -> None:
    """Prepare, then compare doubt and error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", type=Path, required=True, help="a COCO keypoint file")
    parser.add_argument("--images", type=Path, required=True, help="the folder of its pictures")
    parser.add_argument("--model", help="as in `spinepose annotate prepare`")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    labels = read_coco(arguments.annotations).converted(SPINETRACK)
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "tasks"
        start = time.perf_counter()
        summary = prepare(
            arguments.images,
            out,
            model=arguments.model,
            boxes=arguments.annotations,
            device=arguments.device,
        )
        seconds = time.perf_counter() - start
        each = (1000 * seconds / summary.images, 1000 * seconds / summary.people)
        print(
            f"{summary.images} pictures, {summary.people} people in {seconds:.1f} s: "
            f"{each[0]:.0f} ms a picture, {each[1]:.0f} a person"
        )
        print_worth(labels, arguments.images, out)


def print_worth(labels: CocoIndex, images: Path, out: Path) -> None:
    """Compare the doubt of each person with its error."""
    with (out / "ranking.csv").open(encoding="utf-8", newline="") as stream:
        rows = {int(row["person_id"]): row for row in csv.DictReader(stream) if row["person_id"]}
    errors = errors_by_person(labels, images, out)
    people = sorted(set(errors) & set(rows))
    error = np.array([errors[number] for number in people])
    print(f"{len(people)} people with {LEAST_LABELLED} labels or more; mean error {error.mean():.3f}")
    for measure in ("uncertainty", "spread", "flip", "score"):
        doubt = np.array([float(rows[number][measure]) for number in people])
        top = doubt >= np.quantile(doubt, 1 - MOST_DOUBTFUL)
        correlation = np.corrcoef(ranks(doubt), ranks(error))[0, 1]
        print(
            f"  {measure:<12} rank correlation {correlation:.2f}; error of the most doubtful fifth "
            f"{error[top].mean():.3f}, of the others {error[~top].mean():.3f}"
        )


def errors_by_person(labels: CocoIndex, images: Path, out: Path) -> dict[int, float]:
    """1 - OKS of each person with enough labels, by its number in the tasks."""
    row_of = {Path(name).name: row for row, name in enumerate(labels.file_names)}
    errors: dict[int, float] = {}
    number = 0
    for name in list_images(images):
        record = read_record(out, name, stamp_of(images / name))
        if record is None:
            continue
        row = row_of.get(Path(name).name)
        labelled = [] if row is None else [p for p in labels.persons_of(row) if not labels.iscrowd[p]]
        for person, predicted in zip(labelled, record.people, strict=True):
            number += 1
            points = labels.keypoints[person]
            known = points[:, 2] > 0
            if known.sum() < LEAST_LABELLED:
                continue
            oks = keypoint_similarity(
                np.array(predicted.keypoints)[None],
                points[None, :, :2],
                known[None],
                labels.areas[person : person + 1],
                np.asarray(SPINETRACK.sigmas),
            )
            errors[number] = float(1 - oks[0])
    return errors


def ranks(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The place of each value among all."""
    return values.argsort().argsort()


if __name__ == "__main__":
    main()
