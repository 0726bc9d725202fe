"""Who is cut out of photos, and the keypoint file of the scenes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from dataset_loader.coco import read_coco
from dataset_loader.synthetic.photos import find_photos
from recipes import cutouts
from recipes.cutouts import read_cutouts, write_scenes
from spinepose_hf.errors import DatasetError
from spinepose_hf.output.picture import write_picture
from tests.recipes.pasted_people import GREEN, GREY, RED, person


def test_scenes_are_a_keypoint_file_with_its_pictures(tmp_path: Path) -> None:
    write_picture(np.full((300, 400, 3), GREY, np.uint8), tmp_path / "backgrounds" / "a.jpg")
    photos = find_photos(tmp_path / "backgrounds")
    people = [person(), person(GREEN)]
    count = write_scenes(people, photos, tmp_path / "scenes", 5, seed=1)
    index = read_coco(tmp_path / "scenes" / "annotations.json")
    assert len(index.image_ids) == 10 and len(index.person_ids) == count > 10
    assert len(set(index.person_ids.tolist())) == count
    assert all((tmp_path / "scenes" / "images" / name).is_file() for name in index.file_names)
    write_scenes(people, photos, tmp_path / "again", 5, seed=1)
    again = (tmp_path / "again" / "annotations.json").read_bytes()
    assert again == (tmp_path / "scenes" / "annotations.json").read_bytes()


def photo(number: int, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An image and its person, whose outline is a rectangle that holds ten labelled points."""
    body = [[110 + 2 * place, 60 + 10 * place, 2] for place in range(10)] + [[0, 0, 0]] * 27
    annotation = {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [100, 50, 40, 110],
        "area": 4400,
        "num_keypoints": 10,
        "keypoints": [value for point in body for value in point],
        "segmentation": [[100, 50, 140, 50, 140, 160, 100, 160]],
    }
    image = {"id": number, "file_name": f"{number}.jpg", "width": 200, "height": 200}
    return image, annotation | changes


REFUSED: dict[str, dict[str, Any]] = {
    "no outline, and of the wall's colour": {"segmentation": None},
    "a crowd": {"iscrowd": 1},
    "small": {"bbox": [100, 50, 40, 60]},
    "points beside the outline": {"segmentation": [[0, 0, 40, 0, 40, 110, 0, 110]]},
    "few points": {"keypoints": [120, 100, 2] * 7 + [0, 0, 0] * 30},
    "not wanted": {"image_id": 9},
}


def test_only_whole_people_of_wanted_photos_are_cut_out(tmp_path: Path) -> None:
    entries = [photo(number, **changes) for number, changes in enumerate(REFUSED.values())]
    images = [image for image, _ in entries] + [photo(9)[0], photo(7)[0]]
    refused = [annotation for _, annotation in entries]
    for image in images:
        write_picture(np.full((200, 200, 3), GREY, np.uint8), tmp_path / image["file_name"])
    path = tmp_path / "labels.json"

    path.write_text(json.dumps({"images": images, "annotations": [*refused, photo(7)[1]]}))
    (found,) = read_cutouts(path, tmp_path, range(8))
    assert found.alpha.shape == (114, 44)
    assert len(read_cutouts(path, tmp_path)) == 2

    path.write_text(json.dumps({"images": images, "annotations": refused}))
    with pytest.raises(DatasetError, match="has nobody who can be cut out"):
        read_cutouts(path, tmp_path, range(8))


def test_who_has_no_outline_is_cut_out_by_an_estimated_one(tmp_path: Path) -> None:
    image, annotation = photo(7, segmentation=None)
    pixels = np.full((200, 200, 3), GREY, np.uint8)
    pixels[50:160, 100:140] = RED
    write_picture(pixels, tmp_path / "7.jpg")
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"images": [image], "annotations": [annotation]}))
    (found,) = read_cutouts(path, tmp_path)
    height, width = found.alpha.shape
    assert abs(height - 114) < 8 and abs(width - 44) < 8
    assert (found.alpha > 0.5).mean() > 0.8
    assert (found.points[:, 2] > 0).sum() == 10


def test_held_out_photos_stay_out_and_footage_comes_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text("1 val2017 train\n9 val2017 validation\n")
    monkeypatch.setattr(cutouts, "PHOTO_LIST", tmp_path / "list.txt")
    write_picture(np.full((300, 400, 3), GREY, np.uint8), tmp_path / "backgrounds" / "a.jpg")
    for folder, numbers in (("photos", (1, 9)), ("footage", (9, 10, 11))):
        people = [photo(number) for number in numbers]
        for image, _ in people:
            write_picture(
                np.full((200, 200, 3), GREY, np.uint8), tmp_path / folder / "images" / image["file_name"]
            )
        document = {"images": [image for image, _ in people], "annotations": [one for _, one in people]}
        (tmp_path / folder / "annotations.json").write_text(json.dumps(document))
    words = [
        tmp_path / "photos" / "annotations.json",
        tmp_path / "out",
        "--images",
        tmp_path / "photos" / "images",
    ]
    words += ["--footage", tmp_path / "footage", "--backgrounds", tmp_path / "backgrounds", "--scenes", 2]
    monkeypatch.setattr("sys.argv", ["cutouts", *map(str, words)])
    cutouts.main()
    assert capsys.readouterr().out.startswith("4 people cut out, ")
    assert len(list((tmp_path / "out" / "images").glob("*.jpg"))) == 8
