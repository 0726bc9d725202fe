"""Doubt about persons: the three measures, their combination, and that they point at the harder picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dataset_loader.annotate.uncertainty import Measures, combine, measure, mirrored_keypoints
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_NAMES, OKS_SIGMAS

BOX = np.array([0.0, 0.0, 100.0, 200.0])
AREA = 0.53 * 100 * 200
TOLERANCE = 2 * np.array(OKS_SIGMAS) * np.sqrt(AREA)
POINTS = np.tile([50.0, 100.0], (37, 1))


def doubt(
    sigmas: NDArray[np.float64] | float = 0.0, shift: NDArray[np.float64] | float = 0.0, score: float = 1.0
) -> Measures:
    spread = np.broadcast_to(np.asarray(sigmas, np.float64), (37,))
    moved = POINTS + np.broadcast_to(np.asarray(shift, np.float64), (37,))[:, None] * [1.0, 0.0]
    return measure(BOX, POINTS, moved, spread, np.full(37, score))


def test_a_perfect_person_is_beyond_doubt() -> None:
    assert doubt() == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("errors of one tolerance", doubt(sigmas=TOLERANCE).spread, 0.5),
        ("errors of three tolerances", doubt(sigmas=3 * TOLERANCE).spread, 0.9),
        ("mirror off by one tolerance", doubt(shift=TOLERANCE).flip, 1 - np.exp(-0.5)),
        ("one lost point", doubt(shift=np.eye(37)[3] * 1e6).flip, 1 / 37),
        ("low score", doubt(score=0.25).score, 0.75),
    ],
)
def test_measures_have_the_stated_values(name: str, found: float, expected: float) -> None:
    assert found == pytest.approx(expected, abs=1e-9), name


def test_expected_similarity_is_that_of_normal_errors() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 0.7, (200_000, 2))
    sampled = np.exp(-(errors**2).sum(1) / 2).mean()
    assert doubt(sigmas=0.7 * TOLERANCE).spread == pytest.approx(1 - sampled, abs=0.003)


def test_larger_people_may_be_off_by_more_pixels() -> None:
    small = measure(BOX, POINTS, POINTS + 5, np.full(37, 5.0), np.ones(37))
    large = measure(BOX * 4, POINTS, POINTS + 5, np.full(37, 5.0), np.ones(37))
    assert large.spread < small.spread and large.flip < small.flip


def test_ranks_are_combined_whatever_the_scale() -> None:
    measures = [Measures(0.1, 0.001, 0.5), Measures(0.2, 0.9, 0.6), Measures(0.3, 0.5, 0.7)]
    assert combine(measures).tolist() == pytest.approx([0.0, (0.5 + 1 + 0.5) / 3, (1 + 0.5 + 1) / 3])
    stretched = [Measures(m.spread * 3, m.flip**2, m.score / 9) for m in measures]
    assert combine(stretched).tolist() == combine(measures).tolist()


def test_ties_share_their_rank() -> None:
    same = Measures(0.1, 0.1, 0.1)
    assert combine([same, same, same]).tolist() == [0.5, 0.5, 0.5]
    assert combine([same]).tolist() == [0.5]
    assert combine([]).tolist() == []


class _Brightest:
    """A network that always finds the left wrist at the brightest pixel, and all others at (0, 0)."""

    input_size = (64, 48)
    box_padding = 1.25
    keypoint_names = KEYPOINT_NAMES

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        keypoints = np.zeros((len(crops), 37, 2), np.float32)
        for place, crop in enumerate(crops):
            row, column = np.unravel_index(crop[..., 0].argmax(), crop.shape[:2])
            keypoints[place, 9] = column, row
        return CropPoses(
            keypoints, np.ones((len(crops), 37), np.float32), np.ones((len(crops), 37), np.float32)
        )


def test_mirrored_answer_comes_back_to_the_same_place_on_the_other_side() -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    image[41:44, 77:80] = 100
    image[42, 78] = 255
    box = np.array([[40.0, 10.0, 100.0, 80.0]])
    straight = poses_in_boxes(image, box, _Brightest()).keypoints[0, 9]
    back = mirrored_keypoints(image, box, _Brightest())[0]
    # What is a left wrist in the mirror is the right one; the network above knows no sides.
    assert FLIP_INDEX[10] == 9
    crop_pixel = 60 * 1.25 * 90 / 48 / 60
    np.testing.assert_allclose(back[10], straight, atol=crop_pixel)
    np.testing.assert_allclose(straight, [78, 42], atol=crop_pixel)


@pytest.mark.parametrize("harm", ["blurred", "occluded", "dark"])
def test_embedded_network_doubts_the_harder_picture_more(root: Path, harm: str) -> None:
    import cv2

    from spinepose_hf.inference.images import load_image

    image = load_image(root / "spinepose_hf" / "samples" / "rendered.jpg")
    height, width = image.shape[:2]
    box = np.array([[width * 0.2, height * 0.1, width * 0.8, height * 0.98]])
    if harm == "blurred":
        worse = cv2.GaussianBlur(image, (0, 0), 16)
    elif harm == "dark":
        worse = (image // 24).astype(np.uint8)
    else:
        worse = image.copy()
        worse[int(height * 0.1) : int(height * 0.8)] = 90
    runtime = load_runtime(None, "cpu")
    seen = []
    for picture in (image, worse):
        points, scores, sigmas = poses_in_boxes(picture, box, runtime)
        mirrored = mirrored_keypoints(picture, box, runtime)
        seen.append(
            measure(
                box[0], points[0].astype(np.float64), mirrored[0], sigmas[0].astype(np.float64), scores[0]
            )
        )
    clean, hard = combine(seen)
    assert hard > clean
    assert hard == 1.0, seen  # by every one of the three measures
