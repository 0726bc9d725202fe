"""Pictures in, people out: what is accepted, and that batches change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.pipeline_spinepose import SpinePosePipeline
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

BOXES = [[5.0, 6.0, 40.0, 70.0], [10.0, 2.0, 30.0, 80.0], [0.0, 0.0, 70.0, 90.0]]
PICTURE = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def pose() -> SpinePosePipeline:
    from tests.lively import lively_network

    model = lively_network(image_size=(64, 64))
    return SpinePosePipeline(
        model=model, image_processor=SpinePoseImageProcessor.from_config(model.config), device="cpu"
    )


def detector(image: Any) -> list[dict[str, Any]]:
    """A detector of objects that has found a person and a dog."""
    assert isinstance(image, Image.Image)
    return [
        {"label": "person", "score": 0.9, "box": {"xmin": 5, "ymin": 6, "xmax": 45, "ymax": 76}},
        {"label": "dog", "score": 0.9, "box": {"xmin": 1, "ymin": 2, "xmax": 9, "ymax": 9}},
    ]


def points(people: list[dict[str, Any]]) -> np.ndarray:
    return np.array([person["keypoints"] for person in people]).reshape(-1, 37, 2)


def test_answers_what_processor_and_network_answer(pose: SpinePosePipeline) -> None:
    inputs = pose.image_processor(PICTURE, boxes=[BOXES], return_tensors="pt")
    with torch.inference_mode():
        outputs = pose.model(**inputs)
    expected = pose.image_processor.post_process_pose_estimation(outputs, boxes=[BOXES])[0]
    people = pose(PICTURE, boxes=BOXES)
    assert [set(person) for person in people] == [{"keypoints", "scores", "sigmas", "labels", "bbox"}] * 3
    for person, wanted in zip(people, expected, strict=True):
        assert person["labels"] == list(KEYPOINT_NAMES)
        for key in ("keypoints", "scores", "sigmas", "bbox"):
            np.testing.assert_allclose(person[key], wanted[key], atol=1e-4)
    assert people[0]["bbox"] == [5, 6, 45, 76]


@pytest.mark.parametrize("kind", ["path", "name", "PIL", "tensor", "dict"])
def test_kinds_of_pictures(pose: SpinePosePipeline, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(PICTURE).save(path)
    given: dict[str, Any] = {
        "path": path,
        "name": str(path),
        "PIL": Image.open(path),
        "tensor": torch.from_numpy(PICTURE).permute(2, 0, 1),
        "dict": {"image": PICTURE, "boxes": BOXES},
    }
    people = pose(given[kind]) if kind == "dict" else pose(given[kind], boxes=BOXES)
    np.testing.assert_allclose(points(people), points(pose(PICTURE, boxes=BOXES)), atol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_pictures_share_batches(pose: SpinePosePipeline, batch_size: int) -> None:
    alone = points(pose(PICTURE, boxes=BOXES))
    boxes = [BOXES, [], BOXES[:1], [], BOXES[1:]]
    sizes = []
    hook = pose.model.register_forward_hook(
        lambda module, args, kwargs, output: sizes.append(len(kwargs["pixel_values"])), with_kwargs=True
    )
    found = pose([PICTURE] * 5, boxes=boxes, batch_size=batch_size)
    hook.remove()
    for people, rows in zip(found, ([0, 1, 2], [], [0], [], [1, 2]), strict=True):
        np.testing.assert_allclose(points(people), alone[rows], atol=1e-3)
    assert max(sizes) <= batch_size and sum(sizes) == 6


def test_a_stream_is_answered_picture_by_picture(pose: SpinePosePipeline) -> None:
    taken = []

    def pictures() -> Iterator[np.ndarray]:
        for index in range(3):
            taken.append(index)
            yield PICTURE

    answers = pose(pictures(), boxes=iter([BOXES] * 3), batch_size=3)
    assert taken == []
    assert len(next(answers)) == 3 and taken == [0]
    assert len(list(answers)) == 2


def test_where_people_are(pose: SpinePosePipeline) -> None:
    assert pose(PICTURE)[0]["bbox"] == [0, 0, 70, 90]
    assert [person["bbox"] for person in pose(PICTURE, detector=detector)] == [[5, 6, 45, 76]]
    assert pose(PICTURE, detector=lambda image: []) == []
    assert pose([PICTURE, PICTURE], detector=detector)[1][0]["bbox"] == [5, 6, 45, 76]


def test_threshold_keeps_names_and_points_together(pose: SpinePosePipeline) -> None:
    whole = pose(PICTURE, boxes=BOXES)[0]
    limit = float(np.median(whole["scores"]))
    kept = pose(PICTURE, boxes=BOXES, threshold=limit)[0]
    assert 0 < len(kept["labels"]) < 37
    wanted = [name for name, score in zip(whole["labels"], whole["scores"], strict=True) if score > limit]
    assert kept["labels"] == wanted and len(kept["keypoints"]) == len(wanted)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda pose: pose(PICTURE, boxes=[[1, 2, 0, 4]]), "positive width", id="empty box"),
        pytest.param(lambda pose: pose([PICTURE], boxes=[BOXES] * 2), "boxes for 2 pictures", id="too many"),
    ],
)
def test_boxes_that_cannot_be(
    pose: SpinePosePipeline, call: Callable[[SpinePosePipeline], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call(pose)


def test_saving_writes_the_code_and_where_to_find_it(pose: SpinePosePipeline, tmp_path: Path) -> None:
    import json

    pose.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())["custom_pipelines"]
    assert written.keys() == {"pose-estimation"}
    # transformers 4.57 adds an empty list for TensorFlow.
    assert {name: value for name, value in written["pose-estimation"].items() if value} == {
        "impl": "pipeline_spinepose.SpinePosePipeline",
        "pt": ["AutoModel"],
        "type": "image",
    }
    assert (tmp_path / "pipeline_spinepose.py").is_file()


def test_importing_the_package_makes_the_task_known(pose: SpinePosePipeline, tmp_path: Path) -> None:
    import transformers

    import spinepose_hf  # noqa: F401
    from tests.lively import lively_network

    lively_network(image_size=(64, 64)).save_pretrained(tmp_path)
    pose.image_processor.save_pretrained(tmp_path)
    found = transformers.pipeline("pose-estimation", model=str(tmp_path), device="cpu")
    assert type(found) is SpinePosePipeline
    assert found._registered_impl == SpinePosePipeline._registered_impl


def test_a_model_without_poses_is_refused(pose: SpinePosePipeline) -> None:
    with pytest.raises(ValueError, match="image processor that reads poses"):
        SpinePosePipeline(model=pose.model, image_processor=None, device="cpu")
