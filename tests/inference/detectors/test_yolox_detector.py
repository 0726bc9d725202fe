"""YOLOX's raw answers, decoded against numbers worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.onnx import open_onnx_detector
from tests.inference.detectors.toy_graphs import save_answers

# A frame of 64 px has 8 x 8 cells of 8 px, then 4 x 4 of 16 px, then 2 x 2 of 32 px.
CELLS = 64 + 16 + 4


def raw_answer() -> NDArray[np.float32]:
    """Two people, a fainter copy of the first from another level, and a dog."""
    answer = np.zeros((1, CELLS, 7), np.float32)
    # Level of 8 px, column 3, row 2: middle (3 + 0.5, 2 + 0.25) cells, size 2 x 4 cells.
    answer[0, 2 * 8 + 3] = [0.5, 0.25, math.log(2), math.log(4), 0.9, 1.0, 0.0]
    # Level of 16 px, column 1, row 1: nearly the same box: middle (28, 18) px, size 16 x 32 px.
    answer[0, 64 + 1 * 4 + 1] = [0.75, 0.125, 0.0, math.log(2), 0.8, 0.9, 0.0]
    # Level of 32 px, column 1, row 0: middle (48, 16) px, size 32 x 32 px.
    answer[0, 80 + 1] = [0.5, 0.5, 0.0, 0.0, 0.8, 0.75, 0.1]
    answer[0, 80 + 2] = [0.5, 0.5, 0.0, 0.0, 0.9, 0.1, 0.9]
    return answer


def decoded_answer() -> NDArray[np.float32]:
    """The same people as an export that decodes in the graph answers."""
    answer = np.zeros((1, CELLS, 7), np.float32)
    answer[0, 19] = [28, 18, 16, 32, 0.9, 1.0, 0.0]
    answer[0, 69] = [28, 18, 16, 32, 0.8, 0.9, 0.0]
    answer[0, 81] = [48, 16, 32, 32, 0.8, 0.75, 0.1]
    answer[0, 82] = [16, 48, 32, 32, 0.9, 0.1, 0.9]
    return answer


@pytest.mark.parametrize("answer", [raw_answer(), decoded_answer()], ids=["raw", "decoded"])
def test_decodes_and_suppresses(tmp_path: Path, answer: NDArray[np.float32]) -> None:
    detector = open_onnx_detector(save_answers(tmp_path / "yolox.onnx", (64, 64), output=answer), "cpu")
    # The picture is half as large again as the frame in width, and shorter: factor 2/3.
    found = detector(np.zeros((90, 96, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, np.array([[20, 2, 36, 34], [32, 0, 64, 32]]) * 1.5, atol=1)
    np.testing.assert_allclose(found.scores, [0.9, 0.6], rtol=1e-6)


def test_nobody(tmp_path: Path) -> None:
    path = save_answers(tmp_path / "yolox.onnx", (64, 64), output=np.zeros((1, CELLS, 85)))
    assert open_onnx_detector(path, "cpu")(np.zeros((64, 64, 3), np.uint8)).boxes.shape == (0, 4)


def test_four_levels(tmp_path: Path) -> None:
    answer = np.zeros((1, CELLS + 1, 6), np.float32)
    answer[0, -1] = [0.5, 0.5, math.log(0.5), 0.0, 1.0, 0.9]
    path = save_answers(tmp_path / "yolox_p6.onnx", (64, 64), output=answer)
    found = open_onnx_detector(path, "cpu")(np.zeros((64, 64, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[16, 0, 48, 63]])


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((1, 3 * CELLS, 85), id="anchors of another YOLO"),
        pytest.param((1, 12, CELLS), id="classes before cells"),
        pytest.param((1, CELLS, 5), id="no classes"),
    ],
)
def test_refuses_others(tmp_path: Path, shape: tuple[int, ...]) -> None:
    detector = open_onnx_detector(
        save_answers(tmp_path / "other.onnx", (64, 64), output=np.zeros(shape)), "cpu"
    )
    with pytest.raises(DetectorError, match=r"other\.onnx answered output .* which is not YOLOX's"):
        detector(np.zeros((64, 64, 3), np.uint8))
