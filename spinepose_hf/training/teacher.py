"""Frozen networks that a student learns from, so that it keeps what they know of the body.

A teacher may be any network that answers in SimCC logits and shares keypoint names with the student. It may
have another input size: crops are resampled for it and its bins mapped back, see `teacher_bins`.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.foreign_keypoints import HALPE26_NAMES, MOVED
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import PIXEL_MEAN, PIXEL_STD
from spinepose_hf.training.teacher_bins import CropMap
from spinepose_hf.training.teacher_network import OnnxNetwork, TeacherNetwork, TorchNetwork
from spinepose_hf.weights import EMBEDDED, embedded_model

TeacherKeypoints = Literal["shared24", "all26", "all"]

logger = logging.getLogger(__name__)


class Teacher(Protocol):
    """Answers for the student's crops, over the student's bins, for the keypoints that both have.

    Attributes:
        columns: N pairs (student's keypoint id, teacher's keypoint id), in the order of the answers' rows.
        digest: changes with anything that changes the answers.
    """

    @property
    def columns(self) -> tuple[tuple[int, int], ...]: ...

    @property
    def digest(self) -> str: ...

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(B, h, w, 3) uint8 RGB crops to logits (B, N, Wx) and (B, N, Wy), without gradient."""
        ...


class FrozenTeacher:
    """A `Teacher` made of a network and the student that it teaches.

    Args:
        network: the teacher's network.
        student: the configuration of the network that learns.
        keypoints: see `load_teacher`.

    Raises:
        ModelError: the two share no keypoint, or look at crops of different proportions.
    """

    def __init__(
        self, network: TeacherNetwork, student: SpinePoseConfig, keypoints: TeacherKeypoints = "shared24"
    ) -> None:
        self.network = network
        self.columns = shared_columns(student.keypoint_names, network.keypoint_names, keypoints)
        height, width = student.image_size
        self._map = CropMap((height, width), student.simcc_bins, network.image_size, network.bins)
        self._ids = [column for _, column in self.columns]
        identity = (network.digest, self.columns, student.image_size, student.simcc_bins)
        self.digest = hashlib.sha256(repr(identity).encode()).hexdigest()
        self._mean, self._std = (torch.tensor(values).view(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD))

    @torch.no_grad()
    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """See `Teacher`. Under autocast, a torch network computes in its type."""
        pixels = crops.permute(0, 3, 1, 2).float()
        pixels = (pixels - self._mean.to(crops.device)) / self._std.to(crops.device)
        answer_x, answer_y = self.network(self._map.resampled(pixels))
        size = (int(crops.shape[1]), int(crops.shape[2]))
        return self._map.to_student(answer_x[:, self._ids].float(), answer_y[:, self._ids].float(), size)


def load_teacher(
    name: str | os.PathLike[str], student: SpinePoseConfig, keypoints: TeacherKeypoints = "shared24"
) -> FrozenTeacher:
    """Load a frozen network and match it to a student.

    Args:
        name: "embedded" for the model inside the package; a folder or Hub id of a
            `SpinePoseForPoseEstimation` with any keypoints; a checkpoint file in the original's layout
            (`.pth`, `.safetensors`), such as RTMPose's with Halpe26 points; or an ONNX file with one input of
            normalised RGB crops and the outputs `simcc_x` and `simcc_y`.
        student: the configuration of the network that learns.
        keypoints: which of the names that both have are taught: "shared24", the 24 of Halpe26 that mean the
            same in SpinePose; "all26", with `neck` and `hip`, which differ; "all", every name, for a teacher
            that knows the spine already.

    Returns:
        A teacher in evaluation mode, without gradients.

    Raises:
        ModelError: nothing can be loaded under this name, it is no such network, or it does not fit the
            student.
    """
    path = embedded_model() if name == EMBEDDED else Path(name)
    onnx = path.suffix.lower() == ".onnx"
    network: TeacherNetwork = OnnxNetwork(path) if onnx else TorchNetwork.load(str(path))
    teacher = FrozenTeacher(network, student, keypoints)
    logger.info("teacher %s: %d keypoints taught", name, len(teacher.columns))
    return teacher


def shared_columns(
    student: Sequence[str], teacher: Sequence[str], keypoints: TeacherKeypoints = "shared24"
) -> tuple[tuple[int, int], ...]:
    """Pair the keypoints of two skeletons by name.

    Args:
        student: names of the student's keypoints, by id.
        teacher: names of the teacher's keypoints, by id.
        keypoints: see `load_teacher`.

    Returns:
        Pairs (student's id, teacher's id), by the student's id.

    Raises:
        ModelError: an unknown choice, or no pair.
    """
    if keypoints not in get_args(TeacherKeypoints):
        raise ModelError(
            f"unknown teacher keypoints {keypoints!r}; choose one of {', '.join(get_args(TeacherKeypoints))}"
        )
    column = {label: index for index, label in enumerate(teacher)}
    wanted = set(student) if keypoints == "all" else set(HALPE26_NAMES)
    if keypoints == "shared24":
        wanted -= set(MOVED)
    pairs = tuple(
        (index, column[label]) for index, label in enumerate(student) if label in wanted and label in column
    )
    if not pairs:
        raise ModelError(
            f"teacher and student share no keypoint name of {keypoints!r}: the teacher has "
            f"{_some(teacher)}, the student {_some(student)}; name them alike in id2label, or choose another "
            "teacher"
        )
    return pairs


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f", ... ({len(names)})" if len(names) > 4 else "")


__all__ = ["FrozenTeacher", "Teacher", "TeacherKeypoints", "load_teacher", "shared_columns"]
