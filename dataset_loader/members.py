"""Files of a data set as streams, in a folder or a zip: for headers, and for files too large for memory."""

from __future__ import annotations

import zipfile
from typing import IO

from dataset_loader.sources import Store, ZipStore, picture_members
from spinepose_hf.closing import Closing
from spinepose_hf.errors import DatasetError


class Members(Closing):
    """Opens members of a store; a zip's table of contents is read once. Use as a context, in one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._archive: zipfile.ZipFile | None = None

    def close(self) -> None:
        """Close the zip, if there is one."""
        if self._archive is not None:
            self._archive.close()

    def open(self, member: str) -> IO[bytes]:
        """A stream of a member.

        Raises:
            DatasetError: there is no such member, or it cannot be opened.
        """
        found = self._store.find(member)
        if found is None:
            raise DatasetError(f"{self._store.path} lacks {member}; copy or download it again")
        return self.open_found(found)

    def open_found(self, member: str) -> IO[bytes]:
        """A stream of a member that `Store.find` gave."""
        try:
            if not isinstance(self._store, ZipStore):
                return (self._store.path / member).open("rb")
            if self._archive is None:
                self._archive = zipfile.ZipFile(self._store.path)
            return self._archive.open(member)
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise DatasetError(f"{self._store.path}: cannot read {member} ({error})") from error


def find_picture(images: Store, folder: str, file_name: str) -> str | None:
    """Under which name a store has a picture; it may say its part's folder itself, as in `Source.read_image`.

    Args:
        images: where pictures are.
        folder: the image folder of its part, as `images/train-unreal`.
        file_name: from the annotation file.
    """
    found = (images.find(member) for member in picture_members(folder, file_name))
    return next((name for name in found if name is not None), None)


__all__ = ["Members", "find_picture"]
