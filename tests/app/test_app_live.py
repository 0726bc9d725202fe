"""Following the people before a camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.app.live import LONGEST_SIDE, LiveVisit, LiveVisits, fitted, live_html, live_picture
from spinepose_hf.app.point_labels import PictureOptions
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.measure.quantity import State


@pytest.fixture(scope="module")
def estimator() -> SpinePoseEstimator:
    """The weights in the package, which find people by themselves."""
    return SpinePoseEstimator()


@pytest.fixture(scope="module")
def picture(root: Path) -> np.ndarray:
    """A photo of one person, RGB."""
    return np.asarray(Image.open(root / "spinepose_hf" / "samples" / "walking.jpg").convert("RGB"))


def test_a_person_keeps_the_number_and_is_smoothed(
    estimator: SpinePoseEstimator, picture: np.ndarray
) -> None:
    moments = iter(range(100))
    visit = LiveVisit(estimator, clock=lambda: next(moments) / 10)
    before = picture.copy()
    for shift in (0, 2, 4):
        drawn, measures = visit(np.roll(picture, shift, axis=1), PictureOptions())
        assert [person.number for person in measures.people] == [1]
    assert max(drawn.shape) <= LONGEST_SIDE
    np.testing.assert_array_equal(picture, before)
    # Two ticks of the clock a picture.
    assert visit.rate == pytest.approx(5)
    assert visit.work_ms == pytest.approx(100)
    told = live_html(visit, measures)
    assert "5 pictures a second, 100 ms each" in told
    assert "Person 1" in told


def test_a_given_view_decides_what_is_measured(estimator: SpinePoseEstimator, picture: np.ndarray) -> None:
    visit = LiveVisit(estimator)
    for view, shown, hidden in (
        ("sagittal-left", "trunk_lean_deg", "shoulder_tilt_deg"),
        ("frontal-back", "shoulder_tilt_deg", "trunk_lean_deg"),
    ):
        _, measures = visit(picture, PictureOptions(), view)
        # How sure the weights are of a tilt that this photo shows from the side is another matter.
        assert measures.people[0][shown].state is not State.VIEW
        assert measures.people[0][hidden].state is State.VIEW
    with pytest.raises(ValueError):
        visit(picture, PictureOptions(), "nonsense")


def test_an_empty_room_is_told(estimator: SpinePoseEstimator) -> None:
    visit = LiveVisit(estimator)
    _, measures = visit(np.full((240, 320, 3), 127, np.uint8), PictureOptions())
    assert "Nobody is seen" in live_html(visit, measures)


def test_visits_are_kept_apart_and_let_go(estimator: SpinePoseEstimator) -> None:
    visits = LiveVisits(estimator)
    first, second = visits.of("a"), visits.of("b")
    assert first is not second
    assert visits.of("a") is first
    visits.forget("a")
    visits.forget("a")
    assert visits.of("a") is not first
    for number in range(200):
        visits.of(str(number))
    assert len(visits) == 64


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), (480, 640)), ((1080, 1920), (540, 960)), ((4000, 1), (960, 1))]
)
def test_large_pictures_are_made_smaller(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(np.zeros((*size, 3), np.uint8)).shape[:2] == expected


def test_a_picture_is_part_of_the_page() -> None:
    assert "camera is off" in live_picture(None)
    assert 'src="data:image/jpeg;base64,/9j/' in live_picture(np.zeros((8, 8, 3), np.uint8))
