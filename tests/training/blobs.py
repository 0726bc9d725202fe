"""A data set that the smallest network learns in seconds, and settings for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.augmentation import AugmentationOptions
from spinepose_hf.training.data import PersonRecord, read_persons

TINY = {
    "widen_factor": 0.125,
    "image_size": (64, 64),
    "hidden_size": 32,
    "intermediate_size": 32,
    "attention_size": 16,
}

PLAIN = {"options": AugmentationOptions(0, 0, (1, 1), 0, 0, 0, 0, 0, 0, 0, 0)}


def tiny_model(**settings: Any) -> SpinePoseForPoseEstimation:
    """The same random weights at each call."""
    torch.manual_seed(0)
    return SpinePoseForPoseEstimation(SpinePoseConfig(**{**TINY, **settings}))


def write_blobs(folder: Path, count: int = 16, names: tuple[str, ...] = KEYPOINT_NAMES) -> Path:
    """Pictures whose one bright blob is where all keypoints are, beside a COCO file; returns the file."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for i in range(count):
        x, y = rng.uniform(16, 48, 2)
        picture = np.full((64, 64, 3), 30, np.uint8)
        cv2.circle(picture, (round(x), round(y)), 6, (240, 240, 240), -1)
        cv2.imwrite(str(folder / "images" / f"{i}.png"), picture)
        points = np.array([x, y]) + np.arange(len(names))[:, None] / 40
        triplets = np.concatenate([points, np.full((len(names), 1), 2)], axis=1)
        images.append({"id": 100 + i, "file_name": f"{i}.png", "width": 64, "height": 64})
        annotations.append(
            {
                "id": i, "image_id": 100 + i, "bbox": [6, 6, 51, 51], "area": 2500, "category_id": 1,
                "keypoints": triplets.ravel().tolist(), "iscrowd": 0, "num_keypoints": len(names),
            }
        )  # fmt: skip
    category = {"id": 1, "name": "person", "keypoints": list(names), "skeleton": [[1, 2], [2, 3]]}
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [category]}))
    return path


def read_blobs(folder: Path) -> list[PersonRecord]:
    """The persons of a data set that `write_blobs` wrote."""
    return read_persons(folder / "annotations.json", folder / "images")


def arguments(folder: Path, **changes: Any) -> SpinePoseTrainingArguments:
    """Settings of a run of six steps with a checkpoint after the third."""
    settings: dict[str, Any] = {
        "output_dir": str(folder), "max_steps": 6, "per_device_train_batch_size": 4, "learning_rate": 2e-3,
        "use_cpu": True, "logging_steps": 1, "save_steps": 3, "report_to": [], "disable_tqdm": True,
        "seed": 5, "heatmap_weight": 1.0, "ema_momentum": 0.1, "ema_gamma": 2, "dataloader_pin_memory": False,
    }  # fmt: skip
    return SpinePoseTrainingArguments(**{**settings, **changes})


def logged_losses(history: list[dict[str, Any]]) -> list[float]:
    """The losses that a trainer logged."""
    return [entry["loss"] for entry in history if "loss" in entry]
