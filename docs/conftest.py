"""Runs the code blocks of the guides: Python in one namespace a guide, shell commands in the same folder.

A block that needs the network or much time stands after `<!-- skip: next "why" -->`, so that whoever reads
the source sees why it is not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

SAMPLES = Path(__file__).resolve().parent.parent / "spinepose_hf" / "samples"

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


class ShellCodeBlockParser(CodeBlockParser):
    """Blocks marked `sh`: every line must succeed."""

    language = "sh"

    def evaluate(self, example: Example) -> str | None:
        """Return what went wrong, or None."""
        shell = shutil.which("bash") or "sh"
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        done = subprocess.run(
            [shell, "-euc", example.parsed],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
            timeout=240,
        )
        return f"exit code {done.returncode}\n{done.stdout}{done.stderr}" if done.returncode else None


def enter_empty_folder(namespace: dict[str, object]) -> None:
    """A folder of its own for each guide, holding the sample pictures and the caches."""
    folder = Path(tempfile.mkdtemp(prefix="spinepose-guide-"))
    shutil.copytree(SAMPLES, folder / "samples")
    namespace["left"] = Path.cwd()
    os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")
    os.chdir(folder)


def leave_folder(namespace: dict[str, object]) -> None:
    """Go back, so that other tests find the folder they expect."""
    folder = Path.cwd()
    os.chdir(str(namespace["left"]))
    shutil.rmtree(folder)


guides = Sybil(
    parsers=[PythonCodeBlockParser(), ShellCodeBlockParser(), SkipParser()],
    patterns=["*.md"],
    setup=enter_empty_folder,
    teardown=leave_folder,
)
pytest_collect_file = guides.pytest()
