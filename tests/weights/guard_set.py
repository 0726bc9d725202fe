"""Cut the people of a rendered data set out, small enough to be kept beside the tests.

    spinepose synthesize --count 64 --seed 900 --out out/guard
    python -m tests.weights.guard_set out/guard tests/weights/guard

Each picture becomes the region that the network's crop shows of one person, at most as large as that crop, so
that the network sees what it would see in the whole picture but for JPEG's losses.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dataset_loader.json_file import read_json
from spinepose_hf.files import atomic_path
from spinepose_hf.model.geometry import box_center_scale, clip_boxes, xywh_to_xyxy

PEOPLE: Final = 48
QUALITY: Final = 75
INPUT_SIZE: Final = (256, 192)
LEAST_HEIGHT: Final = 80
"""Pixels: smaller people test the labels more than the network."""


def main() -> None:
    """Write pictures and annotations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rendered", type=Path, help="folder of `spinepose synthesize`")
    parser.add_argument("out", type=Path, help="folder to write to")
    arguments = parser.parse_args()
    cut_people(arguments.rendered, arguments.out)


def cut_people(rendered: Path, out: Path, people: int = PEOPLE) -> None:
    """Write the first person that is high enough of each of the first pictures with one."""
    content = read_json(rendered / "annotations.json")
    pictures = {picture["id"]: picture for picture in content["images"]}
    first: dict[int, dict[str, Any]] = {}
    for person in content["annotations"]:
        if person["bbox"][3] >= LEAST_HEIGHT:
            first.setdefault(person["image_id"], person)
    images, annotations = [], []
    for number, person in enumerate(list(first.values())[:people]):
        encoded = str(rendered / "images" / pictures[person["image_id"]]["file_name"])
        pixels = np.asarray(cv2.imread(encoded, cv2.IMREAD_COLOR), np.uint8)
        left, top, right, bottom = shown_region(person["bbox"], (pixels.shape[0], pixels.shape[1]))
        cut, factor = no_larger(pixels[top:bottom, left:right])
        name = f"{number:02d}.jpg"
        write_jpeg(cut, out / "images" / name)
        images.append({"id": number, "file_name": name, "width": cut.shape[1], "height": cut.shape[0]})
        annotations.append({**moved(person, (left, top), factor), "id": number, "image_id": number})
    options = {
        key: content["info"]["options"][key] for key in ("seed", "width", "height", "people", "version")
    }
    info = {"description": "Rendered people, CC0 1.0; made by tests/weights/guard_set.py", "options": options}
    written = {
        "info": info,
        "images": images,
        "annotations": annotations,
        "categories": content["categories"],
    }
    with atomic_path(out / "annotations.json") as path:
        path.write_text(json.dumps(written, separators=(",", ":")) + "\n", encoding="utf-8")


def shown_region(bbox: list[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels that a crop of the box shows; `size` is (height, width)."""
    center, scale = box_center_scale(clip_boxes(xywh_to_xyxy(bbox), size), INPUT_SIZE)
    low, high = np.floor(center[0] - scale[0] / 2) - 1, np.ceil(center[0] + scale[0] / 2) + 2
    left, top = np.maximum(low, 0).astype(int).tolist()
    right, bottom = np.minimum(high, (size[1], size[0])).astype(int).tolist()
    return left, top, right, bottom


def no_larger(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """A picture that is no larger than the network's crop, and by which factor it is smaller."""
    factor = min(1.0, *(most / side for most, side in zip(INPUT_SIZE, pixels.shape[:2], strict=True)))
    if factor == 1:
        return pixels, factor
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def moved(person: dict[str, Any], corner: tuple[int, int], factor: float) -> dict[str, Any]:
    """What the evaluation needs of an annotation, in a picture cut at a corner (x, y) and shrunk."""
    points = np.array(person["keypoints"], np.float64).reshape(-1, 3)
    # Whole numbers are the middles of pixels, borders lie half a pixel before them.
    moved_points = (points[:, :2] - corner + 0.5) * factor - 0.5
    points[:, :2] = np.where(points[:, 2:] > 0, moved_points, 0)
    x, y, width, height = person["bbox"]
    box = [(x - corner[0]) * factor, (y - corner[1]) * factor, width * factor, height * factor]
    return {
        "category_id": person["category_id"],
        "iscrowd": 0,
        "bbox": short(box),
        "area": round(person["area"] * factor**2, 1),
        "num_keypoints": person["num_keypoints"],
        "keypoints": short(points.ravel().tolist()),
        "pose": person["pose"],
    }


def short(values: list[float]) -> list[float]:
    """Hundredths of a pixel, whole numbers without a point."""
    return [int(value) if value == int(value) else round(value, 2) for value in values]


def write_jpeg(pixels: NDArray[np.uint8], target: Path) -> None:
    """Write (H, W, 3) uint8 BGR."""
    with atomic_path(target) as path:
        cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()

__all__ = ["cut_people", "moved", "no_larger", "shown_region", "write_jpeg"]
