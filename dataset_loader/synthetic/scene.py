"""One scene: one to four people and a few things on one floor, joined into a single mesh for ray casting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.archetypes import archetype_names
from dataset_loader.synthetic.body import Body, Floats, Ints
from dataset_loader.synthetic.figure import Figure, sample_figure
from dataset_loader.synthetic.mesh import CANONICAL, NUM_ATTRIBUTES, Layer, Mesh, join
from dataset_loader.synthetic.motion import Motions
from dataset_loader.synthetic.outfit import dress
from dataset_loader.synthetic.placing import Occupancy, moved, push_until_free, turned
from dataset_loader.synthetic.prop import Prop, barbell, held, sample_prop, seat, table
from dataset_loader.synthetic.raycast import RayCaster
from dataset_loader.synthetic.solids import lattice
from dataset_loader.synthetic.wardrobe import Outfit, sample_outfit

PEOPLE_SHARES = (0.52, 0.30, 0.12, 0.06)  # of scenes with 1, 2, 3 and 4 people
HELD_SHARE = 0.10  # of the people
RACKET_SHARE = 0.85  # of those who play
DESK_SHARE = 0.4  # of the scenes whose first person sits
PROP_SHARES = (0.55, 0.27, 0.13, 0.05)  # of scenes with 0, 1, 2 and 3 things around
SKIN_STRIDE = 3  # of the skin vertices that are tested for overlap
GRID = 0.06  # metres between the points that stand for a thing in that test
PROP_SEGMENT = -1
FACING = 270.0  # degrees of -y, which figures face before they are turned
CLINICAL, LIFTING, RACKET = (frozenset(archetype_names(group)) for group in ("clinical", "lifting", "racket"))


@dataclass(frozen=True)
class Person:
    """A figure in its place, what it wears, and skin points (N, 3) that stand for it when it is framed."""

    figure: Figure
    outfit: Outfit
    skin: Floats
    segments: Ints


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same over the views of a scene.

    Attributes:
        people: in the order in which they were placed; the first stands at the origin.
        mesh: all triangles; `owner` (F,) is the person's index, or -1 - k for solid k of the things.
        values: normals and attributes of each vertex side by side (N, 3 + A), interpolated in one pass.
        solid_colours: linear RGB (K, 3) of the solids.
        hulls: corners (K, 8, 3) of the boxes around the solids.
        front: direction in the plane (2,) from the first person to a thing that can hide it, or None.
        caster: ray queries against the mesh.
    """

    people: tuple[Person, ...]
    mesh: Mesh
    owner: Ints
    values: Floats
    solid_colours: Floats
    hulls: Floats
    front: Floats | None
    caster: RayCaster


def sample_count(rng: np.random.Generator, most: int) -> int:
    """How many people a scene holds, 1..most."""
    shares = np.array(PEOPLE_SHARES[:most])
    return 1 + int(rng.choice(len(shares), p=shares / shares.sum()))


def _thing_points(props: list[Prop]) -> Floats:
    """Points (N, 3) that stand for things when they are tested for overlap."""
    parts = [lattice(solid, GRID) for prop in props for solid in prop.solids]
    return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)


def _own_things(rng: np.random.Generator, body: Body, figure: Figure) -> list[Prop]:
    """What somebody sits on and holds."""
    things = []
    if figure.pose.support == "seat":
        things.append(seat(rng, body, figure.posed))
    if figure.pose.name in LIFTING:
        things.append(barbell(rng, body, figure.posed))
    elif figure.pose.name in RACKET and rng.random() < RACKET_SHARE:
        things.append(held(rng, body, figure.posed, "racket"))
    elif figure.pose.name not in CLINICAL and rng.random() < HELD_SHARE:
        things.append(held(rng, body, figure.posed))
    return [thing for thing in things if thing is not None]


def _neighbour_start(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """Where another person is first put, in which direction pushed until it stands free, and its turn."""
    kind = rng.random()
    angle = rng.uniform(0, 360)
    if kind < 0.40:  # side by side, facing much the same way
        angle = float(rng.choice([0.0, 180.0])) + rng.normal(0, 15)
        distance, turn = rng.uniform(0.25, 0.8), rng.normal(0, 35)
    elif kind < 0.65:  # one before the other
        angle = float(rng.choice([90.0, 270.0])) + rng.normal(0, 15)
        distance = rng.uniform(0.3, 1.2)
        turn = rng.normal(0, 30) if rng.random() < 0.5 else rng.normal(180, 30)
    elif kind < 0.85:
        distance, turn = rng.uniform(0.3, 1.5), rng.uniform(0, 360)
    else:  # somebody passing
        distance, turn = rng.uniform(1.8, 5.0), rng.uniform(0, 360)
    direction = turned(angle)[:, 0]
    return direction * np.float32(distance), direction, turn


def sample_scene(
    rng: np.random.Generator, body: Body, most_people: int, motions: Motions | None = None
) -> Scene:
    """Draw people, clothes and things, and place them."""
    people: list[Person] = []
    meshes: list[Mesh] = []
    props: list[Prop] = []
    floor = Occupancy()
    for index in range(sample_count(rng, most_people)):
        figure = sample_figure(rng, body, motions)
        own = _own_things(rng, body, figure)
        outfit = sample_outfit(rng, figure.shape.male)
        start, direction, turn = _neighbour_start(rng)
        points = np.concatenate([figure.posed.vertices[body.is_skin][::SKIN_STRIDE], _thing_points(own)])
        if index == 0:
            turn, shift = 0.0, np.zeros(3, np.float32)
        else:
            free = push_until_free(points @ turned(turn).T, start, direction, floor)
            if free is None:
                continue
            shift = free
        placed = moved(figure, turn, shift)
        floor.take(points @ turned(turn).T + shift)
        meshes.append(dress(body, placed.posed, outfit))
        props += [prop.moved(turn, shift) for prop in own]
        framing = body.is_skin.nonzero()[0][::40]
        people.append(Person(placed, outfit, placed.posed.vertices[framing], body.segment[framing]))
    front = None
    at_desk = people[0].figure.pose.support == "seat" and rng.random() < DESK_SHARE
    clinical = people[0].figure.pose.name in CLINICAL
    for number in range(0 if clinical else int(rng.choice(len(PROP_SHARES), p=PROP_SHARES)) or at_desk):
        desk = at_desk and number == 0
        angle = FACING + rng.normal(0, 8) if desk else rng.uniform(0, 360)
        prop = table(rng) if desk else sample_prop(rng)
        prop = prop.moved(angle + 90 + rng.normal(0, 4 if desk else 12), np.zeros(3, np.float32))
        direction = turned(angle)[:, 0]
        points = _thing_points([prop])
        start = direction * np.float32(rng.uniform(0.1, 0.4 if desk else 0.9))
        free = push_until_free(points, start, direction, floor)
        if free is None:
            continue
        floor.take(points + free)
        props.append(prop.moved(0, free))
        front = direction[:2]
    return _join(tuple(people), meshes, props, front)


def _solid_mesh(prop: Prop, index: int) -> Mesh:
    """One solid of a thing as a mesh; its place on the canonical body is its place in the world."""
    solid = prop.solids[index]
    count = len(solid.vertices)
    attributes = np.zeros((count, NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = solid.vertices
    return Mesh(
        solid.vertices,
        solid.normals,
        solid.faces,
        np.full(len(solid.faces), int(Layer.PROP)),
        attributes,
        np.ones(count, np.float32),
        np.full(count, PROP_SEGMENT),
    )


def _join(people: tuple[Person, ...], meshes: list[Mesh], props: list[Prop], front: Floats | None) -> Scene:
    """One mesh of all people and things."""
    solids = [(prop, k) for prop in props for k in range(len(prop.solids))]
    parts = meshes + [_solid_mesh(prop, k) for prop, k in solids]
    owners = list(range(len(meshes))) + [-1 - k for k in range(len(solids))]
    mesh = join(parts)
    return Scene(
        people,
        mesh,
        np.concatenate([np.full(len(part.faces), owner) for part, owner in zip(parts, owners, strict=True)]),
        np.concatenate([mesh.normals, mesh.attributes], axis=1),
        np.array([prop.colours[k] for prop, k in solids], np.float32).reshape(-1, 3),
        np.array([prop.solids[k].corners() for prop, k in solids], np.float32).reshape(-1, 8, 3),
        front,
        RayCaster(mesh),
    )
