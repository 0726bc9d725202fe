"""Small networks and labelled pictures for the evaluation's tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataset_loader.schema import SPINETRACK


@pytest.fixture(scope="session")
def photo_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSON of 5 noise pictures with 9 persons, `images` beside it; ids are not in the order of the file."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    content: dict[str, Any] = {"images": [], "annotations": [], "categories": [SPINETRACK.to_category()]}
    for image_id, people in ((40, 2), (10, 3), (30, 1), (20, 0), (50, 3)):
        name = f"{image_id}.png"
        Image.fromarray(rng.integers(0, 256, (120, 160, 3), np.uint8)).save(folder / "images" / name)
        content["images"].append({"id": image_id, "file_name": name, "width": 160, "height": 120})
        for person in range(people):
            corner = np.array([10.0 + 45 * person, 10])
            points = np.c_[corner + rng.uniform(0, 1, (37, 2)) * (40, 90), np.full(37, 2)]
            content["annotations"].append(
                {
                    "id": len(content["annotations"]) + 1, "image_id": image_id, "category_id": 1,
                    "iscrowd": 0, "area": 2000.0, "bbox": [*corner.tolist(), 40, 90], "num_keypoints": 37,
                    "keypoints": points.ravel().tolist(),
                }
            )  # fmt: skip
    path = folder / "persons.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def changed(source: Path, target: Path, change: Any) -> Path:
    """A copy of an annotation file after `change` was done to its content."""
    content = json.loads(source.read_text(encoding="utf-8"))
    change(content)
    target.write_text(json.dumps(content), encoding="utf-8")
    return target
