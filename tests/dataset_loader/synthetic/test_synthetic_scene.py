"""Scenes: people and things that stand free of each other, and the solids they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.synthetic.body import Body, Floats, load_body
from dataset_loader.synthetic.figure import sample_figure
from dataset_loader.synthetic.mesh import Layer
from dataset_loader.synthetic.placing import Occupancy, moved, push_until_free, turned
from dataset_loader.synthetic.prop import STANDING, held, sample_prop
from dataset_loader.synthetic.scene import Scene, sample_count, sample_scene
from dataset_loader.synthetic.solids import Solid, ball, box, lattice, leaves, tube


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def crowded(body: Body) -> list[Scene]:
    """Scenes that were allowed four people."""
    return [sample_scene(np.random.default_rng(seed), body, 4) for seed in range(14)]


SOLIDS: dict[str, Solid] = {
    "box": box((-1, -2, 0), (1, 2, 0.5)),
    "tube": tube((0, 0, 0), (0, 0, 2), 0.1),
    "slanted cone": tube((0, 0, 0), (1, 1, 1), 0.2, 0.05),
    "ball": ball((1, 2, 3), (0.5, 0.6, 0.7)),
}


def in_box(solid: Solid, points: Floats) -> np.ndarray:
    """Which points (N, 3) lie in the box that a solid says it has."""
    inside: np.ndarray = (np.abs((points - solid.centre) @ solid.axes.T) < solid.half + 1e-4).all(axis=1)
    return inside


def volume(solid: Solid) -> float:
    a, b, c = (solid.vertices[solid.faces[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6


@pytest.mark.parametrize(
    ("name", "expected"),
    [("box", 4.0), ("tube", 0.0588), ("slanted cone", 0.0890), ("ball", 0.825)],
)
def test_solids_are_closed_and_face_outwards(name: str, expected: float) -> None:
    solid = SOLIDS[name]
    assert volume(solid) == pytest.approx(expected, rel=0.02)
    a, b, c = (solid.vertices[solid.faces[:, i]] for i in range(3))
    flat = np.cross(b - a, c - a)
    large = np.linalg.norm(flat, axis=1) > 1e-6
    smooth = solid.normals[solid.faces].mean(axis=1)
    assert (np.einsum("ij,ij->i", flat, smooth)[large] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(solid.normals, axis=1), 1, atol=1e-5)
    assert in_box(solid, solid.vertices).all()


def test_a_moved_solid_keeps_its_box() -> None:
    solid = SOLIDS["slanted cone"].moved(turned(37), np.array([1, 2, 0.5]))
    assert in_box(solid, solid.vertices).all()
    assert not in_box(solid, solid.vertices + 0.6).any()
    assert volume(solid) == pytest.approx(volume(SOLIDS["slanted cone"]), rel=1e-4)
    inside = lattice(solid, 0.06)
    assert in_box(solid, inside).all() and len(inside) > 100


def test_leaves_stay_near_their_bush() -> None:
    bush = leaves(np.random.default_rng(0), (0, 0, 0), (1, 1, 1), 50, 0.1)
    assert bush.vertices.min() > -0.2 and bush.vertices.max() < 1.2


@pytest.mark.parametrize("make", [make for make, _ in STANDING], ids=lambda make: make.__name__)
def test_things_stand_on_the_floor(make: object) -> None:
    assert callable(make)
    for seed in range(8):
        prop = make(np.random.default_rng(seed))
        points = np.concatenate([solid.vertices for solid in prop.solids])
        assert points[:, 2].min() == pytest.approx(0, abs=0.12)
        assert points[:, 2].max() < 5
        assert len(prop.colours) == len(prop.solids)
        assert all((colour >= 0).all() and (colour <= 1).all() for colour in prop.colours)


def test_what_is_held_lies_in_a_hand(body: Body) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        figure = sample_figure(rng, body)
        points = np.concatenate([solid.vertices for solid in held(rng, body, figure.posed).solids])
        wrists = [figure.posed.positions[body.bone(f"wrist.{side}")] for side in "LR"]
        assert min(np.linalg.norm(points - wrist, axis=1).min() for wrist in wrists) < 0.15


def test_pushing_goes_on_until_nothing_is_met() -> None:
    floor = Occupancy()
    floor.take(np.array([[0, 0, 1], [0, 0.5, 1]], np.float32))
    point = np.array([[0, 0, 1]], np.float32)
    start, along = np.zeros(3, np.float32), np.array([0, 1, 0], np.float32)
    shift = push_until_free(point, start, along, floor)
    assert shift is not None and 0.05 < shift[1] < 0.2
    floor.take(np.stack([np.array([0, y, 1]) for y in np.arange(0, 9, 0.05)]).astype(np.float32))
    assert push_until_free(point, start, along, floor) is None


def test_counts_keep_to_what_is_asked() -> None:
    rng = np.random.default_rng(0)
    for most in (1, 2, 3, 4):
        drawn = [sample_count(rng, most) for _ in range(300)]
        assert set(drawn) == set(range(1, most + 1))
    assert 0.4 < np.mean(np.array(drawn) == 1) < 0.65


def test_moving_a_figure_moves_all_of_it(body: Body) -> None:
    figure = sample_figure(np.random.default_rng(3), body)
    other = moved(figure, 90, np.array([1, 2, 0], np.float32))
    turn = turned(90)
    np.testing.assert_allclose(other.keypoints, figure.keypoints @ turn.T + [1, 2, 0], atol=1e-5)
    np.testing.assert_allclose(other.posed.vertices[:, 2], figure.posed.vertices[:, 2], atol=1e-6)
    bone = body.bone("head")
    np.testing.assert_allclose(other.posed.rotations[bone], turn @ figure.posed.rotations[bone], atol=1e-5)
    assert other.spine == figure.spine


def inside_skin(points: Floats, skin: Floats) -> Floats:
    """Distances of points to the nearest skin vertex of somebody else."""
    return np.array([np.linalg.norm(skin - point, axis=1).min() for point in points])


def test_people_do_not_stand_in_each_other(crowded: list[Scene], body: Body) -> None:
    assert max(len(scene.people) for scene in crowded) >= 3
    for scene in crowded:
        skins = [person.figure.posed.vertices[body.is_skin][::11] for person in scene.people]
        for i, skin in enumerate(skins):
            for other in skins[:i]:
                assert inside_skin(skin[::5], other).min() > 0.005
        roots = [person.figure.posed.positions[0, :2] for person in scene.people]
        for i, root in enumerate(roots):
            for another in roots[:i]:
                assert np.linalg.norm(root - another) > 0.12


def test_the_mesh_knows_whose_each_triangle_is(crowded: list[Scene]) -> None:
    for scene in crowded:
        mesh = scene.mesh
        assert len(scene.owner) == len(mesh.faces) == len(mesh.layer)
        assert mesh.faces.max() < len(mesh.vertices) == len(scene.values)
        assert set(scene.owner[scene.owner >= 0]) == set(range(len(scene.people)))
        things = scene.owner < 0
        assert (mesh.layer[things] == Layer.PROP).all() and (mesh.layer[~things] != Layer.PROP).all()
        assert len(scene.solid_colours) == len(scene.hulls) == len(set(scene.owner[things]))
        for index, person in enumerate(scene.people):
            corners = mesh.vertices[mesh.faces[scene.owner == index]].reshape(-1, 3)
            middle = person.skin[:, :2].mean(axis=0)
            assert np.linalg.norm(corners[:, :2].mean(axis=0) - middle) < 0.3
    assert any((scene.owner < 0).any() for scene in crowded)


def test_same_state_same_scene(body: Body) -> None:
    first, second = (sample_scene(np.random.default_rng(9), body, 4) for _ in range(2))
    np.testing.assert_array_equal(first.mesh.vertices, second.mesh.vertices)
    np.testing.assert_array_equal(first.mesh.faces, second.mesh.faces)


def test_some_thing_is_drawn_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    assert len({sample_prop(rng).name for _ in range(200)}) == len(STANDING)
