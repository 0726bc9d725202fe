"""Features on disk: made once, in hours, and read at random while the head is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipes.annotator.crops import AUGMENTATION, augmented_crop, crop_dataset
from recipes.annotator.estimates import identity_of
from recipes.annotator.features import COARSE_SHAPE, FINE_SHAPE, MIDDLE_SHAPE, MoveNetAnswer
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.record_file import write_errors
from spinepose_hf.training.data import PersonCrops
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source

Arrays = dict[str, NDArray[Any]]

_SHAPES: Final[dict[str, tuple[tuple[int, ...], type[np.floating]]]] = {
    "fine": (FINE_SHAPE, np.float16),
    "middle": (MIDDLE_SHAPE, np.float16),
    "coarse": (COARSE_SHAPE, np.float16),
    "labels": ((NUM_KEYPOINTS, 3), np.float32),
}
BYTES_PER_VIEW: Final = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in _SHAPES.values())
"""Room on disk that a view takes."""

_IDENTITY: Final = "made_of.json"


class FeatureStore:
    """Features and labels of N augmented views, as memory-mapped arrays in a folder.

    A view's labels are written last and begin as NaN, so that a store that was left at any moment knows which
    views it lacks.

    Args:
        folder: of the store; made when missing, continued when it has the same identity.
        count: views.
        identity: what the views are made of; JSON values.

    Raises:
        DatasetError: the folder holds the store of something else.
        OutputError: it cannot be written.
    """

    def __init__(self, folder: Path, count: int, identity: dict[str, Any]) -> None:
        self.folder, self.count = folder, count
        self.identity = identity | {"views": count}
        mark = folder / _IDENTITY
        if mark.is_file():
            if json.loads(mark.read_text(encoding="utf-8")) != self.identity:
                raise DatasetError(
                    f"{folder} holds features of other people or settings; delete it or choose another --out"
                )
            self._arrays = {name: _open(folder, name) for name in _SHAPES}
        else:
            with write_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                self._arrays = {name: _create(folder, name, count) for name in _SHAPES}
            self._arrays["labels"][:] = np.nan
            # Last: arrays without it may be half made.
            write_json(self.identity, mark)

    @property
    def missing(self) -> NDArray[np.int64]:
        """Rows that are not made yet."""
        return np.flatnonzero(np.isnan(self._arrays["labels"][:, 0, 2]))

    def put(self, row: int, answer: MoveNetAnswer, labels: NDArray[np.float32]) -> None:
        """Store one view; `labels` (37, 3) are x, y in crop px and weight."""
        self._arrays["fine"][row] = answer.fine
        self._arrays["middle"][row] = answer.middle
        self._arrays["coarse"][row] = answer.coarse
        self._arrays["labels"][row] = labels

    def batch(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Fine, middle and coarse features, and labels (B, 37, 3), of some rows, as float32."""
        fine, middle, coarse, labels = (
            torch.from_numpy(self._arrays[name][rows].astype(np.float32)) for name in _SHAPES
        )
        return fine, middle, coarse, labels


def fill(
    store: FeatureStore,
    dataset: PersonCrops,
    movenet: Callable[[NDArray[np.uint8]], MoveNetAnswer],
    seed: int,
    tell: Callable[[int, int], None],
) -> None:
    """Make the views that a store lacks. View i depends on (seed, i) alone.

    Args:
        store: is filled.
        dataset: people; each is taken once before any is taken again.
        movenet: the features of a crop.
        seed: of order and views.
        tell: is called with how many views were newly found ready, and how many there are in all.
    """
    missing = store.missing
    order = np.random.default_rng(seed).permutation(len(dataset))
    tell(store.count - len(missing), store.count)
    for row in missing.tolist():
        rng = np.random.default_rng((seed, row))
        crop, labels = augmented_crop(dataset, int(order[row % len(order)]), rng)
        store.put(row, movenet(crop), labels)
        tell(1, store.count)


def stored_features(
    people: Path,
    movenet: Path,
    network: Callable[[NDArray[np.uint8]], MoveNetAnswer],
    folder: Path,
    count: int,
    seed: int,
    tell: Callable[[int, int], None],
) -> FeatureStore:
    """The features of views of the people in a folder of `spinepose synthesize`, made where they are missing.

    Args:
        people: the folder.
        movenet: the network's file.
        network: the same, opened.
        folder: of the store.
        count: views.
        seed: of order and views.
        tell: see `fill`.

    Raises:
        DatasetError: the people cannot be read, or the store is of others.
        OutputError: the store cannot be written.
    """
    annotations = people / "annotations.json"
    identity = {
        "people": identity_of(annotations),
        "network": identity_of(movenet),
        "augmentation": repr(AUGMENTATION),
        "seed": seed,
    }
    store = FeatureStore(folder, count, identity)
    if len(store.missing):
        records = load_source(DataSource(annotations=annotations))
        fill(store, crop_dataset(records), network, seed, tell)
    return store


def _create(folder: Path, name: str, count: int) -> NDArray[Any]:
    shape, kind = _SHAPES[name]
    return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=(count, *shape))


def _open(folder: Path, name: str) -> NDArray[Any]:
    try:
        return np.lib.format.open_memmap(folder / f"{name}.npy", mode="r+")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{folder / name}.npy is damaged ({error}); delete {folder}") from error


__all__ = ["BYTES_PER_VIEW", "FeatureStore", "fill", "stored_features"]
