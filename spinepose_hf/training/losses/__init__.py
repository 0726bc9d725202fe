"""The losses of the SpinePose paper (arXiv 2504.08110, Eq. 2-9), one file each, every one a pure function.

Shapes: B persons, K keypoints, Wx and Wy SimCC bins. Coordinates are crop pixels, so that x and y share one
scale. Every loss is a mean over what is labelled, so its weight does not depend on the batch, and is 0 with
zero gradient where nothing is labelled. What the paper leaves open is a named argument whose default follows
the reasoning beside it. Float16 and bfloat16 are computed in float32, float64 stays float64.
"""

from spinepose_hf.training.losses.coordinates import soft_argmax
from spinepose_hf.training.losses.distillation import distillation_loss
from spinepose_hf.training.losses.heatmap import heatmap_loss
from spinepose_hf.training.losses.position import position_loss
from spinepose_hf.training.losses.spine import spine_loss
from spinepose_hf.training.losses.structure import structure_loss

__all__ = [
    "distillation_loss",
    "heatmap_loss",
    "position_loss",
    "soft_argmax",
    "spine_loss",
    "structure_loss",
]
