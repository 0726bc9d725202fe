"""From prepared tasks through a human's edits back to labels, in each format, to exact values."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_loader.annotate.merge import merge
from dataset_loader.annotate.report import Report
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.data import PersonCrops, read_persons
from tests.dataset_loader.annotate import edits
from tests.dataset_loader.annotate.conftest import Tasks

KNEE, WRIST, NOSE = (KEYPOINT_NAMES.index(name) for name in ("left_knee", "right_wrist", "nose"))

Edit = Callable[[Path, Path], None]

FORMATS: list[tuple[str, str, Edit, str]] = [
    ("cvat", "cvat_annotations.xml", edits.edit_cvat, "cvat"),
    ("cvat without numbers", "cvat_annotations.xml", lambda a, b: edits.edit_cvat(a, b, False), "cvat"),
    ("label studio", "label_studio_tasks.json", edits.edit_label_studio, "label-studio"),
    (
        "label studio with new region ids",
        "label_studio_tasks.json",
        lambda a, b: edits.edit_label_studio(a, b, False),
        "label-studio",
    ),
    ("coco by hand", "annotations.json", edits.edit_coco, "coco"),
    ("coco of cvat", "annotations.json", edits.edit_cvat_coco, "coco"),
    (
        "coco of cvat without numbers",
        "annotations.json",
        lambda a, b: edits.edit_cvat_coco(a, b, False),
        "coco",
    ),
]


def corrected(tasks: Tasks, file: str, edit: Edit, folder: Path) -> tuple[dict[str, Any], Report]:
    target = folder / f"corrected{Path(file).suffix}"
    edit(tasks.out / file, target)
    return merge(tasks.out, target)


def prepared(tasks: Tasks) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tasks.out / "annotations.json").read_text(encoding="utf-8"))
    return document


def by_picture(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {
        image["file_name"]: [p for p in document["annotations"] if p["image_id"] == image["id"]]
        for image in document["images"]
    }


def table(person: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(person["keypoints"], np.float64).reshape(37, 3)


@pytest.mark.parametrize(("name", "file", "edit", "source"), FORMATS, ids=[row[0] for row in FORMATS])
def test_corrections_come_back_exactly(
    tasks: Tasks, tmp_path: Path, name: str, file: str, edit: Edit, source: str
) -> None:
    before = {person["id"]: person for person in prepared(tasks)["annotations"]}
    document, report = corrected(tasks, file, edit, tmp_path)
    people = by_picture(document)
    assert [len(people[picture]) for picture in ("a.jpg", "c.jpg", "d.jpg", "sub/b.png")] == [1, 1, 1, 1]

    first = people["a.jpg"][0]
    expected = table(before[1])
    expected[KNEE, :2] = np.round(expected[KNEE, :2] + edits.MOVE, 2)
    expected[WRIST, 2] = 1
    assert (first["id"], first["provenance"]) == (1, "corrected")
    np.testing.assert_array_equal(table(first), expected)
    assert first["num_keypoints"] == 37
    np.testing.assert_allclose(first["bbox"], before[1]["bbox"], atol=0.011)
    assert first["uncertainty"] == before[1]["uncertainty"]

    third = people["c.jpg"][0]
    expected = table(before[3])
    expected[NOSE] = 0
    assert (third["id"], third["provenance"], third["num_keypoints"]) == (3, "corrected", 36)
    np.testing.assert_array_equal(table(third), expected)

    # Untouched means untouched: the very annotation, with every field.
    assert people["sub/b.png"] == [before[4]]
    assert before[4]["provenance"] == "auto"

    new = people["d.jpg"][0]
    assert (new["id"], new["provenance"], new["iscrowd"], new["category_id"]) == (5, "corrected", 0, 1)
    np.testing.assert_array_equal(table(new)[:, :2], list(edits.NEW_POINTS.values()))
    assert (table(new)[:, 2] == 2).all()
    left, top, width, height = new["bbox"]
    inside = table(new)[:, :2] - (left, top)
    assert (inside >= 0).all() and (inside <= (width, height)).all() and left + width <= 200

    assert report.source == source
    assert (report.auto, report.corrected, report.added, report.deleted) == (1, 2, 1, 1)
    assert (report.images_seen, report.images_unseen, report.clipped) == (4, 0, 0)


@pytest.mark.parametrize(("name", "file", "edit", "source"), FORMATS, ids=[row[0] for row in FORMATS])
def test_moves_are_told_for_each_keypoint(
    tasks: Tasks, tmp_path: Path, name: str, file: str, edit: Edit, source: str
) -> None:
    _, report = corrected(tasks, file, edit, tmp_path)
    moves = {entry.name: entry for entry in report.keypoints}
    assert list(moves) == list(KEYPOINT_NAMES)
    length = float(np.hypot(*edits.MOVE))
    knee = moves["left_knee"]
    assert (knee.compared, knee.moved, knee.visibility_changed) == (3, 1, 0)
    assert knee.median_px == pytest.approx(length, abs=0.011)
    # Person 1 has a box of 200 x 420 px.
    assert knee.p90_share == pytest.approx(length / np.sqrt(200 * 420), rel=1e-3)
    assert (moves["nose"].compared, moves["nose"].moved, moves["nose"].visibility_changed) == (2, 0, 1)
    assert (moves["right_wrist"].visibility_changed, moves["right_wrist"].median_px) == (1, None)
    assert sum(entry.moved for entry in report.keypoints) == 1
    told = report.to_json()
    assert told["people"] == {"auto": 1, "corrected": 2, "added": 1, "deleted": 1}
    assert told["keypoints"][KNEE]["moved_share"] == pytest.approx(1 / 3, abs=1e-4)
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("file", ["cvat_annotations.xml", "annotations.json"], ids=["cvat", "coco"])
def test_files_nobody_changed_change_nothing(tasks: Tasks, file: str) -> None:
    document, report = merge(tasks.out / "annotations.json", tasks.out / file)
    before = prepared(tasks)
    assert document["annotations"] == before["annotations"] and document["images"] == before["images"]
    assert (report.auto, report.corrected, report.added, report.deleted) == (4, 0, 0, 0)


def test_result_trains(tasks: Tasks, tmp_path: Path) -> None:
    document, _ = corrected(tasks, "cvat_annotations.xml", edits.edit_cvat, tmp_path)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    records = read_persons(path, tasks.images)
    assert sorted(record.annotation_id for record in records) == [1, 3, 4, 5]
    crops = PersonCrops(records, (256, 192))
    for place, record in enumerate(records):
        crop = crops[place]
        assert tuple(crop["crops"].shape) == (256, 192, 3)
        assert int((crop["labels"][:, 2] > 0).sum()) == int((record.visibility > 0).sum())
    hidden = next(record for record in records if record.annotation_id == 1)
    assert hidden.visibility[WRIST] == 1


def test_zip_as_the_tool_gives_it(tasks: Tasks, tmp_path: Path) -> None:
    edits.edit_cvat(tasks.out / "cvat_annotations.xml", tmp_path / "annotations.xml")
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "annotations.xml", "annotations.xml")
        archive.writestr("images/a.jpg", b"pixels")
    document, _ = merge(tasks.out, tmp_path / "export.zip")
    assert document == merge(tasks.out, tmp_path / "annotations.xml")[0]


def test_pictures_nobody_saw_are_left_out_unless_wanted(tasks: Tasks, tmp_path: Path) -> None:
    text = (tasks.out / "cvat_annotations.xml").read_text(encoding="utf-8")
    start, end = text.index('<image id="1"'), text.index('<image id="2"')
    (tmp_path / "part.xml").write_text(text[:start] + text[end:], encoding="utf-8")
    document, report = merge(tasks.out, tmp_path / "part.xml")
    assert "c.jpg" not in by_picture(document)
    assert (report.images_seen, report.images_unseen, report.deleted) == (3, 1, 0)
    kept, _ = merge(tasks.out, tmp_path / "part.xml", keep_unseen=True)
    assert kept["annotations"] == prepared(tasks)["annotations"]


def test_skipped_label_studio_tasks_count_as_unseen(tasks: Tasks, tmp_path: Path) -> None:
    edits.edit_label_studio(tasks.out / "label_studio_tasks.json", tmp_path / "export.json")
    export = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    for task in export:
        for annotation in task["annotations"][1:]:
            annotation["was_cancelled"] = task["data"]["file_name"] != "a.jpg"
    (tmp_path / "skipped.json").write_text(json.dumps(export), encoding="utf-8")
    document, report = merge(tasks.out, tmp_path / "skipped.json")
    assert (report.images_seen, report.images_unseen) == (1, 3)
    assert list(by_picture(document)) == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("unknown picture", 'name="a.jpg"', 'name="z.jpg"', "image 'z.jpg' is not one of the prepared"),
        ("other size", 'width="333"', 'width="334"', "c.jpg has 334x500 px there and 333x500 in the tasks"),
        ("no size", 'width="333"', 'width=""', "image 'c.jpg' has no width and height"),
        ("unknown label", 'label="person"', 'label="dog"', "a.jpg: unknown label 'dog'"),
        ("unknown keypoint", 'label="neck_02"', 'label="neck_04"', "unknown keypoint 'neck_04'"),
        ("keypoint twice", 'label="neck_02"', 'label="nose"', "has the keypoint 'nose' twice"),
        ("other shape", "<skeleton", "<box/><skeleton", "holds a <box>; people must be skeletons"),
        ("position of letters", 'points="', 'points="x', "is not one position x,y"),
        ("position of nan", 'points="', 'points="nan,1" was="', "is not finite"),
        ("entities", "<annotations>", '<!DOCTYPE a [<!ENTITY x "y">]><annotations>', "a document type"),
        ("video", "<image", '<track id="0"/><image', "not for video"),
        ("same picture twice", 'name="c.jpg" width="333" height="500"',
         'name="a.jpg" width="640" height="480"', "holds a.jpg twice"),
    ],
)  # fmt: skip
def test_refuses_cvat_files_that_do_not_fit(
    tasks: Tasks, tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    text = (tasks.out / "cvat_annotations.xml").read_text(encoding="utf-8")
    head, body = text[: text.index("<image")], text[text.index("<image") :]
    text = (
        head.replace(old, new, 1) + body
        if old in head and old not in body
        else head + body.replace(old, new, 1)
    )
    (tmp_path / "bad.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as error:
        merge(tasks.out, tmp_path / "bad.xml")
    assert words in str(error.value), name


def test_names_the_missing_point_of_a_skeleton(tasks: Tasks, tmp_path: Path) -> None:
    lines = (tasks.out / "cvat_annotations.xml").read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if '<points label="spine_03"' in line)
    (tmp_path / "bad.xml").write_text("\n".join(lines[:place] + lines[place + 1 :]), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"a.jpg, person 1 lacks the keypoint 'spine_03' \(36 of 37"):
        merge(tasks.out, tmp_path / "bad.xml")


@pytest.mark.parametrize("file", ["cvat_annotations.xml", "label_studio_tasks.json", "annotations.json"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_refuses_files_that_were_cut_off(tasks: Tasks, tmp_path: Path, file: str, share: float) -> None:
    data = (tasks.out / file).read_bytes()
    path = tmp_path / file
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DatasetError, match="may be truncated|is empty"):
        merge(tasks.out, path)


def _set(path: list[Any], value: Any) -> Callable[[Any], Any]:
    def change(document: Any) -> Any:
        target = document
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value
        return document

    return change


_RESULT = [1, "annotations", 2, "result"]  # the second task: order is by doubt, so c.jpg, with person 3


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("min export", lambda tasks: [{"image": "x", "keypoints": []}], "not JSON-MIN"),
        ("not submitted", _set([0, "annotations"], None), "has no annotations"),
        ("nothing submitted", lambda tasks: [t | {"annotations": []} for t in tasks], "anybody annotated"),
        ("unknown picture", _set([1, "data", "file_name"], "z.jpg"), "image 'z.jpg' is not one of"),
        ("other size", _set([*_RESULT, 1, "original_width"], 99), "two sizes of the picture"),
        ("rotated picture", _set([*_RESULT, 0, "image_rotation"], 90), "was rotated"),
        ("rotated box", _set([*_RESULT, 0, "value", "rotation"], 5), "boxes must be upright"),
        ("unknown label", _set([*_RESULT, 0, "value", "rectanglelabels"], ["dog"]), "unknown label 'dog'"),
        ("unknown keypoint", _set([*_RESULT, 1, "value", "keypointlabels"], ["tail"]), "keypoint 'tail'"),
        ("no label", _set([*_RESULT, 1, "value", "keypointlabels"], []), "must have one label"),
        ("twice", _set([*_RESULT, 1, "value", "keypointlabels"], ["head"]), "keypoint 'head' twice"),
        ("no position", _set([*_RESULT, 1, "value"], {"keypointlabels": ["nose"]}), "has no x, y"),
        ("nan", _set([*_RESULT, 1, "value", "x"], float("nan")), "not finite"),
        ("polygon", _set([*_RESULT, 1, "type"], "polygonlabels"), "unknown region of type 'polygonlabels'"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)  # fmt: skip
def test_refuses_label_studio_files_that_do_not_fit(
    tasks: Tasks, tmp_path: Path, name: str, change: Callable[[Any], Any], words: str
) -> None:
    edits.edit_label_studio(tasks.out / "label_studio_tasks.json", tmp_path / "export.json")
    export = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    (tmp_path / "bad.json").write_text(json.dumps(change(export)), encoding="utf-8")
    with pytest.raises(DatasetError) as error:
        merge(tasks.out, tmp_path / "bad.json")
    assert words in str(error.value), name


def test_keypoint_between_two_people_needs_a_parent(tasks: Tasks, tmp_path: Path) -> None:
    export = json.loads((tasks.out / "label_studio_tasks.json").read_text(encoding="utf-8"))
    task = next(task for task in export if task["data"]["file_name"] == "a.jpg")
    result = [r for r in task["predictions"][0]["result"] if not r["id"].endswith("-nose")]
    boxes = [r for r in result if r["type"] == "rectanglelabels"]
    boxes[1]["value"].update({key: boxes[0]["value"][key] for key in ("x", "y", "width", "height")})
    lost = next(r for r in result if r["id"] == "person-1-head") | {"id": "lost", "parentID": None}
    lost["value"] = lost["value"] | {"keypointlabels": ["nose"]}
    task["annotations"] = [{"id": 1, "result": [*result, lost]}]
    (tmp_path / "bad.json").write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"'nose' \(lost\) has no person, and 2 rectangles"):
        merge(tasks.out, tmp_path / "bad.json")


def _body_only(document: dict[str, Any]) -> None:
    document["categories"][0].update(keypoints=list(KEYPOINT_NAMES[:17]), skeleton=[])
    for person in document["annotations"]:
        person["keypoints"] = person["keypoints"][:51]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("17 keypoints", _body_only, "names 17 keypoints instead of our 37"),
        ("foreign name", _set(["categories", 0, "keypoints", 3], "tail"), "'tail' is not one"),
        ("too few numbers", lambda d: d["annotations"][2].update(keypoints=[1, 2, 2]),
         "annotation 4 has 1 keypoints, its category names 37"),
        ("visibility 3", _set(["annotations", 2, "keypoints", 2], 3), "annotation 4: each"),
        ("unknown image id", _set(["annotations", 2, "image_id"], 77), "annotation 4 belongs to image 77"),
        ("unknown picture", _set(["images", 0, "file_name"], "z.jpg"), "image 'z.jpg' is not one"),
        ("other size", _set(["images", 0, "width"], 1), "in the tasks; was the picture changed"),
        ("box of three", _set(["annotations", 2, "bbox"], [1, 2, 3]), "annotation 4 has 3 numbers in `bbox`"),
        ("flat box", _set(["annotations", 2, "bbox"], [1, 2, 3, 0]), "annotation 4: bbox [1, 2, 3, 0]"),
        ("no categories", lambda d: d.update(categories=[]), "no category names its keypoints"),
        ("no annotations", lambda d: d.pop("annotations"), "is not a COCO keypoint file"),
        ("no pictures", lambda d: d.pop("images"), "is none of CVAT for images 1.1"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)  # fmt: skip
def test_refuses_coco_files_that_do_not_fit(
    tasks: Tasks, tmp_path: Path, name: str, change: Callable[[Any], object], words: str
) -> None:
    edits.edit_coco(tasks.out / "annotations.json", tmp_path / "edited.json")
    document = json.loads((tmp_path / "edited.json").read_text(encoding="utf-8"))
    document["annotations"].sort(key=lambda person: person["id"])
    change(document)
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DatasetError) as error:
        merge(tasks.out, tmp_path / "bad.json")
    assert words in str(error.value), name


def test_original_must_be_the_prepared_file(tasks: Tasks, tmp_path: Path) -> None:
    document = prepared(tasks)
    for person in document["annotations"]:
        del person["provenance"]
    (tmp_path / "other.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DatasetError, match="is not the file that annotate prepare wrote"):
        merge(tmp_path / "other.json", tasks.out / "annotations.json")
    with pytest.raises(DatasetError, match="cannot read"):
        merge(tmp_path, tasks.out / "annotations.json")


def test_points_dragged_out_of_the_picture_end_at_its_edge(tasks: Tasks, tmp_path: Path) -> None:
    text = (tasks.out / "cvat_annotations.xml").read_text(encoding="utf-8")
    place = text.index('<points label="left_elbow"')
    start = text.index('points="', place + 8) + len('points="')
    text = text[:start] + "700.00,-3.00" + text[text.index('"', start) :]
    (tmp_path / "far.xml").write_text(text, encoding="utf-8")
    document, report = merge(tasks.out, tmp_path / "far.xml")
    first = by_picture(document)["a.jpg"][0]
    assert table(first)[KEYPOINT_NAMES.index("left_elbow")].tolist() == [640.0, 0.0, 2.0]
    assert report.clipped == 1
    # The box grew with the point.
    assert first["bbox"][0] + first["bbox"][2] == pytest.approx(640)


def test_copied_person_keeps_its_number_where_it_is_most_alike(tasks: Tasks, tmp_path: Path) -> None:
    document = prepared(tasks)
    first = document["annotations"][2]
    assert first["id"] == 1
    for place, shift in enumerate((40, 20), start=1):
        copy = json.loads(json.dumps(first)) | {"id": 100 + place, "attributes": {"person_id": "1"}}
        copy["keypoints"][0::3] = [x + shift for x in first["keypoints"][0::3]]
        del copy["provenance"]
        # The farther copy stands before the person, the nearer one after it.
        document["annotations"].insert(0 if place == 1 else len(document["annotations"]), copy)
    first.update(id=103, attributes={"person_id": "1"})
    del first["provenance"]
    (tmp_path / "copies.json").write_text(json.dumps(document), encoding="utf-8")
    merged, report = merge(tasks.out, tmp_path / "copies.json")
    people = by_picture(merged)["a.jpg"]
    assert [person["id"] for person in people] == [1, 2, 5, 6]
    assert [person["provenance"] for person in people] == ["auto", "auto", "corrected", "corrected"]
    assert (report.auto, report.added, report.deleted) == (4, 2, 0)


def test_lone_keypoint_goes_to_the_person_that_lacks_it(tasks: Tasks, tmp_path: Path) -> None:
    export = json.loads((tasks.out / "label_studio_tasks.json").read_text(encoding="utf-8"))
    task = next(task for task in export if task["data"]["file_name"] == "a.jpg")
    result = task["predictions"][0]["result"]
    boxes = [r for r in result if r["type"] == "rectanglelabels"]
    boxes[1]["value"].update({key: boxes[0]["value"][key] for key in ("x", "y", "width", "height")})
    lone = next(r for r in result if r["id"] == "person-1-nose")
    lone.update(id="drawn", parentID=None)
    # Drawn regions may come first, before the point of the other person round about it.
    task["annotations"] = [{"id": 1, "result": [lone, *(r for r in result if r is not lone)]}]
    (tmp_path / "export.json").write_text(json.dumps([task]), encoding="utf-8")
    merged, _ = merge(tasks.out, tmp_path / "export.json")
    before = {person["id"]: person for person in prepared(tasks)["annotations"]}
    people = {person["id"]: person for person in merged["annotations"]}
    assert table(people[1]).tolist() == table(before[1]).tolist()
    assert table(people[2]).tolist() == table(before[2]).tolist()


def test_person_without_any_point_is_deleted_unless_the_model_gave_none(tasks: Tasks, tmp_path: Path) -> None:
    document = prepared(tasks)
    for person in document["annotations"]:
        if person["id"] in (1, 4):
            person.update(keypoints=[0] * 111, num_keypoints=0)
    (tmp_path / "before.json").write_text(json.dumps(document), encoding="utf-8")
    for person in document["annotations"]:
        if person["id"] in (1, 3):
            person.update(keypoints=[0] * 111, num_keypoints=0)
    (tmp_path / "after.json").write_text(json.dumps(document), encoding="utf-8")
    merged, report = merge(tmp_path / "before.json", tmp_path / "after.json")
    assert sorted(person["id"] for person in merged["annotations"]) == [1, 2, 4]
    assert (report.auto, report.corrected, report.deleted) == (3, 0, 1)
