"""Reading persons, drawing crops, and the order of draws."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import matrix_scale
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES
from spinepose_hf.training.augmentation import AugmentationOptions
from spinepose_hf.training.data import PersonCrops, PersonRecord, read_persons
from spinepose_hf.training.sampler import Draw, MixedSampler

BODY = KEYPOINT_NAMES[:17]


def coco(names: tuple[str, ...] = KEYPOINT_NAMES, **person: Any) -> dict[str, Any]:
    keypoints = [v for i in range(len(names)) for v in (20 + i, 30 + i, 2)]
    annotation = {
        "id": 5, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 900.0,
        "bbox": [10, 20, 40, 60], "keypoints": keypoints, "num_keypoints": len(names),
    }  # fmt: skip
    return {
        "images": [{"id": 1, "file_name": "one.png", "width": 100, "height": 120}],
        "annotations": [{**annotation, **person}],
        "categories": [{"id": 1, "name": "person", "keypoints": list(names)}],
    }


def write(folder: Path, content: Any) -> Path:
    path = folder / "persons.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


class TestReadPersons:
    def test_a_body_file_leaves_the_spine_unlabelled(self, tmp_path: Path) -> None:
        (person,) = read_persons(write(tmp_path, coco(BODY)), tmp_path)
        assert (person.visibility > 0).nonzero()[0].tolist() == list(range(17))
        assert person.keypoints[3].tolist() == [23, 33]
        assert person.box.tolist() == [10, 20, 50, 80]

    def test_neck_and_hip_of_halpe_are_other_points(self, tmp_path: Path) -> None:
        (person,) = read_persons(write(tmp_path, coco((*BODY, "head", "neck", "hip"))), tmp_path)
        assert person.visibility[KEYPOINT_INDEX["head"]] == 2
        assert person.visibility[KEYPOINT_INDEX["neck"]] == 0
        assert person.visibility[KEYPOINT_INDEX["hip"]] == 0

    def test_names_decide_not_columns(self, tmp_path: Path) -> None:
        (person,) = read_persons(write(tmp_path, coco(tuple(reversed(KEYPOINT_NAMES)))), tmp_path)
        assert person.keypoints[36].tolist() == [20, 30]

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("truncated", '{"images": [', "not valid JSON"),
            ("another format", {"shapes": []}, "not a COCO keypoint file"),
            ("wrong number of keypoints", coco(keypoints=[1, 2, 2] * 17), "annotation 5 has 17 keypoints"),
            ("foreign names", coco(("paw", "tail")), "none of its keypoint names"),
            ("only crowds", coco(iscrowd=1), "holds no person"),
            ("nothing labelled", coco(keypoints=[0] * 111), "holds no person"),
            ("box without size", coco(bbox=[10, 10, 0, 0]), "holds no person"),
        ],
    )
    def test_refuses(self, name: str, content: Any, words: str, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=words):
            read_persons(write(tmp_path, content), tmp_path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="nowhere.json"):
            read_persons(tmp_path / "nowhere.json", tmp_path)


class TestPersonCrops:
    @pytest.fixture
    def crops(self, tmp_path: Path) -> PersonCrops:
        picture = np.random.default_rng(0).integers(0, 256, (120, 100, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "one.png"), picture)
        return PersonCrops(read_persons(write(tmp_path, coco()), tmp_path), (256, 192))

    def test_a_plain_draw_puts_the_box_in_the_middle(self, crops: PersonCrops) -> None:
        crop = crops[0]
        # Box 40 x 60 at (30, 50), padded by 1.25: 75 high, so 256 / 75 pixels a pixel.
        scale = 256 / 75
        assert crop["crops"].shape == (256, 192, 3)
        expected = [96 + (20 - 30) * scale, 128 + (30 - 50) * scale, 1]
        assert crop["labels"][0].tolist() == pytest.approx(expected, abs=1e-3)

    def test_a_network_may_want_other_crops(self, crops: PersonCrops) -> None:
        tight = PersonCrops(crops.records, (256, 192), box_padding=1.0)
        loose = PersonCrops(crops.records, (256, 192), box_padding=2.0)
        middle = np.array([96, 128])
        near, far = (each[0]["labels"][0, :2].numpy() - middle for each in (tight, loose))
        assert near == pytest.approx(2 * far, abs=1e-3) and np.abs(far).max() > 1
        assert tight.labels(0)[0, :2] - middle == pytest.approx(near, abs=1e-3)
        # Views of the same draw differ by the same factor.
        scales = [matrix_scale(each.view(each.records[0], Draw(0, 7)).matrix) for each in (tight, loose)]
        assert scales[0] == pytest.approx(2 * scales[1])

    def test_the_seed_decides_everything(self, crops: PersonCrops) -> None:
        first, again, other = crops[Draw(0, 7)], crops[Draw(0, 7)], crops[Draw(0, 8)]
        assert (first["crops"] == again["crops"]).all() and (first["labels"] == again["labels"]).all()
        assert (first["labels"] != other["labels"]).any()

    def test_small_crops_keep_the_labels_of_the_full_size(self, crops: PersonCrops) -> None:
        small = PersonCrops(crops.records, (256, 192), (128, 96))
        assert small[0]["crops"].shape == (128, 96, 3)
        assert (small[0]["labels"] == crops[0]["labels"]).all()
        # The same view at half the size: the small crop is close to every second pixel of the large one.
        big = cv2.GaussianBlur(crops[0]["crops"].numpy(), (0, 0), 2)[::2, ::2].astype(int)
        little = cv2.GaussianBlur(small[0]["crops"].numpy(), (0, 0), 1).astype(int)
        assert np.abs(big - little)[8:-8, 8:-8].mean() < 6

    def test_who_is_cut_off_is_labelled_where_the_picture_shows_them(self, crops: PersonCrops) -> None:
        plain = {"half_body": 0.0, "flip": 0.0, "rotate": 0.0, "shift_probability": 0.0, "scale": (1.0, 1.0)}
        pixels = {"photometric": 0.0, "degrade": 0.0, "occlude": 0.0}
        options = AugmentationOptions(**plain, **pixels, cut_off=1.0)
        cutting = PersonCrops(crops.records, (256, 192), options=options)
        found = 0
        for seed in range(20):
            view = cutting.view(crops.records[0], Draw(0, seed))
            if view.frame is None:
                continue
            found += 1
            crop = cutting[Draw(0, seed)]
            shown = crop["labels"][:, 2].numpy() > 0
            points = crops.records[0].keypoints
            inside = ((points >= view.frame[:2]) & (points < view.frame[2:])).all(axis=1)
            assert (shown == inside).all() and shown.sum() >= 6
            # Pixels stay where they were: the crop is the plain view of the picture with the rest taken away.
            image = cv2.imread(str(crops.records[0].image))
            left, top = np.ceil(np.clip(view.frame[:2], 0, None)).astype(int)
            right, bottom = np.ceil(np.clip(view.frame[2:], None, (100, 120))).astype(int)
            blank = np.zeros_like(image)
            blank[top:bottom, left:right] = image[top:bottom, left:right]
            whole = cv2.cvtColor(cv2.warpAffine(blank, view.matrix, (192, 256)), cv2.COLOR_BGR2RGB)
            seen = cv2.warpAffine((blank > 0).all(2).astype(np.uint8), view.matrix, (192, 256)) > 0
            seen = cv2.erode(seen.astype(np.uint8), np.ones((9, 9))) > 0
            difference = np.abs(whole[seen].astype(int) - crop["crops"].numpy()[seen])
            # The tones still change a little; where things are does not.
            assert seen.mean() > 0.1 and np.median(difference) < 3
        assert found > 10

    def test_a_missing_picture_names_its_annotation(self, crops: PersonCrops) -> None:
        crops.records[0].image.unlink()
        with pytest.raises(DatasetError, match=r"one\.png of annotation 5"):
            crops[0]


class TestMixedSampler:
    def test_keeps_the_shares_and_covers_each_set(self) -> None:
        draws = list(MixedSampler([10, 1000], [3, 1], 4000, seed=1))
        first = Counter(draw.person for draw in draws if draw.person < 10)
        assert sum(first.values()) == pytest.approx(3000, rel=0.05)
        assert max(first.values()) - min(first.values()) <= 1
        assert all(10 <= draw.person < 1010 for draw in draws if draw.person >= 10)

    def test_is_the_same_again_and_longer_runs_start_alike(self) -> None:
        short = list(MixedSampler([10, 7], [1, 1], 50, seed=1))
        assert short == list(islice(MixedSampler([10, 7], [1, 1], 500, seed=1), 50))
        assert short != list(MixedSampler([10, 7], [1, 1], 50, seed=2))


class TestReducedDecoding:
    """Large JPEGs are decoded smaller, and the crop shows the same."""

    @pytest.mark.parametrize("size", [600, 1100, 1700])
    def test_shows_the_same(self, size: int, tmp_path: Path) -> None:
        # Smooth, so that a reduced picture differs only where it is displaced.
        rows, columns = np.mgrid[:size, :size] / size
        picture = np.stack([rows, columns, (rows + columns) / 2], -1)
        cv2.imwrite(str(tmp_path / "one.jpg"), (picture * 255).astype(np.uint8))
        record = PersonRecord(
            tmp_path / "one.jpg", np.array([0.0, 0, size - 1, size - 1]), np.zeros((37, 2), np.float32),
            np.ones(37, np.float32), 1, 1, 1.0,
        )  # fmt: skip
        options = AugmentationOptions(0, 0, (1, 1), 0, 0, 0, 0, 0, 0, 0, 0)
        crops = PersonCrops([record], (256, 192), options=options)
        plain = crops[0]["crops"].numpy().astype(int)
        inside = cv2.erode((plain > 8).all(-1).astype(np.uint8), np.ones((5, 5))) > 0
        found = [crops[Draw(0, seed)]["crops"].numpy().astype(int) for seed in range(8)]
        reduced = min(found, key=lambda crop: np.abs(crop - plain).mean())
        assert inside.mean() > 0.3
        assert np.abs(reduced - plain)[inside].max() <= 4
