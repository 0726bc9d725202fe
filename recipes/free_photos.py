"""Copy the pictures that the embedded model's recipe lists out of public repositories.

    python -m recipes.free_photos data/free_photos

The list, recipes/embedded_free_photos.tsv, names each by what it holds (git's hash of the content), so that
a picture is either the same or missing. Of a repository only its history is copied, then each listed picture
by itself; both are thrown away again. What is there is kept: call it again after a stop. What a repository
no longer has is said and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from spinepose_hf.errors import DatasetError, SpinePoseError
from spinepose_hf.files import atomic_path

COPIED: Final = "copied.tsv"
"""The lines of the list whose pictures a folder has, with their licences and makers; written last."""

PICTURE_LIST: Final = Path(__file__).with_name("embedded_free_photos.tsv")
HOST: Final = "https://github.com"


class GitError(Exception):
    """Why git failed, in its own words."""


class Listed(NamedTuple):
    """A line of the list.

    Attributes:
        repository: owner/name.
        content: git's hash of the file's bytes.
        licence: of the picture.
        path: in the repository's newest state, or "" where only its history has it.
        credit: who made it, as the repository says, or "".
    """

    repository: str
    content: str
    licence: str
    path: str = ""
    credit: str = ""

    @property
    def file_name(self) -> str:
        """What it is called here: the same for the same content, whatever its name there."""
        return f"{self.content[:12]}{Path(self.path).suffix.lower() or '.jpg'}"


def main() -> None:
    """Copy them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--host", default=HOST, help=f"where OWNER/NAME is found ({HOST})")
    arguments = parser.parse_args()
    listed = read_list()
    try:
        missing = copy_pictures(listed, arguments.out, arguments.host, print)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")
    print(f"{len(listed) - len(missing)} of {len(listed)} pictures: {arguments.out}")


def read_list(path: Path = PICTURE_LIST) -> list[Listed]:
    """The pictures of the recipe."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Listed(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def copy_pictures(
    listed: Sequence[Listed], out: Path, host: str, tell: Callable[[str], None]
) -> list[Listed]:
    """Copy what is not there yet, and then `COPIED`; the pictures that could not be had.

    Args:
        listed: the pictures.
        out: folder to write to.
        host: what stands before the repositories' names: an address, or a folder of repositories.
        tell: is called with a line a repository.

    Raises:
        DatasetError: git is missing, or not one picture could be had.
        OutputError: `out` cannot be written.
    """
    wanted: dict[str, list[Listed]] = defaultdict(list)
    for one in _absent(listed, out):
        wanted[one.repository].append(one)
    for number, (repository, pictures) in enumerate(wanted.items(), 1):
        reason = _copy_from(f"{host}/{repository}", pictures, out)
        had = len(pictures) - len(_absent(pictures, out))
        lost = f"; the others cannot be had: {reason}" if reason else ""
        tell(f"[{number}/{len(wanted)}] {repository}: {had} pictures{lost}")
    missing = _absent(listed, out)
    if missing and len(missing) == len(listed):
        raise DatasetError(f"not one of {len(listed)} pictures could be had from {host}; check the network")
    with atomic_path(out / COPIED) as path:
        lines = ("\t".join(one).rstrip("\t") for one in listed if one not in missing)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return missing


def _absent(listed: Sequence[Listed], out: Path) -> list[Listed]:
    return [one for one in listed if not (out / one.file_name).is_file()]


def _copy_from(address: str, pictures: Sequence[Listed], out: Path) -> str:
    """Copy pictures of one repository; what git said of those that it could not give, or ""."""
    reason = ""
    with tempfile.TemporaryDirectory(prefix="spinepose-free-photos-") as folder:
        try:
            # A copied history holds no file until it is asked for.
            _git("clone", "--quiet", "--bare", "--filter=blob:none", address, folder)
        except GitError as error:
            return str(error)
        _ask_at_once(folder, pictures)
        for one in pictures:
            try:
                content = _git("-C", folder, "cat-file", "blob", one.content)
            except GitError as error:
                reason = str(error)
                continue
            with atomic_path(out / one.file_name) as path:
                path.write_bytes(content)
    return reason


def _ask_at_once(folder: str, pictures: Sequence[Listed]) -> None:
    """Copy pictures in one request instead of one each.

    A host refuses all of them where it lacks one. Nothing is lost: what is not there yet, git asks for when
    it is read.
    """
    with contextlib.suppress(GitError):
        # Nothing is told of what is there: pictures have no history that a host could leave out.
        _git(
            *("-C", folder, "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"),
            *("--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"),
            told="".join(f"{one.content}\n" for one in pictures),
        )


def _git(*arguments: str, told: str = "") -> bytes:
    """What git prints, having been told something."""
    # A repository that is gone must fail, not ask for a password.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *arguments], input=told.encode(), capture_output=True, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise DatasetError("git is not installed; it copies the listed pictures") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        # After that line come hints.
        fatal = (line for line in told if line.startswith("fatal: "))
        raise GitError(next(fatal, f"git ended with {done.returncode}"))
    return done.stdout


if __name__ == "__main__":
    main()
