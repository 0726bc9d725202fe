"""Files of SimCC logits as pose networks: equal to the deploy graph, honest about what they lack."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference import SpinePoseEstimator, infer_image
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.runtimes.plain import PlainPose
from spinepose_hf.inference.tracking.follow import Follower
from spinepose_hf.measure.people import DEFINITIONS, measure_people
from spinepose_hf.measure.quantity import State
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, SPINE_CHAIN, VERTEBRAE
from spinepose_hf.onnx.metadata import PLAIN_FORMAT, FileMetadata
from spinepose_hf.weights import embedded_model, embedded_onnx
from tests.alike import assert_alike
from tests.inference.toy_logits import SIZE, save_toy_logits

SAMPLES = Path(__file__).resolve().parents[3] / "spinepose_hf" / "samples"
BOX = (100.0, 60.0, 180.0, 240.0)
HALPE26 = (*range(18), *range(20, 26))


@pytest.fixture(scope="module")
def halpe26(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of Halpe26's points, as RTMPose's files are."""
    return save_toy_logits(tmp_path_factory.mktemp("rtmpose") / "halpe26.onnx", 26)


@pytest.fixture
def photo(tmp_path: Path, red_person: NDArray[np.uint8]) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(red_person).save(path)
    return path


@pytest.mark.slow
def test_equals_the_deploy_graph(tmp_path: Path) -> None:
    for library in ("onnxscript", "transformers"):
        pytest.importorskip(library)
    from spinepose_hf.hub.load import load_model
    from spinepose_hf.onnx.export import export_plain

    # The embedded weights are rounded to half, so their files hold the same numbers.
    export_plain(load_model(embedded_model()), tmp_path / "plain.onnx", half_weights=True)
    plain, deploy = PlainPose(tmp_path / "plain.onnx", "cpu"), OnnxPose(embedded_onnx("fp32"), "cpu")
    assert (plain.input_size, plain.keypoint_names) == (deploy.input_size, deploy.keypoint_names)
    crops = np.stack([crop for name in ("walking.jpg", "rendered.jpg") for crop in turned(SAMPLES / name)])
    found, expected = plain(crops), deploy(crops)
    assert (expected.scores > 0.5).mean() > 0.5, "the case must show people"
    assert_alike(found, expected, sigmas=1e-4)


def turned(path: Path) -> list[NDArray[np.uint8]]:
    with Image.open(path) as image:
        return [np.asarray(image.convert("RGB").rotate(angle).resize((192, 256))) for angle in (0, 8, 16)]


@pytest.mark.parametrize(("count", "ours"), [(17, tuple(range(17))), (26, HALPE26), (37, tuple(range(37)))])
def test_what_a_network_lacks_is_not_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, count: int, ours: tuple[int, ...]
) -> None:
    path = save_toy_logits(tmp_path / "toy.onnx", count)
    crops = np.full((3, *SIZE, 3), 128, np.uint8)
    crops[1:, 16:48, 12:36] = (255, 0, 0)
    with caplog.at_level(logging.WARNING, logger="spinepose_hf"):
        pose = PlainPose(path, "cpu")
        keypoints, scores, sigmas = pose(crops)
    lacking = np.setdiff1d(np.arange(37), ours)
    assert pose.keypoint_names == KEYPOINT_NAMES and keypoints.shape == (3, 37, 2)
    assert pose.box_padding == 1.25
    assert scores[0].max() == 0 and scores[1:, ours].min() > 0.9 and scores[1:, lacking].sum() == 0
    np.testing.assert_allclose(keypoints[1, ours].mean(axis=0), (23.5, 31.5), atol=3)
    # As a network's own points that it does not see: no place, and the error of a guess.
    unseen = [values[0, 0] for values in (keypoints, sigmas)]
    assert (keypoints[1:, lacking] == unseen[0]).all() and (sigmas[1:, lacking] == unseen[1]).all()
    assert all(np.isfinite(values).all() for values in (keypoints, scores, sigmas))
    assert len(caplog.messages) == (1 if count < 37 else 0)
    assert pose(crops[:0]).keypoints.shape == (0, 37, 2)


def test_names_decide_where_points_belong(tmp_path: Path) -> None:
    names = ("right_knee", "tail", "left_knee", "nose")
    own = FileMetadata(format=PLAIN_FORMAT, keypoint_names=names, input_size_hw=SIZE, box_padding=1.4)
    metadata = own.entries()
    pose = PlainPose(save_toy_logits(tmp_path / "named.onnx", 4, metadata=metadata), "cpu")
    assert pose.box_padding == 1.4
    crops = np.full((1, *SIZE, 3), 128, np.uint8)
    crops[:, 16:48, 12:36] = (255, 0, 0)
    keypoints, scores, _ = pose(crops)
    seen = np.flatnonzero(scores[0])
    assert [KEYPOINT_NAMES[index] for index in seen] == ["nose", "left_knee", "right_knee"]
    # The toy lays its points out from the top down, in the order of its outputs.
    assert [KEYPOINT_NAMES[index] for index in seen[np.argsort(keypoints[0, seen, 1])]] == [
        "right_knee",
        "left_knee",
        "nose",
    ]


def test_refuses_networks_of_something_else(tmp_path: Path) -> None:
    metadata = FileMetadata(format=PLAIN_FORMAT, keypoint_names=("a", "b"), input_size_hw=SIZE).entries()
    with pytest.raises(ModelError, match="has none of SpinePose's 37 keypoints"):
        PlainPose(save_toy_logits(tmp_path / "other.onnx", 2, metadata=metadata), "cpu")


@pytest.mark.parametrize(("device", "title"), [("cuda", "CUDA"), ("coreml", "CoreML")])
def test_a_device_is_never_replaced_silently(halpe26: Path, device: Any, title: str) -> None:
    import onnxruntime

    if f"{title}ExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip(f"this onnxruntime has {title}")
    with pytest.raises(DeviceError, match=f"{title} was asked for, but this onnxruntime has no"):
        load_runtime(halpe26, device)


class TestPeopleOfHalpe26:
    """What users get from a network that knows no spine."""

    def test_measures(self, halpe26: Path, red_person: NDArray[np.uint8]) -> None:
        people = SpinePoseEstimator(halpe26, "cpu").estimate(red_person, [BOX], color="rgb")
        assert people.keypoint_names == KEYPOINT_NAMES
        (person,) = measure_people(people).people
        spinal = {key for key, one in DEFINITIONS.items() if set(one.points) & set(VERTEBRAE)}
        assert len(spinal) > 10
        for key in spinal:
            assert not person[key].known and person[key].state in (State.SCORE, State.VIEW), key
        assert person["shoulder_width_px"].known

    def test_files_and_drawing(self, halpe26: Path, photo: Path) -> None:
        picture, file = photo.with_name("out.png"), photo.with_name("out.json")
        (result,) = infer_image(photo, picture, save_path=file, boxes=[BOX], model=halpe26, device="cpu")
        points = np.array(result["pose_keypoints_2d"]).reshape(37, 3)
        assert sorted(np.flatnonzero(points[:, 2])) == sorted(HALPE26)
        assert json.loads(file.read_text(encoding="utf-8"))["people"] == [result]
        changed = np.argwhere((np.asarray(Image.open(picture)) != np.asarray(Image.open(photo))).any(axis=2))
        # Nothing is drawn where the points lie that were not found: in the corner of the crop.
        assert changed[:, 0].min() > 60 and changed[:, 1].min() > 100
        spine = photo.with_name("spine.png")
        infer_image(photo, spine, boxes=[BOX], model=halpe26, device="cpu", spine_only=True)
        np.testing.assert_array_equal(np.asarray(Image.open(spine)), np.asarray(Image.open(photo)))

    @pytest.mark.parametrize("form", ["coco", "csv"])
    def test_the_command(self, halpe26: Path, photo: Path, form: str) -> None:
        file, angles = photo.with_name(f"out.{'json' if form == 'coco' else form}"), photo.with_name("a.csv")
        words = ["-i", photo, "-s", file, "--format", form, "--measure", angles, "--model", halpe26]
        result = CliRunner().invoke(app, [*map(str, words), "--device", "cpu", "--detector", "none"])
        assert result.exit_code == 0, result.output
        assert result.stderr.count("knows 24 of the 37 keypoints") == 1
        text = file.read_text(encoding="utf-8")
        if form == "coco":
            (person,) = json.loads(text)
            scores = person["keypoints"][2::3]
            assert person["score"] > 0.9
        else:
            scores = [float(line.split(",")[-2]) for line in text.splitlines()[1:]]
        assert sorted(np.flatnonzero(scores)) == sorted(HALPE26)
        header, row = (line.split(",") for line in angles.read_text(encoding="utf-8").splitlines())
        measured = dict(zip(header, row, strict=True))
        assert measured["lumbar_deg"] == "" and measured["lumbar_deg_state"] == "score"

    def test_following(self, halpe26: Path) -> None:
        from spinepose_hf.inference.detectors.base import Detections

        places = np.array([[40.0, 60, 120, 240], [260, 60, 340, 240]])
        follower = Follower(
            lambda image: Detections(moved, np.ones(2)), load_runtime(halpe26, "cpu"), every=4
        )
        for frame in range(8):
            moved = places + frame * np.array([3.0, 0, 3, 0])
            image = np.full((300, 400, 3), 128, np.uint8)
            for x1, y1, x2, y2 in moved.astype(int):
                image[y1:y2, x1:x2] = (255, 0, 0)
            people = follower(image, frame, frame / 25)
            assert people.ids is not None and sorted(people.ids.tolist()) == [1, 2], frame
            by_id = dict(zip(people.ids.tolist(), people.boxes[:, 0].tolist(), strict=True))
            assert by_id[1] < 200 < by_id[2]
        assert follower.detections_made == 2

    def test_the_spine_alone(self, halpe26: Path, red_person: NDArray[np.uint8]) -> None:
        people = SpinePoseEstimator(halpe26, "cpu").estimate(red_person, [BOX], color="rgb")
        assert people.spine().scores.tolist() == [[0.0] * len(SPINE_CHAIN)]
