"""Skeletons of networks: from their configuration, for their configuration, and which one a run trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataset_loader.schema import SPINETRACK, KeypointSchema
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig


def config_schema(config: SpinePoseConfig) -> KeypointSchema:
    """The skeleton that a network answers in."""
    return KeypointSchema(
        "the model's",
        tuple(config.id2label[column] for column in range(config.num_keypoints)),
        config.skeleton,
        config.flip_pairs,
        config.oks_sigmas,
    )


def schema_settings(schema: KeypointSchema) -> dict[str, Any]:
    """The fields of a `SpinePoseConfig` that say a skeleton."""
    if schema.keypoints == SPINETRACK.keypoints:
        return {}
    return {
        "num_keypoints": len(schema),
        "id2label": dict(enumerate(schema.keypoints)),
        "label2id": {name: column for column, name in enumerate(schema.keypoints)},
        "skeleton": schema.links,
        "flip_pairs": schema.flip_pairs,
        "oks_sigmas": schema.sigmas,
    }


def choose_skeleton(found: Sequence[KeypointSchema], model: KeypointSchema = SPINETRACK) -> KeypointSchema:
    """The skeleton that data of these skeletons should train.

    Data whose points all have a name of the model's skeleton train the model's: COCO's 17 points or Halpe's
    26 train 17 or 24 of SpinePose's 37. The first skeleton with a point that the model lacks wins otherwise.
    """
    known = set(model.keypoints)
    return next((schema for schema in found if not set(schema.keypoints) <= known), model)


__all__ = ["choose_skeleton", "config_schema", "schema_settings"]
