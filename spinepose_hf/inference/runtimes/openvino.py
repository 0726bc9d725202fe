"""The deploy graph in OpenVINO, for Intel's CPUs and graphics; it runs on other x86 and ARM CPUs too."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.deploy import OUTPUTS, check_deploy_graph, deploy_poses, no_poses
from spinepose_hf.inference.runtimes.openvino_core import openvino_core
from spinepose_hf.inference.runtimes.precision import Precision
from spinepose_hf.inference.threads import inference_threads
from spinepose_hf.onnx.external_data import weights_fault
from spinepose_hf.onnx.metadata import PREFIX, FilePrecision, read_metadata

logger = logging.getLogger(__name__)

# OpenVINO's names. What is left in float beside int8 layers is computed as in a float file.
_HINTS: dict[FilePrecision, str] = {"fp32": "f32", "int8": "f32", "bf16": "bf16", "fp16": "f16"}

_RT_INFO = PREFIX.removesuffix(".")
"""Where an OpenVINO file keeps what stands after `spinepose.` in the metadata of an ONNX file."""


_FEW = 4
"""Crops of one request where there are enough for all threads."""


class OpenVinoPose:
    """A deploy graph: one person at full speed, several at once in parallel streams.

    OpenVINO compiles a graph anew for every number of crops it meets, which stalls a video by a tenth to half
    of a second whenever the number of people changes. So the graph is compiled for fixed numbers, when they
    are first needed: one crop with all threads on it, for a single person; one crop with a stream of its own
    for each thread, for several; and four crops a stream, for crowds, which costs less a person.

    Args:
        path: a deploy graph that `spinepose export` wrote: an .onnx file, or an OpenVINO .xml with its .bin.
        device: "cpu", "gpu", or "auto", which is the CPU. The choice of "auto" is logged.
        threads: see `inference_threads`; for the CPU.
        precision: "auto": as the file was made; of one that was made for bf16 or fp16, float32 where the
            device does not compute in them, which is logged. "int8": the int8 layers of the file in int8,
            all others in float32. "fp32": float32 (where OpenVINO would by itself take bfloat16). "bf16" and
            "fp16": what the file has in float, in that format, where the device computes in it.

    Attributes:
        precision: what it computes in.

    Raises:
        MissingExtraError: openvino is not installed.
        ModelError: the file is missing, damaged, not such a graph, or of another precision.
        DeviceError: the device was asked for and cannot be used, or does not compute in this precision.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        device: Device = "auto",
        threads: int | None = None,
        *,
        precision: Precision = "auto",
    ) -> None:
        self.path = Path(path)
        _check_files(self.path)
        self._core = openvino_core()
        self._device = _choose_device(device, self._core.available_devices)
        capabilities: list[str] = self._core.get_property(self._device, "OPTIMIZATION_CAPABILITIES")
        _check_capability(precision, capabilities)
        self._threads = inference_threads(threads)
        try:
            self._graph: Any = self._core.read_model(self.path)
            metadata = _metadata(self._graph)
            self.input_size, self.keypoint_names, self.box_padding = check_deploy_graph(
                self.path,
                metadata,
                [node.any_name for node in self._graph.inputs],
                [node.any_name for node in self._graph.outputs],
            )
            quantized = _check_quantized(self.path, precision, self._graph)
            made = "int8" if quantized else read_metadata(metadata, self.path).precision or "fp32"
            self.precision: FilePrecision = _chosen(precision, made, capabilities)
            self._single: Any = self._compile("LATENCY", 1).create_infer_request()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            damaged = f"is not a model that OpenVINO can run ({reason})"
            raise ModelError(f"{self.path} {_fault(self.path) or damaged}") from error
        self._queues: dict[int, Any] = {}

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop; see `PoseRuntime`."""
        count = len(self.keypoint_names)
        if len(crops) == 0:
            return no_poses(count)
        found = tuple(
            np.empty((len(crops), count, *tail), np.float32) for tail in ((2,), (), ())
        )  # as OUTPUTS
        if len(crops) == 1:
            self._single.infer([crops])
            _store(self._single, (found, slice(0, 1)))
            return deploy_poses(*found)
        # Every stream gets as much to do, as far as that goes.
        in_fours = len(crops) - len(crops) % (_FEW * self._threads)
        for size, first, last in ((_FEW, 0, in_fours), (1, in_fours, len(crops))):
            if first == last:
                continue
            queue = self._queue(size)
            for start in range(first, last, size):
                places = slice(start, start + size)
                queue.start_async([crops[places]], (found, places))
            queue.wait_all()
        return deploy_poses(*found)

    def _compile(self, hint: str, count: int) -> Any:
        graph = self._graph.clone()
        graph.reshape([count, *self.input_size, 3])
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "PERFORMANCE_HINT": hint,
        }
        if self._device == "CPU":
            properties["INFERENCE_NUM_THREADS"] = self._threads
            if hint == "THROUGHPUT":
                properties["NUM_STREAMS"] = self._threads
        return self._core.compile_model(graph, self._device, properties)

    def _queue(self, count: int) -> Any:
        """Requests of `count` crops, a stream for each thread."""
        from openvino import AsyncInferQueue

        if count not in self._queues:
            queue = AsyncInferQueue(self._compile("THROUGHPUT", count))
            queue.set_callback(_store)
            self._queues[count] = queue
        return self._queues[count]


def _check_files(path: Path) -> None:
    if not path.is_file():
        reason = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"{path} {reason}; give the path of an .onnx or OpenVINO .xml file")
    weights = path.with_suffix(".bin")
    if path.suffix == ".xml" and not weights.is_file():
        raise ModelError(
            f"{path} has its weights in {weights.name}, which is not beside it; keep both files together"
        )


def _fault(path: Path) -> str | None:
    return weights_fault(path) if path.suffix == ".onnx" else None


def _metadata(graph: Any) -> dict[str, str]:
    """Return the custom metadata of an ONNX file, under the same names also of an OpenVINO file."""
    if graph.has_rt_info(_RT_INFO):
        entries = graph.get_rt_info(_RT_INFO).value
        return {f"{_RT_INFO}.{key}": str(value) for key, value in entries.items()}
    if graph.has_rt_info("framework"):
        return {key: str(value) for key, value in graph.get_rt_info("framework").value.items()}
    return {}


def _check_capability(precision: Precision, capabilities: list[str]) -> None:
    if precision in ("bf16", "fp16") and precision.upper() not in capabilities:
        able = ", ".join(name for name in ("fp32", "bf16", "fp16", "int8") if name.upper() in capabilities)
        raise DeviceError(
            f"OpenVINO does not compute in {precision} on this device (it has {able}); "
            "choose the precision auto or fp32"
        )


def _chosen(asked: Precision, made: FilePrecision, capabilities: list[str]) -> FilePrecision:
    """Return what to compute in, for a file that was made for `made`."""
    if asked != "auto":
        return asked
    if made in ("bf16", "fp16") and made.upper() not in capabilities:
        logger.info("the model is made for %s; this device computes it in fp32", made)
        return "fp32"
    return made


def _check_quantized(path: Path, precision: Precision, graph: Any) -> bool:
    """Return whether a graph has int8 layers, if that fits what was asked for."""
    # OpenVINO reads a pair of QuantizeLinear and DequantizeLinear as one FakeQuantize.
    quantized = any(node.get_type_name() == "FakeQuantize" for node in graph.get_ops())
    if precision == "int8" and not quantized:
        raise ModelError(
            f"{path} is not quantized, so it cannot run in int8; "
            "make such a file with: spinepose export --precision int8"
        )
    if precision == "fp32" and quantized:
        raise ModelError(
            f"{path} has int8 layers, so it cannot run in fp32; choose the precision auto, or give the file "
            "it was made from"
        )
    return quantized


def _store(request: Any, target: tuple[tuple[NDArray[np.float32], ...], slice]) -> None:
    """Copy the answer for some crops, which the next run overwrites, into their places."""
    arrays, places = target
    for name, array in zip(OUTPUTS, arrays, strict=True):
        array[places] = request.get_tensor(name).data


def _choose_device(device: Device, available: list[str]) -> str:
    if device in ("auto", "cpu"):
        if device == "auto":
            logger.info("device: cpu")
        return "CPU"
    if device != "gpu":
        raise DeviceError(f"OpenVINO runs on cpu or gpu, not on {device}; choose one of them")
    if not any(name.split(".")[0] == "GPU" for name in available):
        raise DeviceError(
            f"OpenVINO finds no GPU that it can use (only {', '.join(available)}); it needs one of Intel's "
            "and its compute runtime (driver); choose cpu"
        )
    return "GPU"


__all__ = ["OpenVinoPose"]
