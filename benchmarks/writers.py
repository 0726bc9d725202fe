"""What writing the results costs: milliseconds a frame and bytes a frame of every format.

    python benchmarks/writers.py [--people 8] [--frames 300] [--repeats 5]

Made-up people; the frames are made beforehand. Counted is from the first `write` to the end of `close`, as
wall time and as time of the processor; the best of the repeats.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from spinepose_hf.errors import MissingExtraError
from spinepose_hf.output.writer import FORMATS, ClipInfo, open_writer
from spinepose_hf.pose import People

RATE = 30.0
SUFFIXES = {"openpose": "", "angles": ".mot"}


def main() -> None:
    """Time every format and print a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    frames = made_up_frames(arguments.frames, arguments.people)
    print(f"{arguments.people} people, {arguments.frames} frames, 37 keypoints")
    print(f"{'format':14}{'wall ms':>10}{'cpu ms':>10}{'bytes':>10}")
    for name in FORMATS:
        try:
            runs = [measure(name, frames) for _ in range(arguments.repeats)]
        except MissingExtraError as error:
            print(f"{name:14}{error}")
            continue
        wall, processor, size = (min(values) for values in zip(*runs, strict=True))
        print(f"{name:14}{wall:10.3f}{processor:10.3f}{size:10.0f}")


def made_up_frames(count: int, people: int) -> list[People]:
    """Return frames of `people` persons each, all keypoints seen."""
    random = np.random.default_rng(0)
    return [
        People(
            boxes=np.tile(np.array([10, 20, 400, 800]), (people, 1)),
            keypoints=random.uniform(0, 1000, (people, 37, 2)),
            scores=random.uniform(0.5, 1, (people, 37)),
            sigmas=random.uniform(0.5, 9, (people, 37)),
            image_size=(1080, 1920),
            ids=np.arange(1, people + 1),
            frame=frame,
            time=frame / RATE,
        )
        for frame in range(count)
    ]


def measure(name: str, frames: list[People]) -> tuple[float, float, float]:
    """Return wall and processor milliseconds, and bytes, all a frame."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{SUFFIXES.get(name, FORMATS[name].suffixes[-1])}"
        writer = open_writer(path, name, ClipInfo("clip.mp4", RATE))
        wall, processor = time.perf_counter(), time.process_time()
        with writer:
            for people in frames:
                writer.write(people)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    return wall / len(frames) * 1e3, processor / len(frames) * 1e3, size / len(frames)


if __name__ == "__main__":
    main()
