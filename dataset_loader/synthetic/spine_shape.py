"""The curves of a person's own spine: bending the rest body until its vertebral chain measures as asked.

The trunk is bent smoothly: each height of it turns by an angle that changes along the spine, and the centre
line of the vertebrae is integrated from the turned tangents. Pelvis and legs stay, the head keeps its
upright attitude, shoulders and arms ride on the thorax.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Body, Floats, Ints, Shape
from dataset_loader.synthetic.spine_measure import spine_angles
from dataset_loader.synthetic.vertebrae import SPINE_POINTS

Doubles = npt.NDArray[np.float64]

# Adults standing: thoracic kyphosis T4-T12 40.6 +- 10 degrees, lordosis L1-L5 43 +- 11 (Vialle et al., J Bone
# Joint Surg Am 2005; 300 volunteers). Both tangents used here lie inside those levels, hence a little less.
KYPHOSIS, LORDOSIS = (37.0, 11.0), (35.0, 10.0)  # mean and standard deviation
KYPHOSIS_RANGE, LORDOSIS_RANGE = (8.0, 68.0), (8.0, 56.0)
SAGITTAL_CORRELATION = 0.35
# Curves above 10 degrees occur in 2-3 % of adolescents and 8 % and more of adults (Konieczny et al., J Child
# Orthop 2013; Kebaish et al., Spine 2011). They are drawn more often than that, so that a model sees enough.
SCOLIOSIS_SHARE = 0.15
SCOLIOSIS_RANGE = (10.0, 42.0)
DOUBLE_SHARE = 0.35  # of the scoliotic spines: a second curve the other way
ASYMMETRY = 2.5  # standard deviation, degrees, of everyone else
MOST_TURN = 14.0  # degrees of axial rotation at an apex; more folds the flank

ROWS = 120  # heights at which the bend is tabulated
SKIN_SMOOTHING = 0.07  # metres up and down over which the skin averages the turn of the vertebrae
BELOW_SACRUM = 0.06  # metres: the bend fades in over the pelvis
SOLVER_STEPS = 5
CLOSE_ENOUGH = 0.3  # degrees
SACRUM, LEVEL_L5, LEVEL_L1, LEVEL_T3, LEVEL_C7, ATLAS = (
    tuple(SPINE_POINTS).index(name) for name in ("hip", "spine_01", "spine_03", "spine_05", "neck", "neck_03")
)


@dataclass(frozen=True)
class LateralCurve:
    """One sideways bulge: apex and half length as shares of the way from sacrum (0) to C7 (1).

    `share` is its size against the main curve; negative bulges to the other side.
    """

    apex: float
    half_length: float
    share: float = 1.0


@dataclass(frozen=True)
class SpineShape:
    """What a spine shall measure at rest.

    Attributes:
        kyphosis_deg: see `SpineMeasure`.
        lordosis_deg: see `SpineMeasure`.
        lateral_deg: see `SpineMeasure`; its sign is the side of the main curve.
        curves: the main curve and perhaps others, which overlap little.
        turn: axial rotation at the apex, degrees a degree of the curve; the front of a vertebra turns to the
            convex side, which lifts the ribs of that side behind.
        neck_forward: how far C7 lies further forward than in the unbent body, metres.
        head_forward: the same of C1 against C7.
    """

    kyphosis_deg: float
    lordosis_deg: float
    lateral_deg: float = 0.0
    curves: tuple[LateralCurve, ...] = (LateralCurve(0.5, 0.45),)
    turn: float = 0.3
    neck_forward: float = 0.0
    head_forward: float = 0.0


def sample_spine(rng: np.random.Generator) -> SpineShape:
    """A spine of the adult population, with more scoliosis than there is."""
    first, second = rng.normal(size=2)
    second = SAGITTAL_CORRELATION * first + np.sqrt(1 - SAGITTAL_CORRELATION**2) * second
    curves, lateral = _sample_lateral(rng)
    return SpineShape(
        kyphosis_deg=float(np.clip(KYPHOSIS[0] + KYPHOSIS[1] * first, *KYPHOSIS_RANGE)),
        lordosis_deg=float(np.clip(LORDOSIS[0] + LORDOSIS[1] * second, *LORDOSIS_RANGE)),
        lateral_deg=lateral,
        curves=curves,
        turn=rng.uniform(0.15, 0.5),
        neck_forward=float(np.clip(rng.normal(0, 0.018), -0.04, 0.05)),
        head_forward=float(np.clip(rng.normal(0.006, 0.014), -0.025, 0.045)),
    )


def _sample_lateral(rng: np.random.Generator) -> tuple[tuple[LateralCurve, ...], float]:
    """Curves and the signed size of the main one, degrees."""
    if rng.random() >= SCOLIOSIS_SHARE:
        size = float(np.clip(rng.normal(0, ASYMMETRY), -8, 8))
        return (LateralCurve(rng.uniform(0.3, 0.65), rng.uniform(0.3, 0.42)),), size
    low, high = SCOLIOSIS_RANGE
    size = low + (high - low) * rng.beta(1, 2.2)
    thoracic = LateralCurve(rng.uniform(0.58, 0.68), rng.uniform(0.34, 0.40))
    lumbar = LateralCurve(rng.uniform(0.24, 0.31), rng.uniform(0.28, 0.33))
    if rng.random() < DOUBLE_SHARE:
        second = -rng.uniform(0.5, 1.0)
        main, other = (thoracic, lumbar) if rng.random() < 0.6 else (lumbar, thoracic)
        curves: tuple[LateralCurve, ...] = (main, LateralCurve(other.apex, other.half_length, second))
        right = 0.8 if main is thoracic else 0.4
    else:
        level = rng.random()
        long = LateralCurve(rng.uniform(0.36, 0.48), rng.uniform(0.38, 0.46))
        main = thoracic if level < 0.45 else long if level < 0.75 else lumbar
        curves = (main,)
        right = 0.8 if main is thoracic else 0.4  # thoracic curves are mostly convex to the right
    return curves, float(-size if rng.random() < right else size)


class _Bend:
    """The bend of one person: knots of the turn along the spine, and where the centre line then runs."""

    def __init__(self, spine: Floats, asked: SpineShape) -> None:
        chain = spine.astype(float)
        self.chain, self.asked = chain, asked
        heights = chain[:, 2]
        self.low = float(heights[SACRUM]) - BELOW_SACRUM
        self.rows = np.linspace(self.low, float(heights[ATLAS]), ROWS)
        self.step = float(self.rows[1] - self.rows[0])
        knots = [self.low, *(heights[i] for i in (LEVEL_L5, LEVEL_L1, LEVEL_T3, LEVEL_C7, ATLAS))]
        # Columns: how much each of the four sagittal knots turns every height.
        self.sagittal = np.stack(
            [np.interp(self.rows, knots, np.eye(6)[knot]) for knot in range(1, 5)], axis=1
        )
        place = (self.rows - heights[SACRUM]) / (heights[LEVEL_C7] - heights[SACRUM])
        self.lateral, self.axial = np.zeros(ROWS), np.zeros(ROWS)
        for curve in asked.curves:
            phase = np.clip((place - curve.apex) / curve.half_length, -1, 1) * np.pi
            self.lateral -= curve.share * np.sin(phase) / 2
            self.axial += curve.share * (1 + np.cos(phase)) / 2
        # Below the sacrum the line goes straight down.
        self.centre = np.stack([np.interp(self.rows, heights, chain[:, axis]) for axis in (0, 1)], axis=1)
        self.centre = np.column_stack([self.centre, self.rows])

    def smoothed(self) -> _Bend:
        """The same bend with its turns averaged over the height of a few vertebrae."""
        other = copy(self)
        width = max(int(SKIN_SMOOTHING / self.step), 1)
        padded = np.pad(
            np.column_stack([self.sagittal, self.lateral, self.axial]), ((width, width), (0, 0)), mode="edge"
        )
        total = np.cumsum(np.vstack([np.zeros(6), padded]), axis=0)
        mean = (total[2 * width + 1 :] - total[: -2 * width - 1]) / (2 * width + 1)
        from_ends = np.minimum(np.arange(ROWS), np.arange(ROWS)[::-1])
        mean *= np.clip(from_ends / width, 0, 1)[:, None]  # pelvis and head keep their attitude
        other.sagittal, other.lateral, other.axial = mean[:, :4], mean[:, 4], mean[:, 5]
        return other

    def turns(self, knobs: Doubles) -> Doubles:
        """Rotations (..., ROWS, 3, 3) for knobs (..., 5), degrees: sagittal ones, then the lateral size."""
        forward = np.deg2rad(knobs[..., :4] @ self.sagittal.T)
        left = np.deg2rad(knobs[..., 4:] * self.lateral)
        axial = np.deg2rad(np.clip(knobs[..., 4:] * self.asked.turn, -MOST_TURN, MOST_TURN) * self.axial)
        (cf, sf), (cl, sl), (ca, sa) = ((np.cos(a), np.sin(a)) for a in (forward, left, axial))
        # Ry(left) Rx(forward) Rz(axial), written out.
        rows = [
            [cl * ca + sl * sf * sa, -cl * sa + sl * sf * ca, sl * cf],
            [cf * sa, cf * ca, -sf],
            [-sl * ca + cl * sf * sa, sl * sa + cl * sf * ca, cl * cf],
        ]
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    def line(self, turns: Doubles) -> Doubles:
        """The bent centre line (..., ROWS, 3)."""
        middle = (turns[..., 1:, :, :] + turns[..., :-1, :, :]) / 2
        steps = (middle @ np.diff(self.centre, axis=0)[..., None])[..., 0]
        start = np.broadcast_to(self.centre[0], (*steps.shape[:-2], 1, 3))
        moved: Doubles = np.cumsum(np.concatenate([start, steps], axis=-2), axis=-2)
        return moved

    def row(self, heights: npt.NDArray[np.floating]) -> Ints:
        """Nearest tabulated row of each height; what lies beyond keeps the last one."""
        nearest: Ints = np.clip(np.rint((heights - self.low) / self.step), 0, ROWS - 1).astype(np.int64)
        return nearest

    def moved_chain(self, knobs: Doubles) -> Doubles:
        """The nine points (..., 9, 3) after the bend."""
        turns = self.turns(knobs)
        rows = self.row(self.chain[:, 2])
        offsets = self.chain - self.centre[rows]
        moved: Doubles = (
            self.line(turns)[..., rows, :] + (turns[..., rows, :, :] @ offsets[..., None])[..., 0]
        )
        return moved

    def solved(self) -> Doubles:
        """Knobs (5,) for which the chain measures as asked and neck and head lie where asked."""
        asked, rest = self.asked, self.chain[:, 1]
        wanted = np.array(
            [
                asked.kyphosis_deg,
                asked.lordosis_deg,
                asked.lateral_deg,
                rest[LEVEL_C7] - asked.neck_forward,
                rest[ATLAS] - asked.neck_forward - asked.head_forward,
            ]
        )
        scale = np.array([1, 1, 1, 300, 300])  # 3 mm weigh as much as a degree
        knobs = np.zeros(5)
        # Away from zero: the lateral angle has a kink there.
        knobs[4] = asked.lateral_deg
        nudge = np.vstack([np.zeros(5), np.eye(5)])
        if asked.lateral_deg == 0:
            nudge[5] = 0
        for _ in range(SOLVER_STEPS):
            chains = self.moved_chain(knobs + nudge)
            found = np.column_stack([spine_angles(chains), chains[:, [LEVEL_C7, ATLAS], 1]])
            missing = (wanted - found[0]) * scale
            if np.abs(missing).max() < CLOSE_ENOUGH:
                break
            slope = ((found[1:] - found[0]) * scale).T
            knobs = knobs + np.clip(np.linalg.lstsq(slope, missing, rcond=1e-6)[0], -30, 30)
        return knobs


def with_spine(body: Body, rest: Shape, asked: SpineShape) -> Shape:
    """The rest body `rest` with the spine bent to measure as asked: skin, bones and spine points.

    The measured angles of the result are within a degree of the asked ones (within two beyond 40 degrees of
    lateral curve), see `measure_spine`.
    """
    bend = _Bend(rest.spine, asked)
    knobs = bend.solved()
    line = bend.line(bend.turns(knobs))
    # Skin far from the axis would fold or balloon if it turned as sharply as the vertebrae do.
    turns = bend.smoothed().turns(knobs)
    shifts = line - (turns @ bend.centre[..., None])[..., 0]
    table = np.concatenate([turns, shifts[..., None]], axis=2).astype(np.float32)
    heights = rest.spine[:, 2]
    # Shoulder girdle and arms hang on the thorax between T3 and C7.
    fixed = np.array([(heights[LEVEL_T3] + heights[LEVEL_C7]) / 2, heights[ATLAS], bend.low], np.float32)

    def moved(points: Floats, carriers: Floats) -> Floats:
        own = np.clip(points[:, 2], np.float32(bend.low), heights[ATLAS])
        chosen = table[bend.row(carriers[:, 0] * own + carriers[:, 1:] @ fixed)]
        bent: Floats = np.einsum("vij,vj->vi", chosen[:, :, :3], points) + chosen[:, :, 3]
        return bent.astype(np.float32, copy=False)

    return Shape(
        vertices=moved(rest.vertices, body.skinning_by_carrier),
        heads=moved(rest.heads, body.bones_by_carrier),
        male=rest.male,
        spine=bend.moved_chain(knobs).astype(np.float32),
    )
