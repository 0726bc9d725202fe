"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spinepose_hf.errors import OutputError


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `target` and move it there when the block succeeds.

    The temporary file keeps `target`'s suffix, because writers such as OpenCV choose the format by it.
    If the block raises, the temporary file is removed and `target` is left as it was.

    Args:
        target: where the finished file shall lie. Its folder is made when missing.

    Yields:
        A path in the same folder, to write to.

    Raises:
        OutputError: the folder cannot be made or written, or `target` is a folder.
    """
    target = Path(target)
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder; give a file name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a finished output is an ordinary file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new folder beside `target` that replaces it when the block succeeds.

    If the block raises, the new folder is removed and `target` is left as it was.

    Args:
        target: where the finished folder shall lie. Its parent is made when missing.

    Yields:
        An empty folder in the same parent.

    Raises:
        OutputError: the parent cannot be made or written, or writing failed.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        # The temporary folder is private; the one inside is an ordinary one.
        inside = outer / "new"
        inside.mkdir()
        yield inside
        old = outer / "old"
        if target.exists():
            target.replace(old)
        try:
            inside.replace(target)
        except OSError:
            if old.exists():
                old.replace(target)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
