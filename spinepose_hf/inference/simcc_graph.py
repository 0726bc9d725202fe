"""ONNX files that answer in SimCC logits, whoever exported them: RTMPose's and SpinePose's own, and ours.

What such a file takes and answers was settled by mmdeploy's export of RTMPose: `input` (N, 3, H, W), RGB less
the mean of the training pixels and divided by their deviation; `simcc_x` (N, K, Wx) and `simcc_y` (N, K, Wy).
A file cannot say in which colour order and scale it wants its pixels, so these are taken for granted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.foreign_keypoints import names_by_count, unnamed
from spinepose_hf.inference.onnx_session import Device, open_session, session_errors
from spinepose_hf.model.geometry import BOX_PADDING
from spinepose_hf.model.skeleton import PIXEL_MEAN, PIXEL_STD
from spinepose_hf.onnx.metadata import PREFIX, FileMetadata, FilePrecision, read_metadata

if TYPE_CHECKING:
    import onnxruntime

OUTPUTS: Final = ("simcc_x", "simcc_y")

INPUT_SIZES: Final[tuple[tuple[int, int], ...]] = ((256, 192), (384, 288))
"""(height, width) of the published networks, tried where a file leaves its input size open."""

# Target sigmas in bins by input height, for files without theirs; only the score needs them.
_SIGMA_BINS: Final = {256: (4.9, 5.66), 384: (6.0, 6.93)}

_TYPES: Final[dict[str, type[np.floating]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}

_WANTED: Final = "one float tensor of normalised RGB crops (N, 3, height, width)"


class SimccGraph:
    """An open ONNX file: normalised crops in, logits out.

    N may be fixed in the file; a smaller batch is filled up and a larger one cut. The outputs are known by
    their names, or else are the only two with three axes, along x first.

    Args:
        path: the file.
        device: see `open_session`.
        threads: see `inference_threads`.
        session: the file as it was opened before; None opens it.

    Attributes:
        path: the file.
        input_size: (height, width) of a crop in px. Where the file leaves it open, one of `INPUT_SIZES` with
            which it runs.
        box_padding: how much larger than its box the crop of a person is, per side: from the metadata, or the
            published one.
        bins: (Wx, Wy) of the answers.
        split_ratio: bins a pixel.
        sigma_bins: standard deviation (x, y) of the training targets, in bins: from the metadata, or the
            published one of this input height.
        keypoint_names: of the K keypoints: from the metadata, or by their number (17, 26 or 37).
        precision: what the file computes in.

    Raises:
        ModelError: the file is missing, damaged, or takes or answers something else.
        DeviceError: the device was asked for and cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        device: Device = "auto",
        threads: int | None = None,
        *,
        session: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, device, ModelError, threads) if session is None else session
        entries = self._session.get_modelmeta().custom_metadata_map
        own = read_metadata(entries, self.path) if f"{PREFIX}format" in entries else None
        self._input = _checked_input(self.path, self._session)
        self._outputs = _chosen_outputs(self.path, self._session)
        self.input_size, shapes = self._ask(own)
        self.box_padding = (own.box_padding if own is not None else None) or BOX_PADDING
        self.bins = (shapes[0][2], shapes[1][2])
        self.split_ratio = self.bins[0] / self.input_size[1]
        if own is not None and own.simcc_split_ratio is not None:
            self.split_ratio = own.simcc_split_ratio
        self.sigma_bins = _SIGMA_BINS.get(self.input_size[0], _SIGMA_BINS[256])
        if own is not None and own.simcc_sigma is not None:
            self.sigma_bins = own.simcc_sigma
        self.keypoint_names = _names(self.path, own, shapes[0][1])
        self.precision: FilePrecision = "fp16" if self._input.type is np.float16 else "fp32"
        if own is not None and own.precision is not None:
            self.precision = own.precision

    def __call__(self, pixels: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network.

        Args:
            pixels: (N, 3, H, W) crops as `normalised` gives them.

        Returns:
            (N, K, Wx) and (N, K, Wy) logits.

        Raises:
            ModelError: the file cannot run on such crops.
        """
        if not len(pixels):
            count = len(self.keypoint_names)
            return np.zeros((0, count, self.bins[0]), np.float32), np.zeros(
                (0, count, self.bins[1]), np.float32
            )
        size = self._input.batch or len(pixels)
        parts = [self._run(pixels[start : start + size]) for start in range(0, len(pixels), size)]
        x, y = (np.concatenate(axis) if len(axis) > 1 else axis[0] for axis in zip(*parts, strict=True))
        return x, y

    def _run(self, pixels: NDArray[np.floating]) -> tuple[NDArray[np.float32], ...]:
        count, batch = len(pixels), self._input.batch
        crops = pixels.astype(self._input.type, copy=False)
        if batch is not None and count < batch:
            crops = np.concatenate([crops, np.zeros((batch - count, *crops.shape[1:]), crops.dtype)])
        try:
            answers = self._session.run(list(self._outputs), {self._input.name: crops})
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"{self.path} cannot run on crops {crops.shape} ({reason})") from error
        return tuple(answer[:count].astype(np.float32, copy=False) for answer in answers)

    def _ask(self, own: FileMetadata | None) -> tuple[tuple[int, int], list[tuple[int, ...]]]:
        """The input size, and the shapes of the answers for one crop: seen by running one."""
        if None not in self._input.size:
            size = (self._input.size[0] or 0, self._input.size[1] or 0)
            shapes = self._shapes(size)
            if (reason := _misfit(shapes, size)) is not None:
                raise ModelError(f"{self.path} answers {reason}")
            return size, shapes
        for size in _candidates(self._input.size, own):
            try:
                shapes = self._shapes(size)
            except ModelError:
                # A head that reads all of its features runs with the size that it was made for only.
                continue
            if _misfit(shapes, size) is None:
                return size, shapes
        tried = " nor ".join(f"{height} x {width}" for height, width in INPUT_SIZES)
        raise ModelError(
            f"{self.path} leaves its input size open and runs with none that is known (not {tried}); "
            "export it with a fixed one"
        )

    def _shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return [answer.shape for answer in self._run(np.zeros((1, 3, *size), np.float32))]


def normalised(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, H, W, 3) uint8 RGB crops as the networks take them: (N, 3, H, W) float32."""
    mean, deviation = (np.array(values, np.float32)[:, None, None] for values in (PIXEL_MEAN, PIXEL_STD))
    pixels = crops.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    pixels -= mean
    pixels /= deviation
    return pixels


class _Input(NamedTuple):
    """What a file takes; `batch` and the sides of `size` (height, width) may be None: left open."""

    name: str
    type: type[np.floating]
    batch: int | None
    size: tuple[int | None, int | None]


def _checked_input(path: Path, session: onnxruntime.InferenceSession) -> _Input:
    nodes = session.get_inputs()
    shape = nodes[0].shape if nodes else []
    if len(nodes) != 1 or len(shape) != 4 or shape[1] != 3 or nodes[0].type not in _TYPES:
        taken = ", ".join(f"{node.name} {node.type} {node.shape}" for node in nodes)
        raise ModelError(f"{path} takes {taken}; a network of SimCC logits takes {_WANTED}")
    batch, _, height, width = (side if isinstance(side, int) and side > 0 else None for side in shape)
    return _Input(nodes[0].name, _TYPES[nodes[0].type], batch, (height, width))


def _chosen_outputs(path: Path, session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    nodes = session.get_outputs()
    if {node.name for node in nodes} >= set(OUTPUTS):
        return OUTPUTS
    logits = tuple(node.name for node in nodes if len(node.shape or ()) == 3)
    if len(logits) == 2:
        return logits
    answered = ", ".join(f"{node.name} {node.shape}" for node in nodes)
    raise ModelError(
        f"{path} is no pose network with logits (it answers {answered}); give one with simcc_x and simcc_y "
        "(N, keypoints, bins), such as RTMPose's own ONNX files or those of `spinepose export --graph plain`"
    )


def _misfit(shapes: list[tuple[int, ...]], size: tuple[int, int]) -> str | None:
    """Why shapes cannot be those of the logits of one crop of a size (height, width); None if they can."""
    x, y = shapes
    if len(x) != 3 or len(y) != 3 or x[:2] != y[:2] or x[0] != 1:
        return f"{x} and {y} for one crop; simcc_x and simcc_y must be (crops, keypoints, bins)"
    height, width = size
    # Bins are a size times the split ratio, rounded.
    if abs(y[2] - x[2] * height / width) > max(1.0, height / width):
        return (
            f"{x[2]} bins along x and {y[2]} along y for crops {height} px high and {width} px wide; "
            "both must have as many bins a pixel"
        )
    return None


def _candidates(fixed: tuple[int | None, int | None], own: FileMetadata | None) -> Iterator[tuple[int, int]]:
    """Sizes (height, width) to try with a file that fixes one side or none."""
    for size in INPUT_SIZES if own is None else (own.input_size_hw, *INPUT_SIZES):
        if all(side is None or side == wanted for side, wanted in zip(fixed, size, strict=True)):
            yield size


def _names(path: Path, own: FileMetadata | None, count: int) -> tuple[str, ...]:
    if own is None or unnamed(own.keypoint_names):
        return names_by_count(count, str(path))
    if len(own.keypoint_names) != count:
        raise ModelError(f"{path} answers for {count} keypoints, but its metadata names others")
    return own.keypoint_names


def takes_bytes(session: Any) -> bool:
    """Tell whether an open file takes crops as they are, which is the mark of a deploy graph."""
    return any(node.type == "tensor(uint8)" for node in session.get_inputs())


__all__ = ["INPUT_SIZES", "OUTPUTS", "SimccGraph", "normalised", "takes_bytes"]
