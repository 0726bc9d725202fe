"""From an original checkpoint (OpenMMLab's layout) to this package's network.

The parameters have the same names on both sides, so conversion is mostly unwrapping and checking.
"""

from __future__ import annotations

import os
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinepose_hf.errors import ModelError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

_WRAPPERS = ("module.", "model.")
_IGNORED = ("data_preprocessor.",)
_FINAL_LAYER = "head.final_layer.weight"
_COUNTER = ".num_batches_tracked"
# Of the four stages, at depth factor 1.
_STAGE_BLOCKS = (3, 6, 6, 3)
_BLOCK = re.compile(r"backbone\.(stage\d)\.\d\.blocks\.(\d+)\.")


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint file, refusing any that would run code.

    Args:
        path: a `.pth` (or like) file written by torch, or a `.safetensors` file.

    Returns:
        Its content: a state dict, or what a training run wrapped around one.

    Raises:
        ModelError: no such file, damaged, or a pickle with more than plain tensors in it.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"no checkpoint file {path}")
    if path.suffix == ".safetensors":
        return _load_safetensors(path)
    import torch

    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_plain_numpy()):
            # Whatever torch finds odd about a file, the user gets one line, from us.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path} was not opened: it is damaged, or holds more than plain tensors and could run code "
            "(ask its author for a file with nothing but the state dict)"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise ModelError(f"{path} is not a readable torch checkpoint; is it damaged or cut off?") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


def convert_state_dict(
    mapping: Mapping[str, Any], num_keypoints: int | None = NUM_KEYPOINTS
) -> dict[str, Any]:
    """Original checkpoint layout -> the layout of `SpinePoseForPoseEstimation`.

    Args:
        mapping: a state dict of arrays or tensors, or a checkpoint with one under "state_dict". The prefixes
            of wrappers ("module.", "model.") and the keys of the original's data preprocessor are dropped.
        num_keypoints: how many keypoints the network must have; 37 for SpinePose, None for any number.

    Returns:
        Names and values as they are given, under our names. Values stay what they are (NumPy or torch).

    Raises:
        ModelError: not this kind of network, keys too many or too few, or another number of keypoints.
    """
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    converted = _unwrap(mapping)
    found = _shape(converted, _FINAL_LAYER)[0]
    if num_keypoints is not None and found != num_keypoints:
        raise ModelError(
            f"the checkpoint has {found} keypoints and {num_keypoints} are needed"
            + ("; 26 is RTMPose's Halpe26 network, not a SpinePose one" if found == 26 else "")
        )
    import torch

    with torch.device("meta"):
        expected = SpinePoseForPoseEstimation(config_from_state_dict(converted)).state_dict()
    for key in expected:
        if key.endswith(_COUNTER) and key not in converted and key.replace(_COUNTER, ".weight") in converted:
            # Averaged and very old checkpoints lack the counters, which nothing depends on here.
            converted[key] = torch.zeros((), dtype=torch.int64)
    _refuse("lacks", sorted(expected.keys() - converted.keys()))
    _refuse("has unknown", sorted(converted.keys() - expected.keys()))
    for key, tensor in expected.items():
        if tuple(converted[key].shape) != tuple(tensor.shape):
            raise ModelError(
                f"{key} has the shape {tuple(converted[key].shape)}; {tuple(tensor.shape)} was expected"
            )
    return {key: converted[key] for key in expected}


def config_from_state_dict(mapping: Mapping[str, Any]) -> Any:
    """The configuration a (converted) state dict was made with, read from its names and shapes.

    Args:
        mapping: a state dict in our layout.

    Returns:
        A `SpinePoseConfig` of a published size. Checkpoints do not name their keypoints, so 17 are taken for
        COCO's, 26 for Halpe's and 37 for SpinePose's; others stay without names.

    Raises:
        ModelError: the tensors are not those of any published size.
    """
    num_keypoints, channels = _shape(mapping, _FINAL_LAYER)[:2]
    cells = _shape(mapping, "head.mlp.1.weight")[1]
    blocks: dict[str, int] = {}
    for match in map(_BLOCK.match, mapping):
        if match is not None:
            blocks[match[1]] = max(blocks.get(match[1], 0), int(match[2]) + 1)
    return config_from_shapes(num_keypoints, channels, cells, sum(blocks.values()))


def config_from_shapes(num_keypoints: int, channels: int, cells: int, blocks: int) -> Any:
    """The configuration of the published size with these shapes, for either published size of crops.

    Args:
        num_keypoints: K; see `config_from_state_dict` for what that says about names.
        channels: of the backbone's last feature map.
        cells: of that map, height times width.
        blocks: CSPNeXt blocks in all four stages together.

    Raises:
        ModelError: no published size has them.
    """
    from spinepose_hf.model.configuration_spinepose import VARIANTS, SpinePoseConfig

    skeleton = _skeleton_by_count(num_keypoints)
    # OpenMMLab published size m and l for the crops of size x, too; the targets' widths go with the crops.
    crops = {variant.image_size: variant.simcc_sigma for variant in VARIANTS.values()}
    for name, variant in VARIANTS.items():
        depth = sum(max(round(count * variant.deepen_factor), 1) for count in _STAGE_BLOCKS)
        for image_size, sigma in crops.items():
            config = SpinePoseConfig.from_variant(
                name, num_keypoints=num_keypoints, image_size=image_size, simcc_sigma=sigma, **skeleton
            )
            height, width = config.feature_size
            same_size = int(1024 * config.widen_factor) == channels and height * width == cells
            if same_size and depth == blocks:
                return config
    raise ModelError(
        f"no SpinePose size has {channels} channels, {blocks} blocks and {cells} cells in its last feature "
        "map; t, s, m, l and x are known"
    )


def _skeleton_by_count(num_keypoints: int) -> dict[str, Any]:
    """The skeleton's fields of a configuration, for the parent networks that OpenMMLab published."""
    from dataset_loader.schema import COCO17, HALPE26

    for schema in (COCO17, HALPE26):
        if len(schema) == num_keypoints:
            return {
                "id2label": dict(enumerate(schema.keypoints)),
                "label2id": {name: column for column, name in enumerate(schema.keypoints)},
                "skeleton": schema.links,
                "flip_pairs": schema.flip_pairs,
                "oks_sigmas": schema.sigmas,
            }
    return {}


def convert_checkpoint(
    path: str | os.PathLike[str], num_keypoints: int | None = NUM_KEYPOINTS
) -> SpinePoseForPoseEstimation:
    """Read an original checkpoint file and build its network, in evaluation mode.

    Args:
        path: the file, see `load_checkpoint`.
        num_keypoints: see `convert_state_dict`.

    Raises:
        ModelError: see `load_checkpoint` and `convert_state_dict`.
    """
    import torch

    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    state = convert_state_dict(load_checkpoint(path), num_keypoints)
    model = SpinePoseForPoseEstimation(config_from_state_dict(state))
    model.load_state_dict({key: torch.as_tensor(value) for key, value in state.items()})
    model.eval()
    return model


def _plain_numpy() -> list[Any]:
    # MMPose keeps the keypoints' sigmas and weights as arrays in a checkpoint's `meta`. Making an array of
    # numbers runs no code; NumPy 1 and 2 name the function that does it differently.
    rebuild = np.zeros(0).__reduce__()[0]
    kinds = ("float32", "float64", "int32", "int64", "bool")
    return [
        np.ndarray,
        np.dtype,
        *(type(np.dtype(kind)) for kind in kinds),
        (rebuild, "numpy.core.multiarray._reconstruct"),
        (rebuild, "numpy._core.multiarray._reconstruct"),
    ]


def _unwrap(mapping: Mapping[str, Any]) -> dict[str, Any]:
    inner = mapping.get("state_dict", mapping)
    if not isinstance(inner, Mapping):
        raise ModelError(f"the checkpoint's state_dict is a {type(inner).__name__}, not a mapping")
    converted: dict[str, Any] = {}
    for key, value in inner.items():
        name = str(key)
        for wrapper in _WRAPPERS:
            name = name.removeprefix(wrapper)
        if not name.startswith(_IGNORED):
            if not hasattr(value, "shape"):
                raise ModelError(f"the checkpoint's entry {key!r} is a {type(value).__name__}, not a tensor")
            converted[name] = value
    return converted


def _load_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not a readable safetensors file; is it damaged or cut off?") from error
    return tensors


def _shape(mapping: Mapping[str, Any], key: str) -> tuple[int, ...]:
    if key not in mapping:
        raise ModelError(f"not a SpinePose checkpoint: it has no tensor {key}")
    shape = tuple(mapping[key].shape)
    expected = 4 if key == _FINAL_LAYER else 2
    if len(shape) != expected:
        raise ModelError(f"{key} has the shape {shape}; {expected} dimensions were expected")
    return shape


def _refuse(verb: str, keys: list[str]) -> None:
    if keys:
        shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
        raise ModelError(f"not a SpinePose checkpoint: it {verb} {len(keys)} tensors ({shown})")


__all__ = [
    "config_from_shapes",
    "config_from_state_dict",
    "convert_checkpoint",
    "convert_state_dict",
    "load_checkpoint",
]
