"""Every figure and picture of the pages that depends on the embedded weights, made anew in one command.

    python -m recipes.figures --measuring coco/person_keypoints.json --detector person.onnx \\
        --photos coco_train/person_keypoints.json | tee out/figures.txt

For after a release of other weights. Prints each command and what it says. docs/hub_transcript.md, pictures
of docs/images and the figures that tests guard are written where they belong; the other figures are copied
by hand: a page that quotes one names its command. What takes a quiet machine is left out (speed, and what
tracking costs), and so is the picture of the page, which takes a browser (docs/figures/web_page.py).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from recipes.embedded import DATA, Step, run


class Inputs(NamedTuple):
    """What the user brings.

    Attributes:
        measuring: COCO keypoint JSON of the photos kept for measuring, its pictures in `images` beside it.
        photos: the same of the listed photos, a tenth of which was not trained on.
        detector: a person detector, .onnx.
    """

    measuring: Path
    photos: Path
    detector: Path


def steps(inputs: Inputs) -> list[Step]:
    """The commands in their order."""
    measuring, photos, detector = (str(path) for path in inputs)
    rendered, calibration = str(DATA / "validation"), str(DATA / "train")
    weights = "spinepose_hf/weights/spinepose_t"
    table = (
        *("benchmarks/embedded_model.py", "--photos", measuring, "--held-out", photos),
        *("--synthetic", rendered, "--limit", "300"),
    )
    return [
        Step(None, command)
        for command in (
            ("-m", "tests.weights.guard", "--record"),
            ("benchmarks/log_figures.py", weights, "--rendered", rendered, "--photos", photos),
            table,
            (*table, "--flip"),
            *(_annotation_loop(Path(labels)) for labels in (photos, measuring)),
            ("benchmarks/measures.py", rendered),
            (
                *("benchmarks/quantize.py", "--only", "ap", "--calibration", calibration),
                *("--validation", rendered, measuring),
            ),
            ("benchmarks/video.py", "--sections", "cadence", "--detector", detector),
            (
                *("-m", "spinepose_hf.cli.main", "predict", "-i", "spinepose_hf/samples/walking.jpg"),
                *("--detector", "none", "-o", "out/quickstart.jpg", "--overwrite"),
            ),
            ("-m", "docs.figures.walking"),
            ("-m", "docs.figures.evaluation", rendered),
            ("-m", "benchmarks.hub_transcript", "--out", "docs/hub_transcript.md"),
        )
    ]


def _annotation_loop(labels: Path) -> tuple[str, ...]:
    images = labels.parent / "images"
    return ("benchmarks/annotation_loop.py", "--annotations", str(labels), "--images", str(images))


def main() -> None:
    """Measure and draw everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measuring", type=Path, required=True, help="labels of photos kept for measuring")
    parser.add_argument("--photos", type=Path, required=True, help="labels of the listed photos")
    parser.add_argument("--detector", type=Path, required=True, help="person detector as .onnx file")
    arguments = parser.parse_args()
    sys.exit(run(steps(Inputs(arguments.measuring, arguments.photos, arguments.detector))))


if __name__ == "__main__":
    main()
