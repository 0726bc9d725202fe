"""Speed and memory of checking and converting a data set, by the number of its pictures.

    python benchmarks/convert_dataset.py [--counts 1000 20000] [--bytes 4000] [--folder out/bench]

Writes data sets of tiny pictures in our flat layout, checks and converts each in a process of its own, and
prints images a second, peak memory (high-water mark of resident memory) and the ratios to the smallest. Task
`start` only imports the libraries. Checking holds the whole JSON; converting must not grow with the
number of pictures.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dataset_loader.schema import SPINETRACK
from spinepose_hf.files import atomic_path

WIDTH, HEIGHT = 96, 72


def write_data_set(folder: Path, count: int, picture_bytes: int, people: int = 1) -> None:
    """Write `count` pictures of about `picture_bytes` with labels of the usual precision, in flat layout."""
    from PIL import Image

    images = folder / "images"
    images.mkdir(parents=True)
    rng = np.random.default_rng(count)
    template = folder / "template.jpg"
    Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)).save(template, quality=80)
    jpeg = template.read_bytes()
    template.unlink()
    padding = max(0, picture_bytes - len(jpeg))
    with atomic_path(folder / "annotations.json") as temporary, temporary.open("w") as stream:
        stream.write('{"images": [')
        for number in range(count):
            name = f"{number:012d}.jpg"
            # Bytes after a JPEG's end are no part of the picture; they keep files from being alike.
            (images / name).write_bytes(jpeg + rng.bytes(padding))
            entry = {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
            stream.write((", " if number else "") + json.dumps(entry))
        stream.write('], "annotations": [')
        for number in range(count * people):
            stream.write((", " if number else "") + json.dumps(_person(rng, number, number // people)))
        stream.write(f'], "categories": [{json.dumps(SPINETRACK.to_category())}]}}')


def _person(rng: np.random.Generator, number: int, image_id: int) -> dict[str, object]:
    points = np.round(rng.uniform(0, (WIDTH, HEIGHT), (len(SPINETRACK), 2)), 2)
    return {
        "id": number,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [1, 1, WIDTH - 2, HEIGHT - 2],
        "area": 1000.5,
        "iscrowd": 0,
        "num_keypoints": len(SPINETRACK),
        "keypoints": [value for x, y in points.tolist() for value in (x, y, 2)],
    }


def run_here(task: str, folder: Path) -> None:
    """Do one task in this process and print its seconds and peak memory as JSON."""
    import datasets  # noqa: F401  # loaded before the clock starts, as is pyarrow
    import pyarrow.parquet  # noqa: F401

    start = time.perf_counter()
    if task.startswith("convert"):
        from dataset_loader.parquet.convert import convert

        out = folder.with_name(f"{folder.name}-{task}")
        shutil.rmtree(out, ignore_errors=True)
        convert(folder, out, pixels=task == "convert")
    elif task.startswith("check"):
        from dataset_loader.checking.check import check, find_targets

        report = check(find_targets(folder), pixels=task == "check")
        assert not report.findings
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def main() -> None:
    """Measure every count and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 20_000])
    parser.add_argument("--bytes", type=int, default=4_000, help="about this many bytes a picture")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--task", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        run_here(arguments.task[0], Path(arguments.task[1]))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as work:
        print(f"{'task':26} {'images':>8} {'images/s':>9} {'peak MB':>8} {'ratio of peaks':>15}")
        sets = {count: Path(work) / str(count) for count in arguments.counts}
        for count, folder in sets.items():
            write_data_set(folder, count, arguments.bytes)
        for task in ("start", "convert", "convert-annotations-only", "check", "check-no-images"):
            first = 0.0
            for count, folder in sets.items():
                done = subprocess.run(
                    [sys.executable, __file__, "--task", task, str(folder)],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                told = json.loads(done.stdout.splitlines()[-1])
                first = first or told["peak_mb"]
                rate = f"{count / told['seconds']:9.0f}" if task != "start" else f"{'':9}"
                print(f"{task:26} {count:8,} {rate} {told['peak_mb']:8.0f} {told['peak_mb'] / first:15.2f}")


if __name__ == "__main__":
    main()
