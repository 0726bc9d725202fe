"""A cheap test for arms that run through the body: bone points against trunk sections and capsules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Shape
from dataset_loader.synthetic.rotations import Floats as Matrix

ALLOWED_DEPTH = 0.12  # share of the half width of the part that is entered
TRUNK_BONES = ("root", "spine05", "spine04", "spine03", "spine02", "spine01")
ARM_CHAIN = ("lowerarm01", "lowerarm02", "wrist", "finger3-1", "finger3-3")


@dataclass(frozen=True)
class TrunkSection:
    """The slice of trunk that one bone carries, at rest: an ellipse over a height range, metres."""

    bone: int
    low: float
    high: float
    half_width: float
    middle_y: float
    half_depth: float


def trunk_sections(body: Body, shape: Shape) -> list[TrunkSection]:
    """Sections from the pelvis to the shoulders of one person."""
    bones = [body.bone(name) for name in TRUNK_BONES]
    top = float(shape.heads[body.bone("neck01")][2])
    heights = [float(shape.heads[bone][2]) for bone in bones] + [top]
    heights[0] -= 0.08
    trunk = shape.vertices[(body.segment == 0) & body.is_skin & (np.abs(body.canonical[:, 0]) < 0.17)]
    sections = []
    for bone, low, high in zip(bones, heights[:-1], heights[1:], strict=True):
        ring = trunk[(trunk[:, 2] >= low - 0.01) & (trunk[:, 2] <= high + 0.01)]
        front, back = np.percentile(ring[:, 1], [4, 96])
        width = float(np.percentile(np.abs(ring[:, 0]), 90))
        sections.append(
            TrunkSection(bone, low, high, width, float(front + back) / 2, float(back - front) / 2)
        )
    return sections


def arm_depth(
    body: Body, shape: Shape, trunk: list[TrunkSection], rotations: dict[str, Matrix], suffix: str
) -> float:
    """How deep forearm and hand of side `L` or `R` lie in trunk, head or thighs: 0 none .. 1 centre."""
    turned, placed = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
    chain = np.stack([placed[body.bone(f"{name}.{suffix}")] for name in ARM_CHAIN])
    points = np.concatenate([chain, (chain[1:] + chain[:-1]) / 2])
    depth = 0.0
    for section in trunk:
        rest = (points - placed[section.bone]) @ turned[section.bone] + shape.heads[section.bone]
        across = rest[:, 0] / section.half_width
        along = (rest[:, 1] - section.middle_y) / section.half_depth
        inside = (rest[:, 2] > section.low) & (rest[:, 2] < section.high)
        depth = max(depth, float(np.max(np.where(inside, 1 - np.hypot(across, along), 0))))
    head = body.bone("head")
    skull = placed[head] + turned[head] @ np.array([0, -0.03, 0.09], np.float32)
    depth = max(depth, float(np.max(1 - np.linalg.norm(points - skull, axis=1) / 0.105)))
    for side in ("L", "R"):
        hip, knee = placed[body.bone(f"upperleg01.{side}")], placed[body.bone(f"lowerleg01.{side}")]
        depth = max(depth, float(np.max(1 - _distance(points, hip, knee) / 0.075)))
    return depth


def _distance(points: Floats, start: Floats, end: Floats) -> Floats:
    """Distances (N,) of points (N, 3) from the segment start..end."""
    direction = end - start
    share = np.clip((points - start) @ direction / (direction @ direction), 0, 1)
    distances: Floats = np.linalg.norm(points - start - share[:, None] * direction, axis=1)
    return distances
