"""Everything that the embedded weights are made by, in one command.

    python -m recipes.embedded --coco coco2017 --movenet movenet_thunder.onnx --detector person.onnx \\
        --footage videos --weights spinepose_hf/weights

1. renders people to learn from, to validate on, and to fit the scores on;
2. copies the listed photos out of a COCO 2017 folder, see `recipes.coco_photos`, and other listed ones out of
   public repositories, see `recipes.free_photos`;
3. cuts out of them what shows nobody, see `recipes.backgrounds`, and renders more people before it;
4. fits the annotator, which labels what these photos and footage lack, see `recipes.annotator`;
5. puts people out of photos before other photos, see `recipes.cutouts`;
6. trains, see recipes/embedded.yaml;
7. fits the scores, see `recipes.score_scales`;
8. writes the package's files, see recipes/release.py.

Each step is a command of its own and is printed before it runs. What is complete is left out, and what was
stopped, by `kill -9` too, goes on where it was: call it again.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from recipes.free_photos import COPIED
from spinepose_hf.inference.threads import usable_cores

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = Path("data/embedded")
"""Of all that is made before training; recipes/embedded.yaml names the same places."""

RUN: Final = Path("runs/embedded")
CALIBRATED: Final = RUN / "calibrated"
RENDERED: Final = {"train": (24000, 3), "validation": (1000, 1000003), "scores": (600, 2000003)}
"""Pictures and seed of each rendered set with painted surroundings."""

COMPOSITES: Final = (18000, 4)
"""The same of the set before photos."""

BOX_PADDING: Final = 1.15
"""How much larger than its box a crop is: what proved best (docs/embedded_model.md); the original: 1.25."""


class Step(NamedTuple):
    """One command.

    Attributes:
        made: a file or folder that is there once the command has succeeded; None runs it every time.
        command: arguments after the interpreter.
    """

    made: Path | None
    command: tuple[str, ...]


class Inputs(NamedTuple):
    """What the user brings.

    Attributes:
        coco: folder of COCO 2017.
        movenet: MoveNet Thunder, .onnx.
        detector: a person detector, .onnx.
        footage: unlabelled videos and pictures, or folders of them.
        weights: the folder that the package's files are written to.
    """

    coco: Path
    movenet: Path
    detector: Path
    footage: tuple[Path, ...]
    weights: Path


def steps(inputs: Inputs) -> list[Step]:
    """The commands in their order."""
    spinepose = ("-m", "spinepose_hf.cli.main")
    rendered = {name: DATA / name for name in RENDERED}
    photos, annotator, pseudo = DATA / "photos", DATA / "annotator", DATA / "pseudo"
    labels = str(photos / "person_keypoints.json")
    footage = [word for path in inputs.footage for word in ("--footage", str(path))]
    # The pictures do not depend on how many processes render them.
    render = (*spinepose, "synthesize", "--workers", str(usable_cores()))
    free_photos, free = DATA / "free_photos", DATA / "free"
    backgrounds, composites, cutouts = DATA / "backgrounds", DATA / "composites", DATA / "cutouts"
    made = [
        Step(
            rendered[name] / "annotations.json",
            (*render, *_options(count=count, seed=seed, out=rendered[name])),
        )
        for name, (count, seed) in RENDERED.items()
    ]
    head = annotator / "head.safetensors"
    annotate = ("-m", "recipes.annotator")
    fit = (
        *annotate,
        "fit",
        str(rendered["train"]),
        *_options(movenet=inputs.movenet, validation=rendered["validation"], out=annotator),
    )
    label = (*annotate, "label", *_options(movenet=inputs.movenet, detector=inputs.detector, head=head))
    stage = _last_stage()
    return [
        *made,
        Step(photos, ("-m", "recipes.coco_photos", str(inputs.coco), str(photos))),
        Step(free_photos / COPIED, ("-m", "recipes.free_photos", str(free_photos))),
        Step(
            backgrounds,
            ("-m", "recipes.backgrounds", labels, str(backgrounds), *_options(detector=inputs.detector)),
        ),
        Step(
            composites / "annotations.json",
            (
                *render,
                *_options(count=COMPOSITES[0], seed=COMPOSITES[1], backgrounds=backgrounds, out=composites),
            ),
        ),
        Step(head, fit),
        Step(
            pseudo / "footage" / "annotations.json",
            (*label, *_options(photos=labels, out=pseudo), *footage),
        ),
        Step(
            free / "footage" / "annotations.json",
            (*label, *_options(footage=free_photos, out=free)),
        ),
        Step(
            cutouts,
            (
                *("-m", "recipes.cutouts", str(pseudo / "photos.json"), str(cutouts)),
                *_options(images=photos / "images", footage=free / "footage", backgrounds=backgrounds),
                *_options(scenes=6),
            ),
        ),
        Step(RUN / stage / "stage_done.json", (*spinepose, "train", "--config", "recipes/embedded.yaml")),
        Step(
            CALIBRATED,
            (
                *("-m", "recipes.score_scales", str(RUN / stage), str(CALIBRATED)),
                *_options(rendered=rendered["scores"], photos=labels),
                *("--box-padding", str(BOX_PADDING)),
            ),
        ),
        Step(
            None,
            (
                *("-m", "recipes.release", str(CALIBRATED), str(inputs.weights)),
                *_options(calibration=rendered["train"]),
            ),
        ),
    ]


def _options(**values: object) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in (f"--{name}", str(value)))


def _last_stage() -> str:
    from spinepose_hf.training.recipe import read_recipe

    return f"stage{len(read_recipe(ROOT / 'recipes' / 'embedded.yaml').stages)}"


def run(todo: Sequence[Step]) -> int:
    """Run what is not there yet; the first exit code that is not 0."""
    for number, step in enumerate(todo, 1):
        line = shlex.join(("python", *step.command))
        if step.made is not None and (ROOT / step.made).exists():
            print(f"[{number}/{len(todo)}] done: {line}", flush=True)
            continue
        print(f"[{number}/{len(todo)}] {line}", flush=True)
        code = subprocess.run([sys.executable, *step.command], cwd=ROOT).returncode
        if code:
            print(f"stopped with {code}; call the same command to go on", file=sys.stderr)
            return code
    return 0


def main() -> None:
    """Run the whole recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--coco", type=Path, required=True, help="folder of COCO 2017")
    parser.add_argument("--movenet", type=Path, required=True, help="MoveNet Thunder as .onnx file")
    parser.add_argument("--detector", type=Path, required=True, help="person detector as .onnx file")
    parser.add_argument(
        "--footage", type=Path, nargs="+", required=True, help="unlabelled videos and pictures, or folders"
    )
    parser.add_argument(
        "--weights", type=Path, default=Path("out/weights"), help="where to write; default: out/weights"
    )
    parser.add_argument("--show", action="store_true", help="print the commands and run nothing")
    arguments = parser.parse_args()
    inputs = Inputs(
        arguments.coco, arguments.movenet, arguments.detector, tuple(arguments.footage), arguments.weights
    )
    todo = steps(inputs)
    if arguments.show:
        print("\n".join(shlex.join(("python", *step.command)) for step in todo))
        return
    sys.exit(run(todo))


if __name__ == "__main__":
    main()
