"""A cut changes the picture as a whole; light and camera movement do not count."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.tracking.scene import CutDetector

Picture = NDArray[np.uint8]


def scenery(seed: int) -> Picture:
    """A picture with smooth structure, as rooms and landscapes have."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def with_person(image: Picture) -> Picture:
    changed = image.copy()
    changed[40:220, 100:180] = (250, 20, 20)
    return changed


@pytest.mark.parametrize(
    ("change", "cut"),
    [
        pytest.param(lambda image: image, False, id="the same"),
        pytest.param(lambda image: scenery(1), True, id="another scene"),
        pytest.param(lambda image: 255 - image, True, id="negative"),
        pytest.param(lambda image: np.clip(image + 90.0, 0, 255).astype(np.uint8), False, id="flash"),
        pytest.param(lambda image: (image * 0.7).astype(np.uint8), False, id="dimmed"),
        pytest.param(lambda image: np.roll(image, 12, axis=1), False, id="pan"),
        pytest.param(with_person, False, id="somebody steps in"),
    ],
)
def test_cuts(change: Callable[[Picture], Picture], cut: bool) -> None:
    image = scenery(0)
    cuts = CutDetector()
    assert not cuts(image), "the first picture is no cut"
    assert not cuts(image)
    assert cuts(np.ascontiguousarray(change(image))) is cut


def test_a_cut_is_one_cut() -> None:
    cuts = CutDetector()
    assert [cuts(scenery(seed)) for seed in (0, 0, 1, 1, 1, 0)] == [False, False, True, False, False, True]


def test_pictures_of_another_size() -> None:
    cuts = CutDetector()
    assert not cuts(scenery(0))
    assert not cuts(np.asarray(cv2.resize(scenery(0), (640, 480)), np.uint8))
