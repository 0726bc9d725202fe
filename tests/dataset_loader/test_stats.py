"""Figures of a data set against ones worked out by hand, and plots that hold what they should."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_loader.coco import index_coco
from dataset_loader.schema import COCO17
from dataset_loader.stats import PartStats, measure, measure_part, quantiles
from dataset_loader.stats_plot import HIDDEN, UNLABELLED, VISIBLE, write_plots
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, SPINE_CHAIN
from spinepose_hf.output.plot_style import LEFT, RIGHT, SERIES, SPINE
from tests.dataset_loader.checking.faults import person, sound_document
from tests.dataset_loader.miniature import Miniature


@pytest.fixture
def part() -> PartStats:
    document = sound_document()
    document["images"].append({"id": 3, "file_name": "3.jpg", "width": 100, "height": 80})
    document["annotations"] += [person(31, 2) | {"iscrowd": 1}, person(32, 2) | {"bbox": [1, 2, 0, 5]}]
    spine = document["annotations"][2]["keypoints"]
    for place, column in enumerate(SPINE_CHAIN):
        spine[3 * column : 3 * column + 3] = [10 + 3 * place, 60 - 4 * place, 2]
    return measure_part(index_coco(document, "a.json"), "a.json", "train")


def test_counts(part: PartStats) -> None:
    assert (part.images, part.persons, part.crowds) == (3, 3, 1)
    assert part.people.tolist() == [2, 1, 0]


def test_visibility(part: PartStats) -> None:
    nose, neck_03 = KEYPOINT_INDEX["nose"], KEYPOINT_INDEX["neck_03"]
    assert part.visibility[nose].tolist() == [0, 3, 0]
    assert part.visibility[neck_03].tolist() == [2, 0, 1]
    assert part.visibility.sum(axis=1).tolist() == [3] * 37


def test_boxes(part: PartStats) -> None:
    assert part.box_sizes.tolist() == [[40, 50]] * 3
    assert part.box_shares.tolist() == [0.25] * 3


def test_places_in_the_box(part: PartStats) -> None:
    assert part.relative[0, 8].tolist() == [8 / 40, 8 / 50]
    assert np.isnan(part.relative[0, 36]).all()


def test_spines(part: PartStats) -> None:
    assert part.spine_lengths.tolist() == [8 * 5]
    assert part.spine_shares.tolist() == [40 / 50]


def test_skeleton_without_spine() -> None:
    document = sound_document()
    document["categories"] = [COCO17.to_category()]
    for someone in document["annotations"]:
        someone["keypoints"] = someone["keypoints"][:51]
    part = measure_part(index_coco(document, "a.json"), "a.json", "")
    assert len(part.spine_lengths) == len(part.spine_shares) == 0
    assert part.to_dict()["spine_length"] is None


def test_nobody() -> None:
    document = sound_document() | {"annotations": []}
    content = measure_part(index_coco(document, "a.json"), "a.json", "").to_dict()
    assert (content["images"], content["persons"], content["box_width"]) == (2, 0, None)


def test_quantiles() -> None:
    assert quantiles(np.arange(101.0)) == {"p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95}


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("tree", ["real-coco", "real-yoga", "unreal", "val"]),
        ("zips", ["real-coco", "real-yoga", "unreal", "val"]),
        ("flat", ["synthetic"]),
    ],
)
def test_every_form(miniature: Miniature, form: str, names: list[str]) -> None:
    stats = measure(getattr(miniature, form))
    assert [part.name for part in stats.parts] == names
    assert stats.to_dict()["persons"] == (8 if form == "flat" else 20)
    json.dumps(stats.to_dict(), allow_nan=False)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        measure(tmp_path / "none")


def share_of(colour: str, pixels: np.ndarray) -> float:
    rgb = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return float((pixels == rgb).all(axis=2).mean())


def test_plots_show_the_data(miniature: Miniature, tmp_path: Path) -> None:
    stats = measure(miniature.tree)
    plots = {plot.stem: np.asarray(Image.open(plot).convert("RGB")) for plot in write_plots(stats, tmp_path)}
    assert set(plots) >= {"visibility", "keypoints_in_box", "boxes", "people"}
    ink = [share_of(colour, plots["visibility"]) for colour in (UNLABELLED, HIDDEN, VISIBLE)]
    expected = stats.visibility.sum(axis=0) / stats.visibility.sum()
    np.testing.assert_allclose(np.array(ink) / sum(ink), expected, atol=0.02)
    for colour in (LEFT, RIGHT, SPINE):
        assert share_of(colour, plots["keypoints_in_box"]) > 1e-4
    for name in ("boxes", "people"):
        for place in range(len(stats.parts)):
            assert share_of(SERIES[place], plots[name]) > 1e-4


def test_plots_of_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(sound_document() | {"annotations": []}))
    assert len(write_plots(measure(path), tmp_path / "plots")) == 4
