"""The command as a whole: quick help, the default command, errors in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from spinepose_hf.cli import main
from spinepose_hf.errors import ModelError

RUNNER = CliRunner()

HEAVY = (
    "torch",
    "transformers",
    "cv2",
    "onnxruntime",
    "onnx",
    "PIL",
    "datasets",
    "pyarrow",
    "matplotlib",
    "numpy",
)


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], []])
def test_overview_teaches(arguments: list[str]) -> None:
    result = RUNNER.invoke(main.app, arguments)
    assert result.exit_code == (0 if arguments else 2)
    text = result.stdout + result.stderr
    for phrase in (
        "spinepose -i photo.jpg -o out.jpg",
        "annotate",
        "dataset",
        "predict",
        "train",
        "--version",
    ):
        assert phrase in text


def test_version() -> None:
    from importlib.metadata import version

    result = RUNNER.invoke(main.app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.strip() == f"spinepose-hf {version('spinepose-hf')}"


@pytest.mark.parametrize("arguments", [["predict", "-h"], ["predict", "--help"]])
def test_help_of_predict_teaches(arguments: list[str]) -> None:
    result = RUNNER.invoke(main.app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for phrase in (
        "--input",
        "--output",
        "--save",
        "--format",
        "--boxes",
        "--detector",
        "--model",
        "--spine-only",
    ):
        assert phrase in result.stdout
    for phrase in ("--threshold", "--device", "--quiet", "Examples", "Exit codes", "openpose"):
        assert phrase in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["tran"], "No such command 'tran'", id="misspelt command"),
        pytest.param(["predict"], "Missing option", id="no input"),
        pytest.param(["-o", "out.jpg"], "Missing option", id="no input, default command"),
        pytest.param(["-i", "a.jpg", "--speed", "9"], "No such option", id="unknown option"),
        pytest.param(["-i", "a.jpg", "--device", "tpu"], "tpu", id="unknown device"),
        pytest.param(["-i", "a.jpg", "--format", "xml"], "xml", id="unknown format"),
        pytest.param(["-i", "a.jpg", "--threshold", "2"], "threshold", id="threshold above one"),
        pytest.param(["-i", "a.jpg", "b.jpg"], "unexpected extra argument", id="two photos"),
        pytest.param(
            ["dataset", "chek", "a.json"], "No such command 'chek'", id="misspelt command of a group"
        ),
        pytest.param(["dataset", "check"], "Missing argument", id="command of a group without its argument"),
    ],
)
def test_wrong_options_exit_with_2(arguments: list[str], message: str) -> None:
    result = RUNNER.invoke(main.app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def group_around(problem: BaseException) -> typer.Typer:
    app = typer.Typer(cls=main.SpinePoseGroup, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise problem

    @app.command()
    def other() -> None:
        """Make `fail` one of several commands."""

    return app


@pytest.mark.parametrize(
    ("problem", "code", "line"),
    [
        pytest.param(ModelError("two\nlines; do this"), 1, "error: two lines; do this", id="own error"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted", id="interrupt"),
        pytest.param(typer.Exit(7), 7, "", id="exit code of a command"),
    ],
)
def test_errors_become_one_line(problem: BaseException, code: int, line: str) -> None:
    result = RUNNER.invoke(group_around(problem), ["fail"])
    assert result.exit_code == code
    assert result.stderr.strip() == line


def test_mistakes_of_ours_are_not_hidden() -> None:
    result = RUNNER.invoke(group_around(ZeroDivisionError("a bug")), ["fail"])
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        pytest.param(["-h"], "check", id="group"),
        pytest.param(["check", "-h"], "--json", id="command of a group"),
    ],
)
def test_help_of_a_group_teaches(arguments: list[str], commands: str) -> None:
    result = RUNNER.invoke(main.app, ["dataset", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert commands in result.stdout


def test_error_of_a_command_in_a_group_is_one_line(tmp_path: Path) -> None:
    result = RUNNER.invoke(main.app, ["dataset", "check", str(tmp_path / "none.json")])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["-h"], ["predict", "-h"], ["dataset", "-h"], ["dataset", "check", "-h"], ["--version"]]
)
def test_help_imports_nothing_heavy(root: Path, arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from spinepose_hf.cli.main import COMMANDS, app\n"
        f"app({arguments!r}, standalone_mode=False)\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "names = (f'spinepose_hf.cli.{name}' for name in ('main', *COMMANDS))\n"
        "print('COMMANDS', sorted(name for name in names if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert "HEAVY []" in done.stdout
    called = [f"spinepose_hf.cli.{name}" for name in ("dataset", "predict") if name in arguments]
    assert f"COMMANDS {sorted(['spinepose_hf.cli.main', *called])}" in done.stdout


def test_script_reports_an_error_without_traceback(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spinepose_hf.cli.main", "-i", str(tmp_path / "none.jpg"), "-o", "out.jpg"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"error: {tmp_path / 'none.jpg'} does not exist; check the path"]
