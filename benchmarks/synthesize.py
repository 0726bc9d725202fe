"""Speed of the generator of people: crops an hour with some workers, and where the time of one worker goes.

    python benchmarks/synthesize.py [--images 256] [--workers 2] [--size 288x352]

A crop is one annotated person with keypoints. Two figures are printed: by the clock, which other programs on
the machine slow down, and by processor time, which is what the clock would show on an idle machine with a
core for each worker. The split comes from a profiled run, whose overhead is left out by giving shares only.

Measured with --images 384 on a 2-core AMD EPYC (Zen 4) beside other work (load 1.8 before the start):
145,593 crops/hour by processor time, 105,897 by the clock with 2 workers.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import multiprocessing
import os
import platform
import pstats
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from dataset_loader.synthetic.generate import generate, single_threaded_children
from dataset_loader.synthetic.options import Options
from dataset_loader.synthetic.shots import shots

WARM_UP = 4  # images; the first ones load the body and draw the noise
# Stage, and the functions (module, name) whose cumulative time it is.
STAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "figure: shape, pose, skin": (("figure", "sample_figure"),),
    "clothes": (("outfit", "dress"),),
    "join and BVH": (("scene", "_join"),),
    "camera": (("framing", "sample_camera"),),
    "background": (("background", "paint_place"),),
    "first hits": (("silhouette", "window"), ("raycast", "first_hits"), ("shading", "interpolate")),
    "shadows and occlusion": (("shadows", "light_reach"), ("shadows", "shade_floor")),
    "colour and light": (("shading", "shade"),),
    "lens and sensor": (
        ("lens", "focus_people"),
        ("lens", "move_people"),
        ("lens", "cover"),
        ("lens", "vignette"),
        ("sensor", "expose"),
    ),
    "labels": (("annotate", "person_records"),),
    "JPEG": (("~", "<imencode>"),),
}


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def render(
    count: int, size: tuple[int, int], seed: int, profile: cProfile.Profile | None = None
) -> tuple[int, float]:
    """Make and encode `count` images in this process; crops, and seconds of processor time."""
    cv2.setNumThreads(1)
    stream = shots(np.random.default_rng(seed), size)
    for shot in islice(stream, WARM_UP):
        cv2.imencode(".jpg", shot.pixels)
    crops, before = 0, time.process_time()
    if profile:
        profile.enable()
    for shot in islice(stream, count):
        cv2.imencode(".jpg", shot.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
        crops += sum(person["num_keypoints"] > 0 for person in shot.people)
    if profile:
        profile.disable()
    return crops, time.process_time() - before


def split(count: int, size: tuple[int, int], seed: int) -> dict[str, float]:
    """Share of each stage in the time of `count` profiled images."""
    profile = cProfile.Profile()
    render(count, size, seed, profile)
    stats = pstats.Stats(profile)
    table: dict[tuple[str, str], float] = {}
    for (file, _, name), (_, _, _, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        table[Path(file).stem, name] = cumulative
    total = stats.total_tt  # type: ignore[attr-defined]
    shares = {stage: sum(table.get(part, 0.0) for part in parts) / total for stage, parts in STAGES.items()}
    return shares | {"everything else": 1 - sum(shares.values())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", default="288x352")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    size = (width, height)

    print(
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool, single_threaded_children():
        crops, seconds = pool.submit(render, arguments.images, size, arguments.seed).result()
        shares = pool.submit(split, max(arguments.images // 4, 16), size, arguments.seed + 1).result()
    each = seconds / crops
    print(f"one process: {arguments.images} images, {crops} crops, {crops / arguments.images:.2f} an image")
    print(f"processor time: {each * 1e3:.1f} ms a crop, {seconds / arguments.images * 1e3:.1f} ms an image")
    print(
        f"crops/hour by processor time, {arguments.workers} workers: {arguments.workers * 3600 / each:,.0f}"
    )

    with tempfile.TemporaryDirectory() as folder:
        options = Options(seed=arguments.seed, width=width, height=height)
        before = time.perf_counter()
        generate(Path(folder) / "out", arguments.images, options, arguments.workers)
        wall = time.perf_counter() - before
        made = json.loads((Path(folder) / "out" / "annotations.json").read_text())["annotations"]
    rate = sum(person["num_keypoints"] > 0 for person in made) / wall * 3600
    print(f"crops/hour by the clock, {arguments.workers} workers, start of processes included: {rate:,.0f}")

    print("share of the time of a worker")
    for stage, share in sorted(shares.items(), key=lambda entry: -entry[1]):
        print(f"  {share:6.1%}  {stage}")


if __name__ == "__main__":
    main()
