"""`keypoints.json`: what the 37 columns mean, for whoever reads the data without this package."""

from __future__ import annotations

import json
from typing import Any

from dataset_loader.schema import SPINETRACK
from spinepose_hf.model.skeleton import GROUPS, VERTEBRAE


def keypoint_table() -> dict[str, Any]:
    """Names, bones, mirror pairs, tolerances and anatomy of the 37 keypoints; everything counted from 0.

    `sigmas` are the per-point constants of COCO's object keypoint similarity, `vertebrae` the anatomical
    levels of the points of the spine, bottom to top, `groups` the subsets that the published evaluation
    reports.
    """
    return {
        "schema": SPINETRACK.name,
        "num_keypoints": len(SPINETRACK),
        "keypoints": list(SPINETRACK.keypoints),
        "skeleton": [list(link) for link in SPINETRACK.links],
        "flip_pairs": [list(pair) for pair in SPINETRACK.flip_pairs],
        "sigmas": list(SPINETRACK.sigmas),
        "vertebrae": dict(VERTEBRAE),
        "groups": {name: list(columns) for name, columns in GROUPS.items()},
        "visibility": {"0": "not labelled (x = y = 0)", "1": "labelled, hidden", "2": "labelled, visible"},
        "coordinates": "pixels, x right, y down, origin at the upper left corner of the picture",
    }


def keypoints_json() -> str:
    """The file's text: short lists on one line each, so that people can read it too."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in keypoint_table().items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


__all__ = ["keypoint_table", "keypoints_json"]
