"""SpineTrack as a dataset: read, make and check people with 37 keypoints.

Public names are loaded on first use, so that importing the package imports neither `datasets` nor OpenCV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataset_loader.coco import CocoIndex, read_coco
    from dataset_loader.features import keypoint_names, person_features, row_features
    from dataset_loader.load import load_spinetrack
    from dataset_loader.persons import iterate_crops, person_view
    from dataset_loader.schema import COCO17, HALPE26, SPINETRACK, KeypointSchema, convert_keypoints
    from dataset_loader.sigmas import estimate_sigmas
    from dataset_loader.sources import open_source
    from dataset_loader.spinetrack import SpineTrack

_HOMES = {
    "COCO17": "schema",
    "HALPE26": "schema",
    "SPINETRACK": "schema",
    "CocoIndex": "coco",
    "KeypointSchema": "schema",
    "SpineTrack": "spinetrack",
    "convert_keypoints": "schema",
    "estimate_sigmas": "sigmas",
    "iterate_crops": "persons",
    "keypoint_names": "features",
    "load_spinetrack": "load",
    "open_source": "sources",
    "person_features": "features",
    "person_view": "persons",
    "read_coco": "coco",
    "row_features": "features",
}

__all__ = [
    "COCO17",
    "HALPE26",
    "SPINETRACK",
    "CocoIndex",
    "KeypointSchema",
    "SpineTrack",
    "convert_keypoints",
    "estimate_sigmas",
    "iterate_crops",
    "keypoint_names",
    "load_spinetrack",
    "open_source",
    "person_features",
    "person_view",
    "read_coco",
    "row_features",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"dataset_loader.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        from spinepose_hf.extras import require_extra

        require_extra("data", ("datasets",), name)
        raise


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
