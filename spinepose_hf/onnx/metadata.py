"""What an exported file says about itself: the `spinepose.*` entries of its metadata, written and read here.

An ONNX file holds them as custom metadata, which onnxruntime gives as `get_modelmeta().custom_metadata_map`;
an OpenVINO IR holds them as runtime information under the path ("spinepose", key without "spinepose.").
Reading needs neither torch nor onnx.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from spinepose_hf.errors import ModelError

DEPLOY_FORMAT: Final = "deploy-1"
PLAIN_FORMAT: Final = "plain-1"

FilePrecision = Literal["fp32", "fp16", "bf16", "int8"]
FILE_PRECISIONS: tuple[FilePrecision, ...] = ("fp32", "fp16", "bf16", "int8")

UNKNOWN_LICENCE: Final = "unknown"

PREFIX: Final = "spinepose."
"""What every key begins with."""


@dataclass(frozen=True, kw_only=True)
class FileMetadata:
    """What an exported file says about itself. All but the first three may be None: older files lack them.

    Attributes:
        format: "deploy-1" (uint8 RGB crops in; keypoints, scores, sigmas out) or "plain-1" (normalised pixels
            in; SimCC logits out).
        keypoint_names: of the K keypoints, in the order of the outputs.
        input_size_hw: (height, width) of a crop in px.
        box_padding: how much larger than its box the crop of a person is, per side.
        oks_sigmas: K constants of COCO's object keypoint similarity.
        skeleton: bones as pairs of keypoint ids.
        flip_pairs: pairs of keypoint ids that a mirrored picture swaps.
        simcc_split_ratio: bins a pixel.
        simcc_sigma: standard deviation (x, y) of the training targets, in bins.
        precision: what the file computes in; "bf16" stands only in OpenVINO's files and is what they shall be
            run with.
        licence: of the weights, as SPDX or the Hub writes it; "unknown" where nobody said.
        source: the model it was made from: a Hub id, or the name of a folder or file without its path.
        source_commit: commit of the Hub's repository, for a model from there.
        source_sha256: digest of the weights (`weights_digest`), for all others.
        package_version: of spinepose-hf, which wrote it.
    """

    format: str
    keypoint_names: tuple[str, ...]
    input_size_hw: tuple[int, int]
    box_padding: float | None = None
    oks_sigmas: tuple[float, ...] | None = None
    skeleton: tuple[tuple[int, int], ...] | None = None
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    simcc_split_ratio: float | None = None
    simcc_sigma: tuple[float, float] | None = None
    precision: FilePrecision | None = None
    licence: str | None = None
    source: str | None = None
    source_commit: str | None = None
    source_sha256: str | None = None
    package_version: str | None = None

    def entries(self) -> dict[str, str]:
        """The metadata as a file holds them: text by key; what is None is left out."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            f"{PREFIX}{name}": value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
            if value is not None
        }


def read_metadata(entries: Mapping[str, str], file: object) -> FileMetadata:
    """Read what an exported file says about itself.

    Args:
        entries: its metadata, text by key; keys of others are passed over.
        file: its path, for messages.

    Raises:
        ModelError: it is none of this package's files, or an entry is damaged.
    """
    own = {key.removeprefix(PREFIX): text for key, text in entries.items() if key.startswith(PREFIX)}
    if "format" not in own:
        raise ModelError(
            f"{file} has no spinepose.format in its metadata; it was not written by `spinepose export`"
        )
    if own["format"] not in (DEPLOY_FORMAT, PLAIN_FORMAT):
        raise ModelError(
            f"{file} is of the format {own['format']!r}, which this version does not know "
            f"({DEPLOY_FORMAT}, {PLAIN_FORMAT}); export it again, or update spinepose-hf"
        )
    entry = _Entries(own, file)
    names = tuple(str(name) for name in entry.numbered("keypoint_names", str))
    return FileMetadata(
        format=own["format"],
        keypoint_names=names,
        input_size_hw=_input_size(entry),
        box_padding=entry.positive("box_padding"),
        oks_sigmas=entry.optional_numbers("oks_sigmas", len(names)),
        skeleton=entry.pairs("skeleton", len(names)),
        flip_pairs=entry.pairs("flip_pairs", len(names)),
        simcc_split_ratio=entry.positive("simcc_split_ratio"),
        simcc_sigma=_simcc_sigma(entry),
        precision=_precision(entry),
        **{
            name: own.get(name)
            for name in ("licence", "source", "source_commit", "source_sha256", "package_version")
        },
    )


@dataclass(frozen=True)
class _Entries:
    """The entries of one file by key without the prefix, and how each kind is read."""

    texts: Mapping[str, str]
    file: object

    def damaged(self, key: str) -> ModelError:
        return ModelError(f"{self.file} has no readable {PREFIX}{key} in its metadata; export it again")

    def value(self, key: str) -> Any:
        """The entry, None where the file has none."""
        if key not in self.texts:
            return None
        try:
            return json.loads(self.texts[key])
        except json.JSONDecodeError as error:
            raise self.damaged(key) from error

    def numbered(self, key: str, kind: type | tuple[type, ...]) -> list[Any]:
        """The entry as a list of `kind`, which may not be missing."""
        value = self.value(key)
        if not isinstance(value, list) or not value or not all(isinstance(one, kind) for one in value):
            raise self.damaged(key)
        return value

    def positive(self, key: str) -> float | None:
        """The entry as a number above 0."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or value <= 0:
            raise self.damaged(key)
        return float(value)

    def optional_numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        if key not in self.texts:
            return None
        numbers = self.numbered(key, (int, float))
        if len(numbers) != count:
            raise self.damaged(key)
        return tuple(float(number) for number in numbers)

    def pairs(self, key: str, count: int) -> tuple[tuple[int, int], ...] | None:
        """The entry as pairs of ids below `count`."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(_is_pair(pair, count) for pair in value):
            raise self.damaged(key)
        return tuple((first, second) for first, second in value)


def _is_pair(pair: object, count: int) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(index, int) and 0 <= index < count for index in pair)
    )


def _input_size(entry: _Entries) -> tuple[int, int]:
    size = entry.numbered("input_size_hw", int)
    if len(size) != 2 or min(size) < 1:
        raise entry.damaged("input_size_hw")
    return size[0], size[1]


def _simcc_sigma(entry: _Entries) -> tuple[float, float] | None:
    sigma = entry.optional_numbers("simcc_sigma", 2)
    return None if sigma is None else (sigma[0], sigma[1])


def _precision(entry: _Entries) -> FilePrecision | None:
    name = entry.texts.get("precision")
    for known in FILE_PRECISIONS:
        if name == known:
            return known
    if name is None:
        return None
    raise entry.damaged("precision")


__all__ = [
    "DEPLOY_FORMAT",
    "FILE_PRECISIONS",
    "PLAIN_FORMAT",
    "PREFIX",
    "UNKNOWN_LICENCE",
    "FileMetadata",
    "FilePrecision",
    "read_metadata",
]
