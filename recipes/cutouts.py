"""Put people who were cut out of photos before other photos, alone or with somebody else.

    python -m recipes.cutouts data/embedded/pseudo/photos.json data/embedded/cutouts \\
        --images data/embedded/photos/images --footage data/embedded/free/footage \\
        --backgrounds data/embedded/backgrounds

Few people are labelled on photos, and a network remembers them with what is around them (copy-paste
augmentation, arXiv 2012.07177). They are cut out by the outline that somebody drew or, where nobody did, by
one that is estimated from their points (`recipes.outlines`), and only if their labelled points lie on it:
what was hidden behind a table would float in the air. Of the photos, those count that the recipe's list
trains on; footage, of which the annotator labelled everything, counts as a whole. See `recipes.pasting` for
how they are put together.
Writes `annotations.json`, a COCO keypoint file, and `images`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import dilated, inside, read_mask
from benchmarks.embedded_sections.sets import listed_images
from dataset_loader.json_file import read_json
from dataset_loader.schema import SPINETRACK
from dataset_loader.synthetic.photos import PhotoFolder, find_photos, photo_background
from recipes.annotator.rejection import BODY
from recipes.coco_photos import PHOTO_LIST
from recipes.outlines import estimated_outline
from recipes.pasting import Cutout, annotation_of, arrange, compose, cut_out
from recipes.whole_people import WholePerson, whole_people
from spinepose_hf.errors import DatasetError, SpinePoseError
from spinepose_hf.files import atomic_folder
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.threads import usable_cores
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.picture import write_picture

LEAST_ON_OUTLINE: Final = 0.8
"""Share of the labelled points of the body that must lie on the outline, grown by 2 px."""

ANOTHER: Final = 0.6
"""Of the scenes have a second person."""


def read_cutouts(annotations: Path, images: Path, wanted: Container[int] | None = None) -> list[Cutout]:
    """The people of a file who can be cut out.

    Args:
        annotations: COCO keypoint JSON.
        images: the folder of its pictures.
        wanted: ids of the pictures that count; None for all.

    Raises:
        SpinePoseError: a file is missing or damaged, or nobody can be cut out.
    """
    people = [
        person
        for person in whole_people(read_json(annotations))
        if wanted is None or person.picture["id"] in wanted
    ]
    # What takes the time leaves Python's lock alone.
    with ThreadPoolExecutor(usable_cores()) as threads:
        found = list(filter(None, threads.map(lambda person: _cutout(person, images), people)))
    if not found:
        raise DatasetError(f"{annotations} has nobody who can be cut out")
    return found


def _cutout(person: WholePerson, images: Path) -> Cutout | None:
    annotation, picture, points, others = person
    image = load_image(images / picture["file_name"])
    if annotation.get("segmentation"):
        mask = read_mask(annotation["segmentation"], image.shape[:2])
    else:
        mask = estimated_outline(image, points, annotation["bbox"], others)
    body = points[:BODY][points[:BODY, 2] > 0]
    if mask is None or inside(body[:, :2], dilated(mask)).mean() < LEAST_ON_OUTLINE:
        return None
    return cut_out(image, mask, points)


def write_scenes(people: Sequence[Cutout], photos: PhotoFolder, target: Path, scenes: int, seed: int) -> int:
    """Write so many scenes of each person.

    Args:
        people: who was cut out.
        photos: to put behind them.
        target: folder; must not exist.
        scenes: of each person.
        seed: of all chance.

    Returns:
        How many people are labelled in them.
    """
    document: dict[str, list[Any]] = {
        "images": [],
        "annotations": [],
        "categories": [SPINETRACK.to_category()],
    }
    with atomic_folder(target) as folder, ThreadPoolExecutor(usable_cores()) as threads:

        def write(number: int) -> tuple[tuple[int, int], list[dict[str, Any]]]:
            scene, entries = _scene(people, photos, number, seed)
            write_picture(scene, folder / "images" / _name(number))
            return (scene.shape[1], scene.shape[0]), entries

        for number, (size, entries) in enumerate(threads.map(write, range(len(people) * scenes))):
            document["images"].append(
                {"id": number + 1, "file_name": _name(number), "width": size[0], "height": size[1]}
            )
            document["annotations"] += [
                {"id": 4 * number + place + 1, "image_id": number + 1, **entry}
                for place, entry in enumerate(entries)
            ]
        write_json(document, folder / "annotations.json")
    return len(document["annotations"])


def _scene(
    people: Sequence[Cutout], photos: PhotoFolder, number: int, seed: int
) -> tuple[NDArray[np.uint8], list[dict[str, Any]]]:
    """A picture, and what is labelled in it. It depends on (seed, number) alone."""
    rng = np.random.default_rng((seed, number))
    person = people[number % len(people)]
    other = people[int(rng.integers(len(people)))] if rng.random() < ANOTHER else None
    size, placed = arrange(rng, person, other)
    backdrop = (photo_background(rng, photos, size) * 255).astype(np.uint8)
    scene, shown = compose(backdrop, placed)
    return scene, list(filter(None, (annotation_of(*one) for one in shown)))


def _name(number: int) -> str:
    return f"{number:06d}.jpg"


def main() -> None:
    """Cut out and write what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="COCO keypoint JSON with 37 points and outlines")
    parser.add_argument("out", type=Path, help="folder of the scenes")
    parser.add_argument("--images", type=Path, required=True, help="the pictures of the file")
    parser.add_argument(
        "--footage", type=Path, help="folder with annotations.json and images, of more people"
    )
    parser.add_argument("--backgrounds", type=Path, required=True, help="folder of photos without people")
    parser.add_argument("--scenes", type=int, default=10, help="of each person; default: 10")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        people = read_cutouts(arguments.photos, arguments.images, listed_images(PHOTO_LIST, "train"))
        if folder := arguments.footage:
            people += read_cutouts(folder / "annotations.json", folder / "images")
        photos = find_photos(arguments.backgrounds)
        count = write_scenes(people, photos, arguments.out, arguments.scenes, arguments.seed)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")
    scenes = len(people) * arguments.scenes
    print(f"{len(people)} people cut out, {count} times labelled in {scenes} scenes: {arguments.out}")


if __name__ == "__main__":
    main()


__all__ = ["read_cutouts", "write_scenes"]
