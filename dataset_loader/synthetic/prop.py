"""Furniture and other things near people: what they sit on, stand behind, or hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed
from dataset_loader.synthetic.materials import wall_colour
from dataset_loader.synthetic.placing import turned
from dataset_loader.synthetic.solids import Solid, ball, box, leaves, tube

LOWEST_SEAT = 0.15  # metres; who sits lower sits on the floor
SHORTEST_GRIP, LONGEST_GRIP = 0.25, 1.4  # metres between the hands on a barbell
STEEPEST_BAR = 0.25  # rise over length
BAR_CLEARANCE = 0.07  # metres from the middle of the bar to the skin of trunk, neck and head


@dataclass(frozen=True)
class Prop:
    """A thing made of solids with one linear RGB colour (3,) each, standing on the floor z = 0."""

    name: str
    solids: tuple[Solid, ...]
    colours: tuple[Floats, ...]

    def moved(self, degrees: float, shift: Floats) -> Prop:
        """The thing turned about the vertical through the origin, then shifted (3,)."""
        turn = turned(degrees)
        return Prop(self.name, tuple(solid.moved(turn, shift) for solid in self.solids), self.colours)


def prop_colour(rng: np.random.Generator) -> Floats:
    """Wood, metal, black plastic, or any muted paint; linear RGB."""
    kind = rng.random()
    if kind < 0.3:
        wood = np.array([0.36, 0.21, 0.10]) * rng.uniform(0.25, 1.5) * rng.uniform(0.9, 1.1, 3)
        return wood.astype(np.float32)
    if kind < 0.65:
        return np.full(3, rng.choice([0.02, 0.05, 0.3, 0.6]) * rng.uniform(0.7, 1.3), np.float32)
    paint: Floats = wall_colour(rng) ** np.float32(2.2)
    return paint


def _uniform(name: str, solids: Sequence[Solid], colour: Floats) -> Prop:
    return Prop(name, tuple(solids), (colour,) * len(solids))


def _legs(half_width: float, half_depth: float, top: float, thickness: float) -> list[Solid]:
    """Four square legs inside the corners of a board."""
    return [
        box((x - thickness, y - thickness, 0), (x + thickness, y + thickness, top))
        for x in (thickness - half_width, half_width - thickness)
        for y in (thickness - half_depth, half_depth - thickness)
    ]


def table(rng: np.random.Generator) -> Prop:
    """A desk or table, often with a screen, a laptop or a cup on it."""
    half_width, half_depth = rng.uniform(0.35, 0.9), rng.uniform(0.24, 0.42)
    top = rng.uniform(0.66, 0.80) if rng.random() < 0.85 else rng.uniform(0.9, 1.1)
    paint = prop_colour(rng)
    solids = [box((-half_width, -half_depth, top - 0.03), (half_width, half_depth, top))]
    solids += _legs(half_width, half_depth, top - 0.03, rng.uniform(0.015, 0.035))
    if rng.random() < 0.25:  # closed towards the far side
        solids.append(box((-half_width, -half_depth, 0.0), (half_width, 0.03 - half_depth, top - 0.03)))
    colours = [paint] * len(solids)
    for _ in range(int(rng.integers(0, 3))):
        x = rng.uniform(-0.7, 0.7) * half_width
        if rng.random() < 0.5:
            wide, tall = rng.uniform(0.14, 0.28), rng.uniform(0.2, 0.4)
            solids.append(box((x - wide, -0.03, top), (x + wide, 0.0, top + tall)))
        else:
            solids.append(
                tube((x, 0.0, top), (x, 0.0, top + rng.uniform(0.08, 0.25)), rng.uniform(0.03, 0.05))
            )
        colours.append(prop_colour(rng))
    return Prop("table", tuple(solids), tuple(colours))


def chair(rng: np.random.Generator) -> Prop:
    """An empty chair."""
    half, top = rng.uniform(0.19, 0.26), rng.uniform(0.42, 0.48)
    solids = [box((-half, -half, top - 0.04), (half, half, top)), *_legs(half, half, top - 0.04, 0.016)]
    solids.append(box((-half, half - 0.03, top + 0.1), (half, half, top + rng.uniform(0.3, 0.5))))
    return _uniform("chair", solids, prop_colour(rng))


def crate(rng: np.random.Generator) -> Prop:
    """A box, a plyometric block, a pillar or a board."""
    height = rng.uniform(0.2, 1.0) if rng.random() < 0.88 else rng.uniform(1.2, 2.4)
    half_width, half_depth = rng.uniform(0.12, 0.45), rng.uniform(0.05, 0.35)
    return _uniform(
        "crate", [box((-half_width, -half_depth, 0), (half_width, half_depth, height))], prop_colour(rng)
    )


def bench(rng: np.random.Generator) -> Prop:
    """A bench for two, or to lie on."""
    half_width, half_depth, top = rng.uniform(0.5, 0.9), rng.uniform(0.13, 0.22), rng.uniform(0.38, 0.48)
    solids = [box((-half_width, -half_depth, top - 0.06), (half_width, half_depth, top))]
    solids += [
        box((x - 0.03, -half_depth * 0.8, 0), (x + 0.03, half_depth * 0.8, top - 0.06))
        for x in (-0.8 * half_width, 0.8 * half_width)
    ]
    return _uniform("bench", solids, prop_colour(rng))


def pole(rng: np.random.Generator) -> Prop:
    """A post or a lamp stand."""
    height = rng.uniform(1.6, 4.0)
    return _uniform("pole", [tube((0, 0, 0), (0, 0, height), rng.uniform(0.012, 0.07))], prop_colour(rng))


def bars(rng: np.random.Generator) -> Prop:
    """Two uprights with one or two bars: a rack, a barre, a goal."""
    half, height, radius = rng.uniform(0.5, 1.2), rng.uniform(0.8, 2.4), rng.uniform(0.012, 0.035)
    solids = [tube((x, 0, 0), (x, 0, height), radius) for x in (-half, half)]
    overhang = rng.uniform(0, 0.4)
    for level in {height, float(height * rng.uniform(0.3, 0.9))}:
        solids.append(tube((-half - overhang, 0, level), (half + overhang, 0, level), radius))
    return _uniform("bars", solids, prop_colour(rng))


def fence(rng: np.random.Generator) -> Prop:
    """A railing of thin uprights between two rails."""
    half, height = rng.uniform(0.7, 1.6), rng.uniform(0.7, 1.2)
    radius, gap = rng.uniform(0.006, 0.018), rng.uniform(0.09, 0.3)
    solids = [tube((-half, 0, z), (half, 0, z), radius * 1.4) for z in (0.12, height)]
    solids += [tube((float(x), 0, 0), (float(x), 0, height), radius) for x in np.arange(-half, half, gap)]
    return _uniform("fence", solids, prop_colour(rng))


def sports_ball(rng: np.random.Generator) -> Prop:
    """From a handball to a gym ball."""
    radius = rng.uniform(0.09, 0.13) if rng.random() < 0.5 else rng.uniform(0.22, 0.38)
    return _uniform("ball", [ball((0, 0, radius), (radius,) * 3)], prop_colour(rng))


def plant(rng: np.random.Generator) -> Prop:
    """A pot plant or a small bush."""
    height, wide = rng.uniform(0.5, 1.7), rng.uniform(0.18, 0.45)
    green = np.array([0.06, 0.13, 0.03]) * rng.uniform(0.5, 1.8) * rng.uniform(0.8, 1.2, 3)
    pot = height * rng.uniform(0.15, 0.3)
    crown = leaves(
        rng, (-wide, -wide, pot), (wide, wide, height), int(rng.integers(60, 220)), rng.uniform(0.10, 0.3)
    )
    base = tube((0, 0, 0), (0, 0, pot), wide * 0.35, wide * 0.5)
    stem = tube((0, 0, pot), (rng.normal(0, 0.03), rng.normal(0, 0.03), height * 0.85), 0.012, 0.004)
    leaf = green.astype(np.float32)
    return Prop("plant", (base, stem, crown), (prop_colour(rng), leaf * np.float32(0.6), leaf))


def weights(rng: np.random.Generator) -> Prop:
    """A barbell on the floor."""
    half, plate = rng.uniform(0.2, 0.9), rng.uniform(0.06, 0.22)
    solids = [tube((-half, 0, plate), (half, 0, plate), 0.014)]
    solids += [tube((x - 0.03, 0, plate), (x + 0.03, 0, plate), plate) for x in (-half * 0.9, half * 0.9)]
    return _uniform("weights", solids, np.full(3, rng.uniform(0.02, 0.1), np.float32))


STANDING: tuple[tuple[Callable[[np.random.Generator], Prop], float], ...] = (
    (table, 0.24),
    (chair, 0.14),
    (crate, 0.14),
    (bench, 0.07),
    (pole, 0.09),
    (bars, 0.10),
    (fence, 0.05),
    (sports_ball, 0.06),
    (plant, 0.07),
    (weights, 0.04),
)


def sample_prop(rng: np.random.Generator) -> Prop:
    """Some thing to stand near people, at the origin."""
    make, _ = STANDING[int(rng.choice(len(STANDING), p=[share for _, share in STANDING]))]
    return make(rng)


def seat(rng: np.random.Generator, body: Body, posed: Posed) -> Prop | None:
    """A seat under the pelvis and down to the floor; None for who sits on the floor."""
    forward = posed.rotations[0] @ np.array([0, -1, 0], np.float32)
    heading = float(np.rad2deg(np.arctan2(forward[0], -forward[1])))
    behind = body.is_skin & (body.segment == 0) & (body.canonical[:, 2] < 0.15)
    top = float(posed.vertices[behind, 2].min()) + 0.01
    if top < LOWEST_SEAT:
        return None
    half_width, back, front = rng.uniform(0.19, 0.6), rng.uniform(0.16, 0.32), rng.uniform(0.14, 0.28)
    thickness = top if rng.random() < 0.5 else min(rng.uniform(0.04, 0.12), top)
    solids = [box((-half_width, -front, top - thickness), (half_width, back, top))]
    if thickness < top:
        leg = rng.uniform(0.01, 0.02)
        solids += [
            box((x - leg, y - leg, 0), (x + leg, y + leg, top - thickness))
            for x in (leg - half_width, half_width - leg)
            for y in (leg - front, back - leg)
        ]
    if rng.random() < 0.4:  # a low backrest
        solids.append(box((-half_width, back, top), (half_width, back + 0.04, top + rng.uniform(0.12, 0.45))))
    at = posed.positions[0] * np.array([1, 1, 0], np.float32)
    return _uniform("seat", solids, prop_colour(rng)).moved(heading, at)


def _hands(body: Body, posed: Posed) -> list[tuple[Floats, Floats]]:
    """Left and right: middle of the fist (3,), and its axes as columns: palm, fingers, along a grip."""
    found = []
    for side, inward in (("L", -1.0), ("R", 1.0)):
        wrist, knuckle = (posed.positions[body.bone(f"{name}.{side}")] for name in ("wrist", "finger3-1"))
        finger = (knuckle - wrist) / np.linalg.norm(knuckle - wrist)
        turn = posed.rotations[body.bone(f"wrist.{side}")]
        grip = turn @ np.array([0, -1, 0], np.float32)
        grip = grip - finger * (grip @ finger)
        grip /= np.linalg.norm(grip)
        palm = np.cross(finger, grip)
        if palm @ (turn @ np.array([inward, 0, -0.3], np.float32)) < 0:
            palm = -palm
        found.append((wrist + 0.9 * (knuckle - wrist) + 0.03 * palm, np.stack([palm, finger, grip], axis=1)))
    return found


def held(rng: np.random.Generator, body: Body, posed: Posed, kind: str | None = None) -> Prop:
    """A phone, bottle, dumbbell, racket or stick in one hand."""
    centre, frame = _hands(body, posed)[int(rng.integers(2))]
    name = kind or str(rng.choice(["phone", "bottle", "dumbbell", "racket", "stick"]))
    if name == "phone":
        solids = [box((-0.005, -0.03, -0.04), (0.005, 0.045, 0.12))]
    elif name == "bottle":
        solids = [tube((0, 0, -0.10), (0, 0, 0.12), 0.032), tube((0, 0, 0.12), (0, 0, 0.15), 0.014)]
    elif name == "dumbbell":
        plate = rng.uniform(0.035, 0.07)
        solids = [tube((0, 0, -0.10), (0, 0, 0.10), 0.014)]
        solids += [tube((0, 0, z - 0.035), (0, 0, z + 0.035), plate) for z in (-0.1, 0.1)]
    elif name == "racket":
        solids = [tube((0, 0, -0.06), (0, 0, 0.32), 0.014), ball((0, 0, 0.47), (0.012, 0.12, 0.16))]
    else:
        length = rng.uniform(0.3, 0.9)
        solids = [tube((0, 0, -0.2 * length), (0, 0, length), rng.uniform(0.01, 0.02))]
    return _uniform(name, [solid.moved(frame, centre) for solid in solids], prop_colour(rng))


def barbell(rng: np.random.Generator, body: Body, posed: Posed) -> Prop | None:
    """A barbell in both hands; None where it would slant or run through trunk, neck or head."""
    left, right = (centre for centre, _ in _hands(body, posed))
    along = right - left
    gap = float(np.linalg.norm(along))
    if not SHORTEST_GRIP < gap < LONGEST_GRIP or abs(float(along[2])) > STEEPEST_BAR * gap:
        return None
    along /= gap
    core = posed.vertices[body.is_skin & (body.segment <= 1)][::6]
    beside = core - left
    reach = beside @ along
    off = np.linalg.norm(beside - reach[:, None] * along, axis=1)
    if (off[(reach > 0) & (reach < gap)] < BAR_CLEARANCE).any():
        return None
    overhang, plate = rng.uniform(0.25, 0.5), rng.uniform(0.08, 0.22)
    start, end = left - along * overhang, right + along * overhang
    solids = [tube(start.tolist(), end.tolist(), 0.014)]
    for tip, inward in ((start, along), (end, -along)):
        solids.append(tube((tip + inward * 0.06).tolist(), (tip + inward * 0.12).tolist(), plate))
    return _uniform("barbell", solids, np.full(3, rng.uniform(0.015, 0.12), np.float32))
