"""A detector's ONNX graph: one image in, whatever it answers out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.onnx_session import Device, open_session, session_errors


class DetectorGraph:
    """An open session whose only input is a float32 image (1, 3, H, W).

    Args:
        path: the .onnx file.
        device: see `open_session`.
        threads: see `inference_threads`.

    Raises:
        DetectorError: the file is missing, damaged, or wants something else.
        DeviceError: the device was asked for and cannot be used.
    """

    def __init__(
        self, path: str | os.PathLike[str], device: Device = "auto", threads: int | None = None
    ) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, device, DetectorError, threads)
        inputs = self._session.get_inputs()
        self.input_names = tuple(str(node.name) for node in inputs)
        self.outputs: dict[str, tuple[Any, ...]] = {
            str(node.name): tuple(node.shape or ()) for node in self._session.get_outputs()
        }
        shape = inputs[0].shape
        if len(inputs) != 1 or len(shape) != 4 or inputs[0].type != "tensor(float)":
            wants = ", ".join(f"{node.name}: {node.type} {node.shape}" for node in inputs)
            raise DetectorError(f"{self.path} wants {wants}, not one float image (1, 3, H, W)")
        fixed = isinstance(shape[2], int) and isinstance(shape[3], int)
        self.fixed_size: tuple[int, int] | None = (shape[2], shape[3]) if fixed else None

    @property
    def signature(self) -> str:
        """Inputs and outputs by name, for messages."""
        return f"{', '.join(self.input_names)} -> {', '.join(self.outputs)}"

    def run(self, tensor: NDArray[np.float32], names: tuple[str, ...]) -> list[NDArray[Any]]:
        """Return the outputs `names` for one image (1, 3, H, W).

        Raises:
            DetectorError: the graph fails on it.
        """
        try:
            answers: list[NDArray[Any]] = self._session.run(list(names), {self.input_names[0]: tensor})
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            raise DetectorError(f"{self.path} failed on an input of {tensor.shape} ({reason})") from error
        return answers


__all__ = ["DetectorGraph"]
