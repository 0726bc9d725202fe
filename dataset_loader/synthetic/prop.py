"""Simple furniture below a person: a box to sit on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed
from dataset_loader.synthetic.mesh import CANONICAL, NUM_ATTRIBUTES, Layer, Mesh

# Corner indices of the 12 triangles of a box; corner = 4 * (z high) + 2 * (y high) + (x high).
BOX_QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def box_triangles(low: Floats, high: Floats, turn: Floats) -> Floats:
    """Corners (36, 3) of the triangles of an upright box, turned (3, 3); no vertex is shared."""
    corners = np.array([[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)])
    corners = corners @ turn.T
    order = [quad[i] for quad in BOX_QUADS for i in (0, 1, 2, 0, 2, 3)]
    return corners[order].astype(np.float32)


def with_seat(rng: np.random.Generator, mesh: Mesh, body: Body, posed: Posed) -> Mesh:
    """The mesh with a seat added under the pelvis and down to the floor z = 0."""
    pelvis = posed.rotations[0]
    forward = pelvis @ np.array([0, -1, 0], np.float32)
    heading = np.arctan2(forward[0], -forward[1])
    turn = np.array(
        [[np.cos(heading), -np.sin(heading), 0], [np.sin(heading), np.cos(heading), 0], [0, 0, 1]]
    )
    behind = body.is_skin & (body.segment == 0) & (body.canonical[:, 2] < 0.15)
    top = float(posed.vertices[behind, 2].min()) + 0.01
    if top < 0.15:
        return mesh
    half_width, back, front = rng.uniform(0.19, 0.6), rng.uniform(0.16, 0.32), rng.uniform(0.14, 0.28)
    thickness = top if rng.random() < 0.55 else rng.uniform(0.04, 0.12)
    parts = [
        box_triangles(
            np.array([-half_width, -front, top - thickness]), np.array([half_width, back, top]), turn
        )
    ]
    if thickness < top:
        leg = rng.uniform(0.02, 0.04)
        for x in (-half_width, half_width - leg):
            for y in (-front, back - leg):
                parts.append(
                    box_triangles(np.array([x, y, 0]), np.array([x + leg, y + leg, top - thickness]), turn)
                )
    if rng.random() < 0.4:  # a low backrest
        rest = top + rng.uniform(0.12, 0.45)
        parts.append(
            box_triangles(np.array([-half_width, back, top]), np.array([half_width, back + 0.04, rest]), turn)
        )
    points = np.concatenate(parts)
    triangles = points.reshape(-1, 3, 3)
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    count, start = len(points), len(mesh.vertices)
    attributes = np.zeros((count, NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = points
    return replace(
        mesh,
        vertices=np.concatenate([mesh.vertices, points]),
        normals=np.concatenate([mesh.normals, np.repeat(normals, 3, 0)]).astype(np.float32),
        faces=np.concatenate([mesh.faces, np.arange(start, start + count).reshape(-1, 3)]),
        layer=np.concatenate([mesh.layer, np.full(count // 3, Layer.PROP)]),
        attributes=np.concatenate([mesh.attributes, attributes]),
        cut=np.concatenate([mesh.cut, np.ones(count, np.float32)]),
        segment=np.concatenate([mesh.segment, np.full(count, -1)]),
    )
