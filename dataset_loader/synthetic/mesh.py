"""Triangles of a dressed person and what is interpolated where a ray meets them.

One array holds all per-vertex attributes, so that a renderer blends them in a single pass; the slices below
name its columns. Meshes of several people and of furniture can be joined by concatenation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dataset_loader.synthetic.body import Floats, Ints

CANONICAL = slice(0, 3)  # position on the canonical body, metres
HEAD = 3  # 0..1
HAIR = 4  # signed distance from the hairline, metres, positive under hair
LIPS = 5  # 0..1
EARS = 6  # 0..1
BOTTOM = 7  # positive where cloth belongs to the lower garment
NUM_ATTRIBUTES = 8


class Layer(IntEnum):
    """What a triangle belongs to."""

    SKIN = 0
    CLOTH = 1
    SKIRT = 2
    HAIR = 3
    PROP = 4


@dataclass(frozen=True)
class Mesh:
    """All triangles of one dressed person, ready for ray casting.

    Attributes:
        vertices: (N, 3) metres; normals (N, 3) unit.
        faces: (F, 3); `layer` (F,) tells what each belongs to.
        attributes: (N, NUM_ATTRIBUTES) float32; the slices of this module name the columns.
        cut: (N,) signed field; hits where it interpolates below zero pass through.
        segment: (N,) body part; -1 for props.
    """

    vertices: Floats
    normals: Floats
    faces: Ints
    layer: Ints
    attributes: Floats
    cut: Floats
    segment: Ints


@dataclass(frozen=True)
class Surface:
    """What surface colours depend on at N hits: the layer (N,) and the interpolated attributes (N, A)."""

    layer: Ints
    attributes: Floats

    @property
    def canonical(self) -> Floats:
        """Positions on the canonical body (N, 3)."""
        return self.attributes[:, CANONICAL]
