"""A data set with enough bytes for several shards; run as a script, a conversion of it that kills itself."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_loader.parquet import shards
from dataset_loader.parquet.convert import MIN_SHARD_BYTES, convert
from dataset_loader.schema import SPINETRACK
from tests.dataset_loader.checking.faults import person

# Several row groups a shard, so that a kill can fall between them.
shards.ROW_GROUP_BYTES = 250_000

PICTURES = 48
PICTURE_BYTES = 60_000


def write_large_set(folder: Path) -> Path:
    """Our flat layout with one picture throughout, followed by noise, which is no part of it."""
    (folder / "images").mkdir(parents=True)
    stream = io.BytesIO()
    Image.new("RGB", (100, 80)).save(stream, "JPEG")
    images = []
    for number in range(PICTURES):
        name = f"{number:03d}.jpg"
        (folder / "images" / name).write_bytes(
            stream.getvalue() + np.random.default_rng(number).bytes(PICTURE_BYTES)
        )
        images.append({"id": number, "file_name": name, "width": 100, "height": 80})
    people = [person(100 + number, number) for number in reversed(range(PICTURES))]
    document = {"images": images, "annotations": people, "categories": [SPINETRACK.to_category()]}
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder


def convert_and_die(source: Path, out: Path, stage: str, reports: int) -> int:
    """Convert, and SIGKILL this process at some report of a stage."""
    seen = 0

    def report(name: str, done: int, total: int) -> None:
        nonlocal seen
        seen += name == stage
        if seen == reports:
            os.kill(os.getpid(), signal.SIGKILL)

    return convert(source, out, shard_bytes=MIN_SHARD_BYTES, report=report)


if __name__ == "__main__":
    convert_and_die(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
