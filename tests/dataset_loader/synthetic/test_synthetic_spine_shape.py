"""The spine's own curves: measured as asked, head over pelvis, trunk unbroken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataset_loader.synthetic.body import Body, Shape, load_body
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.spine_measure import SpineMeasure, measure_spine
from dataset_loader.synthetic.spine_shape import LateralCurve, SpineShape, sample_spine, with_spine
from spinepose_hf.model.skeleton import SPINE_CHAIN

MAIN = LateralCurve(0.45, 0.42)
DOUBLE = (LateralCurve(0.62, 0.36), LateralCurve(0.27, 0.30, -0.8))


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def rest(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(3))


def arc_chain(kyphosis: float, lordosis: float, lateral: float = 0.0) -> np.ndarray:
    """Nine points, 6 cm apart: two segments lean by the lordosis, two stand, four lean by the kyphosis."""
    forward = np.repeat([lordosis, 0, kyphosis], [2, 2, 4])
    leftward = np.interp(np.arange(8) + 0.5, [1.5, 5.5], [lateral / 2, -lateral / 2])
    steps = np.stack([np.tan(np.deg2rad(leftward)), -np.tan(np.deg2rad(forward)), np.ones(8)], axis=1)
    steps *= 0.06 / np.linalg.norm(steps, axis=1, keepdims=True)
    return np.vstack([np.zeros(3), np.cumsum(steps, axis=0)])


@pytest.mark.parametrize(
    ("name", "chain", "expected"),
    [
        ("straight", arc_chain(0, 0), (0, 0, 0)),
        ("round back", arc_chain(40, 0), (40, 0, 0)),
        ("hollow back", arc_chain(0, 40), (0, 40, 0)),
        ("both", arc_chain(30, 30), (30, 30, 0)),
        ("bulge to the left", arc_chain(0, 0, 20), (0, 0, 20)),
        ("bulge to the right", arc_chain(0, 0, -20), (0, 0, -20)),
    ],
)
def test_measure_of_known_curves(name: str, chain: np.ndarray, expected: tuple[float, float, float]) -> None:
    found = measure_spine(chain)
    np.testing.assert_allclose(
        (found.kyphosis_deg, found.lordosis_deg, found.lateral_deg), expected, atol=0.5, err_msg=name
    )


def test_measure_turns_with_the_sign_of_the_side_and_is_free_of_scale() -> None:
    chain = arc_chain(35, 40, 15)
    mirrored, larger = measure_spine(chain * [-1, 1, 1]), measure_spine(chain * 3)
    found = measure_spine(chain)
    assert mirrored == replace(found, lateral_deg=-found.lateral_deg)
    np.testing.assert_allclose(larger.kyphosis_deg, found.kyphosis_deg)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("flat", SpineShape(12, 12)),
        ("mean", SpineShape(37, 35)),
        ("round", SpineShape(66, 30)),
        ("hollow", SpineShape(40, 55)),
        ("thoracolumbar left", SpineShape(37, 35, 30, (MAIN,))),
        ("thoracic right", SpineShape(30, 35, -38, (LateralCurve(0.62, 0.36),), turn=0.5)),
        ("double", SpineShape(30, 35, -30, DOUBLE)),
        ("head forward", SpineShape(45, 30, neck_forward=0.03, head_forward=0.03)),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_bent_body_measures_as_asked(body: Body, name: str, asked: SpineShape, seed: int) -> None:
    rest = body.sample_shape(np.random.default_rng(seed))
    bent = with_spine(body, rest, asked)
    found = measure_spine(bent.spine)
    assert found.kyphosis_deg == pytest.approx(asked.kyphosis_deg, abs=1), name
    assert found.lordosis_deg == pytest.approx(asked.lordosis_deg, abs=1), name
    assert found.lateral_deg == pytest.approx(asked.lateral_deg, abs=1.5), name
    assert bent.spine[6, 1] == pytest.approx(rest.spine[6, 1] - asked.neck_forward, abs=0.005)
    head_forward = asked.neck_forward + asked.head_forward
    assert bent.spine[8, 1] == pytest.approx(rest.spine[8, 1] - head_forward, abs=0.005)
    assert abs(bent.spine[8, 0] - rest.spine[8, 0]) < 0.03, "the head stays over the pelvis"


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("kyphosis_deg", [SpineShape(k, 35) for k in (15, 30, 45, 60)]),
        ("lordosis_deg", [SpineShape(37, lordosis) for lordosis in (15, 30, 45)]),
        ("lateral_deg", [SpineShape(37, 35, lateral, (MAIN,)) for lateral in (-30, -10, 10, 30)]),
    ],
)
def test_measured_angle_grows_with_the_asked_one(
    body: Body, rest: Shape, field: str, asked: list[SpineShape]
) -> None:
    found = [getattr(measure_spine(with_spine(body, rest, spine).spine), field) for spine in asked]
    assert (np.diff(found) > 5).all()


def test_symmetric_spine_stays_symmetric(body: Body, rest: Shape) -> None:
    even = replace(rest, spine=rest.spine * np.array([0, 1, 1], np.float32))
    bent = with_spine(body, even, SpineShape(50, 45))
    assert measure_spine(bent.spine).lateral_deg == pytest.approx(0, abs=1e-4)
    middle = body.is_skin & (np.abs(rest.vertices[:, 0]) < 0.001)
    assert np.abs(bent.vertices[middle, 0]).max() < 0.002


def test_keypoints_follow_the_bend_and_stay_inside_the_trunk(body: Body) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shape = with_spine(body, body.sample_shape(rng), sample_spine(rng))
        points = body_keypoints(body, body.skin(shape, body.local_rotations({})))
        np.testing.assert_allclose(points[list(SPINE_CHAIN)], shape.spine, atol=1e-5)
        trunk = shape.vertices[body.is_skin & (body.segment == 0) & (np.abs(body.canonical[:, 0]) < 0.1)]
        for point in shape.spine[:6]:
            ring = trunk[np.abs(trunk[:, 2] - point[2]) < 0.02]
            depth = (point[1] - ring[:, 1].min()) / np.ptp(ring[:, 1])
            assert 0.45 < depth < 0.98
            assert ring[:, 0].min() < point[0] < ring[:, 0].max()


def test_legs_stay_and_arms_keep_their_length(body: Body, rest: Shape) -> None:
    bent = with_spine(body, rest, SpineShape(60, 50, 30, (MAIN,)))
    for name in ("foot.L", "lowerleg01.R"):
        np.testing.assert_allclose(bent.heads[body.bone(name)], rest.heads[body.bone(name)], atol=1e-5)
    ends = [body.bone("lowerarm01.L"), body.bone("wrist.L")]
    lengths = [np.linalg.norm(np.subtract(*shape.heads[ends])) for shape in (bent, rest)]
    assert lengths[0] == pytest.approx(lengths[1], abs=1e-4)


def test_population() -> None:
    spines = [sample_spine(np.random.default_rng(seed)) for seed in range(2000)]
    kyphosis = np.array([s.kyphosis_deg for s in spines])
    lordosis = np.array([s.lordosis_deg for s in spines])
    lateral = np.array([s.lateral_deg for s in spines])
    assert 34 < kyphosis.mean() < 40 and 32 < lordosis.mean() < 38
    assert 0.2 < np.corrcoef(kyphosis, lordosis)[0, 1] < 0.5
    assert 0.12 < (np.abs(lateral) >= 10).mean() < 0.18
    assert np.abs(lateral).max() <= 42
    doubles = [s for s in spines if len(s.curves) == 2]
    assert doubles and all(s.curves[0].share * s.curves[1].share < 0 for s in doubles)


def test_measure_is_a_plain_record() -> None:
    assert SpineMeasure(1.0, 2.0, 3.0).lordosis_deg == 2.0
