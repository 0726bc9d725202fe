"""Time per frame of drawing people, by their number and the picture's size.

Made-up people stand beside each other, as high as three quarters of the picture; all points are seen well.

    python benchmarks/drawing.py
    python benchmarks/drawing.py --people 8 --angles --repeats 50
"""

from __future__ import annotations

import argparse
import statistics
import time

import cv2
import numpy as np

from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.view import View, known_view
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, SPINE_CHAIN
from spinepose_hf.output.drawn_frame import draw_result
from spinepose_hf.pose import People

SIZES = {"360p": (360, 640), "1080p": (1080, 1920), "4K": (2160, 3840)}

# A standing person of height 1 in the middle of the picture, x to the right, y downwards.
_HALF = {
    "eye": (0.02, -0.46), "ear": (0.04, -0.455), "shoulder": (0.11, -0.32), "elbow": (0.15, -0.17),
    "wrist": (0.17, -0.02), "hip": (0.06, 0.03), "knee": (0.08, 0.25), "ankle": (0.09, 0.45),
    "big_toe": (0.10, 0.49), "small_toe": (0.12, 0.485), "heel": (0.085, 0.47),
    "latissimus": (0.08, -0.2), "clavicle": (0.05, -0.33),
}  # fmt: skip


def standing_people(count: int, size: tuple[int, int]) -> People:
    """Return people in a picture of (height, width) px."""
    figure = np.zeros((len(KEYPOINT_INDEX), 2))
    for name, (x, y) in _HALF.items():
        figure[KEYPOINT_INDEX[f"left_{name}"]] = (x, y)
        figure[KEYPOINT_INDEX[f"right_{name}"]] = (-x, y)
    for place, index in enumerate(SPINE_CHAIN):
        figure[index] = (0.015 * np.sin(place), 0.02 - 0.055 * place)
    figure[KEYPOINT_INDEX["head"]] = (0, -0.5)
    figure[KEYPOINT_INDEX["nose"]] = (0, -0.445)
    height = 0.75 * size[0]
    middles = [((n + 0.5) * size[1] / count, size[0] / 2) for n in range(count)]
    keypoints = np.array([figure * height + middle for middle in middles])
    boxes = [(x - 0.2 * height, y - 0.52 * height, x + 0.2 * height, y + 0.52 * height) for x, y in middles]
    scores = np.full(keypoints.shape[:2], 0.9)
    return People(
        np.array(boxes), keypoints, scores, np.full_like(scores, 3.0), size, ids=np.arange(count) + 1
    )


def main() -> None:
    """Print a table of milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--angles", action="store_true", help="write spine angles, too")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print("ms per frame, median (best); copying the picture is part of it")
    for name in arguments.sizes:
        image = np.full((*SIZES[name], 3), 110, np.uint8)
        for count in arguments.people:
            people = standing_people(count, SIZES[name])
            view = known_view(View.SAGITTAL_LEFT)
            measures = measure_people(people, [view] * count) if arguments.angles else None
            draw_result(image, people, None, measures)
            spent = []
            for _ in range(arguments.repeats):
                start = time.perf_counter()
                draw_result(image, people, None, measures)
                spent.append(1e3 * (time.perf_counter() - start))
            print(f"{name:>6} {count:2d} people {statistics.median(spent):7.2f} ({min(spent):.2f})")


if __name__ == "__main__":
    main()
