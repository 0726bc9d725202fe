"""Crops as the network takes them, beside those of spinepose 2.1.0."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from runtime_sections.turns import SIZE, Work, hd_picture, measure

from spinepose_hf.model.geometry import crop_persons


def time_crops(rounds: int, peer: Path | None) -> None:
    """Eight people of one 1080p picture: crops as the network takes them."""
    image = hd_picture()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    print("\ncrop path               ms a person (CPU ms), one OpenCV thread")
    for height in (250, 400, 800):
        boxes = np.array([[100 + 200 * i, 50, 100 + 200 * i + height / 4, 50 + height] for i in range(8)])
        candidates: dict[str, Work] = {"spinepose-hf": partial(crop_persons, image, boxes, SIZE)}
        if peer is not None:
            candidates["spinepose"] = partial(peer_crops, load_peer(peer), image, boxes)
        found = measure(candidates, 4 * rounds)
        for name, (wall, cpu) in found.items():
            print(f"  {height} px high  {name:12s} {wall / 8:7.3f} ({cpu / 8:6.3f})")
        if peer is not None:
            ratio = found["spinepose-hf"][1] / found["spinepose"][1]
            print(f"  {height} px high  ratio        {ratio:7.3f}  (goal: at most 0.2)")
    cv2.setNumThreads(threads)


def load_peer(folder: Path) -> Any:
    """The peer's module that cuts crops, without the rest of its package."""
    path = folder / "spinepose" / "tools" / "pose_estimation" / "pre_processings.py"
    spec = importlib.util.spec_from_file_location("peer_pre_processings", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there; see --help")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peer_crops(peer: Any, image: np.ndarray, boxes: np.ndarray) -> None:
    """What spinepose 2.1.0 does with each box before its network runs: rtmpose.py:67, base_tool.py:209."""
    mean, std = np.array((123.675, 116.28, 103.53)), np.array((58.395, 57.12, 57.375))
    for box in boxes:
        center, scale = peer.bbox_xyxy2cs(np.array(box), padding=1.25)
        crop, _ = peer.top_down_affine(SIZE[::-1], scale, center, image)
        normalised = (crop - mean) / std
        np.ascontiguousarray(normalised[None].transpose(0, 3, 1, 2).astype(np.float32, copy=False))
