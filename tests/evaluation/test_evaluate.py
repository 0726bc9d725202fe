"""Whole evaluations of small networks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_loader.schema import COCO17, HALPE26, SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation import predict
from spinepose_hf.evaluation.compare import compare
from spinepose_hf.evaluation.evaluate import Evaluation, evaluate_model, run_evaluation
from spinepose_hf.evaluation.network import CropAnswers, Network, load_network
from spinepose_hf.evaluation.plots import write_plots
from spinepose_hf.evaluation.predict import predict_persons
from spinepose_hf.evaluation.results import coco_results
from spinepose_hf.evaluation.source import labelled_boxes, open_eval_set
from spinepose_hf.evaluation.tables import markdown
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS
from tests.dataset_loader.miniature import Miniature, write_miniature
from tests.evaluation.coco_reference import reference
from tests.evaluation.conftest import changed
from tests.lively import lively_network


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(lively_network(image_size=(64, 64)), device="cpu")


def only(count: int, names: tuple[str, ...]) -> Callable[[dict[str, Any]], None]:
    """Keep the first keypoints of a file, under other names."""

    def change(content: dict[str, Any]) -> None:
        content["categories"][0]["keypoints"] = list(names)
        content["categories"][0]["skeleton"] = []
        for person in content["annotations"]:
            person["keypoints"] = person["keypoints"][: 3 * count]

    return change


@pytest.fixture(scope="module")
def evaluation(network: Network, photo_set: Path) -> Evaluation:
    return run_evaluation(network, open_eval_set(photo_set), samples=20)


def test_equals_pycocotools_on_what_was_predicted(evaluation: Evaluation, photo_set: Path) -> None:
    truth = json.loads(photo_set.read_text(encoding="utf-8"))
    results = json.loads(json.dumps(coco_results(evaluation)))
    for name, columns in GROUPS.items():
        expected = reference(truth, results, columns, OKS_SIGMAS)
        found = {k: -1 if v is None else v for k, v in evaluation.report.groups[name].figures.items()}
        # The results are written with four decimals.
        assert found == pytest.approx(expected, abs=1e-4), name


def test_report_counts(evaluation: Evaluation) -> None:
    report = evaluation.report
    assert (report.images, report.persons, report.paired) == (5, 9, 9)
    assert [point.labelled for point in report.keypoints] == [9] * 37
    assert sum(part.count for part in report.calibration.curve) == 9 * 37
    assert report.protocol.flip and report.protocol.boxes == "ground-truth boxes"
    interval = report.groups["all"].intervals["AR"]
    assert interval.low <= (report.groups["all"].figures["AR"] or 0) <= interval.high
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "schema", "groups", "points"),
    [
        ("COCO", COCO17, {"body"}, 17),
        # Its neck and hip are other points; they count in the published comparison only.
        ("Halpe26", HALPE26, {"body", "feet", "all", "halpe26"}, 24),
    ],
)
def test_other_skeletons_of_labels(
    name: str, schema: Any, groups: set[str], points: int, network: Network, photo_set: Path, tmp_path: Path
) -> None:
    path = changed(photo_set, tmp_path / "labels.json", only(len(schema), schema.keypoints))
    data = open_eval_set(path, photo_set.parent / "images")
    report = run_evaluation(network, data, samples=0).report
    assert set(report.groups) == groups, name
    assert len(report.keypoints) == points
    assert not report.angles and report.groups["body"].intervals == {}
    if name == "Halpe26":
        assert report.groups["halpe26"].keypoints == 26 and any("halpe26" in note for note in report.notes)


def test_a_network_gets_crops_as_large_as_it_wants(photo_set: Path) -> None:
    reports = []
    for padding in (1.25, 1.25, 2.0):
        model = lively_network(image_size=(64, 64), box_padding=padding)
        data, network = open_eval_set(photo_set), load_network(model, device="cpu")
        assert network.box_padding == padding
        reports.append(predict_persons(network, data, labelled_boxes(data.index)))
    once, again, loose = reports
    assert np.array_equal(once.keypoints, again.keypoints)
    assert not np.allclose(once.keypoints, loose.keypoints, atol=1)
    assert loose.crop_areas == pytest.approx(once.crop_areas * (2.0 / 1.25) ** 2)


def test_a_network_of_26_points_meets_spine_labels(photo_set: Path) -> None:
    model = lively_network(image_size=(64, 64), num_keypoints=26)
    report = evaluate_model(model, photo_set, samples=0, device="cpu")
    assert set(report.groups) == {"body", "feet", "all"}
    assert report.groups["all"].keypoints == 24


class Oracle:
    """Answers with the labels: crops are ignored, boxes come in the order of the pictures."""

    name, flip, digest, input_size, box_padding = "oracle", False, "", (64, 48), 1.25
    schema, groups = SPINETRACK, dict(GROUPS)

    def __init__(self, answers: np.ndarray) -> None:
        self.answers = answers

    def __call__(self, crops: np.ndarray) -> CropAnswers:
        count = len(crops)
        points, self.answers = self.answers[:count], self.answers[count:]
        return CropAnswers(points, np.ones((count, 37)), np.ones((count, 37)))


@pytest.mark.parametrize(("name", "shift", "figure"), [("exact", 0, 1.0), ("far off", 1e4, 0.0)])
def test_known_answers(name: str, shift: float, figure: float, photo_set: Path) -> None:
    from dataset_loader.persons import clipped_boxes
    from spinepose_hf.model.geometry import box_center_scale, transform, warp_matrix

    data = open_eval_set(photo_set)
    order = np.argsort(data.index.image_rows, kind="stable")
    centers, scales = box_center_scale(clipped_boxes(data.index), (64, 48))
    matrices = np.array([warp_matrix(c, s, (64, 48)) for c, s in zip(centers, scales, strict=True)])
    answers = transform(data.index.keypoints[order, :, :2], matrices[order]) + shift
    report = run_evaluation(Oracle(answers), data, samples=5).report
    for group in report.groups.values():
        assert group.figures["AP"] == group.figures["AR"] == pytest.approx(figure), name
        assert group.auc == pytest.approx(figure * 19 / 20)
    assert report.calibration.right == figure


def test_detections(network: Network, photo_set: Path, tmp_path: Path, evaluation: Evaluation) -> None:
    truth = json.loads(photo_set.read_text(encoding="utf-8"))
    boxes = [
        {"image_id": a["image_id"], "category_id": 1, "bbox": a["bbox"], "score": 1.0}
        for a in truth["annotations"]
    ]
    others = [
        {**boxes[0], "category_id": 3},
        {**boxes[0], "bbox": [5, 5, 0, 9]},
        {**boxes[0], "image_id": 99},
    ]
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps([*boxes, *others]), encoding="utf-8")
    found = run_evaluation(network, open_eval_set(photo_set), path, samples=0).report
    labelled = evaluation.report
    assert found.predictions == labelled.predictions
    assert {n: g.figures for n, g in found.groups.items()} == {
        n: g.figures for n, g in labelled.groups.items()
    }
    assert any("a detection was assigned" in note for note in found.notes)


def test_scores_of_detections_rank_persons(network: Network, photo_set: Path, tmp_path: Path) -> None:
    truth = json.loads(photo_set.read_text(encoding="utf-8"))
    boxes = [
        {"image_id": a["image_id"], "category_id": 1, "bbox": a["bbox"], "score": 0.5}
        for a in truth["annotations"]
    ]
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(boxes), encoding="utf-8")
    half = run_evaluation(network, open_eval_set(photo_set), path, samples=0).predictions
    whole = run_evaluation(network, open_eval_set(photo_set), samples=0).predictions
    assert sorted(half.instance_scores * 2) == pytest.approx(sorted(whole.instance_scores))


def test_detections_that_hit_nobody_leave_figures_empty(
    network: Network, photo_set: Path, tmp_path: Path
) -> None:
    path = tmp_path / "boxes.json"
    path.write_text('[{"image_id": 20, "bbox": [5, 5, 40, 90], "score": 0.5}]', encoding="utf-8")
    evaluation = run_evaluation(network, open_eval_set(photo_set), path, samples=5)
    report = evaluation.report
    assert (report.predictions, report.paired) == (1, 0)
    assert report.groups["all"].figures["AP"] == 0 and report.groups["all"].auc is None
    assert report.keypoints[0].median_error is None and not report.angles
    assert "–" in markdown(report)
    json.dumps(report.to_dict(), allow_nan=False)
    assert len(write_plots(report, evaluation, tmp_path)) == 3


def _every_person_a_crowd(content: dict[str, Any]) -> None:
    for person in content["annotations"]:
        person["iscrowd"] = 1


def _nothing_visible(content: dict[str, Any]) -> None:
    for person in content["annotations"]:
        person["keypoints"] = [0] * len(person["keypoints"])


def _other_names(content: dict[str, Any]) -> None:
    content["categories"][0]["keypoints"] = [f"paw_{i}" for i in range(37)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["annotations"].clear(), "has no annotations, so there is no ground truth"),
        (lambda content: content.pop("annotations"), "no list `annotations`"),
        (_nothing_visible, "none of its 9 annotations has a visible keypoint"),
        (_every_person_a_crowd, "every annotation is a crowd"),
        (_other_names, "have none in common"),
    ],
)
def test_labels_that_cannot_be_used(
    change: Callable[[dict[str, Any]], None], message: str, network: Network, photo_set: Path, tmp_path: Path
) -> None:
    path = changed(photo_set, tmp_path / "labels.json", change)
    with pytest.raises(DatasetError, match=message) as caught:
        run_evaluation(network, open_eval_set(path, photo_set.parent / "images"), samples=0)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not valid JSON|is no list"),
        ('{"images": []}', "is no list of detections"),
        ('[{"image_id": 999, "bbox": [0, 0, 5, 5], "score": 1}]', "none of its 1 detections"),
        ('[{"image_id": 10, "bbox": [0, 0, 5], "score": 1}]', "a box is x, y, width, height"),
    ],
)
def test_detections_that_cannot_be_used(
    content: str, message: str, network: Network, photo_set: Path, tmp_path: Path
) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        run_evaluation(network, open_eval_set(photo_set), path, samples=0)


def test_an_interrupted_run_continues(
    photo_set: Path, tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    monkeypatch.setattr(predict, "PART", 4)
    monkeypatch.setattr(predict, "BATCH", 2)
    calls: list[int] = []

    class Stopping:
        """The network, until somebody pulls the plug; then another process with the same one."""

        def __init__(self, most: int) -> None:
            self.left = most

        def __getattr__(self, name: str) -> Any:
            return getattr(network, name)

        def __call__(self, crops: np.ndarray) -> CropAnswers:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            calls.append(len(crops))
            return network(crops)

    data = open_eval_set(photo_set)
    with pytest.raises(KeyboardInterrupt):
        run_evaluation(Stopping(3), data, samples=0, keep=tmp_path)
    before = sum(calls)
    found = run_evaluation(Stopping(99), data, samples=0, keep=tmp_path)
    # The first part of four persons is kept, the second was under way.
    assert before == 6 and sum(calls) - before == 9 - 4
    assert found.predictions.keypoints == pytest.approx(evaluation.predictions.keypoints)
    assert list(tmp_path.iterdir()) == []


def test_compare_with_itself_and_with_another(evaluation: Evaluation, photo_set: Path) -> None:
    same = compare(evaluation, evaluation, samples=20).against
    assert same is not None
    for differences in same.differences.values():
        assert all(d.value == 0 and d.p_value == 1 for d in differences.values())

    data = open_eval_set(photo_set)
    order = np.argsort(data.index.image_rows, kind="stable")
    far = run_evaluation(Oracle(data.index.keypoints[order, :, :2] + 1e4), data, samples=0)
    against = compare(evaluation, far, samples=20).against
    assert against is not None and against.model == "oracle"
    apart = against.differences["all"]["AR"]
    assert apart.value == evaluation.report.groups["all"].figures["AR"]
    assert apart.interval.low <= apart.value <= apart.interval.high


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    return write_miniature(tmp_path_factory.mktemp("forms"))


def test_only_groups_of_the_same_points_are_compared(evaluation: Evaluation, photo_set: Path) -> None:
    fewer = load_network(lively_network(image_size=(64, 64), num_keypoints=26), device="cpu")
    against = compare(
        evaluation, run_evaluation(fewer, open_eval_set(photo_set), samples=0), samples=5
    ).against
    assert against is not None and set(against.differences) == {"body", "feet"}


class TestSources:
    @pytest.mark.parametrize(
        ("form", "split", "images", "persons"),
        [("tree", None, 4, 5), ("zips", None, 4, 5), ("flat", None, 6, 8), ("flat", "all", 6, 8)],
    )
    def test_folders(
        self, form: str, split: str | None, images: int, persons: int, forms: Miniature, network: Network
    ) -> None:
        data = open_eval_set(getattr(forms, form), split=split)
        report = run_evaluation(network, data, samples=0).report
        assert (report.images, report.persons) == (images, persons)

    def test_parquet_scores_as_the_folder_it_came_from(
        self, forms: Miniature, network: Network, tmp_path: Path
    ) -> None:
        pytest.importorskip("datasets")
        from dataset_loader.parquet.convert import convert

        convert(forms.tree, tmp_path / "parquet")
        found = run_evaluation(network, open_eval_set(tmp_path / "parquet"), samples=0).report
        expected = run_evaluation(network, open_eval_set(forms.tree), samples=0).report
        assert found.groups == expected.groups and found.persons == expected.persons

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"path": "none.json"}, "does not exist"),
            ({"path": ".", "images": "x"}, "has its own pictures"),
            ({"path": "."}, "not a data set that is known"),
        ],
    )
    def test_errors(self, arguments: dict[str, str], message: str, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=message):
            open_eval_set(tmp_path / arguments["path"], arguments.get("images"))

    def test_a_missing_picture_is_named(self, photo_set: Path, network: Network, tmp_path: Path) -> None:
        data = open_eval_set(photo_set, tmp_path)
        with pytest.raises(DatasetError, match=r"10\.png|40\.png"):
            run_evaluation(network, data, samples=0)
