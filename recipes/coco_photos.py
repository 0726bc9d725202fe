"""Copy the photos that the embedded model's recipe lists, with their labels, out of a COCO 2017 folder.

    python -m recipes.coco_photos coco2017 data/photos

The folder holds `annotations/person_keypoints_train2017.json` and `..._val2017.json` and the pictures in
`train2017` and `val2017`, as COCO's archives unpack. Only the listed ones are read, see
recipes/embedded_photos.txt: CC BY, CC BY-SA or no known restrictions. A folder of `person_keypoints.json` and
`images`, as this writes it, is taken too. Writes `person_keypoints.json` and `images`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

from dataset_loader.json_file import read_json
from spinepose_hf.errors import DatasetError, OutputError, SpinePoseError
from spinepose_hf.files import atomic_folder
from spinepose_hf.output.json_file import write_json

PHOTO_LIST: Final = Path(__file__).with_name("embedded_photos.txt")
LABELS: Final = "person_keypoints.json"
IMAGES: Final = "images"


class Listed(NamedTuple):
    """A line of the list.

    Attributes:
        image_id: COCO's.
        split: "train2017" or "val2017".
        part: "train", or "validation" for what is held out.
    """

    image_id: int
    split: str
    part: str


def main() -> None:
    """Copy them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("coco", type=Path, help="folder of COCO 2017")
    parser.add_argument("out", type=Path, help="folder to write")
    arguments = parser.parse_args()
    try:
        persons = copy_photos(arguments.coco, arguments.out)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")
    print(f"{persons} labelled people on {len(read_list())} photos: {arguments.out}")


def read_list(path: Path = PHOTO_LIST) -> list[Listed]:
    """The photos of the recipe."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line[:1].isdigit()]
    return [Listed(int(row[0]), row[1], row[-1]) for row in rows]


def copy_photos(coco: Path, out: Path) -> int:
    """Copy the listed photos and their people; the number of people.

    Raises:
        DatasetError: labels or pictures are missing.
        OutputError: `out` exists, or cannot be written.
    """
    if out.exists():
        raise OutputError(f"{out} exists; remove it or name another folder")
    listed = read_list()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: list[dict[str, Any]] = []
    files: list[Path] = []
    for labels, folder, wanted in _places(coco, listed):
        content = read_json(labels)
        of_id = {image["id"]: image for image in content["images"]}
        missing = sorted(wanted - of_id.keys())
        if missing:
            raise DatasetError(f"{labels} lacks {len(missing)} listed photos, {missing[0]} among them")
        images.extend(of_id[one] for one in sorted(wanted))
        files.extend(folder / of_id[one]["file_name"] for one in sorted(wanted))
        annotations.extend(one for one in content["annotations"] if one["image_id"] in wanted)
        categories = content["categories"]
    gone = [path for path in files if not path.is_file()]
    if gone:
        raise DatasetError(f"{len(gone)} of {len(files)} listed photos are not there, {gone[0]} among them")
    with atomic_folder(out) as made:
        (made / IMAGES).mkdir()
        for path in files:
            shutil.copyfile(path, made / IMAGES / path.name)
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_json(content, made / LABELS)
    return len(annotations)


def _places(coco: Path, listed: list[Listed]) -> list[tuple[Path, Path, set[int]]]:
    """Label files, their folders of pictures, and which photos to take from each."""
    if (coco / LABELS).is_file():
        return [(coco / LABELS, coco / IMAGES, {one.image_id for one in listed})]
    return [
        (
            coco / "annotations" / f"person_keypoints_{split}.json",
            coco / split,
            {one.image_id for one in listed if one.split == split},
        )
        for split in sorted({one.split for one in listed})
    ]


if __name__ == "__main__":
    main()
