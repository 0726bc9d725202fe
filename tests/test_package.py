"""The package as a whole: quick to import, complete in its names, and its README true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import spinepose_hf

HEAVY = ("torch", "transformers", "cv2", "onnxruntime", "PIL", "numpy")


def run(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=240)


def test_importing_the_package_imports_nothing_heavy(root: Path) -> None:
    done = run(f"import spinepose_hf, sys; print([m for m in {HEAVY} if m in sys.modules])", root)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", spinepose_hf.__all__)
def test_public_names_resolve_and_are_documented(name: str) -> None:
    assert getattr(spinepose_hf, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = spinepose_hf.nonsense


def test_a_missing_extra_is_named(root: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import spinepose_hf\n"
        "try: spinepose_hf.SpinePoseForPoseEstimation\n"
        "except spinepose_hf.errors.MissingExtraError as error: print(error)"
    )
    done = run(code, root)
    assert 'pip install "spinepose-hf[torch]"' in done.stdout, done.stderr


@pytest.mark.parametrize(("before", "after"), [("", "1"), ("0", "0")], ids=["unset", "the user's choice"])
def test_onnxruntime_reports_to_nobody(root: Path, before: str, after: str) -> None:
    name = "ORT_DISABLE_TELEMETRY"
    start = f"import os; os.environ.pop({name!r}, None)\n"
    start += f"os.environ[{name!r}] = {before!r}\n" if before else ""
    code = f"{start}import spinepose_hf.inference.onnx_session, onnxruntime\nprint(os.environ[{name!r}])"
    assert run(code, root).stdout.strip() == after


def test_the_readme_shows_the_two_make_targets(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text and "make test" in text
