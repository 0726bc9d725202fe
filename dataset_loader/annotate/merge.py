"""Bringing corrections back: one COCO file to train on, with who labelled what, and a report of the moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.coco_labels import read_coco_labels
from dataset_loader.annotate.coco_tasks import CORRECTED, annotation_labels
from dataset_loader.annotate.corrections import read_corrections
from dataset_loader.annotate.labelled import LabelledImage, LabelledPerson
from dataset_loader.annotate.matching import match_people
from dataset_loader.annotate.moves import MOVED, distances, keypoint_moves
from dataset_loader.annotate.pairing import pair_images
from dataset_loader.annotate.prepare import COCO_FILE
from dataset_loader.annotate.report import Report
from dataset_loader.json_file import read_json
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.detectors.self_locating import body_box


def merge(tasks: Path, corrected: Path, keep_unseen: bool = False) -> tuple[dict[str, Any], Report]:
    """Join prepared tasks with what people made of them.

    A person is `corrected` if any of its points moved by more than 0.5 px, appeared, vanished or changed its
    visibility, if its box was moved, or if it is new; else it is `auto` and stays exactly as it was. Persons
    that were deleted are left out, new ones get new ids. Pictures that the corrections lack were seen by
    nobody, and are left out unless `keep_unseen`.

    Args:
        tasks: the folder that `prepare` wrote, or its COCO file.
        corrected: the corrections, in any of the three formats.
        keep_unseen: keep the pictures that nobody saw, with the model's labels.

    Returns:
        A COCO keypoint document, and the report.

    Raises:
        DatasetError: a file cannot be read, or the corrections are of other pictures.
    """
    path = tasks / COCO_FILE if tasks.is_dir() else tasks
    document = read_json(path)
    before = read_coco_labels(document, path)
    if any(person.id is None or person.box is None for image in before for person in image.people):
        raise DatasetError(f"{path} is not the file that annotate prepare wrote: a person has no provenance")
    source, after = read_corrections(corrected)
    pairs = pair_images(before, after, corrected)

    originals = {annotation["id"]: annotation for annotation in document["annotations"]}
    gathered = _Gathered(
        path=corrected,
        originals=originals,
        category_id=document["categories"][0]["id"],
        next_id=max(originals, default=0) + 1,
    )
    images = []
    for entry, image in zip(document["images"], before, strict=True):
        if image.file_name in pairs:
            gathered.add(entry["id"], image, pairs[image.file_name].people)
        elif keep_unseen:
            gathered.annotations += [gathered.originals[person.id] for person in image.people]
        else:
            continue
        images.append(entry)
    report = Report(
        source=source,
        images_seen=len(pairs),
        images_unseen=len(before) - len(pairs),
        auto=gathered.auto,
        corrected=len(gathered.compared) - gathered.auto,
        added=gathered.added,
        deleted=gathered.deleted,
        clipped=gathered.clipped,
        keypoints=tuple(keypoint_moves(gathered.compared)),
    )
    info = document.get("info", {}) | {"corrections": source}
    return document | {"info": info, "images": images, "annotations": gathered.annotations}, report


def is_untouched(old: LabelledPerson, new: LabelledPerson) -> bool:
    """Whether no point, no visibility and, where the file has one, no box of a person was changed."""
    if (old.visibility != new.visibility).any() or (distances(old, new) > MOVED).any():
        return False
    return old.box is None or new.box is None or bool((np.abs(new.box - old.box) <= MOVED).all())


@dataclass(slots=True)
class _Gathered:
    """What the merged file will hold, and what is counted on the way."""

    path: Path
    originals: dict[int | None, dict[str, Any]]
    category_id: int
    next_id: int
    annotations: list[dict[str, Any]] = field(default_factory=list)
    compared: list[tuple[LabelledPerson, LabelledPerson]] = field(default_factory=list)
    auto: int = 0
    added: int = 0
    deleted: int = 0
    clipped: int = 0

    def add(self, image_id: int, before: LabelledImage, after: Sequence[LabelledPerson]) -> None:
        """Add the people of one picture: the prepared ones in their order, then the new ones."""
        people = [self._inside(person, before.size) for person in after]
        places = match_people(before.people, people)
        found = dict(zip(places, people, strict=True))
        for number, old in enumerate(before.people):
            # A person of whom nothing is labelled any more was deleted, too.
            if number in found and (found[number].labelled or not old.labelled):
                self._keep(old, found[number], before)
            else:
                self.deleted += 1
        for place, person in zip(places, people, strict=True):
            if place is None and person.labelled:
                self._add_new(image_id, person, before)

    def _keep(self, old: LabelledPerson, new: LabelledPerson, image: LabelledImage) -> None:
        annotation = self.originals[old.id]
        self.compared.append((old, new))
        if is_untouched(old, new):
            self.auto += 1
        else:
            box = self._box(new, old, image)
            labels = annotation_labels(new.keypoints, new.visibility, box)
            annotation = annotation | labels | {"provenance": CORRECTED}
        self.annotations.append(annotation)

    def _add_new(self, image_id: int, person: LabelledPerson, image: LabelledImage) -> None:
        self.annotations.append(
            {
                "id": self.next_id,
                "image_id": image_id,
                "category_id": self.category_id,
                **annotation_labels(person.keypoints, person.visibility, self._box(person, None, image)),
                "iscrowd": 0,
                "provenance": CORRECTED,
            }
        )
        self.next_id += 1
        self.added += 1

    def _inside(self, person: LabelledPerson, size: tuple[int, int]) -> LabelledPerson:
        """The person with every point in the picture, at its edge if need be."""
        points = np.clip(person.keypoints, 0, np.array(size, np.float64))
        outside = (points != person.keypoints).any(axis=1) & (person.visibility > 0)
        self.clipped += int(outside.sum())
        return replace(person, keypoints=points)

    def _box(
        self, person: LabelledPerson, old: LabelledPerson | None, image: LabelledImage
    ) -> NDArray[np.float64]:
        """The box of a changed person: a human's, else the model's, and wide enough for all its points."""
        labelled = person.keypoints[person.visibility > 0]
        drawn = person.box if old is None or person.box is not None else old.box
        box = body_box(labelled, image.size[::-1]) if drawn is None else drawn
        if box is None:
            where = f"{self.path}: {image.file_name}"
            raise DatasetError(f"{where} has a new person whose points are all in one place; move them")
        low, high = np.minimum(box[:2], labelled.min(axis=0)), np.maximum(box[2:], labelled.max(axis=0))
        return np.concatenate([low, high])


__all__ = ["is_untouched", "merge"]
