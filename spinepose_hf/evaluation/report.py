"""Everything an evaluation found, as one typed value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from spinepose_hf.evaluation.bootstrap import Difference, Interval
from spinepose_hf.evaluation.calibration import ScoreBin
from spinepose_hf.evaluation.point_errors import AUC_PIXELS, AUC_STEPS, PCK_SHARES
from spinepose_hf.evaluation.spine_angles import AngleErrors


@dataclass(frozen=True)
class Protocol:
    """What was compared how.

    Attributes:
        boxes: where persons were looked for.
        flip: whether the logits were averaged with those of the mirrored crop.
        ranking: what persons are ranked by.
        nms: OKS above which a person was dropped as a repeat.
        input_size: (height, width) of the crops.
        auc: what the AUC counts.
        pck: what the PCK counts.
    """

    boxes: str
    flip: bool
    ranking: str
    nms: float
    input_size: tuple[int, int]
    auc: str = f"mean over errors below 0, 1/{AUC_STEPS}, ... of {AUC_PIXELS:g} image px"
    pck: str = " and ".join(f"{share:g}" for share in PCK_SHARES) + " of the longer side of the labelled box"


@dataclass(frozen=True)
class GroupFigures:
    """Figures of a group of keypoints.

    Attributes:
        keypoints: how many of its points the labels know.
        persons: labelled persons who show any.
        figures: COCO's ten, from 0 to 1; None where the labels have nobody of a size.
        intervals: 95 % of bootstrap samples of pictures, for some of them.
        precision: AP at OKS .50, .55, ... .95.
        recall: AR at the same.
        pck: at each share of the protocol; mean over keypoints.
        auc: mean over keypoints.
    """

    keypoints: int
    persons: int
    figures: dict[str, float | None]
    intervals: dict[str, Interval]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    pck: tuple[float | None, ...]
    auc: float | None


@dataclass(frozen=True)
class KeypointFigures:
    """Figures of one keypoint.

    Attributes:
        name: of the keypoint.
        sigma: its tolerance.
        labelled: predicted persons whose labels have it.
        ap: COCO's AP with this point alone.
        ar: COCO's AR with this point alone.
        median_error: image pixels.
        median_relative_error: as a share of the square root of the person's area.
        pck: at each share of the protocol.
        auc: see the protocol.
    """

    name: str
    sigma: float
    labelled: int
    ap: float | None
    ar: float | None
    median_error: float | None
    median_relative_error: float | None
    pck: tuple[float | None, ...]
    auc: float | None


@dataclass(frozen=True)
class Calibration:
    """Whether keypoint scores say how often the point lies within OKS 0.5.

    Attributes:
        error: expected calibration error over ten bins.
        right: share of all labelled points within OKS 0.5.
        curve: the reliability curve.
    """

    error: float
    right: float
    curve: tuple[ScoreBin, ...]


@dataclass(frozen=True)
class Against:
    """How a second model did on the same pictures.

    Attributes:
        model: the second model.
        figures: its figures by group.
        differences: the first model's less the second's, by group and figure.
    """

    model: str
    figures: dict[str, dict[str, float | None]]
    differences: dict[str, dict[str, Difference]]


@dataclass(frozen=True)
class Report:
    """An evaluation.

    Attributes:
        model: what was evaluated.
        dataset: on what.
        images: number of pictures.
        persons: labelled persons the protocol counts.
        predictions: predicted persons, repeats dropped.
        paired: labelled persons with a prediction; errors in pixels, angles and calibration are theirs.
        protocol: how.
        samples: bootstrap samples behind the intervals; 0 for none.
        groups: by name.
        keypoints: those that the labels know, in column order.
        angles: of the spine in the picture, degrees; empty without spine labels.
        calibration: of the keypoint scores.
        against: the comparison with a second model.
        notes: what a reader of the figures should know.
    """

    model: str
    dataset: str
    images: int
    persons: int
    predictions: int
    paired: int
    protocol: Protocol
    samples: int
    groups: dict[str, GroupFigures]
    keypoints: tuple[KeypointFigures, ...]
    angles: dict[str, AngleErrors]
    calibration: Calibration
    against: Against | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what does not exist is null."""
        return asdict(self)


def known(value: float) -> float | None:
    """A figure, or None where there is none: COCO writes -1, our own measures NaN."""
    return None if math.isnan(value) or value == -1 else float(value)


def known_figures(figures: Mapping[str, float]) -> dict[str, float | None]:
    """COCO's figures by name, None where there is none."""
    return {name: known(value) for name, value in figures.items()}


__all__ = [
    "Against",
    "Calibration",
    "GroupFigures",
    "KeypointFigures",
    "Protocol",
    "Report",
    "known",
    "known_figures",
]
