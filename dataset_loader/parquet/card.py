"""The dataset card: README.md with the YAML that the Hub and `load_dataset` read."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataset_loader.byte_size import readable_size
from dataset_loader.layout import TRAIN
from dataset_loader.parquet.rows import stored_features
from dataset_loader.parquet.spans import Integers
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, VERTEBRAE

if TYPE_CHECKING:
    from datasets import Features


@dataclass(frozen=True, eq=False)
class PartFacts:
    """Counts of one split of one part.

    Attributes:
        source: name in the column `source`.
        split: "train" or "validation".
        annotations: name of its annotation file.
        images: number of pictures.
        people: (images,) persons in each.
        visibility: (37, 3) of its annotation file: persons that have each keypoint with visibility 0, 1, 2.
        stored_bytes: of its columns, unpacked.
        file_bytes: of its Parquet files.
        files: pattern of their paths.
    """

    source: str
    split: str
    annotations: str
    images: int
    people: Integers
    visibility: Integers
    stored_bytes: int
    file_bytes: int
    files: str


Config = dict[str, list[PartFacts]]
"""The parts of each split."""


class _Kind(NamedTuple):
    """What differs between the cards of the official data set and of our renderings; `text` names a file."""

    text: str
    name: str
    licence: dict[str, str]
    annotations_creators: tuple[str, ...]
    source_datasets: tuple[str, ...]
    tags: tuple[str, ...]


_TEXTS = Path(__file__).parent / "cards"
_TAGS = ("image", "human-pose", "pose-estimation", "keypoints", "spine", "coco", "biomechanics")
_OFFICIAL = _Kind(
    "spinetrack.md",
    "SpineTrack",
    {"license": "other", "license_name": "by-source", "license_link": "README.md"},
    ("machine-generated", "expert-generated"),
    ("extended|other-coco", "original"),
    (*_TAGS, "sports", "yoga"),
)
_SYNTHETIC = _Kind(
    "synthetic.md",
    "SpineTrack synthetic",
    {"license": "cc0-1.0"},
    ("machine-generated",),
    ("original",),
    (*_TAGS, "synthetic", "3d"),
)

_CAMERA_ROW = "| `camera` | struct | pinhole camera `fx`, `fy`, `cx`, `cy` in pixels |\n"
_PERSON_ROWS = """\
| `keypoints_3d` | 37 x 3 float64 | metres in camera space: x right, y down, z forward |
| `spine` | struct | `kyphosis_deg`, `lordosis_deg`, `lateral_deg`: the angles of the person's spine |
| `pose` | string | kind of pose that was drawn |
"""
_IMAGE_ROW = "| `image` | Image | the encoded file, byte for byte |\n"
_WITH_PICTURES = "`image` holds the original file, not encoded again."
_WITHOUT_PICTURES = """\
This variant has **no pictures**, because they have licences of their own: get them from their sources and
join them by `file_name` and `image_id`."""


def dataset_card(parts: Sequence[PartFacts], *, pixels: bool) -> str:
    """The whole README.md of a converted data set.

    Args:
        parts: every split of every part, in the order of the files.
        pixels: whether the rows have the pictures.
    """
    import yaml

    kind = _SYNTHETIC if parts[0].source == "synthetic" else _OFFICIAL
    configs = _configs(parts)
    front = yaml.safe_dump(
        _front_matter(configs, kind, pixels=pixels), sort_keys=False, allow_unicode=True, width=1000
    )
    return f"---\n{front}---\n\n{_body(configs, parts, kind, pixels=pixels)}"


def _configs(parts: Sequence[PartFacts]) -> dict[str, Config]:
    """Every training part with the validation part as a configuration, and `default` with all parts."""
    splits = list(dict.fromkeys(part.split for part in parts))
    configs: dict[str, Config] = {
        "default": {split: [part for part in parts if part.split == split] for split in splits}
    }
    for source in dict.fromkeys(part.source for part in parts if part.split == TRAIN):
        configs[source] = {
            split: [
                part for part in parts if part.split == split and (split != TRAIN or part.source == source)
            ]
            for split in splits
        }
    return configs


def _front_matter(configs: dict[str, Config], kind: _Kind, *, pixels: bool) -> dict[str, Any]:
    synthetic = kind is _SYNTHETIC
    features = yaml_features(stored_features(synthetic=synthetic, pixels=pixels))
    everything = [part for parts in configs["default"].values() for part in parts]
    return {
        "pretty_name": kind.name if pixels else f"{kind.name} (annotations only)",
        **kind.licence,
        "language": ["en"],
        "annotations_creators": list(kind.annotations_creators),
        "source_datasets": list(kind.source_datasets),
        "size_categories": [size_category(sum(part.images for part in everything))],
        "task_categories": ["keypoint-detection"],
        "task_ids": ["pose-estimation"],
        "tags": list(kind.tags),
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == "default" else {}),
                "data_files": [
                    {"split": split, "path": [part.files for part in parts]}
                    for split, parts in config.items()
                ],
            }
            for name, config in configs.items()
        ],
        "dataset_info": [
            {
                "config_name": name,
                # Copies, or the YAML would refer from one to the other, which not every reader follows.
                "features": deepcopy(features),
                "splits": [
                    {
                        "name": split,
                        "num_bytes": sum(part.stored_bytes for part in parts),
                        "num_examples": sum(part.images for part in parts),
                    }
                    for split, parts in config.items()
                ],
                "download_size": sum(part.file_bytes for parts in config.values() for part in parts),
                "dataset_size": sum(part.stored_bytes for parts in config.values() for part in parts),
            }
            for name, config in configs.items()
        ],
    }


def size_category(images: int) -> str:
    """The Hub's name of a range of row counts."""
    names = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M")
    return names[sum(images >= limit for limit in (1_000, 10_000, 100_000, 1_000_000))]


def yaml_features(features: Features) -> list[dict[str, Any]]:
    """Column types as the card's YAML has them, in the words that `datasets` 3 and 5 both know."""
    fields: list[dict[str, Any]] = _yaml_type(features.to_dict())["struct"]
    return fields


def _yaml_type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, list):
        return {"list": _short(_yaml_type(kind[0]))}
    name = kind.get("_type")
    if not isinstance(name, str):
        return {"struct": [{"name": field, **_yaml_type(inner)} for field, inner in kind.items()]}
    if name == "Value":
        return {"dtype": kind["dtype"]}
    if name in ("List", "Sequence"):
        inner = _yaml_type(kind["feature"])
        length = kind.get("length", -1)
        # `list` has no length in `datasets` 3, and a `sequence` of named fields is turned inside out.
        word = "list" if "struct" in inner else "sequence"
        return {word: _short(inner), **({"length": length} if length >= 0 else {})}
    if name == "ClassLabel":
        names = {str(number): label for number, label in enumerate(kind["names"])}
        return {"dtype": {"class_label": {"names": names}}}
    if name == "Array2D":
        given = {"shape": list(kind["shape"]), "dtype": kind["dtype"], "id": kind.get("id")}
        return {"dtype": {"array2_d": {key: value for key, value in given.items() if value}}}
    return {"dtype": name.lower()}


def _short(kind: dict[str, Any]) -> Any:
    """A list of plain values or of named fields is written without the word in between."""
    return next(iter(kind.values())) if set(kind) in ({"dtype"}, {"struct"}) else kind


def _body(configs: dict[str, Config], parts: Sequence[PartFacts], kind: _Kind, *, pixels: bool) -> str:
    images = sum(part.images for part in parts)
    people = sum(int(part.people.sum()) for part in parts)
    synthetic = kind is _SYNTHETIC
    words = {
        "name": kind.name,
        "images": f"{images:,}",
        "people": f"{people:,}",
        "pictures": _WITH_PICTURES if pixels else _WITHOUT_PICTURES,
        "image_row": _IMAGE_ROW if pixels else "",
        "camera_row": _CAMERA_ROW if synthetic else "",
        "person_rows": _PERSON_ROWS if synthetic else "",
        "configurations": _config_table(configs),
        "parts": _part_table(parts),
        "keypoints": _keypoint_table(parts),
        "example": list(configs)[-1],
        "split": next(iter(configs["default"])),
    }
    structure = Template((_TEXTS / "structure.md").read_text(encoding="utf-8")).substitute(words)
    body = Template((_TEXTS / kind.text).read_text(encoding="utf-8"))
    return body.substitute(words, structure=structure)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _config_table(configs: dict[str, Config]) -> str:
    rows = []
    for name, config in configs.items():
        for split, parts in config.items():
            people = [int(part.people.sum()) for part in parts]
            size = sum(part.file_bytes for part in parts)
            names = ", ".join(part.source for part in parts)
            images = sum(part.images for part in parts)
            rows.append([f"`{name}`", split, names, f"{images:,}", f"{sum(people):,}", readable_size(size)])
    return _table(["configuration", "split", "parts", "images", "persons", "Parquet"], rows)


def _part_table(parts: Sequence[PartFacts]) -> str:
    rows = []
    for part in parts:
        counts = (part.images, part.people.sum(), (part.people == 1).sum(), part.people.max(initial=0))
        file = f"`annotations/{part.annotations}`"
        rows.append([part.source, part.split, file, *(f"{count:,}" for count in counts)])
    head = [
        "part",
        "split",
        "annotation file",
        "images",
        "persons",
        "images of one person",
        "most in one image",
    ]
    return _table(head, rows)


def _keypoint_table(parts: Sequence[PartFacts]) -> str:
    files = {part.annotations: part.visibility for part in parts}
    counts = np.sum(list(files.values()), axis=0)
    rows = []
    for row, name in enumerate(KEYPOINT_NAMES):
        absent, hidden, visible = (int(value) for value in counts[row])
        total = max(absent + hidden + visible, 1)
        shares = [f"{100 * value / total:.1f} %" for value in (visible, hidden, absent)]
        rows.append([str(row), f"`{name}`", VERTEBRAE.get(name, ""), *shares])
    return _table(["id", "keypoint", "vertebra", "visible", "hidden", "not labelled"], rows)


__all__ = ["PartFacts", "dataset_card", "size_category", "yaml_features"]
