"""The embedded model's table: what is counted how; the figures themselves are not tested here."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from dataset_loader.schema import COCO17, SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.bootstrap import Interval
from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, SPINE_CHAIN

GUARD = Path(__file__).resolve().parents[1] / "weights" / "guard"
Module = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def module(root: Path) -> Iterator[Module]:
    sys.path.insert(0, str(root / "benchmarks"))
    yield importlib.import_module
    sys.path.remove(str(root / "benchmarks"))


class TestFigures:
    @pytest.mark.parametrize(
        ("low", "high", "value", "met", "words"),
        [
            pytest.param(0.5, None, 0.5, True, "≥ 0.5", id="reached exactly"),
            pytest.param(0.5, None, 0.4999, False, "≥ 0.5", id="below"),
            pytest.param(None, 0.05, 0.06, False, "≤ 0.05", id="above"),
            pytest.param(0.8, 1.2, 1.3, False, "0.8 to 1.2", id="outside"),
            pytest.param(0.8, 1.2, 1.0, True, "0.8 to 1.2", id="inside"),
        ],
    )
    def test_goals(
        self, module: Module, low: float | None, high: float | None, value: float, met: bool, words: str
    ) -> None:
        goal = module("embedded_sections.figures").Goal(low, high)
        assert (goal.met(value), str(goal)) == (met, words)

    def test_a_share_and_its_interval(self, module: Module) -> None:
        figures = module("embedded_sections.figures")
        rng = np.random.default_rng(0)
        values = rng.random(400) < 0.7
        alone = figures.share("x", values, np.arange(400), 500)
        grouped = figures.share("x", np.repeat(values[:40], 10), np.repeat(np.arange(40), 10), 500)
        assert alone.value == pytest.approx(values.mean()) and alone.count == 400
        assert alone.interval.low < alone.value < alone.interval.high
        # The binomial's own 95 % interval; people of one picture are one draw, so theirs is wider.
        assert alone.interval.high - alone.interval.low == pytest.approx(0.09, abs=0.02)
        assert grouped.interval.high - grouped.interval.low > 0.2

    @pytest.mark.parametrize(("count", "samples"), [(0, 100), (5, 0)], ids=["nobody", "no samples"])
    def test_no_interval(self, module: Module, count: int, samples: int) -> None:
        figure = module("embedded_sections.figures").share("x", np.ones(count), np.arange(count), samples)
        assert figure.interval is None and figure.value == (1.0 if count else None)

    def test_a_baseline_goes_by_name(self, module: Module) -> None:
        figures = module("embedded_sections.figures")
        found = figures.beside(
            [figures.Figure("a", 0.9, 1), figures.Figure("b", 0.8, 1)], [figures.Figure("b", 0.1, 1)]
        )
        assert [figure.baseline for figure in found] == [None, 0.1]


class TestMasks:
    @pytest.mark.parametrize(
        ("point", "expected"),
        [
            pytest.param((15, 15), True, id="on it"),
            pytest.param((22, 15), True, id="two pixels off"),
            pytest.param((23.6, 15), False, id="four pixels off"),
            pytest.param((22, 22), False, id="two pixels off in both directions"),
            pytest.param((-3, 15), False, id="left of the picture"),
            pytest.param((15, 400), False, id="below the picture"),
        ],
    )
    def test_points_beside_a_polygon(
        self, module: Module, point: tuple[float, float], expected: bool
    ) -> None:
        masks = module("embedded_sections.masks")
        mask = masks.dilated(masks.read_mask([[10, 10, 20.5, 10, 20.5, 20.5, 10, 20.5]], (40, 60)))
        assert masks.inside(np.array([point], float), mask).tolist() == [expected]

    def test_run_lengths_are_read_too(self, module: Module) -> None:
        runs = {"size": [4, 3], "counts": [4, 2, 6]}
        mask = module("embedded_sections.masks").read_mask(runs, (4, 3))
        assert np.argwhere(mask).tolist() == [[0, 1], [1, 1]]


def standing(facing: int, bend: float) -> np.ndarray:
    """(37, 2): a person from the side, facing the picture's right or left, the back bent by some degrees."""
    points = np.zeros((37, 2))
    heading, place = 0.0, np.zeros(2)
    for number, column in enumerate(SPINE_CHAIN):
        points[column] = place
        heading += np.radians(bend) / len(SPINE_CHAIN) * (1 + 0.2 * number)
        place = place + 20 * np.array([np.sin(heading), -np.cos(heading)])
    hip, neck = points[KEYPOINT_INDEX["hip"]], points[KEYPOINT_INDEX["neck"]]
    for part, base, forward in (
        ("shoulder", neck, 15),
        ("hip", hip, 12),
        ("ear", neck, 10),
        ("clavicle", neck, 20),
    ):
        for side in ("left", "right"):
            points[KEYPOINT_INDEX[f"{side}_{part}"]] = np.add(base, (forward, 10))
    points[KEYPOINT_INDEX["nose"]] = np.add(neck, (40, -20))
    for side in ("left", "right"):
        points[KEYPOINT_INDEX[f"{side}_big_toe"]] = np.add(hip, (50, 150))
        points[KEYPOINT_INDEX[f"{side}_heel"]] = np.add(hip, (0, 150))
    return points * (facing, 1) + 300


def from_front() -> np.ndarray:
    points = standing(1, 0)
    for part, width in (("shoulder", 50), ("hip", 30), ("clavicle", 12)):
        points[KEYPOINT_INDEX[f"left_{part}"], 0] += width
        points[KEYPOINT_INDEX[f"right_{part}"], 0] -= width
    for name in ("nose", "left_big_toe", "right_big_toe"):
        points[KEYPOINT_INDEX[name], 0] = 300
    return points


def pairs_of(labelled: list[np.ndarray], predicted: list[np.ndarray]) -> Pairs:
    count = len(labelled)
    return Pairs(
        label_rows=np.arange(count),
        labelled=np.array(labelled),
        visible=np.ones((count, 37), bool),
        predicted=np.array(predicted),
        scores=np.ones((count, 37)),
        areas=np.full(count, 1e4),
        box_sides=np.full(count, 200.0),
        image_rows=np.arange(count),
    )


class TestCurves:
    bends = (-20.0, 0.0, 25.0, 50.0, 70.0)
    facings = (1, -1, 1, -1, 1)

    def figures(self, module: Module, flattened: float, samples: int = 0) -> dict[str, Any]:
        labelled = [standing(f, b) for f, b in zip(self.facings, self.bends, strict=True)]
        predicted = [standing(f, b * flattened) for f, b in zip(self.facings, self.bends, strict=True)]
        pairs = pairs_of([*labelled, from_front()], [*predicted, standing(1, 90)])
        found = module("embedded_sections.curves").curve_figures(pairs, samples)
        return {figure.name: figure for figure in found}

    @pytest.mark.parametrize("flattened", [1.0, 0.5], ids=["as they are", "flattened by half"])
    def test_slope_and_correlation(self, module: Module, flattened: float) -> None:
        found = self.figures(module, flattened)
        for region in ("lumbar", "thoracic", "cervical"):
            assert found[f"{region} angle, slope"].value == pytest.approx(flattened, abs=1e-3)
            assert found[f"{region} angle, r"].value == pytest.approx(1, abs=1e-3)
            assert found[f"{region} angle, r"].count == 5, "the one who is seen from the front is left out"

    def test_a_constant_answer_is_not_praised_for_the_way_people_face(self, module: Module) -> None:
        """Without mirroring, a bend that follows the facing alone would correlate."""
        labelled = [standing(f, b) for f, b in zip((1, -1, 1, -1), (40, 45, 45, 40), strict=True)]
        predicted = [standing(f, 40) for f in (1, -1, 1, -1)]
        found = module("embedded_sections.curves").curve_figures(pairs_of(labelled, predicted), 0)
        values = {figure.name: figure.value for figure in found}
        assert values["thoracic angle, slope"] == pytest.approx(0, abs=1e-3)

    def test_intervals(self, module: Module) -> None:
        span = self.figures(module, 0.5, samples=50)["thoracic angle, slope"].interval
        assert span.low == pytest.approx(0.5, abs=1e-3) and span.high == pytest.approx(0.5, abs=1e-3)

    def test_nobody_from_the_side(self, module: Module) -> None:
        found = module("embedded_sections.curves").curve_figures(pairs_of([from_front()], [from_front()]), 20)
        assert {(figure.value, figure.count) for figure in found} == {(None, 0)}


def coco_file(folder: Path, licences: list[int]) -> Path:
    """Pictures of one person each, with a square mask, and one picture of two."""
    (folder / "images").mkdir(parents=True)
    points = np.full((17, 3), 2.0)
    points[:, 0], points[:, 1] = np.linspace(60, 140, 17), np.linspace(40, 240, 17)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, licence in enumerate(licences):
        name = f"{number}.jpg"
        cv2.imwrite(str(folder / "images" / name), np.full((300, 200, 3), 40 * number, np.uint8))
        images.append({"id": number, "file_name": name, "width": 200, "height": 300, "license": licence})
        people = 2 if number == len(licences) - 1 else 1
        for _ in range(people):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [50, 30, 100, 220],
                    "area": 9000,
                    "iscrowd": 0,
                    "num_keypoints": 17,
                    "keypoints": points.ravel().tolist(),
                    "segmentation": [[50, 30, 150, 30, 150, 250, 50, 250]],
                }
            )
    content = {"images": images, "annotations": annotations, "categories": [COCO17.to_category()]}
    path = folder / "person_keypoints.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


class TestSets:
    def test_only_listed_pictures(self, module: Module, tmp_path: Path) -> None:
        sets = module("embedded_sections.sets")
        listing = tmp_path / "list.txt"
        listing.write_text(
            "# id, split, licence, part\n0 val2017 CC-BY-2.0 train\n2 val2017 CC-BY-2.0 validation\n"
        )
        ids = sets.listed_images(listing, "validation")
        found = sets.read_set(
            "x", coco_file(tmp_path, [4, 4, 4]), wanted=lambda picture: picture["id"] in ids
        )
        assert ids == {2} and list(found.pictures) == [2] and len(found.annotations) == 2

    def test_a_list_without_the_part(self, module: Module, tmp_path: Path) -> None:
        (tmp_path / "list.txt").write_text("1 val2017 CC-BY-2.0 train\n", encoding="utf-8")
        with pytest.raises(DatasetError, match="no picture of part 'validation'"):
            module("embedded_sections.sets").listed_images(tmp_path / "list.txt", "validation")

    def test_the_first_pictures_and_the_lonely_ones(self, module: Module, tmp_path: Path) -> None:
        read_set = module("embedded_sections.sets").read_set
        path = coco_file(tmp_path, [4, 4, 4, 4])
        assert list(read_set("x", path, limit=2).pictures) == [0, 1]
        assert [person["image_id"] for person in read_set("x", path).lonely()] == [0, 1, 2]


def test_the_mean_pose_is_that_of_the_crops(module: Module) -> None:
    """Two people of one pose, at other places and sizes: the mean in the crop is either's."""
    from dataset_loader.coco import index_coco
    from spinepose_hf.model.geometry import box_center_scale, transform, warp_matrix

    pose = np.random.default_rng(0).random((37, 2))
    annotations: list[dict[str, Any]] = []
    boxes = ([20, 30, 60, 120], [150, 60, 100, 200])
    for number, (x, y, width, height) in enumerate(boxes):
        points = np.concatenate([pose * (width, height) + (x, y), np.full((37, 1), 2)], axis=1)
        if number == 1:
            points[3] = 0
        annotations.append(
            {"id": number, "image_id": 0, "bbox": [x, y, width, height], "keypoints": points.ravel().tolist()}
        )
    content = {
        "images": [{"id": 0, "file_name": "0.jpg", "width": 400, "height": 400}],
        "annotations": annotations,
        "categories": [SPINETRACK.to_category()],
    }
    network = module("embedded_sections.mean_pose").mean_pose(index_coco(content, "x"), (256, 192), 1.25)
    box = np.array([[20, 30, 80, 150]], float)
    center, scale = box_center_scale(box, (256, 192))
    expected = transform(pose * (60, 120) + (20, 30), warp_matrix(center[0], scale[0], (256, 192)))
    answers = network(np.zeros((3, 256, 192, 3), np.uint8))
    assert answers.keypoints.shape == (3, 37, 2) and answers.scores.shape == (3, 37)
    assert np.abs(answers.keypoints - expected).max() < 1e-3


class TestTable:
    def test_a_row(self, module: Module) -> None:
        figures, table = module("embedded_sections.figures"), module("embedded_sections.table")
        figure = figures.Figure(
            "body AP", 0.4321, 31, "persons", Interval(0.3, 0.5), figures.Goal(0.5), baseline=0.01
        )
        assert table.row(figure) == (
            "| body AP | 0.432 | 0.300 to 0.500 | 31 persons | ≥ 0.5 | **no** | 0.010 |"
        )
        assert table.row(figures.Figure("x", None, 0)) == "| x | – | – | 0 persons | – | – | – |"

    def test_json_says_what_the_table_says(self, module: Module) -> None:
        figures, table = module("embedded_sections.figures"), module("embedded_sections.table")
        section = figures.Section("Photos", 12, 31, (figures.Figure("x", 0.6, 3, goal=figures.Goal(0.5)),))
        content = json.loads(json.dumps(table.as_json("m.onnx", "abc", [section])))
        (written,) = content["sections"]
        assert written["title"] == "Photos" and written["persons"] == 31
        assert written["figures"][0]["value"] == 0.6 and written["figures"][0]["reached"] == "yes"


class TestWholeRun:
    def test_all_outputs(
        self,
        module: Module,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        photos = coco_file(tmp_path / "photos", [4, 5, 7])
        listing = tmp_path / "list.txt"
        listing.write_text("\n".join(f"{n} val2017 L validation" for n in range(3)), encoding="utf-8")
        options = {
            "--photos": photos,
            "--held-out": photos,
            "--list": listing,
            "--synthetic": GUARD,
            "--limit": 12,
            "--samples": 20,
            "--json": tmp_path / "out" / "figures.json",
            "--contact-sheet": tmp_path / "out" / "sheet.jpg",
        }
        monkeypatch.setattr(sys, "argv", ["x", *(str(part) for pair in options.items() for part in pair)])
        module("embedded_model").main()

        printed = capsys.readouterr().out
        assert "Photos for measuring: 3 pictures, 4 persons" in printed
        assert "Rendered people: 12 pictures, 12 persons" in printed
        content = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
        assert [section["title"] for section in content["sections"]] == [
            "Photos for measuring",
            "Held-out photos",
            "Rendered people",
        ]
        names = {figure["name"]: figure for figure in content["sections"][2]["figures"]}
        assert names["spine AP"]["value"] > names["spine AP"]["baseline"]
        credits = (tmp_path / "out" / "sheet.md").read_text(encoding="utf-8").splitlines()
        assert sum("COCO 2017" in line for line in credits) == 2, "CC BY-SA stays off the sheet"
        assert all(line.startswith(f"{number}. ") for number, line in enumerate(credits, 1))
        sheet = cv2.imread(str(tmp_path / "out" / "sheet.jpg"))
        assert sheet is not None and sheet.std() > 10

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            pytest.param([], "give --photos, --held-out or --synthetic", id="nothing"),
            pytest.param(
                ["--photos", "a.json", "--contact-sheet", "x.jpg"], "shows people of", id="sheet of photos"
            ),
            pytest.param(["--photos", "missing.json"], "missing.json", id="no such file"),
        ],
    )
    def test_what_cannot_be_done(
        self,
        module: Module,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        message: str,
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["x", *arguments])
        with pytest.raises(SystemExit) as caught:
            module("embedded_model").main()
        assert message in str(caught.value) + capsys.readouterr().err
