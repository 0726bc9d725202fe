"""A small set of tasks, written by `prepare` from records that are there already: no network has to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_loader.annotate.cvat_labels import template_points
from dataset_loader.annotate.prepare import prepare
from dataset_loader.annotate.records import (
    ImageRecord,
    Options,
    PersonRecord,
    claim_folder,
    identify,
    stamp_of,
    write_record,
)
from spinepose_hf.weights import embedded_onnx

# Pictures with their (width, height) and the boxes of their people. Persons are numbered through: 1 to 4.
PICTURES: dict[str, tuple[tuple[int, int], tuple[tuple[float, float, float, float], ...]]] = {
    "a.jpg": ((640, 480), ((40.0, 30.0, 240.0, 450.0), (300.5, 40.25, 560.0, 470.0))),
    "c.jpg": ((333, 500), ((10.0, 20.0, 300.0, 480.0),)),
    "d.jpg": ((200, 300), ()),
    "sub/b.png": ((320, 240), ((60.0, 10.0, 200.0, 230.0),)),
}


@dataclass(frozen=True)
class Tasks:
    """Folders of the pictures and of the tasks."""

    images: Path
    out: Path


def figure(
    box: tuple[float, float, float, float], seed: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """37 points (x, y) of a standing person in `box`, each a little off, to no round number."""
    rng = np.random.default_rng(seed)
    unit = np.array(template_points()) / 100
    corner, size = np.array(box[:2]), np.array(box[2:]) - np.array(box[:2])
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]] = (
        corner + unit * size + rng.uniform(-1, 1, (37, 2))
    )
    return points


def write_pictures(folder: Path) -> None:
    for place, (name, (size, _)) in enumerate(PICTURES.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(place).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)


def write_records(images: Path, out: Path) -> None:
    claim_folder(out, Options(model=identify("embedded", embedded_onnx()), boxes="none"))
    person = 0
    for name, ((width, height), boxes) in PICTURES.items():
        people = []
        for box in boxes:
            person += 1
            points = figure(box, person)
            people.append(
                PersonRecord(
                    box=list(box),
                    box_score=0.9,
                    keypoints=points.round(3).tolist(),
                    # The later the person, the more the mirrored picture disagrees.
                    mirrored=(points + 2.0 * person).round(3).tolist(),
                    scores=[0.9 - 0.05 * person] * 37,
                    sigmas=[1.0 * person] * 37,
                )
            )
        write_record(out, ImageRecord(name, stamp_of(images / name), width, height, people))


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Tasks:
    """Tasks of four pictures with four people; read them, never change them."""
    folder = tmp_path_factory.mktemp("annotate")
    found = Tasks(folder / "images", folder / "tasks")
    write_pictures(found.images)
    write_records(found.images, found.out)
    summary = prepare(found.images, found.out, device="cpu")
    assert summary.computed == 0 and summary.people == 4 and summary.empty == 1
    return found
