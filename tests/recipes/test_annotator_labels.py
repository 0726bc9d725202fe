"""What is written of pseudo-labelled people, and that a recipe reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataset_loader.schema import COCO17, SPINETRACK
from recipes.annotator.estimates import EstimateFile, Person, estimate_all, identity_of
from recipes.annotator.labels import FootageImage, summary
from recipes.annotator.pseudo_labels import label_footage, label_photos, photo_source
from recipes.annotator.sheet import TILE, drawn_at_random, write_sheet
from recipes.annotator.views import Estimate
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source
from tests.recipes.annotator_scenes import BODY, annotating, estimate, standing

UNLABELLED_EAR = KEYPOINT_INDEX["left_ear"]
FEW_POINTS = 2


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eleven photos of the same person, of whom an ear is not labelled; on the third, hardly anything is."""
    folder = tmp_path / "photos"
    folder.mkdir()
    annotations = []
    for number in range(11):
        Image.new("RGB", (100, 110), (90, 120, 90)).save(folder / f"{number}.jpg")
        body = np.column_stack([standing()[:BODY].round(), np.full(BODY, 2)])
        body[UNLABELLED_EAR] = 0
        body[KEYPOINT_INDEX["nose"], 2] = 1
        if number == FEW_POINTS:
            body[4:] = 0
        annotations.append(
            {
                "id": 70 + number, "image_id": number, "category_id": 1, "bbox": [30, 5, 40, 100],
                "area": 2000.5, "keypoints": body.astype(int).ravel().tolist(), "num_keypoints": 16,
                "iscrowd": 0, "source": "x",
            }
        )  # fmt: skip
    images = [
        {"id": n, "file_name": f"{n}.jpg", "height": 110, "width": 100, "license": 4} for n in range(11)
    ]
    document = {"images": images, "annotations": annotations, "categories": [COCO17.to_category()]}
    path = folder / "persons.json"
    path.write_text(json.dumps(document))
    return path


def written(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def keypoints(annotation: dict[str, Any]) -> np.ndarray:
    return np.array(annotation["keypoints"]).reshape(NUM_KEYPOINTS, 3)


def test_what_was_labelled_stays_and_what_was_not_is_filled(photos: Path, tmp_path: Path) -> None:
    before = written(photos)
    result = label_photos(photo_source(photos, None, "train"), tmp_path, annotating(standing()), "a", silent)
    after = written(result.path)
    assert after["images"] == before["images"]
    assert after["categories"] == [SPINETRACK.to_category()]
    for old, new in zip(before["annotations"], after["annotations"], strict=True):
        labelled = np.array(old["keypoints"]).reshape(BODY, 3)
        points = keypoints(new)
        np.testing.assert_array_equal(points[:BODY], labelled)
        # Each tenth photo, from the first, validates; and by few points nobody can judge an estimate.
        left_alone = old["image_id"] in (0, 10, FEW_POINTS)
        assert not left_alone or not points[BODY:].any()
        if not left_alone:
            np.testing.assert_allclose(points[BODY:, :2], standing()[BODY:], atol=0.006)
            assert (points[BODY:, 2] == 1).all()
            assert new["pseudo"] == list(range(BODY, NUM_KEYPOINTS))
        assert new["num_keypoints"] == (points[:, 2] > 0).sum()
        kept = ("id", "image_id", "bbox", "area", "iscrowd", "source", "category_id")
        assert {key: new[key] for key in kept} == {key: old[key] for key in kept}
    assert result.document == after
    assert summary(after).startswith("8 of 11 people have pseudo-labels, 160 in all")


def test_a_recipe_reads_the_photos_and_holds_out_the_same(photos: Path, tmp_path: Path) -> None:
    result = label_photos(photo_source(photos, None, "train"), tmp_path, annotating(standing()), "a", silent)
    for part in ("train", "validation"):
        plain = load_source(DataSource(annotations=photos, part=part))
        richer = load_source(DataSource(annotations=result.path, images=photos.parent, part=part))
        assert [record.annotation_id for record in richer] == [record.annotation_id for record in plain]
        spine = [record.visibility[KEYPOINT_INDEX["spine_03"]] for record in richer]
        assert set(spine) == ({0.0, 1.0} if part == "train" else {0.0})


def test_points_beyond_the_photo_are_left_out(photos: Path, tmp_path: Path) -> None:
    points = standing()
    points[KEYPOINT_INDEX["head"]] = 50, -3
    result = label_photos(photo_source(photos, None, "all"), tmp_path, annotating(points), "a", silent)
    assert all(
        KEYPOINT_INDEX["head"] not in annotation["pseudo"] for annotation in result.document["annotations"]
    )


def footage(folder: Path) -> list[FootageImage]:
    boxes = np.array([[30.0, 5.0, 70.0, 105.0], [31.25, 6.0, 70.0, 105.0]])
    (folder / "images").mkdir(parents=True)
    found = [
        FootageImage(f"{name}.jpg", (110, 100), boxes[:count])
        for name, count in (("a", 2), ("b", 0), ("c", 1))
    ]
    for image in found:
        Image.new("RGB", (100, 110), (90, 90, 120)).save(folder / "images" / image.file_name)
    return found


def test_footage_has_all_points_and_only_frames_with_somebody(tmp_path: Path) -> None:
    result = label_footage(footage(tmp_path), tmp_path, annotating(standing()), "a", silent)
    records = load_source(DataSource(annotations=result.path))
    assert [record.image.name for record in records] == ["a.jpg", "a.jpg", "c.jpg"]
    for record in records:
        np.testing.assert_allclose(record.keypoints, standing(), atol=0.006)
        assert (record.visibility == 1).all()
    np.testing.assert_allclose(records[1].box, (31.25, 6, 70, 105), atol=0.01)
    assert [image["file_name"] for image in written(result.path)["images"]] == ["a.jpg", "c.jpg"]


def test_people_whom_nobody_believes_are_left_out_of_footage(tmp_path: Path) -> None:
    def doubtful(image: np.ndarray, box: np.ndarray) -> Estimate:
        found = estimate()
        found.body[:, 2] = 0.1 if box[0] == 30 else 0.9
        return found

    result = label_footage(footage(tmp_path), tmp_path, doubtful, "a", silent)
    assert [annotation["bbox"][0] for annotation in result.document["annotations"]] == [31.25]
    assert len(result.document["images"]) == 1


def test_people_are_looked_at_once(tmp_path: Path) -> None:
    Image.new("RGB", (100, 110)).save(tmp_path / "a.png")
    box = np.array([0.0, 0.0, 50.0, 100.0])
    people = [Person(str(number), tmp_path / "a.png", box) for number in range(5)]
    seen: list[int] = []

    def stopped(image: np.ndarray, box: np.ndarray) -> Estimate:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(1)
        return estimate()

    with pytest.raises(KeyboardInterrupt):
        estimate_all(people, stopped, EstimateFile(tmp_path / "e.npz", "one"), silent)
    again, told = EstimateFile(tmp_path / "e.npz", "one"), []
    assert [person.key in again for person in people] == [True, True, True, False, False]
    estimate_all(people, annotating(standing()), again, lambda done, total: told.append((done, total)))
    assert told == [(3, 5), (1, 5), (1, 5)]
    for kept, new in zip(again["0"], estimate(), strict=True):
        np.testing.assert_array_equal(kept, new)
    assert "0" not in EstimateFile(tmp_path / "e.npz", "another head")


def test_damaged_estimates_are_named(tmp_path: Path) -> None:
    (tmp_path / "e.npz").write_bytes(b"half")
    with pytest.raises(DatasetError, match="e.npz is damaged"):
        EstimateFile(tmp_path / "e.npz", "one")


def test_an_identity_changes_with_every_part(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    parts = [(tmp_path / "a", "1"), (tmp_path / "a", "2"), ("x", "1"), ("1", tmp_path / "a")]
    identities = [identity_of(*part) for part in parts]
    assert len(set(identities)) == 3 and identities[0] == identities[2]
    with pytest.raises(DatasetError, match="cannot read"):
        identity_of(tmp_path / "b")


def test_pseudo_labels_beside_the_outline_are_left_out(photos: Path, tmp_path: Path) -> None:
    document = written(photos)
    left = [[0, 0, 51, 0, 51, 100, 0, 100]]
    document["annotations"][0]["segmentation"] = left
    photos.write_text(json.dumps(document))
    result = label_photos(photo_source(photos, None, "all"), tmp_path, annotating(standing()), "a", silent)
    halved, whole = (keypoints(result.document["annotations"][place]) for place in (0, 1))
    lost = np.flatnonzero((whole[:, 2] > 0) & (halved[:, 2] == 0))
    expected = np.flatnonzero((standing()[:, 0] > 54) & (np.arange(len(whole)) >= BODY))
    assert expected.size and set(expected) <= set(lost.tolist()) and (standing()[lost, 0] > 52).all()


def test_a_sheet_shows_people_with_labels(photos: Path, tmp_path: Path) -> None:
    result = label_photos(photo_source(photos, None, "train"), tmp_path, annotating(standing()), "a", silent)
    entries = drawn_at_random(result, 0, 6)
    assert len(entries) == 6 and all(annotation["pseudo"] for annotation, _ in entries)
    assert [a["id"] for a, _ in entries] != [a["id"] for a, _ in drawn_at_random(result, 1, 6)]
    write_sheet(entries, tmp_path / "sheet.png")
    sheet = load_image(tmp_path / "sheet.png")
    assert sheet.shape == (TILE, 6 * TILE, 3)
    red = (sheet[..., 0] > 230) & (sheet[..., 1] < 90) & (sheet[..., 2] < 90)
    assert all(red[:, place * TILE : (place + 1) * TILE].sum() > 50 for place in range(6))
    with pytest.raises(DatasetError, match="nothing to draw"):
        write_sheet([], tmp_path / "empty.png")
