"""Reading a data set where it lies: an unzipped tree, the official zips in place, or our own flat folder.

official   annotations/person_keypoints_<part>.json  and  images/<part>/<file name>,
           each of the two as a folder or as annotations.zip and images.zip (never unpacked)
flat       annotations.json  and  images/<file name>, what `spinepose synthesize` writes
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from dataset_loader.json_file import check_memory
from spinepose_hf.errors import DatasetError

FLAT_ANNOTATIONS = "annotations.json"

# What zipfile raises on damaged, encrypted or exotic archives.
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)


class Store(ABC):
    """Files by name, in a folder or in an archive. Safe to use from several threads and processes.

    Attributes:
        path: the folder or archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def find(self, member: str) -> str | None:
        """The name under which `member` (a path with slashes) is there, or None."""

    @abstractmethod
    def size(self, member: str) -> int:
        """Size in bytes of a member that `find` gave."""

    @abstractmethod
    def read_found(self, member: str) -> bytes:
        """Content of a member that `find` gave.

        Raises:
            DatasetError: it is damaged or cannot be read.
        """

    @abstractmethod
    def annotation_files(self) -> list[Path]:
        """The files on this machine that hold the annotations, if any is in this store."""

    def read(self, *members: str, wanted_by: str = "") -> bytes:
        """Content of the first of `members` that is there.

        Args:
            members: names it may have.
            wanted_by: what refers to it, for the message.

        Raises:
            DatasetError: none is there, a name leads out of the store, or the file is damaged.
        """
        for member in members:
            found = self.find(checked_member(member, wanted_by or str(self.path)))
            if found is not None:
                return self.read_found(found)
        needed = f", which {wanted_by} needs" if wanted_by else ""
        raise DatasetError(f"{self.path} lacks {members[0]}{needed}; copy or download it again")


class FolderStore(Store):
    """Files below a folder."""

    def find(self, member: str) -> str | None:
        return member if (self.path / member).is_file() else None

    def size(self, member: str) -> int:
        return (self.path / member).stat().st_size

    def read_found(self, member: str) -> bytes:
        try:
            return (self.path / member).read_bytes()
        except OSError as error:
            raise DatasetError(f"cannot read {self.path / member}: {error.strerror or error}") from error

    def annotation_files(self) -> list[Path]:
        flat = self.path / FLAT_ANNOTATIONS
        return [flat] if flat.is_file() else sorted((self.path / "annotations").glob("*.json"))


class ZipStore(Store):
    """Members of a zip, read in place.

    The archive is opened at the first use in each process and stays open; a copy that travels to another
    process opens it there again. One folder around all members is skipped, and so is the first part of a
    name that the archive leaves out (`images/a/b.jpg` is found as `a/b.jpg`).
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = threading.Lock()
        self._archive: zipfile.ZipFile | None = None
        self._process = os.getpid()
        self._prefix = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path,)

    def find(self, member: str) -> str | None:
        members = self._open().NameToInfo
        names = (member, self._prefix + member)
        shorter = member.partition("/")[2]
        candidates = (*names, shorter, self._prefix + shorter) if shorter else names
        return next((name for name in candidates if name in members), None)

    def size(self, member: str) -> int:
        return self._open().NameToInfo[member].file_size

    def read_found(self, member: str) -> bytes:
        archive = self._open()
        try:
            # zipfile counts the readers of its handle without a lock of its own.
            with self._lock:
                return archive.read(member)
        except _ZIP_ERRORS as error:
            raise DatasetError(
                f"{self.path}: member {member} is damaged ({error}); download it again"
            ) from error

    def annotation_files(self) -> list[Path]:
        return [self.path]

    def _open(self) -> zipfile.ZipFile:
        if self._process != os.getpid():
            # After a fork parent and child would move one file position.
            self._archive, self._lock, self._process = None, threading.Lock(), os.getpid()
        with self._lock:
            if self._archive is None:
                try:
                    self._archive = zipfile.ZipFile(self.path)
                except _ZIP_ERRORS as error:
                    raise DatasetError(
                        f"{self.path} is not a zip that can be read ({error}); download it again"
                    ) from error
                for name in self._archive.NameToInfo:
                    checked_member(name, str(self.path))
                self._prefix = _common_folder(list(self._archive.NameToInfo))
            return self._archive


@dataclass(frozen=True)
class Source:
    """A data set on this machine.

    Attributes:
        path: the folder.
        flat: whether it is our own flat layout.
        annotations: where the annotation files are.
        images: where the pictures are.
    """

    path: Path
    flat: bool
    annotations: Store
    images: Store

    def __hash__(self) -> int:
        return hash(self.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.path, self.flat) == (other.path, other.flat)

    def read_annotations(self, member: str) -> bytes:
        """Content of an annotation file.

        Raises:
            DatasetError: it is missing, damaged, or too large for the memory that is free.
        """
        found = self.annotations.find(member)
        if found is not None:
            check_memory(self.annotations.size(found), f"{self.annotations.path}: {member}")
        return self.annotations.read(member)

    def read_image(self, folder: str, file_name: str, wanted_by: str) -> bytes:
        """Encoded bytes of a picture.

        Args:
            folder: the image folder of its part, as `images/train-unreal`.
            file_name: from the annotation file.
            wanted_by: names the annotation file and the image id, for the message.

        Raises:
            DatasetError: it is missing, damaged, or its name leads out of the data set.
        """
        return self.images.read(*picture_members(folder, file_name), wanted_by=wanted_by)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the annotation files, or the archive with them, change."""
        states = [(path, path.stat()) for path in self.annotations.annotation_files()]
        text = repr([(path.name, state.st_size, state.st_mtime_ns) for path, state in states])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_source(path: str | os.PathLike[str]) -> Source:
    """Find out which layout a folder has.

    Raises:
        DatasetError: there is no such folder, or it has none of the layouts.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path} does not exist; check the path")
    if path.suffix == ".zip":
        raise DatasetError(
            f"{path} is one archive; give the folder that holds annotations.zip and images.zip"
        )
    if (path / FLAT_ANNOTATIONS).is_file():
        return Source(path, True, FolderStore(path), FolderStore(path))
    stores = {name: _store(path, name) for name in ("annotations", "images")}
    annotations, images = stores["annotations"], stores["images"]
    if annotations is None or images is None:
        missing = " and ".join(f"{name}/ or {name}.zip" for name, store in stores.items() if store is None)
        raise DatasetError(
            f"{path} is not a data set that is known: it lacks {missing} (official layout), "
            f"and {FLAT_ANNOTATIONS} beside images/ (what `spinepose synthesize` writes)"
        )
    return Source(path, False, annotations, images)


def picture_members(folder: str, file_name: str) -> tuple[str, ...]:
    """Names under which a store may have a picture, best first.

    Args:
        folder: the image folder of its part, as `images/train-unreal`.
        file_name: from the annotation file; it may say its part itself.
    """
    top, separator, _ = folder.partition("/")
    inside = f"{folder}/{file_name}"
    return (inside, f"{top}/{file_name}") if separator else (inside,)


def checked_member(member: str, where: str) -> str:
    """A name of a file inside a data set, if it stays inside.

    Raises:
        DatasetError: it is absolute, has a drive or backslashes, or climbs out with `..`.
    """
    parts = PurePosixPath(member).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in member or ":" in parts[0]:
        raise DatasetError(
            f"{where}: the file name {member!r} leads out of the data set; do not trust this file"
        )
    return member


def _store(path: Path, name: str) -> Store | None:
    if (path / name).is_dir():
        return FolderStore(path)
    archive = path / f"{name}.zip"
    return ZipStore(archive) if archive.is_file() else None


def _common_folder(names: list[str]) -> str:
    """`folder/` when all members of an archive lie in one, else nothing; what macOS adds does not count."""
    tops = {name.partition("/")[0] for name in names if not name.startswith("__MACOSX")}
    inside = all("/" in name for name in names)
    return f"{tops.pop()}/" if inside and len(tops) == 1 else ""


__all__ = [
    "FLAT_ANNOTATIONS",
    "FolderStore",
    "Source",
    "Store",
    "ZipStore",
    "checked_member",
    "open_source",
    "picture_members",
]
