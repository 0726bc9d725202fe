"""Between a student's crops and bins and those of a teacher with another input size."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinepose_hf.errors import ModelError

# Rounding sides to multiples of 32 changes the proportions by up to this share.
_SAME_PROPORTIONS = 0.02


class CropMap:
    """Shows a teacher the student's crop at its own size, and reads its answer at the student's bins.

    Both look at the same part of the picture, so one axis's logits are interpolated from bin to bin: the
    distribution keeps its place and its width as shares of the crop. A teacher that sees another shape of
    crop would need another part of the picture, which the student's crop does not hold; that is refused.

    Args:
        student_size: (height, width) of the student's input.
        student_bins: (Wx, Wy).
        teacher_size: (height, width) of the teacher's input.
        teacher_bins: (Wx, Wy).

    Raises:
        ModelError: the two inputs have different proportions.
    """

    def __init__(
        self,
        student_size: tuple[int, int],
        student_bins: tuple[int, int],
        teacher_size: tuple[int, int],
        teacher_bins: tuple[int, int],
    ) -> None:
        ratio = (student_size[1] * teacher_size[0]) / (student_size[0] * teacher_size[1])
        if abs(ratio - 1) > _SAME_PROPORTIONS:
            raise ModelError(
                f"the teacher sees crops of {teacher_size[0]} x {teacher_size[1]} pixels (height x width), "
                f"the student of {student_size[0]} x {student_size[1]}; choose a teacher with the same "
                "proportions"
            )
        self.student_size, self.student_bins = student_size, student_bins
        self.teacher_size, self.teacher_bins = teacher_size, teacher_bins

    def resampled(self, pixels: Tensor) -> Tensor:
        """(B, 3, h, w) pixels at the teacher's input size, smoothed where they shrink."""
        if tuple(pixels.shape[-2:]) == self.teacher_size:
            return pixels
        return functional.interpolate(
            pixels, self.teacher_size, mode="bilinear", align_corners=False, antialias=True
        )

    def to_student(
        self, answer_x: Tensor, answer_y: Tensor, crop_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Read a teacher's answer at the student's bins.

        Args:
            answer_x: (B, N, teacher's Wx) logits for a resampled crop.
            answer_y: (B, N, teacher's Wy) likewise.
            crop_size: (height, width) of the crop before it was resampled; it may be smaller than the
                student's input.

        Returns:
            (B, N, student's Wx) and (B, N, student's Wy) logits.
        """
        height, width = crop_size
        return self._read(answer_x, 0, width), self._read(answer_y, 1, height)

    def _read(self, answer: Tensor, axis: int, crop_side: int) -> Tensor:
        places = self._places(axis, crop_side)
        bins = self.teacher_bins[axis]
        if len(places) == bins and torch.equal(places, torch.arange(bins, dtype=places.dtype)):
            return answer
        low = places.floor().long().clamp(max=bins - 2)
        share = (places - low).to(answer)
        low = low.to(answer.device)
        return answer[..., low] * (1 - share) + answer[..., low + 1] * share

    def _places(self, axis: int, crop_side: int) -> Tensor:
        """The teacher's bin, as a fraction, at each of the student's bins."""
        student_side, teacher_side = self.student_size[1 - axis], self.teacher_size[1 - axis]
        bins, teacher_bins = self.student_bins[axis], self.teacher_bins[axis]
        pixel = torch.arange(bins, dtype=torch.float64) * student_side / bins
        # A crop below the input size is the same map scaled about the middle of its first pixel ...
        pixel = pixel * crop_side / student_side
        if crop_side != teacher_side:
            # ... whereas resampling keeps the outer edges of the crop in place.
            pixel = (pixel + 0.5) * teacher_side / crop_side - 0.5
        return (pixel * teacher_bins / teacher_side).clamp(0, teacher_bins - 1)


__all__ = ["CropMap"]
