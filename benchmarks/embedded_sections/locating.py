"""Finding a single person without a box and without a detector."""

from __future__ import annotations

from typing import Final

import numpy as np
from embedded_sections.figures import Figure, Goal, share
from embedded_sections.sets import LabelledSet, Record

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import xywh_to_xyxy

LEAST_IOU: Final = 0.7
LEAST_HEIGHT: Final = 0.2
GOAL: Final = Goal(0.80)


def located_figure(estimator: SpinePoseEstimator, labelled: LabelledSet, samples: int) -> Figure:
    """How often the network itself finds the box of the only labelled person of a picture.

    Args:
        estimator: one without a detector.
        labelled: the pictures; those that show one person at least a fifth of their height high.
        samples: of the interval.
    """
    people = [person for person in labelled.lonely() if is_large(person, labelled)]
    overlaps = [located_iou(estimator, person, labelled) for person in people]
    return share(
        f"single persons located by the network itself, IoU ≥ {LEAST_IOU}",
        [overlap >= LEAST_IOU for overlap in overlaps],
        np.arange(len(people)),
        samples,
        unit="pictures",
        goal=GOAL,
    )


def is_large(person: Record, labelled: LabelledSet) -> bool:
    """Whether someone who is no crowd fills a fifth of the picture's height."""
    height = float(labelled.pictures[person["image_id"]]["height"])
    return not person.get("iscrowd") and person["bbox"][3] >= LEAST_HEIGHT * height


def located_iou(estimator: SpinePoseEstimator, person: Record, labelled: LabelledSet) -> float:
    """Overlap of the box that is found with the labelled one; 0 where nobody is found."""
    name = labelled.pictures[person["image_id"]]["file_name"]
    found = estimator.estimate(load_image(labelled.folder / name), color="rgb")
    return box_iou(found.boxes[0], xywh_to_xyxy(person["bbox"])) if len(found) else 0.0


__all__ = ["LEAST_HEIGHT", "LEAST_IOU", "is_large", "located_figure", "located_iou"]
