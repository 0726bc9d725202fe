"""Where rays are worth casting, and soft edges where one thing ends before another."""

from __future__ import annotations

import cv2
import numpy as np

from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.scene import Scene

CELL = 8  # pixels
LONG_EDGE = 0.12  # metres; hardly a triangle of a person has a longer edge
SUBPIXELS = np.array([(-0.30, -0.24), (0.30, -0.10), (0.04, 0.30)], np.float32)
DEPTH_STEP = 0.04  # metres between neighbours that make an edge
NOTHING = -(1 << 30)  # label of a ray that meets nothing


def window(scene: Scene, camera: Camera) -> Ints:
    """Flat indices of the pixels at which the scene can be seen."""
    width, height = camera.size
    rows, columns = -(-height // CELL), -(-width // CELL)
    cells = np.zeros((rows + 2, columns + 2), np.uint8)  # with a border for what lies just outside
    local = camera.local(scene.mesh.vertices)
    before = local[:, 2] > 0.05
    scale = np.float32(camera.focal / CELL) / np.maximum(local[:, 2], np.float32(0.05))
    x = np.clip(local[:, 0] * scale + np.float32(camera.centre[0] / CELL + 1), 0, columns + 1).astype(
        np.int32
    )
    y = np.clip(local[:, 1] * scale + np.float32(camera.centre[1] / CELL + 1), 0, rows + 1).astype(np.int32)
    cells.ravel()[(y * (columns + 2) + x)[before]] = 1
    for hull in scene.hulls:
        _, depth = camera.project(hull)
        if float(depth.min()) < 0.1:  # it reaches past the camera: it may be anywhere
            cells[:] = 1
            break
        corners, _ = camera.project(hull)
        outline = cv2.convexHull(np.clip(corners / CELL + 1, -4096, 4096)).reshape(-1, 2)
        cv2.fillConvexPoly(cells, np.floor(outline).astype(np.int32), 1)
    nearest = float(local[before, 2].min(initial=np.inf))
    reach = int(np.ceil(LONG_EDGE / 2 * camera.focal / nearest / CELL))
    side = 2 * max(reach, 1) + 1
    cells = cv2.dilate(cells, np.ones((side, side), np.uint8))[1:-1, 1:-1]
    seen = np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)[:height, :width]
    return np.flatnonzero(seen)


def edge_pixels(labels: Ints, depth: Floats, shape: tuple[int, int]) -> Ints:
    """Flat indices of pixels that differ from a neighbour to the side, above or below; both sides count."""
    label, filled = labels.reshape(shape), depth.reshape(shape)
    edge: Bools = np.zeros(shape, bool)
    across = (np.abs(filled[:, 1:] - filled[:, :-1]) > DEPTH_STEP) | (label[:, 1:] != label[:, :-1])
    down = (np.abs(filled[1:] - filled[:-1]) > DEPTH_STEP) | (label[1:] != label[:-1])
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return np.flatnonzero(edge)


def soften_edges(
    scene: Scene,
    camera: Camera,
    picture: Floats,
    behind: Floats,
    labels: Ints,
    depth: Floats,
) -> None:
    """Mix pixels on edges by three more rays each, in place.

    The colour of such a ray is that of the pixel or of one of its neighbours, whichever shows the same
    thing, so that nothing is shaded twice.

    Args:
        scene: what the rays meet.
        camera: from where.
        picture: (H * W, 3) display RGB.
        behind: (H * W, 3) the picture without the scene's people and things.
        labels: (H * W,) what each pixel shows, `NOTHING` where that is the background.
        depth: (H * W,) distance of the first hit, metres; large where there is none.
    """
    width, height = camera.size
    edges = edge_pixels(labels, depth, (height, width))
    if not len(edges):
        return
    row, column = np.divmod(edges, width)
    total = picture[edges]
    count = len(edges)
    offsets = np.repeat(SUBPIXELS, count, axis=0)
    rays = camera.directions(
        np.tile(column.astype(np.float32) + 0.5, 3) + offsets[:, 0],
        np.tile(row.astype(np.float32) + 0.5, 3) + offsets[:, 1],
    )
    hits = scene.caster.first_hits(camera.eye, rays)
    met = hits.face >= 0
    found = np.where(met, scene_labels(scene, hits.face), NOTHING)
    for k, (dx, dy) in enumerate(SUBPIXELS):
        part = slice(k * count, (k + 1) * count)
        label, reach = found[part], hits.distance[part]
        aside = row * width + np.clip(column + int(np.sign(dx)), 0, width - 1)
        above = np.clip(row + int(np.sign(dy)), 0, height - 1) * width + column
        source = edges.copy()
        for other in (above, aside) if abs(dx) > abs(dy) else (aside, above):
            better = (label != labels[source]) | (np.abs(reach - depth[source]) > DEPTH_STEP)
            matches = (label == labels[other]) & (np.abs(reach - depth[other]) <= DEPTH_STEP)
            source = np.where(better & matches, other, source)
        colour = picture[source]
        lost = label == NOTHING
        colour[lost] = behind[edges[lost]]
        total += colour
    picture[edges] = total / (1 + len(SUBPIXELS))


def scene_labels(scene: Scene, faces: Ints) -> Ints:
    """One number per triangle for its owner, body part and layer."""
    corner = scene.mesh.faces[faces, 0]
    labels: Ints = (scene.owner[faces] * 64 + scene.mesh.segment[corner] + 1) * 16 + scene.mesh.layer[faces]
    return labels
