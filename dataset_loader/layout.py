"""SpineTrack's parts, and which of them each configuration and split shows.

| configuration | train                                      | validation                    |
|---------------|--------------------------------------------|-------------------------------|
| `default`     | all three official parts                   | val2017                       |
| `real-coco`   | train-real-coco                            | val2017                       |
| `real-yoga`   | train-real-yoga                            | val2017                       |
| `unreal`      | train-unreal                               | val2017                       |
| `synthetic`   | a flat folder without every 20th image id  | every 20th image id (19, 39 ...) |

The published evaluation uses val2017 alone, so it validates every official configuration, whichever part is
trained on. A split whose parts all lack their annotation file is not there; one that lacks only some is an
error, because it would silently be another data set. Of a flat folder, `default` shows what `synthetic` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dataset_loader.coco import CocoIndex, parse_coco
from dataset_loader.columns import Integers
from dataset_loader.schema import SPINETRACK
from dataset_loader.sources import FLAT_ANNOTATIONS, Source
from spinepose_hf.errors import DatasetError

TRAIN, VALIDATION = "train", "validation"

HOLD_OUT: int = 20
"""Of a flat folder, the images whose id leaves HOLD_OUT - 1 when divided by this are for validation."""


@dataclass(frozen=True)
class Part:
    """One annotation file and its pictures.

    Attributes:
        name: for messages.
        annotations: path of the annotation file in the data set.
        images: path of the image folder in the data set.
        source: name of its pictures in the column `source`.
        held_out: None for all pictures; else whether those held out for validation or the others.
    """

    name: str
    annotations: str
    images: str
    source: str
    held_out: bool | None = None


def _official(name: str, source: str) -> Part:
    return Part(name, f"annotations/person_keypoints_{name}.json", f"images/{name}", source)


PARTS: dict[str, Part] = {
    "real-coco": _official("train-real-coco", "real-coco"),
    "real-yoga": _official("train-real-yoga", "real-yoga"),
    "unreal": _official("train-unreal", "unreal"),
    "val": _official("val2017", "val"),
}
"""The official parts, by their name in the column `source`."""

_TRAINED = ("real-coco", "real-yoga", "unreal")

CONFIGS: dict[str, str] = {
    "default": "All three training parts of SpineTrack: COCO photos, yoga photos, Unreal Engine renderings",
    "real-coco": "Photos of COCO",
    "real-yoga": "Photos of yoga",
    "unreal": "Renderings of the Unreal Engine",
    "synthetic": "Renderings of `spinepose synthesize`, with cameras, 3D keypoints and spine angles",
}
"""Configurations and what they hold."""


def flat_part(held_out: bool | None = None) -> Part:
    """The one part of a flat folder."""
    return Part(FLAT_ANNOTATIONS, FLAT_ANNOTATIONS, "images", "synthetic", held_out)


def plan_splits(source: Source, config: str = "default") -> dict[str, tuple[Part, ...]]:
    """The splits that a source has under a configuration, and the parts of each.

    Raises:
        DatasetError: there is no such configuration, the source is of another layout, or a split is
            incomplete.
    """
    if config not in CONFIGS:
        raise DatasetError(f"there is no configuration {config!r}; choose one of {', '.join(CONFIGS)}")
    if source.flat:
        if config not in ("default", "synthetic"):
            raise DatasetError(
                f"{source.path} is a flat folder of `spinepose synthesize`; its configuration is synthetic, "
                f"not {config}"
            )
        halves = {TRAIN: flat_part(False), VALIDATION: flat_part(True)}
        return {split: (part,) for split, part in halves.items() if len(rows_of(source, part))}
    if config == "synthetic":
        raise DatasetError(
            f"{source.path} has SpineTrack's layout; the configuration synthetic reads a folder that "
            "`spinepose synthesize` wrote"
        )
    wanted = {TRAIN: _TRAINED if config == "default" else (config,), VALIDATION: ("val",)}
    splits = {split: _present(source, split, names) for split, names in wanted.items()}
    if not any(splits.values()):
        files = ", ".join(PARTS[name].annotations for names in wanted.values() for name in names)
        raise DatasetError(f"{source.path} has none of the annotation files of {config} ({files})")
    return {split: parts for split, parts in splits.items() if parts}


def _present(source: Source, split: str, names: tuple[str, ...]) -> tuple[Part, ...]:
    parts = [PARTS[name] for name in names]
    missing = [part for part in parts if source.annotations.find(part.annotations) is None]
    if missing and len(missing) < len(parts):
        raise DatasetError(
            f"{source.annotations.path} lacks {', '.join(part.annotations for part in missing)}, "
            f"so {split} would be incomplete; add it or choose the configuration of a part that is there"
        )
    return () if missing else tuple(parts)


@lru_cache(maxsize=4)
def _index(path_and_state: tuple[Source, str], annotations: str) -> CocoIndex:
    source = path_and_state[0]
    name = f"{source.annotations.path}: {annotations}"
    return parse_coco(source.read_annotations(annotations), name, SPINETRACK)


def part_index(source: Source, part: Part) -> CocoIndex:
    """The annotations of a part, kept in memory for the next call.

    Raises:
        DatasetError: see `coco.read_coco`; also when the file lists no image at all.
    """
    index = _index((source, source.fingerprint), part.annotations)
    if len(index.image_ids) == 0:
        raise DatasetError(f"{index.name} lists no image: the split is empty; copy or download it again")
    return index


def rows_of(source: Source, part: Part) -> Integers:
    """Rows of a part's pictures in `part_index`, in file order."""
    index = part_index(source, part)
    if part.held_out is None:
        return np.arange(len(index.image_ids))
    return np.flatnonzero((index.image_ids % HOLD_OUT == HOLD_OUT - 1) == part.held_out)


__all__ = [
    "CONFIGS",
    "HOLD_OUT",
    "PARTS",
    "TRAIN",
    "VALIDATION",
    "Part",
    "flat_part",
    "part_index",
    "plan_splits",
    "rows_of",
]
