"""`spinepose app`: the app for the browser, on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer


def app(
    model: Annotated[
        str, typer.Option("--model", "-m", help="Hub id, folder or .onnx file. Default: the weights inside.")
    ] = "",
    revision: Annotated[str, typer.Option(help="Commit, tag or branch of the Hub id.")] = "",
    detector: Annotated[
        str, typer.Option(help="Where boxes come from: auto, none, an .onnx file, a folder or a Hub id.")
    ] = "",
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any that is free.", min=0, max=65535)] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser.")] = True,
) -> None:
    """Open the app: photos, videos, webcam and comparisons in the browser, on this machine alone.

    Nothing that is uploaded leaves the machine; it is deleted when the app ends. Limits are set by variables
    such as SPINEPOSE_APP_VIDEO_SECONDS (docs/space.md).
    """
    from spinepose_hf.app.serve import launch_app
    from spinepose_hf.app.settings import settings_from_environment

    known = settings_from_environment()
    settings = replace(
        known,
        model=model or known.model,
        revision=revision or known.revision,
        detector=detector or known.detector,
    )
    launch_app(settings, host, port, open_browser=open_browser)


__all__ = ["app"]
