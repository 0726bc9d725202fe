"""Estimates of many people in one file, so that looking at them is done once, whatever is rejected later."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipes.annotator.views import Estimate
from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.images import load_image
from spinepose_hf.output.record_file import write_errors

SAVE_EVERY: Final = 50
"""People after which the file is written."""


class Person(NamedTuple):
    """Somebody to be looked at.

    Attributes:
        key: names the person in the file.
        image: the picture.
        box: (4,) xyxy in image px.
    """

    key: str
    image: Path
    box: NDArray[np.float64]

    @property
    def longer_side(self) -> float:
        """Of the box, in px."""
        return float((self.box[2:] - self.box[:2]).max())


class EstimateFile:
    """Estimates by key.

    Args:
        path: an .npz file; read when it is there and of the same identity, else begun anew.
        identity: changes when the estimates would.

    Raises:
        DatasetError: the file is damaged.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.path, self.identity = path, identity
        self._found: dict[str, Estimate] = {}
        if not path.is_file():
            return
        try:
            with np.load(path) as content:
                if str(content["identity"]) != identity:
                    return
                columns = [content[name] for name in Estimate._fields]
                keys = content["keys"].tolist()
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{path} is damaged ({error}); delete it") from error
        self._found = {key: Estimate(*row) for key, *row in zip(keys, *columns, strict=True)}

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def __getitem__(self, key: str) -> Estimate:
        return self._found[key]

    def put(self, key: str, estimate: Estimate) -> None:
        """Keep an estimate; `write` brings it to the file."""
        self._found[key] = Estimate(*(value.astype(np.float32) for value in estimate))

    def write(self) -> None:
        """Replace the file by one with all estimates so far.

        Raises:
            OutputError: it cannot be written.
        """
        if not self._found:
            return
        columns: dict[str, Any] = {
            name: np.stack([getattr(estimate, name) for estimate in self._found.values()])
            for name in Estimate._fields
        }
        with write_errors(self.path), atomic_path(self.path) as temporary:
            np.savez(temporary, identity=self.identity, keys=list(self._found), **columns)


def estimate_all(
    people: Sequence[Person],
    annotate: Callable[[NDArray[np.uint8], NDArray[np.float64]], Estimate],
    file: EstimateFile,
    tell: Callable[[int, int], None],
) -> None:
    """Look at everybody whom a file lacks; what was seen is kept even when this is stopped.

    Args:
        people: in an order that has those of one picture together.
        annotate: from an image (H, W, 3) uint8 RGB and a box to the estimate.
        file: is completed and written.
        tell: is called with how many people were newly done, and how many there are in all.

    Raises:
        ImageError: a picture cannot be read.
    """
    missing = [person for person in people if person.key not in file]
    tell(len(people) - len(missing), len(people))
    shown: Path | None = None
    try:
        for done, person in enumerate(missing, start=1):
            if person.image != shown:
                image, shown = load_image(person.image), person.image
            file.put(person.key, annotate(image, person.box))
            if done % SAVE_EVERY == 0:
                file.write()
            tell(1, len(people))
    finally:
        if missing:
            file.write()


def identity_of(*parts: Path | str) -> str:
    """SHA-256 of the contents of files and of texts, in their order.

    Raises:
        DatasetError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for part in parts:
        try:
            content = part.read_bytes() if isinstance(part, Path) else part.encode()
        except OSError as error:
            raise DatasetError(f"cannot read {part}: {error.strerror or error}") from error
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


__all__ = ["EstimateFile", "Person", "estimate_all", "identity_of"]
