"""`spinepose convert`: make a model folder of an official checkpoint or ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[
        str,
        typer.Argument(
            help="A .pth or .onnx file of SpinePose or RTMPose: a path, an address, or on the Hub "
            "owner/name:file (or hf://owner/name/file)."
        ),
    ],
    out: Annotated[Path, typer.Option("--output", "-o", help="Model folder to write.")],
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            "--license",
            help="Of the weights. Default: that of the official files, where it is one.",
        ),
    ] = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Also write float32 ONNX files to onnx/.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
) -> None:
    """Convert an official checkpoint or ONNX file to a model folder, as the Hub and transformers take it.

    The folder holds weights, configuration, processor, code and card. An ONNX file is compared with what is
    made of it; where the two answer differently, nothing is written.

    **Examples**

    `spinepose convert spinepose-m_32xb256-10e_spinetrack-256x192.pth -o spinepose-m`

    `spinepose convert dfki-av/spinepose:spinepose-s_32xb256-10e_simspine-256x192.onnx -o spinepose-s`
    """
    from spinepose_hf.cli.progress import progress_bars
    from spinepose_hf.hub.convert_folder import convert_to_folder
    from spinepose_hf.hub.convert_source import fetch_source
    from spinepose_hf.onnx.metadata import UNKNOWN_LICENCE

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(f"{line} ...", err=True)

    with progress_bars("download") as progress:
        file = fetch_source(source, progress)
    done = convert_to_folder(file, out, licence=licence, onnx=onnx, overwrite=overwrite, tell=tell)
    height, width = done.image_size
    typer.echo(
        f"{done.folder}: {done.num_keypoints} keypoints, {done.parameters / 1e6:.1f} M weights, "
        f"crops {height} x {width}, licence {done.licence}"
    )
    if done.difference is None:
        typer.echo("every tensor of the checkpoint is in its place, and the network runs")
    else:
        typer.echo(f"logits differ from the ONNX file's by {done.difference:.1g} of the largest")
    if done.licence == UNKNOWN_LICENCE:
        typer.echo("note: nobody said under which licence the weights are; say so with --licence", err=True)


__all__ = ["convert"]
