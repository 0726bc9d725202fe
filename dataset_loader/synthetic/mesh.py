"""Triangles of a dressed person and what is interpolated where a ray meets them.

One array holds all per-vertex attributes, so that a renderer blends them in a single pass; the slices below
name its columns. Meshes of several people and of furniture can be joined by concatenation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from dataset_loader.synthetic.body import Bools, Floats, Ints

CANONICAL = slice(0, 3)  # position on the canonical body, metres
AXIS = slice(3, 6)  # world direction along the limb, against gravity at rest; zero where there is no cloth
ALONG = 6  # pattern coordinate along the limb or the trunk, metres; a height in shoes, hats and hair
AROUND = 7  # pattern coordinate around the limb or the trunk, metres, from the front or outside
FOLD = 8  # how wrinkled cloth is, 0..about 2
HEM = 9  # metres from the edge of the cloth
REGION = 10  # lips, ears and nails, 0..1
EYE = 11  # 1 on eyeballs
SHADE = 12  # share of open sky in the rest pose, 0..1
NUM_ATTRIBUTES = 13


class Layer(IntEnum):
    """What a triangle belongs to."""

    SKIN = 0
    CLOTH = 1  # the upper garment
    SKIRT = 2
    HAIR = 3
    PROP = 4
    TROUSERS = 5
    JACKET = 6
    SHOE = 7
    HAT = 8
    GLASSES = 9
    BAG = 10


@dataclass(frozen=True)
class Mesh:
    """All triangles of one dressed person, ready for ray casting.

    Attributes:
        vertices: (N, 3) metres; normals (N, 3) unit.
        faces: (F, 3); `layer` (F,) tells what each belongs to.
        attributes: (N, NUM_ATTRIBUTES) float32; the slices of this module name the columns.
        cut: (N,) signed field along which `clip` cuts; positive everywhere in a dressed person.
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


class VertexNormals:
    """Sums over the triangles around each vertex, for a fixed set of triangles."""

    def __init__(self, faces: Ints, count: int) -> None:
        """Sort the corners of `faces` (F, 3) by vertex, of `count` vertices in all."""
        self._corners = tuple(np.ascontiguousarray(corner) for corner in faces.T)
        self._count = count
        self._triangles = np.maximum(np.bincount(faces.ravel(), minlength=count), 1).astype(np.float32)
        order = np.argsort(faces.ravel(), kind="stable")
        self._face_of_corner = order // 3
        self._used, self._starts = np.unique(faces.ravel()[order], return_index=True)

    def spread(self, face_values: Floats) -> Floats:
        """Sum of the values (F, K) of the triangles around each vertex (V, K)."""
        summed = np.zeros((self._count, face_values.shape[1]), np.float32)
        face_values = np.asarray(face_values.T, order="C").T
        for column in range(face_values.shape[1]):
            corners = face_values[:, column][self._face_of_corner]
            summed[self._used, column] = np.add.reduceat(corners, self._starts)
        return summed

    def normals(self, vertices: Floats) -> Floats:
        """Area-weighted unit normals (V, 3); zero where no triangle touches the vertex."""
        first, second, third = (np.take(vertices, corner, axis=0) for corner in self._corners)
        return unit(self.spread(cross(second - first, third - first)))

    def smooth(self, values: Floats) -> Floats:
        """Values (V, K) averaged over the triangles around each vertex; others become zero."""
        around = np.take(values, self._corners[0], axis=0)
        around += np.take(values, self._corners[1], axis=0)
        around += np.take(values, self._corners[2], axis=0)
        averaged: Floats = self.spread(around) / (3 * self._triangles[:, None])
        return averaged


def cross(a: Floats, b: Floats) -> Floats:
    """Cross products (N, 3) row by row; several times faster than np.cross."""
    product = np.empty(np.broadcast_shapes(a.shape, b.shape), np.float32)
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        product[:, axis] = a[:, i] * b[:, j] - a[:, j] * b[:, i]
    return product


def unit(vectors: Floats) -> Floats:
    """Rows (N, 3) scaled to length one; zero stays zero."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    scaled: Floats = vectors / (length + np.float32(1e-12))
    return scaled


def piece(
    vertices: Floats,
    faces: Ints,
    layer: Layer,
    segment: Ints,
    *,
    normals: Floats | None = None,
    attributes: Floats | None = None,
    cut: Floats | None = None,
) -> Mesh:
    """A mesh of one layer; attributes default to zero, and nothing is cut."""
    if attributes is None:
        attributes = np.zeros((len(vertices), NUM_ATTRIBUTES), np.float32)
        attributes[:, SHADE] = 1
    if normals is None:
        normals = VertexNormals(faces, len(vertices)).normals(vertices)
    return Mesh(
        vertices=vertices.astype(np.float32, copy=False),
        normals=normals.astype(np.float32, copy=False),
        faces=faces,
        layer=np.full(len(faces), int(layer)),
        attributes=attributes.astype(np.float32, copy=False),
        cut=np.ones(len(vertices), np.float32) if cut is None else cut.astype(np.float32, copy=False),
        segment=segment,
    )


def corners_of(flags: Bools, faces: Ints) -> tuple[Bools, Bools, Bools]:
    """A vertex flag (N,) at the three corners of each triangle, (F,) each."""
    return flags[faces[:, 0]], flags[faces[:, 1]], flags[faces[:, 2]]


def only_used(mesh: Mesh, kept_faces: Ints) -> Mesh:
    """The mesh with these triangles (F,) indices only, and the vertices that they use."""
    faces = mesh.faces[kept_faces]
    used = np.zeros(len(mesh.vertices), bool)
    used[faces] = True
    new_id = np.cumsum(used) - 1
    return Mesh(
        vertices=mesh.vertices[used],
        normals=mesh.normals[used],
        faces=new_id[faces],
        layer=mesh.layer[kept_faces],
        attributes=mesh.attributes[used],
        cut=mesh.cut[used],
        segment=mesh.segment[used],
    )


def clip(mesh: Mesh) -> Mesh:
    """The part of the mesh where the interpolated `cut` is positive; triangles on the edge are split."""
    corners = corners_of(mesh.cut > 0, mesh.faces)
    count = corners[0].astype(np.int8) + corners[1] + corners[2]
    split = np.flatnonzero((count == 1) | (count == 2))
    if not len(split):
        return only_used(mesh, np.flatnonzero(count == 3))
    above = np.stack([corner[split] for corner in corners], axis=1)
    single = above == (count[split] == 1)[:, None]  # the corner that lies alone on its side
    order = (single.argmax(axis=1)[:, None] + np.arange(3)) % 3
    lone, second, third = np.take_along_axis(mesh.faces[split], order, axis=1).T
    ends = np.concatenate([second, third])
    starts = np.concatenate([lone, lone])
    share = (mesh.cut[starts] / (mesh.cut[starts] - mesh.cut[ends]))[:, None].astype(np.float32)

    def between(values: Floats) -> Floats:
        return np.concatenate([values, values[starts] * (1 - share) + values[ends] * share])

    old = len(mesh.vertices)
    on_second = old + np.arange(len(split))
    on_third = on_second + len(split)
    kept_one = count[split] == 1
    triangle = np.stack([lone, on_second, on_third], axis=1)[kept_one]
    first_half = np.stack([on_second, second, third], axis=1)[~kept_one]
    second_half = np.stack([on_second, third, on_third], axis=1)[~kept_one]
    whole = np.flatnonzero(count == 3)
    faces = np.concatenate([mesh.faces[whole], triangle, first_half, second_half])
    origin = np.concatenate([whole, split[kept_one], split[~kept_one], split[~kept_one]])
    clipped = Mesh(
        vertices=between(mesh.vertices),
        normals=unit(between(mesh.normals)),
        faces=faces,
        layer=mesh.layer[origin],
        attributes=between(mesh.attributes),
        cut=np.ones(old + 2 * len(split), np.float32),
        segment=np.concatenate([mesh.segment, mesh.segment[starts]]),
    )
    return only_used(clipped, np.arange(len(faces)))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """All triangles in one mesh."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        faces=np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        layer=np.concatenate([mesh.layer for mesh in meshes]),
        attributes=np.concatenate([mesh.attributes for mesh in meshes]),
        cut=np.concatenate([mesh.cut for mesh in meshes]),
        segment=np.concatenate([mesh.segment for mesh in meshes]),
    )
