"""Sigmas from repeated labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_loader.schema import COCO17
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.repeated_labels import measure_sigmas

# Of the three annotators' errors.
TRUE_SIGMAS = np.linspace(0.02, 0.1, 17)


def labelling(path: Path, seed: int, people: int = 300, **changes: Any) -> Path:
    """An annotator's file: two persons a picture, each point off by its sigma, persons in any order."""
    truth, errors = np.random.default_rng(0), np.random.default_rng(seed)
    annotations = []
    for person in range(people):
        corner = np.array([300.0 * (person % 2), 0])
        points = corner + truth.uniform(0, 200, (17, 2))
        # d^2 = dx^2 + dy^2 has the mean sigma^2 area.
        points += errors.normal(0, 1, (17, 2)) * TRUE_SIGMAS[:, None] * 200 / np.sqrt(2)
        annotations.append(
            {
                "id": person + 1, "image_id": person // 2, "category_id": 1, "iscrowd": 0, "area": 200.0**2,
                "bbox": [*(corner + errors.uniform(-12, 12, 2)).tolist(), 200, 200],
                "keypoints": np.c_[points, np.full(17, 2)].ravel().tolist(),
            }
        )  # fmt: skip
    errors.shuffle(annotations)
    images = [
        {"id": i, "file_name": f"{i}.jpg", "width": 600, "height": 300} for i in range((people + 1) // 2)
    ]
    content = {"images": images, "annotations": annotations, "categories": [COCO17.to_category()], **changes}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("count", [2, 3])
def test_recovers_the_annotators_errors(count: int, tmp_path: Path) -> None:
    files = [labelling(tmp_path / f"{seed}.json", seed) for seed in range(1, count + 1)]
    found = measure_sigmas(files)
    assert found.persons == 300 * count * (count - 1) // 2
    assert found.sigmas == pytest.approx(TRUE_SIGMAS, rel=0.12)
    assert found.repeats == (found.persons,) * 17 and all(found.measured)


def test_few_repeats_are_not_trusted(tmp_path: Path) -> None:
    found = measure_sigmas([labelling(tmp_path / f"{seed}.json", seed, people=4) for seed in (1, 2)])
    assert found.persons == 4 and not any(found.measured)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one file", "two or more"),
        ("other pictures", "nobody is labelled in two"),
        ("other points", "none of"),
    ],
)
def test_files_that_tell_nothing(name: str, message: str, tmp_path: Path) -> None:
    files = [labelling(tmp_path / "a.json", 1, people=4)]
    if name == "other pictures":
        files.append(labelling(tmp_path / "b.json", 2, people=4, images=[
            {"id": i, "file_name": f"other{i}.jpg", "width": 600, "height": 300} for i in range(2)
        ]))  # fmt: skip
    if name == "other points":
        category = {"id": 1, "name": "cat", "keypoints": [f"paw_{i}" for i in range(17)]}
        files.append(labelling(tmp_path / "b.json", 2, people=4, categories=[category]))
    with pytest.raises(DatasetError, match=message):
        measure_sigmas(files)
