"""Shoes: a hull lofted around each foot at rest, which bends at the ball with the toes."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Body, Posed
from dataset_loader.synthetic.cloth_map import cloth_map
from dataset_loader.synthetic.loft import carry, grid_faces
from dataset_loader.synthetic.mesh import ALONG, AROUND, CANONICAL, NUM_ATTRIBUTES, SHADE, Layer, Mesh, piece
from dataset_loader.synthetic.wardrobe import Outfit

# Cross sections from heel to toe, as shares of the length, closer where the outline is round.
SECTIONS = np.array([0, 0.02, 0.06, 0.14, 0.28, 0.44, 0.60, 0.74, 0.86, 0.94, 0.985, 1.0])
ROUND_HEEL, ROUND_TOE = 0.13, 0.18
SIDES = 12
COLLAR_HEIGHT = {"low": 0.070, "runner": 0.082, "boot": 0.125}  # metres above the sole
SOLE_BELOW = 0.006  # the sole may sink this deep into the floor that bare feet stand on
BALL = 0.70  # share of the length behind which the foot is stiff
LEFT_LEG, RIGHT_LEG = 4, 5


def shoe_pieces(body: Body, posed: Posed, outfit: Outfit) -> list[Mesh]:
    """Both shoes, or nothing for bare feet.

    Canonical positions of a shoe are (to the outside, share of the length from heel to toe, height).
    """
    if outfit.shoe == "none":
        return []
    return [
        _shoe(body, posed, side, segment, COLLAR_HEIGHT[outfit.shoe])
        for side, segment in (("L", LEFT_LEG), ("R", RIGHT_LEG))
    ]


def _shoe(body: Body, posed: Posed, side: str, segment: int, collar: float) -> Mesh:
    outside = 1.0 if side == "L" else -1.0
    foot = posed.shape.vertices[cloth_map().foot_ids[side]]
    heel, toe = foot[foot[:, 1].argmax()], foot[foot[:, 1] < foot[:, 1].min() + 0.03].mean(0)
    forward = np.array([toe[0] - heel[0], toe[1] - heel[1], 0.0])
    forward /= np.linalg.norm(forward)
    lateral = np.array([-forward[1], forward[0], 0.0])
    lateral *= np.sign(lateral[0]) * outside
    along, across, height = foot @ forward, foot @ lateral, foot[:, 2]
    start, length = along.min() - 0.008, float(np.ptp(along)) + 0.020
    ground = height.min() - SOLE_BELOW
    share = SECTIONS
    inner, outer, top = (np.zeros(len(share)) for _ in range(3))
    place = (along - start) / length
    is_low = height < ground + 0.08
    for index, s in enumerate(share):
        near = np.abs(place - s) < 0.09
        low = across[near & is_low]
        inner[index], outer[index] = low.min() - 0.006, low.max() + 0.006
        top[index] = min(float(height[near].max() - ground) + 0.008, collar)
    top = np.minimum.accumulate(np.where(share < 0.3, collar, np.maximum(top, 0.045)))
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    beyond = np.maximum((ROUND_HEEL - share) / ROUND_HEEL, (share - 1 + ROUND_TOE) / ROUND_TOE)
    round_end = np.sqrt(1 - np.clip(beyond, 0, 1) ** 2)
    half = half * round_end
    top = top * np.where(share > 0.5, 0.5 + 0.5 * round_end, 1.0)
    # A section: flat sole, upright wall, rounded upper; angle from the sole's inner edge over the top.
    angle = np.linspace(-0.12 * np.pi, 1.12 * np.pi, SIDES)
    wide, high = np.cos(angle), np.clip(np.sin(angle), -0.3, 1)
    lift = np.where(high < 0, 0.0, 0.28 + 0.72 * high)
    spread = (
        np.sign(wide) * np.abs(wide) ** 0.7 * np.where(high < 0, 1.0, 1 - 0.25 * np.clip(high, 0, 1) ** 2)
    )
    s = np.repeat(share, SIDES)
    offset_across = (middle[:, None] + half[:, None] * spread[None]).ravel()
    up = (top[:, None] * lift[None]).ravel()
    toe_spring = 0.010 * np.clip((s - 0.8) / 0.2, 0, 1) ** 2
    rest = (
        (start + s * length)[:, None] * forward
        + offset_across[:, None] * lateral
        + (ground + up + toe_spring)[:, None] * np.array([0, 0, 1.0])
    ).astype(np.float32)
    rigid = carry(posed, body.bone(f"foot.{side}"), rest)
    bent = carry(posed, body.bone(f"toe2-1.{side}"), rest)
    weight = np.clip((s - BALL) / 0.12 + 0.5, 0, 1)[:, None].astype(np.float32)
    attributes = np.zeros((len(rest), NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = np.stack([np.tile(spread, len(share)) * np.repeat(half, SIDES), s, up], axis=1)
    attributes[:, ALONG], attributes[:, AROUND], attributes[:, SHADE] = up, s, 1
    return piece(
        rigid * (1 - weight) + bent * weight,
        grid_faces(len(share), SIDES, closed=True),
        Layer.SHOE,
        np.full(len(rest), segment),
        attributes=attributes,
    )
