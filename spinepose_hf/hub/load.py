"""One way to a network in memory: a folder, a Hub id, or a checkpoint in the original's layout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.convert import convert_checkpoint
from spinepose_hf.hub.model_id import parse_model_id
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

_CHECKPOINTS = (".pth", ".pt", ".safetensors")


def load_model(
    name: str | os.PathLike[str], num_keypoints: int | None = NUM_KEYPOINTS, **where: Any
) -> SpinePoseForPoseEstimation:
    """Load a network, in evaluation mode.

    Args:
        name: a folder that `save_pretrained` wrote; a Hub id, with a revision as in "owner/name@v1" if it
            shall not be the newest; or a checkpoint file in the original's layout.
        num_keypoints: what a checkpoint file must have, None for any number; a folder says its own.
        **where: further arguments of `from_pretrained` for a folder or a Hub id, such as `revision`.

    Raises:
        ModelError: nothing can be loaded under this name, or it is another kind of network.
    """
    from safetensors import SafetensorError

    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    path = Path(name)
    if path.is_file() or path.suffix in _CHECKPOINTS:
        return convert_checkpoint(path, num_keypoints)
    source = str(name)
    model_id = None if path.is_dir() else parse_model_id(source)
    if model_id is not None and model_id.revision is not None:
        if where.get("revision") is not None:
            raise ModelError(f"{source!r} names a revision, and so does revision={where['revision']!r}")
        source, where = model_id.repo_id, {**where, "revision": model_id.revision}
    try:
        model: SpinePoseForPoseEstimation = SpinePoseForPoseEstimation.from_pretrained(source, **where)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"cannot load the model {str(name)!r} ({lines[0]}); give a model folder, a Hub id, an original "
            "checkpoint or an .onnx file"
        ) from error
    return model


__all__ = ["load_model"]
