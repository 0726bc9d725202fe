"""The network that a run starts from, brought to the skeleton that it shall learn."""

from __future__ import annotations

import logging
from pathlib import Path

from dataset_loader.schema import SPINETRACK, KeypointSchema
from spinepose_hf.errors import ModelError
from spinepose_hf.hub.load import load_model
from spinepose_hf.model.configuration_spinepose import SKELETON_FIELDS, VARIANTS, SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.skeleton import config_schema, schema_settings
from spinepose_hf.weights import EMBEDDED, embedded_model

logger = logging.getLogger(__name__)


def start_skeleton(start: str) -> KeypointSchema:
    """The skeleton of a model that `load_start` would load; SpinePose's for random weights."""
    return SPINETRACK if start in VARIANTS else config_schema(_config(start))


def load_start(start: str, schema: KeypointSchema) -> SpinePoseForPoseEstimation:
    """Make or load a network and give it a skeleton.

    Args:
        start: a size for random weights, "embedded", a model folder, a Hub id, or a checkpoint file in the
            original's layout, such as a published RTMPose with Halpe's 26 points.
        schema: what it shall answer in. A loaded network keeps what it knows of points with the same names;
            without any it keeps all but its last convolution.

    Raises:
        ModelError: nothing can be loaded under this name.
    """
    if start in VARIANTS:
        return SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(start, **schema_settings(schema)))
    config = _config(start)
    model = load_model(_place(start), num_keypoints=None)
    own = config_schema(config)
    if own.keypoints == schema.keypoints:
        return model
    settings = config.to_dict() | dict.fromkeys(SKELETON_FIELDS)
    wanted = SpinePoseConfig(**{**settings, "num_keypoints": len(schema), **schema_settings(schema)})
    logger.info("%s: from %d keypoints to the %d of the data", start, len(own), len(schema))
    if set(own.keypoints) & set(schema.keypoints):
        model.widen_head(wanted)
        return model
    fresh = SpinePoseForPoseEstimation(wanted)
    kept = {n: v for n, v in model.state_dict().items() if not n.startswith("head.final_layer.")}
    fresh.load_state_dict(kept, strict=False)
    return fresh


def _place(start: str) -> str:
    return str(embedded_model()) if start == EMBEDDED else start


def _config(start: str) -> SpinePoseConfig:
    place = _place(start)
    if Path(place).is_file():
        loaded: SpinePoseConfig = load_model(place, num_keypoints=None).config
        return loaded
    try:
        config: SpinePoseConfig = SpinePoseConfig.from_pretrained(place)
    except (OSError, ValueError) as error:
        exists = Path(place).exists()
        advice = "it is no SpinePose model folder" if exists else "there is no such folder or Hub id"
        raise ModelError(
            f"cannot load the model {start}: {advice}; give {', '.join(VARIANTS)}, {EMBEDDED}, a folder "
            "that save_pretrained wrote, or an original checkpoint"
        ) from error
    return config


__all__ = ["load_start", "start_skeleton"]
