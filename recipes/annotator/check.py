"""How good the labels of footage are, on people whose body and outline somebody drew.

What is known of these people is kept from the annotator's rules: they are treated like people in footage.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import dilated, read_mask
from benchmarks.embedded_sections.masks import inside as mask_holds
from dataset_loader.json_file import read_json
from recipes.annotator.estimates import EstimateFile, Person
from recipes.annotator.pseudo_labels import photo_person
from recipes.annotator.rejection import HIPS, ON_HIPS, THRESHOLDS, Labels, footage_labels
from recipes.annotator.views import Estimate
from recipes.outlines import estimated_outline
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.threads import usable_cores
from spinepose_hf.model.geometry import xyxy_to_xywh
from spinepose_hf.model.skeleton import SPINE_CHAIN
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source

Bools = NDArray[np.bool_]

NEAR: Final = 0.3
"""Torso lengths from the middle of the hips within which a sacrum is right, and of the shoulders a C7."""

_SPINE: Final = list(SPINE_CHAIN)


class Outlined(NamedTuple):
    """A person of whom more is known than the annotator saw.

    Attributes:
        person: whom the annotator looked at.
        estimate: the annotator's.
        labelled: (37, 3) x, y in px and visibility, as somebody labelled.
        outline: (H, W) 0 or 1, as somebody drew it.
    """

    person: Person
    estimate: Estimate
    labelled: Labels
    outline: NDArray[np.uint8]


def outlined_people(source: DataSource, file: EstimateFile) -> list[Outlined]:
    """The people of a file who have an outline and whom `label` has looked at.

    Raises:
        DatasetError: the file is missing or damaged, or there is nobody.
    """
    if source.annotations is None:
        raise DatasetError(f"{source.place} is not a COCO keypoint file; give one")
    document = read_json(source.annotations)
    drawn = {entry["id"]: entry.get("segmentation") for entry in document["annotations"]}
    sizes = {entry["id"]: (entry["height"], entry["width"]) for entry in document["images"]}
    found = [
        Outlined(
            person,
            file[person.key],
            np.column_stack([record.keypoints, record.visibility]).astype(np.float64),
            read_mask(drawn[record.annotation_id], sizes[record.image_id]),
        )
        for record in load_source(source)
        for person in [photo_person(record)]
        if drawn[record.annotation_id] and person.key in file
    ]
    if not found:
        raise DatasetError(
            f"{file.path} has no estimate of this head for anybody with an outline in {source.place}; "
            "call `label --photos` first"
        )
    return found


def report(people: Sequence[Outlined]) -> list[str]:
    """How many points lie on the outline grown by 2 px, by what the annotator's rules believe."""
    agreements = [
        torso_agreement(one.estimate.points, one.labelled[:, :2], one.labelled[:, 2]) for one in people
    ]
    ends = np.array([(found.sacrum, found.c7) for found in agreements if found]).reshape(-1, 2)
    sacrum, c7 = (ends <= NEAR).mean(axis=0) if len(ends) else (np.nan, np.nan)
    on_outline = np.array([_on(one.outline, one.estimate.points) for one in people])
    believed = np.array([_believed(one) for one in people])
    some: Bools = np.asarray(believed.any(axis=1), np.bool_)
    # What hangs on hips that were not found is judged too, to see whether it is refused with reason.
    with_any_hips = np.array([_believed(one, found_hips=0) for one in people])
    by_hips = [
        f"{count}: {_beside(with_any_hips[rows], on_outline[rows], ON_HIPS)} of {rows.sum()} people"
        for count in range(len(HIPS) + 1)
        for rows in [some & (believed[:, HIPS].sum(axis=1) == count)]
    ]
    return [
        f"{len(people)} people with an outline: {on_outline[:, _SPINE].mean():.3f} of the spines' points lie "
        f"on it; within {NEAR} torso lengths ({len(ends)} people) sacrum {sacrum:.3f}, C7 {c7:.3f}",
        f"{some.sum()} of them would be labelled in footage; of the spine's labels, "
        f"{_beside(believed, on_outline, _SPINE)} lie beside it",
        "beside it, of what hangs on the hips, by how many hips are found: " + "; ".join(by_hips),
        _by_estimated_outlines(people, believed, on_outline),
    ]


def _by_estimated_outlines(people: Sequence[Outlined], believed: Bools, on_outline: Bools) -> str:
    """Whether an outline that is estimated from the labels tells which of them lie beside the person."""
    with ThreadPoolExecutor(usable_cores()) as threads:
        kept = np.array(list(threads.map(_on_estimated_outline, people, believed)))
    refused = (believed & ~kept)[:, _SPINE]
    beside, right = (believed & ~on_outline)[:, _SPINE], (believed & on_outline)[:, _SPINE]
    return (
        f"of spine labels beside the outline, an estimated one leaves out {(refused & beside).sum()} of "
        f"{beside.sum()}, of those on it {(refused & right).sum()} of {right.sum()}"
    )


def _on_estimated_outline(one: Outlined, believed: Bools) -> Bools:
    if not believed.any():
        return believed
    labels = footage_labels(one.estimate, one.person.longer_side)
    box = xyxy_to_xywh(one.person.box).tolist()
    outline = estimated_outline(load_image(one.person.image), labels, box)
    return np.zeros(len(labels), np.bool_) if outline is None else _on(outline, labels[:, :2])


def _on(outline: NDArray[np.uint8], points: NDArray[np.floating]) -> Bools:
    return mask_holds(points.astype(np.float64), dilated(outline))


def _believed(one: Outlined, found_hips: int = THRESHOLDS.found_hips) -> Bools:
    thresholds = replace(THRESHOLDS, found_hips=found_hips)
    return np.asarray(footage_labels(one.estimate, one.person.longer_side, thresholds)[:, 2] > 0, np.bool_)


def _beside(believed: Bools, on_outline: Bools, columns: list[int]) -> str:
    """How many of those believed, and of how many."""
    return f"{(believed & ~on_outline)[:, columns].sum()} of {believed[:, columns].sum()}"


__all__ = ["Outlined", "outlined_people", "report"]
