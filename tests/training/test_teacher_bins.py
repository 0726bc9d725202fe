"""Bins of a teacher with another input size, read at the student's: the same place in the crop."""

from __future__ import annotations

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.training.teacher_bins import CropMap


def peak(place: float, bins: int, width: float) -> torch.Tensor:
    return torch.exp(-((torch.arange(bins, dtype=torch.float64) - place) ** 2) / (2 * width**2))[None, None]


def test_the_same_layout_passes_untouched() -> None:
    layout = ((256, 192), (384, 512), (256, 192), (384, 512))
    x, y = torch.randn(2, 3, 384), torch.randn(2, 3, 512)
    answer = CropMap(*layout).to_student(x, y, (256, 192))
    assert answer[0] is x and answer[1] is y


@pytest.mark.parametrize(
    ("case", "student", "student_bins", "teacher", "teacher_bins", "crop"),
    [
        ("larger teacher", (256, 192), (384, 512), (384, 288), (576, 768), (256, 192)),
        ("smaller teacher", (256, 192), (384, 512), (128, 96), (192, 256), (256, 192)),
        ("half crop, full teacher", (256, 192), (384, 512), (256, 192), (384, 512), (128, 96)),
        ("half crop, half teacher", (256, 192), (384, 512), (128, 96), (192, 256), (128, 96)),
        ("coarser bins", (256, 192), (384, 512), (256, 192), (192, 256), (256, 192)),
        ("finer bins, larger teacher", (256, 192), (192, 256), (384, 288), (576, 768), (256, 192)),
    ],
)
def test_a_spot_in_the_crop_is_a_peak_at_its_place(
    case: str,
    student: tuple[int, int],
    student_bins: tuple[int, int],
    teacher: tuple[int, int],
    teacher_bins: tuple[int, int],
    crop: tuple[int, int],
) -> None:
    crops_to_teacher = CropMap(student, student_bins, teacher, teacher_bins)
    # A bright blob at a pixel of the crop: the teacher finds the middle of what it is shown.
    spot_y, spot_x = crop[0] // 4, crop[1] // 2
    rows, columns = torch.arange(crop[0])[:, None], torch.arange(crop[1])[None]
    blob = torch.exp(-((rows - spot_y) ** 2 + (columns - spot_x) ** 2) / (2 * 3.0**2))
    shown = crops_to_teacher.resampled(blob.expand(1, 3, -1, -1))[0, 0]
    assert tuple(shown.shape) == teacher
    answers = []
    for axis, side in enumerate(reversed(teacher)):
        middle = float(
            (shown.sum(axis) if axis == 0 else shown.sum(1)) @ torch.arange(side).float() / shown.sum()
        )
        bins = teacher_bins[axis]
        answers.append(peak(middle * bins / side, bins, 4.0))
    x, y = crops_to_teacher.to_student(answers[0], answers[1], crop)
    assert x.shape[-1] == student_bins[0] and y.shape[-1] == student_bins[1]
    # In pixels of the student's input, of which the crop is a scaled copy.
    for answer, spot, axis in ((x, spot_x, 1), (y, spot_y, 0)):
        weights = answer[0, 0] ** 8
        found = float(weights @ torch.arange(answer.shape[-1]).double() / weights.sum())
        found *= student[axis] / answer.shape[-1]
        assert found == pytest.approx(spot * student[axis] / crop[axis], abs=0.15)


def test_other_proportions_are_refused() -> None:
    with pytest.raises(ModelError, match="256 x 256 .*256 x 192.*same proportions"):
        CropMap((256, 192), (384, 512), (256, 256), (512, 512))
