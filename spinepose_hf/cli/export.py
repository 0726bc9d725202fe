"""`spinepose export`: make a file of a model that runs elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FormatName(StrEnum):
    """What kind of file is written."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TENSORRT = "tensorrt-engine-recipe"


class PrecisionName(StrEnum):
    """What the file computes in."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"


class GraphName(StrEnum):
    """What lies in the file."""

    DEPLOY = "deploy"
    PLAIN = "plain"


def export(
    out: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write: .onnx; .xml for OpenVINO; .zip or a folder for TensorRT."
        ),
    ],
    model: Annotated[
        str, typer.Argument(help="'embedded', a model folder, a Hub id, or an original checkpoint (.pth).")
    ] = "embedded",
    format: Annotated[FormatName, typer.Option("--format", help="Kind of file.")] = FormatName.ONNX,
    precision: Annotated[
        PrecisionName,
        typer.Option(
            "--precision",
            help="fp32; fp16 for GPUs; int8 for CPUs (not TensorRT); bf16 for OpenVINO only, whose float32 "
            "file is then run so.",
        ),
    ] = PrecisionName.FP32,
    graph: Annotated[
        GraphName,
        typer.Option(
            "--graph",
            help="deploy: RGB crops to keypoints, all in one; plain: normalised pixels to SimCC logits.",
        ),
    ] = GraphName.DEPLOY,
    opset: Annotated[
        int | None, typer.Option("--opset", help="Version of ONNX's operators, 18 or newer. Default: 18.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="PATH",
            help="For int8: COCO keypoint JSON or a folder of photos. Default: rendered people.",
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", help="Of the weights. Default: what the model's card says."),
    ] = None,
    max_batch: Annotated[
        int, typer.Option("--max-batch", min=1, help="For TensorRT: the most people at once.")
    ] = 16,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
) -> None:
    """Export a model as ONNX or OpenVINO file, or as a recipe for a TensorRT engine.

    Every file is compared with torch on crops of real pictures before it gets its name; a file that differs
    is not written. It carries the keypoints, the skeleton, its source and its licence.

    **Examples**

    `spinepose export -o spinepose.onnx` writes the embedded model.

    `spinepose export runs/mine -o mine_int8.onnx --precision int8 --calibration persons.json`

    `spinepose export spinepose-s.pth -o spinepose-s.xml --format openvino --licence cc-by-nc-4.0`
    """
    from spinepose_hf.onnx.export import OPSET
    from spinepose_hf.onnx.exporter import export_model
    from spinepose_hf.onnx.metadata import UNKNOWN_LICENCE
    from spinepose_hf.onnx.verify import TOLERANCES

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(f"{line} ...", err=True)

    report = export_model(
        model,
        out,
        format=format.value,
        graph=graph.value,
        precision=precision.value,
        opset=OPSET if opset is None else opset,
        calibration=calibration,
        licence=licence,
        max_batch=max_batch,
        overwrite=overwrite,
        tell=tell,
    )
    agreement, metadata = report.agreement, report.metadata
    typer.echo(f"{report.path}: {report.size / 1e6:.1f} MB, {report.seconds:.0f} s")
    typer.echo(f"{graph.value} graph, {precision.value}, {len(metadata.keypoint_names)} keypoints")
    typer.echo(f"source {metadata.source}, licence {metadata.licence}")
    tolerance = TOLERANCES[precision.value]
    sure = f" that torch scores {tolerance.confidence:g} or more" if tolerance.confidence else ""
    typer.echo(
        f"worst difference from torch {agreement.worst_px:.3g} px, mean {agreement.mean_px:.3g} px: "
        f"{agreement.within:.1%} of {agreement.keypoints} keypoints{sure} in {agreement.crops} crops "
        f"are within {tolerance.pixels:g} px"
    )
    if metadata.licence == UNKNOWN_LICENCE:
        typer.echo("note: nobody said under which licence the weights are; say so with --licence", err=True)


__all__ = ["export"]
