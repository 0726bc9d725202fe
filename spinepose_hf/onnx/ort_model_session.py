"""Opening the plain graph in onnxruntime by the names of its providers, and seeing that it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.onnx_session import session_errors
from spinepose_hf.inference.simcc_graph import OUTPUTS
from spinepose_hf.inference.threads import inference_threads

if TYPE_CHECKING:
    import onnxruntime

CUDA_PROVIDERS = ("CUDAExecutionProvider", "TensorrtExecutionProvider", "ROCMExecutionProvider")

_TYPES: dict[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class PlainInterface(NamedTuple):
    """What a plain graph takes and answers.

    Attributes:
        input_name: of the normalised crops (N, 3, H, W).
        input_type: their type.
        output_types: types of `OUTPUTS`.
        batch: N where the file leaves no choice, None where any will do.
    """

    input_name: str
    input_type: type[np.floating]
    output_types: tuple[type[np.floating], ...]
    batch: int | None


def open_model_session(
    path: Path,
    providers: Sequence[str],
    provider_options: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    session_options: onnxruntime.SessionOptions | None = None,
) -> onnxruntime.InferenceSession:
    """Open an ONNX file with execution providers of one's own choice.

    Args:
        path: the file.
        providers: names as onnxruntime has them, the first that can run a node runs it.
        provider_options: of each, or of the first alone.
        session_options: None takes onnxruntime's, with as many threads as `inference_threads` counts.

    Raises:
        DeviceError: a provider is not there, or did not start.
        ModelError: the file is damaged, or its weights beside it are missing.
        ValueError: options for another number of providers.
    """
    import onnxruntime

    available = onnxruntime.get_available_providers()
    missing = [name for name in providers if name not in available]
    if missing:
        raise DeviceError(
            f"{missing[0]} was asked for, but this onnxruntime has only {', '.join(available)}; "
            "choose one of them, or install the onnxruntime package that has it"
        )
    if isinstance(provider_options, Mapping):
        provider_options = [provider_options, *({} for _ in providers[1:])]
    if session_options is None:
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = inference_threads()
        session_options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), session_options, providers=list(providers), provider_options=provider_options
        )
    except session_errors() as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{path} is not a readable ONNX model: damaged, truncated, or without the file of its weights "
            f"({reason})"
        ) from error
    started = session.get_providers()[0]
    if started != providers[0]:
        raise DeviceError(
            f"{providers[0]} was asked for but did not start ({started} did); check its driver and libraries"
        )
    return session


def read_interface(path: Path, session: onnxruntime.InferenceSession, config: Any) -> PlainInterface:
    """See that a graph is the plain one of `config`'s network.

    Args:
        path: its file, for messages.
        session: the open file.
        config: a `SpinePoseConfig`.

    Raises:
        ModelError: it takes or answers something else.
    """
    inputs, outputs = session.get_inputs(), {node.name: node for node in session.get_outputs()}
    missing = [name for name in OUTPUTS if name not in outputs]
    if missing:
        raise ModelError(
            f"{path} answers {', '.join(outputs)} and not {' and '.join(missing)}; this class runs the plain "
            "graph (`spinepose export --graph plain`), SpinePoseEstimator the deploy graph"
        )
    height, width = config.image_size
    taken = [f"{node.name} {node.type} {node.shape}" for node in inputs]
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
        raise ModelError(
            f"{path} takes {', '.join(taken)}; one tensor of crops (N, 3, height, width) is needed"
        )
    batch, *crop = inputs[0].shape
    bins_x, bins_y = config.simcc_bins
    expected = {inputs[0].name: (crop, [3, height, width])}
    for name, bins in zip(OUTPUTS, (bins_x, bins_y), strict=True):
        if outputs[name].type not in _TYPES:
            raise ModelError(f"{path} answers {name} as {outputs[name].type}; floating point is needed")
        expected[name] = (outputs[name].shape[1:], [config.num_keypoints, bins])
    for name, (found, wanted) in expected.items():
        if len(found) != len(wanted) or any(
            isinstance(one, int) and one != other for one, other in zip(found, wanted, strict=True)
        ):
            raise ModelError(
                f"{path} has {name} of (N, {', '.join(map(str, found))}), its config.json says "
                f"(N, {', '.join(map(str, wanted))}); they belong to different networks"
            )
    return PlainInterface(
        inputs[0].name,
        _TYPES[inputs[0].type],
        tuple(_TYPES[outputs[name].type] for name in OUTPUTS),
        batch if isinstance(batch, int) else None,
    )


__all__ = ["CUDA_PROVIDERS", "PlainInterface", "open_model_session", "read_interface"]
