"""Labelled pictures: all of a file, the first ones, or those that a list names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_loader.coco import index_coco
from dataset_loader.json_file import read_json
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.source import EvalSet, with_ground_truth

Record = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """An evaluation set beside what its file says besides: masks, licences.

    Attributes:
        title: what the table calls it.
        data: pictures and labels.
        folder: of the pictures.
        pictures: records of the file, by id.
        annotations: records of the file, by id.
    """

    title: str
    data: EvalSet
    folder: Path
    pictures: dict[int, Record]
    annotations: dict[int, Record]

    def lonely(self) -> list[Record]:
        """The annotations of pictures with a single one, in the order of the file."""
        of_picture: dict[int, list[Record]] = {}
        for annotation in self.annotations.values():
            of_picture.setdefault(annotation["image_id"], []).append(annotation)
        return [some[0] for some in of_picture.values() if len(some) == 1]


def read_set(
    title: str, path: Path, *, limit: int = 0, wanted: Callable[[Record], bool] | None = None
) -> LabelledSet:
    """Read a COCO keypoint file whose pictures lie in `images` beside it.

    Args:
        title: what the table calls it.
        path: the file, or a folder of `spinepose synthesize`.
        limit: only so many pictures, the first ones; 0 for all.
        wanted: which pictures, by their record; None for all.

    Raises:
        DatasetError: it cannot be read, or nothing that is labelled is left.
    """
    file = path / "annotations.json" if path.is_dir() else path
    content = dict(read_json(file))
    images = [image for image in content.get("images", []) if wanted is None or wanted(image)]
    content["images"] = images[: limit or None]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [one for one in content.get("annotations", []) if one["image_id"] in kept]
    folder = file.parent / "images"
    data = EvalSet(str(file), with_ground_truth(index_coco(content, str(file))), folder)
    return LabelledSet(
        title,
        data,
        folder,
        {image["id"]: image for image in content["images"]},
        {one["id"]: one for one in content["annotations"]},
    )


def listed_images(path: Path, part: str) -> frozenset[int]:
    """Ids of the pictures of a part in a recipe's list: lines of id, COCO's split, licence, part.

    Raises:
        DatasetError: the list has none.
    """
    rows = [
        line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    found = frozenset(int(row[0]) for row in rows if row and row[-1] == part)
    if not found:
        raise DatasetError(f"{path} lists no picture of part {part!r}; give the list of the recipe")
    return found


__all__ = ["LabelledSet", "Record", "listed_images", "read_set"]
