"""Views of a person: where they look, that they find back, and what several of them say together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recipes.annotator.features import FrozenMoveNet
from recipes.annotator.head import AnnotatorHead
from recipes.annotator.views import VIEWS, Annotator, View, combine, cut, view_matrix
from spinepose_hf.errors import ModelError
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import invert_matrix, transform
from spinepose_hf.model.skeleton import FLIP_INDEX, NUM_KEYPOINTS

BOX = np.array([100.0, 40.0, 200.0, 240.0])


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.padding}-{view.rotation}-{view.mirrored}")
def test_a_view_shows_the_whole_box_and_finds_back(view: View) -> None:
    matrix = view_matrix(BOX, view)
    corners = np.array([[100.0, 40.0], [200.0, 40.0], [100.0, 240.0], [200.0, 240.0]])
    seen = transform(corners, matrix)
    assert ((seen > 0) & (seen < 255)).all()
    np.testing.assert_allclose(transform(seen, invert_matrix(matrix)), corners, atol=1e-9)
    left_of_right = seen[0, 0] < seen[1, 0]
    assert left_of_right != view.mirrored
    np.testing.assert_allclose(np.linalg.norm(seen[2] - seen[0]), 256 / view.padding, rtol=1e-9)


@pytest.mark.parametrize("size", [(80, 60), (400, 300), (1200, 900), (3000, 2200)], ids=str)
def test_what_is_cut_lies_where_the_matrix_says(size: tuple[int, int]) -> None:
    height, width = size
    x, y = 0.61 * width, 0.37 * height
    columns, rows = np.arange(width), np.arange(height)[:, None]
    spot = np.exp(-(((columns - x) ** 2 + (rows - y) ** 2) / (2 * (height / 25) ** 2)))
    image = np.repeat((spot * 250).astype(np.uint8)[..., None], 3, axis=2)
    matrix = view_matrix(np.array([0.0, 0.0, width, height]), View(1.25, 0.0, False))
    crop = cut(image, matrix)[..., 0].astype(float)
    found = [(crop.sum(axis) * np.arange(256)).sum() / crop.sum() for axis in (0, 1)]
    np.testing.assert_allclose(found, transform(np.array([[x, y]]), matrix)[0], atol=0.15)


def test_a_mistaken_view_does_not_count() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, (NUM_KEYPOINTS, 2))
    points = (truth + rng.normal(0, 0.1, (8, NUM_KEYPOINTS, 2))).astype(np.float32)
    points[3] += 50
    body = np.concatenate([points[:, :17], np.full((8, 17, 1), 0.7)], axis=2).astype(np.float32)
    found = combine(points, np.full((8, NUM_KEYPOINTS), 0.5, np.float32), body)
    np.testing.assert_allclose(found.points, truth, atol=0.5)
    np.testing.assert_allclose(found.body[:, :2], truth[:17], atol=0.5)
    assert found.spread.max() < 0.5 and found.body_spread.max() < 0.5
    np.testing.assert_allclose(found.body[:, 2], 0.7, atol=1e-6)


def test_views_that_disagree_are_seen() -> None:
    points = np.zeros((8, NUM_KEYPOINTS, 2), np.float32)
    points[::2, 4] = 40
    body = np.zeros((8, 17, 3), np.float32)
    found = combine(points, np.zeros((8, NUM_KEYPOINTS), np.float32), body)
    assert found.spread[4] > 20 and np.delete(found.spread, 4).max() == 0


@pytest.fixture(scope="module")
def movenet(shared: Path) -> FrozenMoveNet:
    path = shared / "models" / "movenet_thunder.onnx"
    if not path.is_file():
        pytest.skip("needs movenet_thunder.onnx in the shared models")
    return FrozenMoveNet(path, 1)


def test_a_mirrored_picture_swaps_left_and_right(movenet: FrozenMoveNet, root: Path) -> None:
    image = load_image(root / "spinepose_hf" / "samples" / "walking.jpg")
    height, width = image.shape[:2]
    annotate = Annotator(movenet, AnnotatorHead())
    box = np.array([0.0, 0.0, width, height])
    plain = annotate(image, box)
    mirrored = annotate(np.ascontiguousarray(image[:, ::-1]), box)
    body = mirrored.body[list(FLIP_INDEX[:17])]
    body[:, 0] = width - 1 - body[:, 0]
    sure = (plain.body[:, 2] > 0.5) & (body[:, 2] > 0.5)
    assert sure.sum() >= 8
    assert np.median(np.linalg.norm(plain.body[sure, :2] - body[sure, :2], axis=1)) < 0.02 * height


def test_features_have_their_shapes(movenet: FrozenMoveNet) -> None:
    rng = np.random.default_rng(0)
    answer = movenet(rng.integers(0, 256, (256, 256, 3)).astype(np.uint8))
    assert [each.shape for each in answer] == [(41, 32, 32), (64, 16, 16), (1280, 8, 8), (17, 3)]
    assert all(each.dtype == np.float32 and np.isfinite(each).all() for each in answer)


WRONG_FILES = {
    "missing": (None, "does not exist"),
    "no ONNX": (b"\xff\xff not a model", "is not a readable ONNX model"),
    "another network": ("embedded", "has no tensor t401"),
}


@pytest.mark.parametrize(("content", "message"), WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_a_wrong_file_is_refused_in_one_line(
    content: bytes | str | None, message: str, tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "movenet.onnx"
    if content == "embedded":
        path = root / "spinepose_hf" / "weights" / "spinepose_t_int8.onnx"
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        FrozenMoveNet(path)
    assert path.name in str(caught.value)
