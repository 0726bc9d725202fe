"""The `spinepose` command: finds the sub-command and tells errors in one line.

Nothing heavy is imported here, nor any sub-command before it is called, so that help appears at once.
"""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spinepose_hf import __version__
from spinepose_hf.errors import SpinePoseError

DEFAULT_COMMAND = "predict"
"""What `spinepose -i photo.jpg` means: the original command had no sub-commands."""

# Name, which is also that of the module in this package, and what the overview says. The module holds a
# function of that name, or, for a group of commands, a `typer.Typer` named `app`, made without completion.
COMMANDS: dict[str, str] = {
    "annotate": "Label pictures with the model's help: prepare tasks, merge what people corrected.",
    "app": "Open the app: photos, videos and webcam in the browser.",
    "benchmark": "Measure how fast models run on this machine, in each runtime.",
    "convert": "Make a model folder of an official SpinePose or RTMPose file.",
    "dataset": "Check, describe and convert SpineTrack and other COCO keypoint files.",
    "evaluate": "Measure a model on labelled persons: AP by group, errors, angles, plots.",
    "export": "Write a model as ONNX or OpenVINO file, or as a recipe for TensorRT.",
    "predict": "Find people in a photo: 37 keypoints each, nine of them along the spine.",
    "publish": "Put a model, a data set or the app on the Hugging Face Hub.",
    "synthesize": "Render people with exactly known keypoints, to train on.",
    "train": "Train a SpinePose network.",
}

HELP = """
SpinePose: human pose with the spine. 37 keypoints for each person, nine of them from the sacrum up to C1.

**Examples**

`spinepose -i photo.jpg -o out.jpg` annotates a photo and prints a table.

`spinepose -i photo.jpg -s result.json` saves the keypoints.

`spinepose predict -h` explains every option for photos; without a command, `predict` is meant.
"""

_HELP_NAMES = ["-h", "--help"]
_GROUP_OPTIONS = ("-h", "--help", "--version", "--install-completion", "--show-completion")
_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


class SpinePoseGroup(TyperGroup):
    """Sub-commands with a default one, and errors without tracebacks."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command before options that are not the group's own."""
        if args and args[0].startswith("-") and args[0].split("=")[0] not in _GROUP_OPTIONS:
            args = [DEFAULT_COMMAND, *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the sub-command; an error that the user caused becomes one line and the exit code 1."""
        try:
            return super().invoke(ctx)
        except SpinePoseError as error:
            typer.echo(f"error: {' '.join(str(error).split())}", err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(130) from error


app = typer.Typer(
    name="spinepose",
    cls=SpinePoseGroup,
    help=HELP,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    context_settings={"help_option_names": _HELP_NAMES},
    pretty_exceptions_enable=False,
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"spinepose-hf {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def _load_and_run(ctx: typer.Context) -> None:
    """Import the module of the called command, and hand it the arguments."""
    name = str(ctx.info_name)
    module = importlib.import_module(f"spinepose_hf.cli.{name}")
    command = getattr(module, "app", None)
    if not isinstance(command, typer.Typer):
        command = typer.Typer(
            rich_markup_mode="markdown", add_completion=False, pretty_exceptions_enable=False
        )
        command.command(name)(getattr(module, name))
    result = typer.main.get_command(command).main(
        args=ctx.args, prog_name=str(ctx.command_path), standalone_mode=False, help_option_names=_HELP_NAMES
    )
    # Without stand-alone mode an `Exit` inside the command comes back as its code.
    if isinstance(result, int) and result:
        raise typer.Exit(result)


for _name, _summary in COMMANDS.items():
    app.command(_name, help=_summary, add_help_option=False, context_settings=_PASS_ON)(_load_and_run)


def main() -> None:
    """Entry point of the `spinepose` script."""
    app()


if __name__ == "__main__":
    main()


__all__ = ["COMMANDS", "app", "main"]
