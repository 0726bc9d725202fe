"""Bodies laid down the way they rest, and put on the floor."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.synthetic.body import Body, Shape, load_body
from dataset_loader.synthetic.ground import on_floor, settle
from dataset_loader.synthetic.rotations import Floats, rx, ry


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def shape(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(1))


def tilt(rotation: Floats) -> float:
    """Degrees of a rotation."""
    return float(np.rad2deg(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


@pytest.mark.parametrize(
    ("name", "off"),
    [("head up", rx(12)), ("head down", rx(-12)), ("rolled", ry(10)), ("both", rx(8) @ ry(-8))],
)
def test_a_lying_body_rolls_back_to_how_it_rests(body: Body, shape: Shape, name: str, off: Floats) -> None:
    supine = rx(-90)
    resting = settle(body, shape, body.local_rotations({"root": supine})) @ supine
    started = off @ resting
    settled = settle(body, shape, body.local_rotations({"root": started})) @ started
    assert tilt(settled @ resting.T) < 4, name


def test_what_rests_stays(body: Body, shape: Shape) -> None:
    supine = rx(-90)
    resting = settle(body, shape, body.local_rotations({"root": supine})) @ supine
    assert tilt(settle(body, shape, body.local_rotations({"root": resting}))) < 1.5


def test_a_settled_body_touches_the_floor_below_its_middle(body: Body, shape: Shape) -> None:
    """Contacts lie on both sides of the pelvis along the body, which otherwise would tip over."""
    supine = rx(-80) @ ry(5)
    resting = settle(body, shape, body.local_rotations({"root": supine})) @ supine
    posed = on_floor(body.skin(shape, body.local_rotations({"root": resting})), body)
    touching = posed.vertices[body.is_skin & (posed.vertices[:, 2] < 0.02)]
    assert touching[:, 1].min() < 0.1 and touching[:, 1].max() > 0.1
    assert np.ptp(touching[:, 0]) > 0.05


@pytest.mark.parametrize("lift", [0.0, 0.4])
def test_on_floor(body: Body, shape: Shape, lift: float) -> None:
    rest = body.skin(shape, body.local_rotations({}))
    placed = on_floor(rest, body, lift)
    assert placed.vertices[body.is_skin, 2].min() == pytest.approx(lift, abs=1e-6)
    np.testing.assert_allclose(placed.positions[0, :2], 0, atol=1e-6)
    np.testing.assert_allclose(
        placed.vertices - placed.positions[0], rest.vertices - rest.positions[0], atol=1e-5
    )
