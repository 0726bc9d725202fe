"""What every writer of results offers, whatever the format, and how the writer of a format is opened."""

from __future__ import annotations

import importlib
import os
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.closing import Closing
from spinepose_hf.errors import OutputError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.pose import People


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a writer must know of the source before its first frame.

    Attributes:
        name: the source's file name, for formats that record it.
        rate: frames per second of what is written (after any stride); None for single pictures and where
            the source does not tell.
        keypoint_names: K names, in the order of the arrays.
        pictures: the source is one or several pictures and not a video; then each `People` that is written
            comes with its own file name.
        count: number of frames or pictures, where it is known.
    """

    name: str
    rate: float | None = None
    keypoint_names: tuple[str, ...] = KEYPOINT_NAMES
    pictures: bool = False
    count: int | None = None


class ResultWriter(Closing):
    """Takes the people of one frame after another, in the order of time, and keeps none of them in memory.

    Whatever was written so far is valid once the writer is closed, also when the block that uses it is left
    by an error or by Ctrl-C.
    """

    @abstractmethod
    def write(self, people: People, name: str = "") -> None:
        """Write the people of one frame, who may be none.

        Args:
            people: with `frame` and `time` where the source is a video, and `ids` where people are tracked.
            name: the picture's file name, where the source consists of pictures.

        Raises:
            OutputError: it cannot be written, for example because the disk is full.
        """


class FrameClock:
    """Number and time of each frame, also where the result itself does not tell.

    Args:
        info: its `rate` gives the time of frames that come without.
    """

    def __init__(self, info: ClipInfo) -> None:
        self._rate = info.rate
        self._count = 0

    def tick(self, people: People) -> tuple[int, float | None]:
        """Return (frame, seconds) of the next frame; seconds is None where nothing tells it."""
        frame = self._count if people.frame is None else people.frame
        time = people.time
        if time is None and self._rate is not None:
            time = self._count / self._rate
        self._count += 1
        return frame, time


def person_numbers(people: People) -> NDArray[np.int64]:
    """Return (N,) the track ids; where nothing is tracked, the position in the frame from 0."""
    return np.arange(len(people)) if people.ids is None else people.ids


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """One row of the table of formats.

    Attributes:
        suffixes: of the files that it is written to; "" stands for a folder.
        module: where the writer is; imported when it is used.
        writer: class name; made with (path, info).
    """

    suffixes: tuple[str, ...]
    module: str
    writer: str


FORMATS: Final[Mapping[str, ResultFormat]] = {
    "openpose": ResultFormat(("", ".json"), "spinepose_hf.output.openpose", "OpenPoseWriter"),
    "coco": ResultFormat((".json",), "spinepose_hf.output.coco", "CocoWriter"),
    "csv": ResultFormat((".csv",), "spinepose_hf.output.csv_table", "CsvWriter"),
    "csv-wide": ResultFormat((".csv",), "spinepose_hf.output.csv_table", "WideCsvWriter"),
    "parquet": ResultFormat((".parquet",), "spinepose_hf.output.parquet_table", "ParquetWriter"),
    "parquet-wide": ResultFormat((".parquet",), "spinepose_hf.output.parquet_table", "WideParquetWriter"),
    "trc": ResultFormat((".trc",), "spinepose_hf.output.trc", "TrcWriter"),
    "angles": ResultFormat((".mot", ".csv"), "spinepose_hf.measure.angle_table", "AngleTableWriter"),
}
"""Names that `--format` takes. A suffix without a name means the first format that has it."""


def open_writer(
    path: str | os.PathLike[str],
    format: str | None = None,
    info: ClipInfo | None = None,
    *,
    person_height: float | None = None,
) -> ResultWriter:
    """Open the writer of a format; its file is made at once, so a wrong place is noticed before any work.

    Args:
        path: a file, or a folder for OpenPose JSON of more than one picture.
        format: a name of `FORMATS`. None: by the suffix of `path`. `.json` then means OpenPose for a single
            picture and COCO for everything else; no suffix, or a folder that exists, means OpenPose.
        info: what is known of the source. None: a video of unknown rate.
        person_height: metres, of the person who is seen longest; turns the pixels of `trc` into metres.

    Raises:
        OutputError: no such format or suffix, they do not fit each other or the source, or the file cannot
            be written.
        MissingExtraError: the format needs a package that is not installed.
    """
    path = Path(path)
    info = ClipInfo(name=path.name) if info is None else info
    name = _format_by_path(path, info) if format is None else format
    if name not in FORMATS:
        raise OutputError(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    is_folder = path.is_dir()
    if (not is_folder and path.suffix.lower() not in chosen.suffixes) or (
        is_folder and "" not in chosen.suffixes
    ):
        raise OutputError(f"cannot write {path} as {name}: give {_places(chosen)}")
    options: dict[str, Any] = {}
    if person_height is not None:
        if name != "trc":
            raise OutputError(f"a person's height is used by the format trc only, not by {name}")
        options["person_height"] = person_height
    writer = getattr(importlib.import_module(chosen.module), chosen.writer)
    return cast(ResultWriter, writer(path, info, **options))


def is_single_picture(info: ClipInfo) -> bool:
    """Whether the source is one picture, as far as is known."""
    return info.pictures and info.count in (None, 1)


def _format_by_path(path: Path, info: ClipInfo) -> str:
    suffix = "" if path.is_dir() else path.suffix.lower()
    if suffix == ".json":
        return "openpose" if is_single_picture(info) else "coco"
    for name, row in FORMATS.items():
        if suffix in row.suffixes:
            return name
    choices = dict.fromkeys(suffix for row in FORMATS.values() for suffix in row.suffixes if suffix)
    raise OutputError(
        f"cannot tell the format of {path} by its ending; use one of {', '.join(choices)}, or a folder for "
        f"OpenPose JSON"
    )


def _places(row: ResultFormat) -> str:
    files = " or ".join(suffix for suffix in row.suffixes if suffix)
    return f"a file name that ends in {files}" + (", or a folder" if "" in row.suffixes else "")


__all__ = [
    "FORMATS",
    "ClipInfo",
    "FrameClock",
    "ResultFormat",
    "ResultWriter",
    "is_single_picture",
    "open_writer",
    "person_numbers",
]
