"""Where axe-core cannot be had, that is said at once; what is not the pinned file is refused."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.space.axe import VERSION, AxeUnavailableError, axe_script


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is the only npm there is, once it is written."""
    folder = tmp_path / "bin"
    folder.mkdir()
    # The shell's commands, and no other npm among them.
    for name in ("sh", "sleep"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder / "npm"


def write(npm: Path, script: str) -> None:
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(None, "npm is not installed", id="no npm"),
        pytest.param("echo warning >&2; echo ENOTFOUND >&2; exit 1", "ENOTFOUND", id="no network"),
        pytest.param("exit 0", "no reason given", id="nothing delivered"),
        pytest.param("exec sleep 30", "timed out", id="hangs"),
    ],
)
def test_why_it_cannot_be_had(npm: Path, tmp_path: Path, script: str | None, message: str) -> None:
    if script is not None:
        write(npm, script)
    begin = time.monotonic()
    with pytest.raises(AxeUnavailableError, match=message):
        axe_script(tmp_path / "kept", patience=1)
    assert time.monotonic() - begin < 10
    assert not (tmp_path / "kept").exists()


def test_another_file_is_no_axe(npm: Path, tmp_path: Path) -> None:
    write(npm, f"echo other > axe-core-{VERSION}.tgz")
    with pytest.raises(ValueError, match="not the file that is pinned"):
        axe_script(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_what_was_fetched_is_kept(npm: Path, tmp_path: Path) -> None:
    script = tmp_path / f"axe-core-{VERSION}.min.js"
    script.write_text("axe")
    assert axe_script(tmp_path) == script
