"""COCO keypoint documents of pseudo-labelled people, as `DataSource(annotations=...)` reads them.

An annotation's `pseudo` lists the columns of its keypoints that no person labelled and no renderer knew;
readers of COCO files pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataset_loader.coco import CocoIndex
from dataset_loader.schema import SPINETRACK
from recipes.annotator.rejection import Labels
from spinepose_hf.model.geometry import xyxy_to_xywh
from spinepose_hf.model.skeleton import GROUPS

PSEUDO_VISIBILITY: Final = 1
"""A pseudo-label is a place that was inferred, as COCO says of hidden points."""

# Of a person's box, which OKS measures distances by where nobody drew the outline.
_COVERED: Final = 0.6
_DIGITS: Final = 2


class FootageImage(NamedTuple):
    """A frame of footage and who was found in it.

    Attributes:
        file_name: relative to the folder of the frames.
        size: (height, width) in px.
        boxes: (N, 4) xyxy in px.
    """

    file_name: str
    size: tuple[int, int]
    boxes: NDArray[np.float64]


def photo_document(
    document: Mapping[str, Any], index: CocoIndex, found: Mapping[int, Labels]
) -> dict[str, Any]:
    """The document with 37 keypoints a person: what was labelled as it was, what was not from `found`.

    Args:
        document: the parsed file of the photos, of any skeleton.
        index: the same, as columns.
        found: by annotation id, (37, 3) x, y in image px and visibility.
    """
    given = dict(zip(index.person_ids.tolist(), index.converted(SPINETRACK).keypoints, strict=True))
    annotations = []
    for annotation in document["annotations"]:
        if (labelled := given.get(annotation["id"])) is None:
            continue
        pseudo = np.zeros(len(labelled), bool)
        keypoints = labelled.copy()
        if (labels := found.get(annotation["id"])) is not None:
            pseudo = (labelled[:, 2] == 0) & (labels[:, 2] > 0)
            keypoints[pseudo] = _pseudo(labels)[pseudo]
        annotations.append(annotation | _keypoint_fields(keypoints, pseudo))
    categories = [SPINETRACK.to_category(i) for i in sorted(set(index.category_ids.tolist()))]
    return dict(document) | {"annotations": annotations, "categories": categories}


def footage_document(images: Sequence[FootageImage], found: Sequence[Sequence[Labels]]) -> dict[str, Any]:
    """A document of all frames with somebody who has a pseudo-label; the others are left out.

    Args:
        images: the frames.
        found: for each frame, for each of its boxes, (37, 3) x, y in px and visibility.
    """
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image, people in zip(images, found, strict=True):
        labelled = [place for place, labels in enumerate(people) if (labels[:, 2] > 0).any()]
        if not labelled:
            continue
        height, width = image.size
        image_id = len(entries) + 1
        entries.append({"id": image_id, "file_name": image.file_name, "width": width, "height": height})
        for place in labelled:
            box = xyxy_to_xywh(image.boxes[place])
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": box.round(_DIGITS).tolist(),
                    "area": round(float(box[2] * box[3]) * _COVERED, _DIGITS),
                    "iscrowd": 0,
                    **_keypoint_fields(_pseudo(people[place]), people[place][:, 2] > 0),
                }
            )
    return {"images": entries, "annotations": annotations, "categories": [SPINETRACK.to_category()]}


def summary(document: Mapping[str, Any]) -> str:
    """How many people a document has, and what share of them has pseudo-labels, by group of keypoints."""
    pseudo = np.zeros((len(document["annotations"]), len(SPINETRACK)), bool)
    for row, annotation in enumerate(document["annotations"]):
        pseudo[row, annotation["pseudo"]] = True
    people = pseudo[pseudo.any(axis=1)]
    groups = ", ".join(
        f"{name} {people[:, list(columns)].mean() if len(people) else 0:.0%}"
        for name, columns in GROUPS.items()
    )
    return (
        f"{len(people)} of {len(pseudo)} people have pseudo-labels, {int(pseudo.sum())} in all; "
        f"of these people's points: {groups}"
    )


def _pseudo(labels: Labels) -> Labels:
    kept = labels[:, 2:] > 0
    return np.where(kept, np.concatenate([labels[:, :2].round(_DIGITS), kept * PSEUDO_VISIBILITY], axis=1), 0)


def _keypoint_fields(keypoints: Labels, pseudo: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "keypoints": keypoints.ravel().tolist(),
        "num_keypoints": int((keypoints[:, 2] > 0).sum()),
        "pseudo": np.flatnonzero(pseudo).tolist(),
    }


__all__ = ["PSEUDO_VISIBILITY", "FootageImage", "footage_document", "photo_document", "summary"]
