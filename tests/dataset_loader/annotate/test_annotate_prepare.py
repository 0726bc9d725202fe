"""Preparing tasks with the embedded network: what is written, ranked, resumed and refused."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataset_loader.annotate.merge import merge
from dataset_loader.annotate.prepare import FORMATS, detector_name, prepare
from dataset_loader.annotate.ranking import COLUMNS
from dataset_loader.annotate.records import identify, record_path
from spinepose_hf.errors import DatasetError
from spinepose_hf.weights import embedded_model, embedded_onnx
from tests.dataset_loader.annotate.conftest import Tasks

RENDERED_BOX = [80.0, 50.0, 220.0, 450.0]  # xywh in the bundled rendered picture, 384 x 512


@pytest.fixture
def photos(root: Path, tmp_path: Path) -> Path:
    """A folder with the bundled picture, sharp, blurred and in a sub-folder, and what is no picture."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    sample = root / "spinepose_hf" / "samples" / "rendered.jpg"
    shutil.copy(sample, folder / "sharp.jpg")
    shutil.copy(sample, folder / "more" / "again, ü&<.jpg")
    with Image.open(sample) as picture:
        # So far that nothing of the body is left: half as much is a matter of taste to a network.
        small = picture.resize((picture.width // 32, picture.height // 32))
        small.resize(picture.size, Image.Resampling.BICUBIC).save(folder / "blurred.png")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.jpg").write_bytes(b"no picture")
    return folder


def boxes_for(names: dict[str, list[list[float]]], path: Path) -> Path:
    images = [{"id": place, "file_name": name} for place, name in enumerate(names)]
    annotations = [
        {"id": 10 * place + row, "image_id": place, "bbox": box}
        for place, boxes in enumerate(names.values())
        for row, box in enumerate(boxes)
    ]
    path.write_text(json.dumps({"images": images, "annotations": annotations}), encoding="utf-8")
    return path


def everything(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_blurred_picture_is_ranked_above_the_sharp_one(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    given = {
        "sharp.jpg": [RENDERED_BOX],
        "more/again, ü&<.jpg": [RENDERED_BOX],
        "blurred.png": [RENDERED_BOX],
    }
    summary = prepare(photos, out, boxes=boxes_for(given, tmp_path / "boxes.json"), device="cpu")
    assert (summary.images, summary.people, summary.empty, summary.skipped) == (3, 3, 0, ())
    with (out / "ranking.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [row["file_name"] for row in rows] == ["blurred.png", "more/again, ü&<.jpg", "sharp.jpg"]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert float(rows[0]["uncertainty"]) == 1.0
    for measure in ("spread", "flip", "score"):
        assert float(rows[0][measure]) > float(rows[2][measure]) > 0
    document = json.loads((out / "annotations.json").read_text(encoding="utf-8"))
    assert [image["file_name"] for image in document["images"]] == [row["file_name"] for row in rows]
    assert {person["provenance"] for person in document["annotations"]} == {"auto"}
    assert [person["bbox"] for person in document["annotations"]] == [RENDERED_BOX] * 3


def test_strange_names_survive_every_format(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    prepare(photos, out, device="cpu", image_prefix="https://host/pictures/")
    tasks = json.loads((out / "label_studio_tasks.json").read_text(encoding="utf-8"))
    addresses = {task["data"]["image"] for task in tasks}
    assert "https://host/pictures/more/again%2C%20%C3%BC%26%3C.jpg" in addresses
    for file in ("cvat_annotations.xml", "annotations.json"):
        document, report = merge(out, out / file)
        assert "more/again, ü&<.jpg" in {image["file_name"] for image in document["images"]}
        assert report.corrected == 0


def test_stopped_run_continues_and_changed_pictures_are_looked_at_again(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    first = prepare(photos, out, device="cpu")
    assert first.computed == 3
    whole = everything(out)
    # What a kill leaves behind: a record is missing, a temporary file lies about, nothing else is written.
    for name in whole:
        if name != "options.json":
            (out / name).unlink()
    record_path(out, "sharp.jpg").unlink()
    (out / "records" / ".half-abc.json").write_text('{"file_na')
    assert prepare(photos, out, device="cpu").computed == 1
    assert everything(out) == whole
    assert prepare(photos, out, device="cpu").computed == 0
    os.utime(photos / "blurred.png", ns=(1, 1))
    assert prepare(photos, out, device="cpu").computed == 1
    assert everything(out) == whole


def test_top_picks_the_most_doubtful(tasks: Tasks, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    shutil.copytree(tasks.out, out)
    summary = prepare(tasks.images, out, device="cpu", top=2, formats=["cvat"])
    assert (summary.images, summary.selected) == (4, 2)
    document = json.loads((out / "annotations.json").read_text(encoding="utf-8"))
    assert [image["file_name"] for image in document["images"]] == ["sub/b.png", "c.jpg"]
    assert [path.name for path in summary.written] == [
        "ranking.csv", "annotations.json", "cvat_annotations.xml", "cvat_labels.json"
    ]  # fmt: skip
    rows = (out / "ranking.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[3] for row in rows[1:]] == ["1", "1", "0", "0", "0"]
    assert rows[-1] == "4,d.jpg,,0,,,,,"
    # A picture in which nobody was found is never picked.
    assert prepare(tasks.images, out, device="cpu", top=4).selected == 3


def test_unsure_points_and_points_outside_are_handed_out_unlabelled(tasks: Tasks, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    shutil.copytree(tasks.out, out)
    path = record_path(out, "c.jpg")
    record = json.loads(path.read_text(encoding="utf-8"))
    person = record["people"][0]
    person["scores"][4], person["scores"][5] = 0.299, 0.3
    person["keypoints"][6] = [400.0, -7.0]
    path.write_text(json.dumps(record), encoding="utf-8")
    prepare(tasks.images, out, device="cpu")
    document = json.loads((out / "annotations.json").read_text(encoding="utf-8"))
    found = next(person for person in document["annotations"] if person["id"] == 3)
    points = np.array(found["keypoints"]).reshape(37, 3)
    assert points[4].tolist() == [0, 0, 0] and points[5, 2] == 2 and points[6].tolist() == [0, 0, 0]
    assert found["num_keypoints"] == 35
    # CVAT keeps the guess, out of sight and inside the picture.
    text = (out / "cvat_annotations.xml").read_text(encoding="utf-8")
    assert (
        '<points label="right_shoulder" source="auto" outside="1" occluded="0" points="333.00,0.00" />'
        in text
    )
    names = {r["id"] for t in json.loads((out / "label_studio_tasks.json").read_text()) for r in
             t["predictions"][0]["result"]}  # fmt: skip
    assert "person-3-left_shoulder" in names and "person-3-right_ear" not in names


def test_broken_pictures_are_told_and_left_out(photos: Path, tmp_path: Path) -> None:
    (photos / "cut.jpg").write_bytes((photos / "sharp.jpg").read_bytes()[:2000])
    (photos / "empty.png").write_bytes(b"")
    summary = prepare(photos, tmp_path / "tasks", device="cpu")
    assert summary.images == 3 and len(summary.skipped) == 2
    assert "cut.jpg is damaged" in summary.skipped[0] and "empty.png is empty" in summary.skipped[1]


def _no_folder(photos: Path, out: Path, options: dict[str, Any]) -> None:
    shutil.rmtree(photos)


def _no_picture(photos: Path, out: Path, options: dict[str, Any]) -> None:
    shutil.rmtree(photos)
    photos.mkdir()


def _only_broken(photos: Path, out: Path, options: dict[str, Any]) -> None:
    _no_picture(photos, out, options)
    (photos / "a.jpg").write_bytes(b"x")


def _same_stem(photos: Path, out: Path, options: dict[str, Any]) -> None:
    shutil.copy(photos / "sharp.jpg", photos / "sharp.jpeg")


def _line_break(photos: Path, out: Path, options: dict[str, Any]) -> None:
    shutil.copy(photos / "sharp.jpg", photos / "a\nb.jpg")


def _thesis(photos: Path, out: Path, options: dict[str, Any]) -> None:
    out.mkdir()
    (out / "thesis.tex").write_text("precious")


def _other_options(photos: Path, out: Path, options: dict[str, Any]) -> None:
    prepare(photos, out, device="cpu")
    options["boxes"] = boxes_for({"sharp.jpg": [RENDERED_BOX]}, photos.parent / "boxes.json")


def _damaged_record(photos: Path, out: Path, options: dict[str, Any]) -> None:
    prepare(photos, out, device="cpu")
    record_path(out, "sharp.jpg").write_text("{")


def _boxes(names: dict[str, list[list[float]]]) -> Callable[[Path, Path, dict[str, Any]], None]:
    def change(photos: Path, out: Path, options: dict[str, Any]) -> None:
        options["boxes"] = boxes_for(names, photos.parent / "boxes.json")

    return change


def _formats(*formats: str) -> Callable[[Path, Path, dict[str, Any]], None]:
    return lambda photos, out, options: options.update(formats=formats)


@pytest.mark.parametrize(
    ("detector", "variable", "name"),
    [("auto", "", "none"), ("auto", "people.onnx", "people.onnx"), ("none", "people.onnx", "none")],
)
def test_detector_of_the_environment_counts_as_asked_for(
    monkeypatch: pytest.MonkeyPatch, detector: str, variable: str, name: str
) -> None:
    monkeypatch.setenv("SPINEPOSE_DETECTOR", variable)
    assert detector_name(detector) == name


def test_other_content_of_a_file_is_another_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    assert identify("model.onnx", path) == "model.onnx"
    path.write_bytes(b"one")
    first = identify("model.onnx", path)
    path.write_bytes(b"two")
    assert first.startswith("model.onnx (7692c3ad3540bb80") and first != identify("model.onnx", path)
    (tmp_path / "model.safetensors").write_bytes(b"one")
    assert identify("some/folder", tmp_path) == first.replace("model.onnx", "folder")


def test_other_weights_beside_a_graph_are_another_model(tmp_path: Path) -> None:
    path = Path(shutil.copy(embedded_onnx(), tmp_path))
    weights = tmp_path / embedded_model().name / "model.safetensors"
    weights.parent.mkdir()
    found = set()
    for content in (b"one", b"two"):
        weights.write_bytes(content)
        found.add(identify("embedded", path))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("no folder", _no_folder, "is not a folder"),
        ("no picture", _no_picture, "holds no picture"),
        ("only broken ones", _only_broken, "none of the 1 pictures"),
        ("same stem twice", _same_stem, "sharp.jpeg and sharp.jpg differ in their suffix only"),
        ("line break in a name", _line_break, "unprintable character"),
        ("somebody's folder", _thesis, "was not made by annotate prepare"),
        (
            "other options",
            _other_options,
            "holds tasks of other options (boxes 'none' there, '",
        ),
        ("damaged record", _damaged_record, "delete it and run again"),
        ("unknown format", _formats("cvat", "labelme"), "format 'labelme': give some of coco, cvat, label"),
        ("no format", _formats(), "give some of"),
        ("boxes of others", _boxes({"x.jpg": [RENDERED_BOX]}), "has no box for any of the pictures"),
        ("flat box", _boxes({"sharp.jpg": [[1, 2, 30, 0]]}), "annotation 0: bbox [1, 2, 30, 0] is not"),
        ("box outside", _boxes({"sharp.jpg": [[900, 2, 30, 40]]}), "sharp.jpg: box 0 (900, 2, 930, 42) lies"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_refuses_with_one_clear_line(
    photos: Path, tmp_path: Path, name: str, change: Callable[..., None], words: str
) -> None:
    out = tmp_path / "tasks"
    options: dict[str, Any] = {}
    change(photos, out, options)
    with pytest.raises(DatasetError) as error:
        prepare(photos, out, device="cpu", **options)
    assert words in " ".join(str(error.value).split()), name


def test_nobody_in_any_picture_is_no_task_to_pick_from(tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    Image.new("RGB", (64, 64), (128, 128, 128)).save(tmp_path / "grey" / "a.png")
    with pytest.raises(DatasetError, match="nobody was found in the 1 pictures"):
        prepare(tmp_path / "grey", tmp_path / "tasks", device="cpu", top=1)
    # Without a choice to make, people can still be added by hand.
    assert prepare(tmp_path / "grey", tmp_path / "tasks", device="cpu", formats=FORMATS).selected == 1
