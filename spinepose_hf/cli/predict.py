"""`spinepose predict`: one photo in; a table, an annotated picture and a file of keypoints out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinepose_hf.errors import BoxError

if TYPE_CHECKING:
    from rich.table import Table

    from spinepose_hf.pose import People, Person


class ResultFormat(StrEnum):
    """File formats of `--save`."""

    OPENPOSE = "openpose"
    COCO = "coco"


class DeviceName(StrEnum):
    """Where the network runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def predict(
    input_path: Annotated[
        Path,
        typer.Option(
            "-i", "--input", "--input_path", help="The photo: JPEG, PNG, WebP, TIFF, BMP.", metavar="IMAGE"
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            "--vis-path",
            help="Write the annotated picture here: .jpg, .png or .webp.",
            metavar="IMAGE",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "-s", "--save", "--save-path", help="Write the keypoints here, as JSON.", metavar="JSON"
        ),
    ] = None,
    result_format: Annotated[
        ResultFormat,
        typer.Option(
            "--format",
            help="Format of --save. openpose: pose_keypoints_2d with 37 times x, y, score; coco: COCO "
            "results with box and score.",
        ),
    ] = ResultFormat.OPENPOSE,
    boxes: Annotated[
        str | None,
        typer.Option(
            help="Where the people are, in pixels: x1,y1,x2,y2, and a semicolon between people. More exact "
            "than any search.",
            metavar='"X1,Y1,X2,Y2;..."',
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(
            help="What finds the people: an .onnx file with the outputs dets and labels; a folder or Hub id "
            "of an object detector of transformers; none: the pose network finds one person itself; auto: "
            "what the environment variable SPINEPOSE_DETECTOR names, else none.",
            metavar="PATH|ID|auto|none",
        ),
    ] = "auto",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="The pose network: an .onnx file, a model folder, a Hub id, or a checkpoint (.pth) of the "
            "original. Default: the small one inside the package.",
            metavar="PATH|ID",
        ),
    ] = None,
    spine_only: Annotated[
        bool, typer.Option("--spine-only", help="Draw the spine and leave the body out of the picture.")
    ] = False,
    threshold: Annotated[
        float,
        typer.Option(
            help="Least score of a keypoint that is drawn. Lower shows more and errs more.", min=0.0, max=1.0
        ),
    ] = 0.3,
    device: Annotated[
        DeviceName, typer.Option(help="Where to run. auto: CUDA where it works.")
    ] = DeviceName.AUTO,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
) -> None:
    """Find people in a photo: 37 keypoints each, nine of them along the spine.

    **Examples**

    `spinepose -i photo.jpg -o out.jpg` draws the people into a copy and prints the spine.

    `spinepose -i photo.jpg -s result.json --format coco` saves all 37 keypoints.

    `spinepose -i team.jpg -o out.jpg --boxes "30,20,180,400;200,25,340,410"` takes two given boxes.

    `spinepose -i team.jpg -o out.jpg --detector rtmdet.onnx` lets a detector find everybody.

    Exit codes: 0 done, 1 the photo cannot be used or shows nobody (one line says why, nothing is written),
    2 wrong options, 130 interrupted.
    """
    given_boxes = None if boxes is None else parse_boxes(boxes)

    from spinepose_hf.cli.notes import notes_on_stderr
    from spinepose_hf.errors import NoPersonError
    from spinepose_hf.inference.estimator import SpinePoseEstimator
    from spinepose_hf.inference.images import load_image
    from spinepose_hf.inference.photo import NO_PERSON
    from spinepose_hf.output.json_file import check_json_path
    from spinepose_hf.output.picture import check_picture_path

    if output is not None:
        check_picture_path(output)
    if save is not None:
        check_json_path(save)
    with notes_on_stderr(quiet):
        image = load_image(input_path)
        estimator = SpinePoseEstimator(model, device.value, detector, threshold)
        people = estimator.estimate(image, given_boxes, color="rgb")
    if not len(people):
        raise NoPersonError(NO_PERSON.format(path=input_path))
    if output is not None:
        from spinepose_hf.output.drawing import draw_people
        from spinepose_hf.output.picture import write_picture

        drawn = draw_people(
            image, people.keypoints, people.scores, spine_only=spine_only, threshold=threshold
        )
        write_picture(drawn, output)
    if save is not None:
        _save(people, save, result_format, input_path)
    if not quiet:
        _report(people, [path for path in (output, save) if path is not None])


def parse_boxes(text: str) -> list[list[float]]:
    """Read `x1,y1,x2,y2;x1,y1,x2,y2;...`.

    Raises:
        BoxError: a box is not four numbers.
    """
    rows: list[list[float]] = []
    for index, part in enumerate(piece for piece in text.split(";") if piece.strip()):
        try:
            row = [float(value) for value in part.split(",")]
        except ValueError as error:
            raise BoxError(f"box {index} ({part.strip()}) holds something that is no number") from error
        if len(row) != 4:
            raise BoxError(
                f"box {index} ({part.strip()}) has {len(row)} numbers; four are needed: x1,y1,x2,y2"
            )
        rows.append(row)
    if not rows:
        raise BoxError("no box given; write x1,y1,x2,y2, with a semicolon between people")
    return rows


def _save(people: People, path: Path, result_format: ResultFormat, input_path: Path) -> None:
    if result_format is ResultFormat.COCO:
        from spinepose_hf.output.coco import write_coco

        write_coco(people, path, file_name=input_path.name)
    else:
        from spinepose_hf.output.openpose import write_openpose

        write_openpose(people, path)


def _report(people: People, written: list[Path]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for number, person in enumerate(people.spine(), start=1):
        console.print(_spine_table(person, f"person {number} of {len(people)}"))
    for path in written:
        # Not through rich: it would break long paths and read brackets in them as markup.
        typer.echo(f"wrote {path}")


def _spine_table(person: Person, title: str) -> Table:
    from rich import box
    from rich.table import Table

    from spinepose_hf.model.skeleton import VERTEBRAE

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("vertebra", "keypoint"):
        table.add_column(heading)
    for heading in ("x", "y", "± px", "score"):
        table.add_column(heading, justify="right")
    # Top to bottom, as one reads a standing person.
    for index in reversed(range(len(person.keypoint_names))):
        name = person.keypoint_names[index]
        x, y = person.keypoints[index]
        table.add_row(
            VERTEBRAE[name],
            name,
            f"{x:.1f}",
            f"{y:.1f}",
            f"{person.sigmas[index]:.1f}",
            f"{person.scores[index]:.2f}",
        )
    return table


__all__ = ["parse_boxes", "predict"]
