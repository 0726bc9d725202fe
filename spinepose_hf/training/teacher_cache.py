"""A teacher's answers on disk: asked once for each crop, by any number of runs and processes."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spinepose_hf.errors import OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.training.teacher import Teacher

_KEY_BYTES: Final = 16
# Crops a file: about 10 MB at size t, and what a killed process at most computes again.
_SEGMENT: Final = 256
_USELESS: Final = 0.01

logger = logging.getLogger(__name__)


class CachedTeacher:
    """A `Teacher` that remembers its answers, as float16, in a folder.

    An answer is found by the teacher's digest and by the pixels of the crop, so it can never be that of
    another view, picture or augmentation. Answers lie in memory-mapped files of some hundred crops, each
    written whole or not at all; several processes may share a folder, and one that is killed loses what it
    has not written yet, which is computed again.

    It pays where crops come back: plain crops, a limited number of views a person, or several runs that
    draw with the same seed. Endless random views never come back; then this warns and only costs.

    Args:
        teacher: asked for what is not known yet.
        folder: of the cache; teachers do not mix there.
        limit_gigabytes: no more is written beyond this size of the teacher's part.
        patience: crops asked for before a warning that hardly any was known.
    """

    def __init__(
        self,
        teacher: Teacher,
        folder: str | os.PathLike[str],
        limit_gigabytes: float = 50.0,
        patience: int = 20_000,
    ) -> None:
        self.teacher = teacher
        self.folder = Path(folder) / teacher.digest[:_KEY_BYTES]
        self.patience = patience
        self.asked = self.known = 0
        self._limit = limit_gigabytes * 1e9
        self._size = 0
        self._writing = True
        # Where each answer lies: an open segment and a row, or None while it waits to be written.
        self._places: dict[bytes, tuple[Any, int] | None] = {}
        self._waiting: dict[bytes, tuple[Tensor, Tensor]] = {}
        for path in sorted(self.folder.glob("*.safetensors")):
            self._open(path)

    @property
    def columns(self) -> tuple[tuple[int, int], ...]:
        """See `Teacher`."""
        return self.teacher.columns

    @property
    def digest(self) -> str:
        """See `Teacher`."""
        return self.teacher.digest

    def __len__(self) -> int:
        """Number of crops whose answers are known."""
        return len(self._places)

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """See `Teacher`. Answers are rounded to float16, whether they are known or new."""
        keys = crop_keys(crops)
        new = [row for row, key in enumerate(keys) if key not in self._places]
        self.asked, self.known = self.asked + len(keys), self.known + len(keys) - len(new)
        fresh: dict[bytes, tuple[Tensor, Tensor]] = {}
        if new:
            # What stays on disk should not depend on the precision of the run that wrote it.
            with torch.autocast(crops.device.type, enabled=False):
                answers = self.teacher.logits(crops[new])
            xs, ys = (answer.detach().half().cpu() for answer in answers)
            fresh = {keys[row]: (x, y) for row, x, y in zip(new, xs, ys, strict=True)}
        found = [fresh[key] if key in fresh else self._read(key) for key in keys]
        self._remember(fresh)
        self._warn_if_useless()
        # Widened one by one: stacking float16 fails under the autocast of a bfloat16 run.
        x, y = (
            torch.stack([answer.float() for answer in axis]).to(crops.device)
            for axis in zip(*found, strict=True)
        )
        return x, y

    def flush(self) -> None:
        """Write what waits. Call it when training ends; full files are written as they fill."""
        if not self._waiting or not self._writing:
            return
        answers = list(self._waiting.values())
        tensors = {
            "keys": torch.tensor([list(key) for key in self._waiting], dtype=torch.uint8),
            "x": torch.stack([x for x, _ in answers]),
            "y": torch.stack([y for _, y in answers]),
        }
        target = self.folder / f"{uuid4().hex}.safetensors"
        try:
            with atomic_path(target) as path:
                save_file(tensors, path)
        except (OutputError, OSError, SafetensorError) as error:
            self._stop_writing(f"it cannot be written ({error})")
            return
        self._waiting.clear()
        self._open(target)
        if self._size > self._limit:
            self._stop_writing(f"it has reached {self._size / 1e9:.1f} GB")

    def _read(self, key: bytes) -> tuple[Tensor, Tensor]:
        place = self._places[key]
        if place is None:
            return self._waiting[key]
        segment, row = place
        return segment.get_slice("x")[row], segment.get_slice("y")[row]

    def _remember(self, fresh: dict[bytes, tuple[Tensor, Tensor]]) -> None:
        if not self._writing:
            return
        self._waiting.update(fresh)
        self._places.update(dict.fromkeys(fresh))
        if len(self._waiting) >= _SEGMENT:
            self.flush()

    def _open(self, path: Path) -> None:
        try:
            segment: Any = safe_open(path, "pt")
            keys = segment.get_tensor("keys")
        except (SafetensorError, OSError) as error:
            # Whatever it held is computed again.
            logger.warning("the teacher cache leaves out %s, which is damaged (%s)", path, error)
            return
        self._size += path.stat().st_size
        for row, key in enumerate(keys.numpy()):
            self._places[key.tobytes()] = (segment, row)

    def _stop_writing(self, why: str) -> None:
        logger.warning("the teacher cache %s takes no more: %s", self.folder, why)
        self._writing = False
        for key in self._waiting:
            self._places.pop(key, None)
        self._waiting.clear()

    def _warn_if_useless(self) -> None:
        if self.asked >= self.patience and self.known < _USELESS * self.asked:
            logger.warning(
                "of %d crops, the teacher cache %s knew %d: random views hardly ever come back; give each "
                "person a limited number of views, or leave the cache out",
                self.asked,
                self.folder,
                self.known,
            )
            self.patience *= 10


def crop_keys(crops: Tensor) -> Sequence[bytes]:
    """(B, h, w, 3) uint8 crops to one key each: a digest of their size and pixels."""
    size = repr(tuple(crops.shape[1:])).encode()
    rows = crops.detach().cpu().contiguous().numpy()
    return [hashlib.blake2b(size + row.tobytes(), digest_size=_KEY_BYTES).digest() for row in rows]


__all__ = ["CachedTeacher", "crop_keys"]
