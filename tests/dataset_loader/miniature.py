"""SpineTrack in miniature: drawn or generated people in its four annotation files, and in its two zips."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from dataset_loader.schema import SPINETRACK

# Pictures a part, in the order of the files; each tuple tells the people of its pictures.
PARTS: dict[str, tuple[int, ...]] = {
    "train-real-coco": (1, 2, 0, 1, 3),
    "train-real-yoga": (1, 1, 2),
    "train-unreal": (1, 1, 1, 1),
    "val2017": (2, 1, 1, 1),
}
FLAT: tuple[int, ...] = (1, 2, 1, 0, 1, 3)
WIDTH, HEIGHT = 160, 120

# A standing figure, x to its left (the picture's right when it faces us) and y down, in its own height.
_FIGURE = {
    "nose": (0, 0.09), "left_eye": (0.015, 0.075), "left_ear": (0.04, 0.08), "left_shoulder": (0.11, 0.2),
    "left_elbow": (0.14, 0.37), "left_wrist": (0.15, 0.5), "left_hip": (0.06, 0.52),
    "left_knee": (0.07, 0.74), "left_ankle": (0.07, 0.94), "head": (0, 0), "neck": (0, 0.18), "hip": (0, 0.5),
    "left_big_toe": (0.09, 1), "left_small_toe": (0.11, 0.99), "left_heel": (0.06, 0.97),
    "spine_01": (0, 0.46),
    "spine_02": (0, 0.42), "spine_03": (0, 0.37), "spine_04": (0, 0.3), "spine_05": (0, 0.23),
    "left_latissimus": (0.08, 0.27), "left_clavicle": (0.03, 0.2), "neck_02": (0, 0.15), "neck_03": (0, 0.12),
}  # fmt: skip


@dataclass(frozen=True)
class Miniature:
    """The same data set in every form that is read.

    Attributes:
        tree: the unzipped official layout: `annotations/` and `images/`.
        zips: a folder with `annotations.zip` and `images.zip`.
        flat: what `spinepose synthesize` writes: `annotations.json`, `images/`, cameras, 3D points.
    """

    tree: Path
    zips: Path
    flat: Path

    def annotations(self, part: str) -> Path:
        """The annotation file of a part of `tree`."""
        return self.tree / "annotations" / f"person_keypoints_{part}.json"


def write_miniature(folder: Path, generated: Path | None = None) -> Miniature:
    """Write all forms below `folder`.

    Args:
        folder: where to.
        generated: output of `spinepose synthesize` to deal over the four parts; None draws small figures.
    """
    tree, flat = folder / "tree", folder / "flat"
    if generated is None:
        write_flat(flat)
        for number, (part, people) in enumerate(PARTS.items()):
            records = [
                draw_record(np.random.default_rng([number, i]), 1000 * number + 7 * i + 1, count)
                for i, count in enumerate(people)
            ]
            _write_part(tree, part, records)
    else:
        flat = generated
        _deal(generated, tree)
    return Miniature(tree, zip_tree(tree, folder / "zips"), flat)


def write_flat(folder: Path, people: tuple[int, ...] = FLAT) -> Path:
    """Write our own flat layout with the generator's extra fields; returns `folder`."""
    # The last id is one that the synthetic configuration holds out for validation.
    ids = [*range(len(people) - 1), 19]
    records = [draw_record(np.random.default_rng([9, i]), i, n) for i, n in zip(ids, people, strict=True)]
    for _, image, people_of in records:
        image["camera"] = {"fx": 200.0, "fy": 200.0, "cx": WIDTH / 2, "cy": HEIGHT / 2}
        for annotation in people_of:
            annotation["keypoints_3d"] = [[x / 200, y / 200, 4.0] for x, y, _ in _triples(annotation)]
            annotation["spine"] = {"kyphosis_deg": 38.5, "lordosis_deg": 51.0, "lateral_deg": -2.25}
            annotation["pose"] = "standing"
    (folder / "images").mkdir(parents=True)
    for pixels, image, _ in records:
        (folder / "images" / image["file_name"]).write_bytes(pixels)
    (folder / "annotations.json").write_text(json.dumps(coco(records)))
    return folder


def zip_tree(tree: Path, folder: Path) -> Path:
    """Pack `annotations/` and `images/` of a tree into two zips, as the official ones; returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("annotations", "images"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for path in sorted((tree / name).rglob("*")):
                if path.is_file():
                    kind = zipfile.ZIP_DEFLATED if path.suffix == ".json" else zipfile.ZIP_STORED
                    archive.write(path, path.relative_to(tree).as_posix(), kind)
    return folder


Record = tuple[bytes, dict[str, Any], list[dict[str, Any]]]
"""JPEG bytes, COCO image, COCO annotations."""


def draw_record(rng: np.random.Generator, image_id: int, people: int) -> Record:
    """Draw a picture of 160x120 with stick people on noise, and its annotations."""
    noise = rng.integers(60, 200, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    annotations = []
    for person in range(people):
        points = _points(rng, person, people)
        draw = ImageDraw.Draw(picture)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        for a, b in SPINETRACK.links:
            draw.line([*points[a], *points[b]], fill=colour, width=3)
        annotations.append(_annotation(rng, image_id, person, points))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    image = {"id": image_id, "file_name": f"{image_id:012d}.jpg", "width": WIDTH, "height": HEIGHT}
    return stream.getvalue(), image, annotations


def coco(records: list[Record]) -> dict[str, Any]:
    """The annotation file of some pictures."""
    return {
        "info": {"description": "miniature"},
        "licenses": [],
        "categories": [SPINETRACK.to_category()],
        "images": [image for _, image, _ in records],
        "annotations": [annotation for _, _, annotations in records for annotation in annotations],
    }


def _points(rng: np.random.Generator, person: int, people: int) -> list[tuple[float, float]]:
    height = rng.uniform(70, 100)
    left = WIDTH * (person + 0.5) / people + rng.uniform(-5, 5)
    top = rng.uniform(3, HEIGHT - height - 3)
    points = []
    for name in SPINETRACK.keypoints:
        x, y = _FIGURE[name.replace("right_", "left_")]
        x = -x if name.startswith("right_") else x
        points.append((round(left + x * height, 2), round(top + y * height, 2)))
    return points


def _annotation(
    rng: np.random.Generator, image_id: int, person: int, points: list[tuple[float, float]]
) -> dict[str, Any]:
    visibility = rng.choice([0, 1, 2, 2, 2], len(points)).tolist()
    xs, ys = [x for x, _ in points], [y for _, y in points]
    box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    box = [round(value, 2) for value in box]
    return {
        "id": 100 * image_id + person + 1,
        "image_id": image_id,
        "category_id": 1,
        "bbox": box,
        "area": round(box[2] * box[3] * 0.5, 3),
        "iscrowd": 0,
        "num_keypoints": sum(v > 0 for v in visibility),
        "keypoints": [
            value
            for (x, y), v in zip(points, visibility, strict=True)
            for value in ((x, y, v) if v else (0, 0, 0))
        ],
    }


def _triples(annotation: dict[str, Any]) -> list[list[float]]:
    flat = annotation["keypoints"]
    return [flat[i : i + 3] for i in range(0, len(flat), 3)]


def _write_part(tree: Path, part: str, records: list[Record]) -> None:
    images = tree / "images" / part
    images.mkdir(parents=True)
    (tree / "annotations").mkdir(exist_ok=True)
    for pixels, image, _ in records:
        (images / image["file_name"]).write_bytes(pixels)
    path = tree / "annotations" / f"person_keypoints_{part}.json"
    path.write_text(json.dumps(coco(records)))


def _deal(generated: Path, tree: Path) -> None:
    """Deal the pictures of a generated folder over the four parts, one by one."""
    content = json.loads((generated / "annotations.json").read_text())
    for number, part in enumerate(PARTS):
        records = []
        for image in content["images"][number :: len(PARTS)]:
            people = [a for a in content["annotations"] if a["image_id"] == image["id"]]
            records.append(((generated / "images" / image["file_name"]).read_bytes(), image, people))
        _write_part(tree, part, records)
