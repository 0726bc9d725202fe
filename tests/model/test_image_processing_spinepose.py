"""The image processor: what it takes, what it gives back, and that both ways fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from spinepose_hf.model import simcc
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.geometry import box_center_scale, crop_persons, transform, warp_matrix, xywh_to_xyxy
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor, to_rgb
from spinepose_hf.model.modeling_spinepose import SpinePosePoseEstimationOutput
from spinepose_hf.model.skeleton import PIXEL_MEAN, PIXEL_STD

BOX = [20.0, 10.0, 60.0, 90.0]


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """A soft colourful picture, (120, 160, 3) RGB."""
    rows, columns = np.mgrid[0:120, 0:160]
    return np.stack([rows * 2, columns, 255 - rows - columns // 2], axis=-1).clip(0, 255).astype(np.uint8)


def test_pixels_are_the_normalised_crops_of_all_boxes_in_order(photo: np.ndarray) -> None:
    processor = SpinePoseImageProcessor()
    boxes = [[BOX, [0, 0, 160, 120]], [], [[50, 50, 5, 5]]]
    inputs = processor([photo, photo, photo], boxes=boxes, return_tensors="pt")
    assert inputs["pixel_values"].shape == (3, 3, 256, 192)
    assert inputs["pixel_values"].dtype == torch.float32
    expected = crop_persons(photo, xywh_to_xyxy([BOX, [0, 0, 160, 120], [50, 50, 5, 5]]), (256, 192))[0]
    back = inputs["pixel_values"].numpy().transpose(0, 2, 3, 1) * PIXEL_STD + PIXEL_MEAN
    np.testing.assert_allclose(back, expected, atol=1e-3)


def as_tensor(photo: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(photo).permute(2, 0, 1)


@pytest.mark.parametrize(
    ("case", "convert"),
    [
        ("PIL", Image.fromarray),
        ("PIL with alpha", lambda p: Image.fromarray(p).convert("RGBA")),
        ("RGBA", lambda p: np.dstack([p, p[..., 0]])),
        ("torch", as_tensor),
        ("torch, floats", lambda p: as_tensor(p) / 255),
        ("torch, channels last", torch.from_numpy),
        ("channels first", lambda p: p.transpose(2, 0, 1)),
        ("16 bit", lambda p: p.astype(np.uint16) * 257),
        ("floats", lambda p: p / 255.0),
        ("not writable", lambda p: np.broadcast_to(p, p.shape)),
    ],
)
def test_every_kind_of_picture_is_the_same_picture(photo: np.ndarray, case: str, convert: Any) -> None:
    np.testing.assert_array_equal(to_rgb(convert(photo)), photo, err_msg=case)


@pytest.mark.parametrize(
    ("case", "convert"),
    [
        ("PIL", lambda g: Image.fromarray(g)),
        ("PIL, 16 bit", lambda g: Image.fromarray(g.astype(np.uint16) * 257)),
        ("two dimensions", lambda g: g),
        ("one channel", lambda g: g[..., None]),
        ("torch", lambda g: torch.from_numpy(g)[None]),
        ("torch, two dimensions", torch.from_numpy),
    ],
)
def test_grey_becomes_rgb(photo: np.ndarray, case: str, convert: Any) -> None:
    grey = photo[..., 0]
    np.testing.assert_array_equal(to_rgb(convert(grey)), np.dstack([grey] * 3), err_msg=case)


@pytest.mark.parametrize(
    ("case", "image", "error", "message"),
    [
        ("a path", "photo.jpg", TypeError, "not str"),
        ("nothing", None, TypeError, "not NoneType"),
        ("two channels", np.zeros((9, 9, 2), np.uint8), ValueError, "1, 3 or 4 channels"),
        ("empty", np.zeros((0, 9, 3), np.uint8), ValueError, "at least one pixel"),
        ("bright floats", np.full((9, 9, 3), 200.0), ValueError, "from 0 to 1"),
        ("NaN", np.full((9, 9, 3), np.nan), ValueError, "from 0 to 1"),
        ("signed", np.zeros((9, 9, 3), np.int64), ValueError, "not int64"),
        ("one dimension", np.zeros(9, np.uint8), ValueError, "two or three dimensions"),
    ],
)
def test_no_picture_no_crop(case: str, image: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpinePoseImageProcessor()(image)


@pytest.mark.parametrize(
    ("case", "boxes", "message"),
    [
        ("NaN", [[[0, 0, np.nan, 5]]], "box 0 of picture 0 must be four finite numbers"),
        ("infinite", [[[0, 0, np.inf, 5]]], "finite"),
        ("no width", [[[0, 0, 4, 4], [3, 3, 0, 5]]], "box 1 of picture 0"),
        ("negative height", [[3, 3, 4, -5]], "positive width and height"),
        ("three numbers", [[[1, 2, 3]]], "four finite numbers"),
        ("two pictures' boxes", [[BOX], [BOX]], "boxes for 2 pictures were given for 1"),
    ],
)
def test_impossible_boxes_are_refused(photo: np.ndarray, case: str, boxes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpinePoseImageProcessor()(photo, boxes=boxes)


def answer(points: np.ndarray, boxes: list[list[float]]) -> SpinePosePoseEstimationOutput:
    """What a perfect network answers for points in the picture."""
    centers, scales = box_center_scale(xywh_to_xyxy(boxes), (256, 192))
    matrices = [warp_matrix(c, s, (256, 192)) for c, s in zip(centers, scales, strict=True)]
    crops = transform(points, np.stack(matrices))
    x, y, _ = simcc.encode(crops, np.ones(crops.shape[:2]), (256, 192), (4.9, 5.66), 2.0)
    return SpinePosePoseEstimationOutput(simcc_x=torch.from_numpy(x), simcc_y=torch.from_numpy(y))


def test_the_network_s_answer_comes_back_to_where_it_was_in_each_picture() -> None:
    boxes = [[BOX, [0, 0, 160, 120]], [[50, 50, 30, 40]]]
    rng = np.random.default_rng(0)
    flat = [*boxes[0], *boxes[1]]
    points = np.stack([rng.uniform((x, y), (x + w, y + h), (37, 2)) for x, y, w, h in flat])
    people = SpinePoseImageProcessor().post_process_pose_estimation(answer(points, flat), boxes=boxes)
    assert [len(image) for image in people] == [2, 1]
    for person, expected, box in zip([*people[0], *people[1]], points, flat, strict=True):
        # A quarter of a crop pixel, in picture pixels.
        step = 0.25 * max(box[2] * 1.25 / 192, box[3] * 1.25 / 256)
        assert np.abs(person["keypoints"].numpy() - expected).max() <= step + 1e-4
        assert (person["scores"] > 0.98).all() and (person["scores"] <= 1).all()
        assert person["labels"].tolist() == list(range(37))
        np.testing.assert_allclose(person["bbox"], xywh_to_xyxy(box))
    # The crop of the large box is 4 times coarser than that of the small one, and so is the spread.
    ratio = people[0][1]["sigmas"][0] / people[1][0]["sigmas"][0]
    assert ratio == pytest.approx((160 * 1.25 / 192) / (30 * 1.25 / 192), rel=0.5)


def test_threshold_keeps_the_sure_keypoints_and_their_ids() -> None:
    points = np.full((1, 37, 2), 40.0)
    output = answer(points, [BOX])
    assert output.simcc_x is not None
    output.simcc_x[0, 5] = 0.01
    (person,) = SpinePoseImageProcessor().post_process_pose_estimation(output, boxes=[[BOX]], threshold=0.5)[
        0
    ]
    kept = [index for index in range(37) if index != 5]
    assert person["labels"].tolist() == kept
    assert person["keypoints"].shape == (36, 2)
    assert person["sigmas"].shape == person["scores"].shape == (36,)


def test_without_boxes_the_whole_picture_is_the_box(photo: np.ndarray) -> None:
    processor = SpinePoseImageProcessor()
    whole = processor(photo, return_tensors="np")["pixel_values"]
    np.testing.assert_array_equal(
        whole, processor(photo, [[0, 0, 160, 120]], return_tensors="np")["pixel_values"]
    )
    output = answer(np.full((1, 37, 2), 40.0), [[0, 0, 160, 120]])
    by_size = processor.post_process_pose_estimation(output, target_sizes=[(120, 160)])
    relative = processor.post_process_pose_estimation(output, [[[0, 0, 1, 1]]], target_sizes=[(120, 160)])
    for people in (by_size, relative):
        assert people[0][0]["bbox"].tolist() == [0, 0, 160, 120]
        assert people[0][0]["keypoints"].numpy() == pytest.approx(40.0, abs=0.5)
    with pytest.raises(ValueError, match="pass target_sizes"):
        processor.post_process_pose_estimation(output)
    with pytest.raises(ValueError, match="2 boxes were given for the network's 1 answers"):
        processor.post_process_pose_estimation(output, boxes=[[BOX, BOX]])


def test_crops_are_as_large_as_the_network_wants(photo: np.ndarray) -> None:
    processor = SpinePoseImageProcessor.from_config(SpinePoseConfig(box_padding=1.1))
    (pixels,) = processor(photo, boxes=[[BOX]], return_tensors="pt")["pixel_values"]
    (expected,) = crop_persons(photo, xywh_to_xyxy([BOX]), (256, 192), 1.1)[0]
    back = pixels.numpy().transpose(1, 2, 0) * PIXEL_STD + PIXEL_MEAN
    np.testing.assert_allclose(back, expected, atol=1e-3)


def test_values_survive_a_file(tmp_path: Path, tiny: Any) -> None:
    processor = SpinePoseImageProcessor.from_config(tiny.config)
    assert processor.box_padding == tiny.config.box_padding == 1.25
    processor.box_padding = 1.5
    processor.save_pretrained(tmp_path)
    again = SpinePoseImageProcessor.from_pretrained(tmp_path)
    for name in ("size", "box_padding", "image_mean", "image_std", "simcc_sigma", "simcc_split_ratio"):
        assert getattr(again, name) == getattr(processor, name)
    assert again.size == {"height": 64, "width": 64}
    copy = (tmp_path / "geometry.py").read_text()
    assert copy == (Path(simcc.__file__).parent / "geometry.py").read_text()
