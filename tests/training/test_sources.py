"""Training persons from every form of data, and the skeleton that they train."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dataset_loader.schema import COCO17, HALPE26, SPINETRACK, KeypointSchema
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.data import PersonCrops
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.skeleton import choose_skeleton
from spinepose_hf.training.sources import load_source, read_source
from tests.training.blobs import write_blobs

HORSE = KeypointSchema("horse", ("muzzle", "left_hoof", "right_hoof"), ((0, 1),), ((1, 2),), (0.1, 0.1, 0.1))


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flat") / "people"
    write_blobs(folder)
    return folder


@pytest.fixture(scope="module")
def official(flat: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same people in SpineTrack's layout."""
    folder = tmp_path_factory.mktemp("official") / "spinetrack"
    (folder / "annotations").mkdir(parents=True)
    for part in ("train-real-coco", "train-real-yoga", "train-unreal", "val2017"):
        shutil.copytree(flat / "images", folder / "images" / part)
        shutil.copy(flat / "annotations.json", folder / "annotations" / f"person_keypoints_{part}.json")
    return folder


@pytest.fixture(scope="module")
def zipped(official: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zipped")
    for name in ("annotations", "images"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for path in sorted((official / name).rglob("*.*")):
                archive.write(path, path.relative_to(official))
    return folder


@pytest.fixture(scope="module")
def parquet(flat: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from dataset_loader.parquet.convert import convert

    folder = tmp_path_factory.mktemp("parquet") / "people"
    convert(flat, folder)
    return folder


FORMS = ("json", "flat", "official", "zipped", "parquet")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_persons(
    form: str, flat: Path, official: Path, zipped: Path, parquet: Path, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    places = {"json": flat / "annotations.json", "flat": flat, "official": official, "zipped": zipped}
    config = "unreal" if form in ("official", "zipped") else "default"
    source = DataSource(dataset=str(places.get(form, parquet)), config=config)
    expected = load_source(DataSource(flat / "annotations.json"))
    found = sorted(load_source(source), key=lambda person: person.annotation_id)
    assert len(found) == 16
    for one, other in zip(expected, found, strict=True):
        assert (one.annotation_id, one.image_id, one.area) == (
            other.annotation_id, other.image_id, other.area,
        )  # fmt: skip
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        np.testing.assert_array_equal(one.box, other.box)
    crops = [PersonCrops(people, (64, 64))[3]["crops"] for people in (expected, found)]
    assert (crops[0] == crops[1]).all() and crops[0].max() > 200


class TestJson:
    def test_finds_the_pictures_of_cocos_layout(self, official: Path) -> None:
        path = official / "annotations" / "person_keypoints_val2017.json"
        assert len(load_source(DataSource(path))) == 16

    def test_finds_pictures_beside_the_file(self, flat: Path, tmp_path: Path) -> None:
        shutil.copytree(flat / "images", tmp_path, dirs_exist_ok=True)
        shutil.copy(flat / "annotations.json", tmp_path)
        assert len(load_source(DataSource(dataset=str(tmp_path / "annotations.json")))) == 16

    def test_names_what_is_missing_before_training(self, flat: Path, tmp_path: Path) -> None:
        shutil.copy(flat / "annotations.json", tmp_path / "persons.json")
        with pytest.raises(DatasetError, match=r"16 of its 16 pictures are not there \(first: .*0\.png"):
            load_source(DataSource(tmp_path / "persons.json"))

    def test_nobody_labelled(self, flat: Path, tmp_path: Path) -> None:
        content = json.loads((flat / "annotations.json").read_text())
        for person in content["annotations"]:
            person["keypoints"] = [0] * 111
        (tmp_path / "persons.json").write_text(json.dumps(content))
        with pytest.raises(DatasetError, match="holds no person with a box and a labelled keypoint"):
            load_source(DataSource(tmp_path / "persons.json", flat / "images"))


def test_a_small_folder_has_no_validation_split(flat: Path) -> None:
    with pytest.raises(DatasetError, match="the split validation is empty"):
        load_source(DataSource(dataset=str(flat), split="validation", part="all"))


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        load_source(DataSource(dataset=str(tmp_path / "nowhere")))


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("nothing", [], SPINETRACK),
        ("COCO's points", [COCO17], SPINETRACK),
        ("Halpe's points", [HALPE26, COCO17], SPINETRACK),
        ("another body", [COCO17, HORSE], HORSE),
    ],
)
def test_the_skeleton_that_is_trained(
    name: str, found: list[KeypointSchema], expected: KeypointSchema
) -> None:
    assert choose_skeleton(found) == expected


def test_a_user_skeleton_keeps_its_mirror_pairs(tmp_path: Path) -> None:
    path = write_blobs(tmp_path / "horses", names=HORSE.keypoints)
    (part,) = read_source(DataSource(path))
    assert part.index.schema.flip_pairs == ((1, 2),)
    persons = load_source(DataSource(path), part.index.schema)
    assert persons[0].keypoints.shape == (3, 2)
    assert PersonCrops(persons, (64, 64), schema=part.index.schema)[0]["labels"].shape == (3, 3)


class TestStarts:
    """The network that a recipe starts from, for the data it finds."""

    @pytest.mark.parametrize(
        ("name", "start", "names", "expected"),
        [
            ("random weights, a user's skeleton", "t", HORSE.keypoints, HORSE.keypoints),
            ("random weights, COCO's points", "t", KEYPOINT_NAMES[:17], KEYPOINT_NAMES),
            ("embedded, COCO's points", "embedded", KEYPOINT_NAMES[:17], KEYPOINT_NAMES),
            ("embedded, one more point", "embedded", (*KEYPOINT_NAMES, "tail"), (*KEYPOINT_NAMES, "tail")),
            ("embedded, nothing shared", "embedded", HORSE.keypoints, HORSE.keypoints),
        ],
    )
    def test_answers_in(
        self, name: str, start: str, names: tuple[str, ...], expected: tuple[str, ...]
    ) -> None:
        from spinepose_hf.training.start import load_start, start_skeleton

        data = KeypointSchema.from_category({"name": "mine", "keypoints": list(names), "skeleton": [[1, 2]]})
        schema = choose_skeleton([data], start_skeleton(start))
        model = load_start(start, schema)
        assert tuple(model.config.id2label.values()) == expected
        assert model.head.final_layer.out_channels == len(expected)
        if expected == HORSE.keypoints:
            assert model.config.flip_pairs == ((1, 2),) and model.config.skeleton == ((0, 1),)

    def test_a_published_parent_checkpoint(self, tmp_path: Path) -> None:
        """A file of 26 unnamed points is Halpe's; SpineTrack's data widen it, and it keeps what it knows."""
        import torch

        from dataset_loader.schema import HALPE26, SPINETRACK
        from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
        from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
        from spinepose_hf.training.start import load_start, start_skeleton

        torch.manual_seed(0)
        parent = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant("t", num_keypoints=26))
        path = tmp_path / "rtmpose-t_halpe26.pth"
        torch.save({"meta": {}, "state_dict": parent.state_dict()}, path)
        skeleton = start_skeleton(str(path))
        assert (skeleton.keypoints, skeleton.flip_pairs) == (HALPE26.keypoints, HALPE26.flip_pairs)
        model = load_start(str(path), SPINETRACK)
        assert model.config.keypoint_names == SPINETRACK.keypoints
        assert len(model.config.spine_chain) == 9
        assert torch.equal(model.head.final_layer.weight[:26], parent.head.final_layer.weight)

    def test_a_model_that_is_not_there(self) -> None:
        from spinepose_hf.errors import ModelError
        from spinepose_hf.training.start import start_skeleton

        with pytest.raises(ModelError, match="there is no such folder or Hub id"):
            start_skeleton("nowhere/nothing")
