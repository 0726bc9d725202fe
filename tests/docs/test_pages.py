"""What the guides and the README say about commands, files and names is true."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shlex
import unittest
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import dataset_loader
import spinepose_hf
from spinepose_hf.cli.main import COMMANDS, DEFAULT_COMMAND
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
USAGE_ERROR: Any = typer.BadParameter.__base__
"""What the parser raises; typer has a class of its own or click's, by version."""

GENERAL = {"-h", "--help", "--version", "--install-completion", "--show-completion"}

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ANY_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:spinepose|make|python) [^`]+)`")


def command_lines(text: str) -> list[str]:
    """Every command of a page: the lines of its shell blocks, and those between backticks in its text."""
    blocks = [line for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [*blocks, *(line.replace("\n", " ") for line in _INLINE.findall(_ANY_BLOCK.sub("", text)))]


def words_after(name: str, first: str = "") -> list[Any]:
    """The words of all commands that begin with `name`, one test case each."""
    cases = []
    for page in PAGES:
        for line in dict.fromkeys(command_lines(page.read_text(encoding="utf-8"))):
            words = shlex.split(line, comments=True)
            for start, word in enumerate(words):
                # After a launcher, too: torchrun ... --no-python spinepose train ...
                if word == name and (start + 1 < len(words)) and words[start + 1].startswith(first):
                    cases.append(pytest.param(words[start + 1 :], id=f"{page.stem}: {line[:70]}"))
                    break
    return cases


def click_command(name: str) -> Any:
    """The command behind a name, as the program itself finds it."""
    module = importlib.import_module(f"spinepose_hf.cli.{name}")
    app = getattr(module, "app", None)
    if not isinstance(app, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(getattr(module, name))
    return typer.main.get_command(app)


def parse(words: list[str]) -> None:
    """Parse a command line as far as it names commands, options and choices; files need not be there."""
    if words[0].startswith("-") and words[0] not in GENERAL:
        words = [DEFAULT_COMMAND, *words]
    if words[0] in GENERAL:
        return
    assert words[0] in COMMANDS, f"no command {words[0]!r}"
    command, rest = click_command(words[0]), words[1:]
    while hasattr(command, "commands") and rest and rest[0] not in GENERAL:
        assert rest[0] in command.commands, f"no command {rest[0]!r}"
        command, rest = command.commands[rest[0]], rest[1:]
    if hasattr(command, "commands") or not rest or GENERAL & set(rest):
        return
    # The parser alone: it knows options and arguments, and asks for no file.
    values, left, _ = command.make_parser(command.context_class(command)).parse_args(list(rest))
    assert not left, f"too many arguments: {left}"
    for parameter in command.params:
        choices = getattr(parameter.type, "choices", None)
        given = values.get(parameter.name)
        if choices and isinstance(given, str | list | tuple):
            known = {str(getattr(choice, "value", choice)) for choice in choices}
            assert ({given} if isinstance(given, str) else set(given)) <= known, f"no choice {given!r}"


@pytest.mark.parametrize("words", words_after("spinepose"))
def test_spinepose_commands_are_understood(words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["no-such-command"], "command"),
        (["dataset", "no-such-command"], "command"),
        (["-i", "photo.jpg", "--no-such-option"], "option"),
        (["-i", "photo.jpg", "--smooth", "no-such-choice"], "choice"),
        (["dataset", "check", "one", "two"], "argument"),
    ],
)
def test_wrong_commands_are_found(words: list[str], wrong: str) -> None:
    with pytest.raises((AssertionError, USAGE_ERROR), match=wrong):
        parse(words)


@pytest.mark.parametrize("words", words_after("make"))
def test_make_targets_exist(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert words[0] in targets


@pytest.mark.parametrize("words", [*words_after("python", "benchmarks/"), *words_after("python", "space/")])
def test_scripts_exist_and_know_their_options(words: list[str]) -> None:
    script = ROOT / words[0]
    folder = script.parent
    text = "".join(path.read_text(encoding="utf-8") for path in [script, *folder.glob("*/*.py")])
    for word in words[1:]:
        if word.startswith("--"):
            assert f'"{word}"' in text, word


def api_names() -> list[str]:
    pages = (ROOT / "docs" / "api").glob("*.md")
    return [
        name for page in pages for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.M)
    ]


@pytest.mark.parametrize("package", [spinepose_hf, dataset_loader], ids=lambda package: package.__name__)
def test_every_public_name_is_in_the_reference(package: Any) -> None:
    assert {f"{package.__name__}.{name}" for name in package.__all__} <= set(api_names())


def test_blocks_of_the_readme_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the guides run by themselves: docs/conftest.py, whose parsers serve here too."""
    spec = importlib.util.spec_from_file_location("guides", root / "docs" / "conftest.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(root)  # they only read, and name files as seen from the top
    document = module.guides.parse(root / "README.md")
    for example in document.examples():
        # Nothing but this exception says that a block is to be skipped.
        with contextlib.suppress(unittest.SkipTest):
            example.evaluate()
    assert document.namespace["keypoints"].shape[1:] == (37, 2)
    assert document.namespace["annotated"].shape == document.namespace["image"].shape


def test_names_are_in_the_reference_once() -> None:
    names = api_names()
    assert len(names) == len(set(names))


def test_every_page_can_be_reached() -> None:
    """mkdocs says so too, but only where the site is built."""
    from_elsewhere = {"index.md", "contributing.md", "embedded_weights.md", "rendered_people.md"}
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/]+\.md", str(yaml.safe_load(settings)["nav"])))
    there = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES if ROOT / "docs" in page.parents}
    assert named - from_elsewhere == there


def test_the_table_of_keypoints_is_that_of_the_model() -> None:
    text = (ROOT / "docs" / "keypoints.md").read_text(encoding="utf-8")
    rows = {int(number): name for number, name in re.findall(r"\| (\d+) \| `(\w+)`", text)}
    assert [rows[number] for number in sorted(rows)] == list(KEYPOINT_NAMES)
