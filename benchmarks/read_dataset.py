"""Figures of reading: indexing an annotation file, and crops of persons from JPEGs.

    python benchmarks/read_dataset.py [--annotations COCO.json --images FOLDER] [--rounds 5]

Prints two ratios: the time of `read_coco` against `orjson.loads` of the same file (target: at most 1.5 times
plus a second), and crops a second of `iterate_crops` against pictures a second of decoding the same files
with the same decoder (target: at least 0.9). Without arguments it makes a file of SpineTrack's size (60,000
people in 51,000 pictures, 25 MB zipped) and 300 pictures of 640x480 with as many people a picture. CPU
seconds of one process, medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import orjson

from dataset_loader.coco import CocoIndex, read_coco
from dataset_loader.persons import iterate_crops
from dataset_loader.schema import SPINETRACK
from dataset_loader.sources import ZipStore

INPUT_SIZE = (256, 192)
PEOPLE_A_PICTURE = 60_000 / 51_000


def main() -> None:
    """Make the data where none is given, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", type=Path, help="a COCO keypoint file")
    parser.add_argument("--images", type=Path, help="the folder of its pictures")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if (arguments.annotations is None) != (arguments.images is None):
        parser.error("give both --annotations and --images, or none")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        large = arguments.annotations or write_annotations(folder / "large.json", 51_000)
        small, images = arguments.annotations, arguments.images
        if small is None:
            small, images = write_annotations(folder / "small.json", 300), folder / "images"
            write_pictures(images, read_coco(small))
        print_index(large, arguments.rounds)
        print_crops(read_coco(small), images, folder, arguments.rounds)


def print_index(path: Path, rounds: int) -> None:
    """Measure indexing against parsing."""
    parse, index = alternate([lambda: orjson.loads(path.read_bytes()), lambda: read_coco(path)], rounds)
    people = len(read_coco(path).person_ids)
    print(
        f"index: {people} people, {path.stat().st_size / 1e6:.1f} MB "
        f"({zipped_size(path) / 1e6:.1f} MB zipped)"
    )
    print(f"  orjson.loads {parse:.2f} s, read_coco {index:.2f} s: {index / parse:.2f} times")
    print(f"  target 1.5 times plus a second = {1.5 * parse + 1:.2f} s")


def print_crops(index: CocoIndex, images: Path, folder: Path, rounds: int) -> None:
    """Measure crops against decoding, from files and from a zip."""
    rows = [row for row in range(len(index.image_ids)) if len(index.persons_of(row))]
    names = [index.file_names[row] for row in rows]
    archive = folder / "images.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name in names:
            target.write(images / name, name)
    store = ZipStore(archive)

    def from_zip(row: int) -> bytes:
        return store.read(index.file_names[row])

    tree, zipped = iterate_crops, partial(iterate_crops, index, from_zip, INPUT_SIZE)
    crops = sum(len(item.persons) for item in zipped())
    decode, from_tree, in_place = alternate(
        [
            lambda: [decode_file(images / name) for name in names],
            lambda: consume(tree(index, images, INPUT_SIZE)),
            lambda: consume(zipped()),
        ],
        rounds,
    )
    print(f"crops: {crops} of {INPUT_SIZE[1]}x{INPUT_SIZE[0]} from {len(names)} pictures")
    print(f"  decoding alone {len(names) / decode:.0f} pictures/s")
    for name, seconds in (("files", from_tree), ("zip in place", in_place)):
        ratio = (crops / seconds) / (len(names) / decode)
        print(f"  from {name}: {crops / seconds:.0f} crops/s, {ratio:.2f} of the decode rate (target 0.9)")
        print(f"    {decode / seconds:.2f} of the time is decoding")


def alternate(tasks: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median CPU seconds of each task; they take turns, so that a busy machine disturbs them alike."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for place, task in enumerate(tasks):
            start = time.process_time()
            task()
            times[place].append(time.process_time() - start)
    return [statistics.median(values) for values in times]


def consume(items: object) -> None:
    """Run through an iterator and keep nothing."""
    for _ in items:  # type: ignore[attr-defined]
        pass


def decode_file(path: Path) -> np.ndarray:
    """Read and decode one picture, as `iterate_crops` does."""
    pixels: np.ndarray = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return pixels


def write_annotations(path: Path, pictures: int) -> Path:
    """Write a file of `pictures` pictures with random people."""
    rng = np.random.default_rng(0)
    images = [{"id": i, "file_name": f"{i:012d}.jpg", "width": 640, "height": 480} for i in range(pictures)]
    # One for each picture, and the rest anywhere.
    count = round(pictures * PEOPLE_A_PICTURE)
    image_of = np.concatenate([np.arange(pictures), rng.integers(0, pictures, count - pictures)])
    annotations = []
    for number, image_id in enumerate(image_of.tolist(), start=1):
        height = rng.uniform(150, 420)
        left, top = rng.uniform(0, 640 - height / 2), rng.uniform(0, 480 - height)
        visibility = rng.choice([0, 1, 2], len(SPINETRACK), p=[0.1, 0.2, 0.7])
        points = rng.uniform((left, top), (left + height / 2, top + height), (len(SPINETRACK), 2)).round(6)
        triples = np.concatenate([points, visibility[:, None]], axis=1) * (visibility > 0)[:, None]
        annotations.append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": 1,
                "bbox": [round(left, 2), round(top, 2), round(height / 2, 2), round(height, 2)],
                "area": round(height * height / 4, 4),
                "iscrowd": 0,
                "num_keypoints": int((visibility > 0).sum()),
                "keypoints": [v for x, y, seen in triples.tolist() for v in (x, y, int(seen))],
            }
        )
    content = {"images": images, "annotations": annotations, "categories": [SPINETRACK.to_category()]}
    path.write_bytes(orjson.dumps(content))
    return path


def write_pictures(folder: Path, index: CocoIndex) -> None:
    """Write cut-outs of the bundled photo as JPEGs of the annotated sizes."""
    folder.mkdir()
    photo = cv2.imread(str(Path(__file__).parent.parent / "spinepose_hf" / "samples" / "walking.jpg"))
    rng = np.random.default_rng(1)
    for name, width, height in zip(
        index.file_names, index.widths.tolist(), index.heights.tolist(), strict=True
    ):
        share = rng.uniform(0.5, 1)
        rows, columns = int(photo.shape[0] * share), int(photo.shape[1] * share)
        top = rng.integers(photo.shape[0] - rows + 1)
        left = rng.integers(photo.shape[1] - columns + 1)
        cut = cv2.resize(
            photo[top : top + rows, left : left + columns], (width, height), interpolation=cv2.INTER_AREA
        )
        cv2.imwrite(str(folder / name), cut, [cv2.IMWRITE_JPEG_QUALITY, 92])


def zipped_size(path: Path) -> int:
    """Size of a file in a zip."""
    with tempfile.TemporaryFile() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
        return stream.tell()


if __name__ == "__main__":
    main()
