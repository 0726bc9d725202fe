"""Hair and headwear: the hairline, the thickness of hair on the scalp, and hair that hangs."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Ints, Posed
from dataset_loader.synthetic.loft import Coordinates, bend, carry, grid_faces, head_at_rest
from dataset_loader.synthetic.mesh import ALONG, AROUND, CANONICAL, NUM_ATTRIBUTES, SHADE, Layer, Mesh, piece
from dataset_loader.synthetic.noise import sample_volume
from dataset_loader.synthetic.wardrobe import Outfit

HEAD_SEGMENT = 1
# Height of the hairline on the canonical head by depth y, from forehead over temple and ear to the nape.
HAIRLINE_Y = (-0.140, -0.125, -0.105, -0.090, -0.078, -0.066, -0.030, -0.005, 0.030, 0.090)
HAIRLINE_Z = (0.775, 0.766, 0.752, 0.730, 0.700, 0.690, 0.690, 0.655, 0.632, 0.628)
HEADBAND_WIDTH = np.float32(0.034)
HAT_THICKNESS = {"headband": 0.006, "cap": 0.012, "beanie": 0.016, "helmet": 0.034}
# Height of the edge of headwear at the forehead and at the nape.
HAT_EDGE = {
    "headband": (0.738, 0.700),
    "cap": (0.740, 0.698),
    "beanie": (0.745, 0.690),
    "helmet": (0.752, 0.690),
}


def hairline_field(points: Floats, fringe: float = 0.0) -> Floats:
    """Signed distance (N,) from the hairline at canonical head points (N, 3), positive under hair.

    `fringe` is how far hair hangs into the forehead, metres; below 0 the hairline recedes.
    """
    height = np.interp(points[:, 1], HAIRLINE_Y, HAIRLINE_Z).astype(np.float32)
    if fringe:
        height -= np.float32(fringe) * np.clip((-0.085 - points[:, 1]) / np.float32(0.025), 0, 1)
    field: Floats = points[:, 2] - height
    return field


def hat_field(points: Floats, headwear: str) -> Floats:
    """Signed distance (N,) from the edge of headwear at canonical head points, positive under it."""
    front, back = HAT_EDGE[headwear]
    share = np.clip((points[:, 1] + 0.14) / 0.20, 0, 1)
    field: Floats = points[:, 2] - (front + (back - front) * share)
    return np.minimum(field, HEADBAND_WIDTH - field) if headwear == "headband" else field


def scalp_offset(body: Body, outfit: Outfit) -> Floats:
    """How far hair and headwear push the skin of the head outwards (V,), metres."""
    offset = np.zeros(body.num_vertices, np.float32)
    on_head = np.flatnonzero((body.parts["head"] > 0.3) & body.is_skin & (body.canonical[:, 2] > 0.6))
    points = body.canonical[on_head]
    ear = np.clip(1 - body.regions["ears"][on_head] * 3, 0, 1)
    thickness = np.zeros(len(points), np.float32)
    if outfit.hair != "bald":
        noise = np.array(outfit.noise_offset, np.float32)
        cells = np.full(3, 130 if outfit.hair == "curly" else 70, np.float32)
        lumps = sample_volume(points, cells, noise)[:, 0]
        height = np.clip(hairline_field(points, outfit.fringe) / 0.035, 0, 1) ** 0.7
        thickness = outfit.volume * height * (1 + 0.16 * lumps)
    if outfit.headwear != "none":
        under = np.clip(hat_field(points, outfit.headwear) / 0.008, 0, 1)
        thickness = thickness * (1 - under) + under * HAT_THICKNESS[outfit.headwear]
    offset[on_head] = np.maximum(thickness * ear, 0)
    return offset


def head_pieces(body: Body, posed: Posed, outfit: Outfit) -> list[Mesh]:
    """Hanging hair, a ponytail or bun, and the peak of a cap."""
    pieces = []
    if outfit.hair in ("bob", "long"):
        pieces.append(_curtain(body, posed, outfit))
    if outfit.hair == "ponytail":
        pieces.append(_ponytail(body, posed, outfit))
    if outfit.hair == "bun" and outfit.headwear == "none":
        pieces.append(_bun(body, posed, outfit))
    if outfit.headwear == "cap":
        pieces.append(_peak(body, posed))
    return pieces


def _piece(vertices: Floats, faces: Ints, layer: Layer, canonical: Floats, across: Coordinates) -> Mesh:
    attributes = np.zeros((len(vertices), NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = canonical
    attributes[:, ALONG], attributes[:, AROUND] = canonical[:, 2], across
    attributes[:, SHADE] = 1
    segment = np.full(len(vertices), HEAD_SEGMENT)
    return piece(vertices, faces, layer, segment, attributes=attributes)


def _curtain(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """A sheet of hair from temple to temple around the back, falling onto shoulders and back."""
    columns, rows = 19, 9
    angle = np.linspace(-0.62 * np.pi, 0.62 * np.pi, columns)  # 0 is the back of the head
    height = np.linspace(0.765, outfit.hair_end, rows)
    grid_z, grid_angle = np.meshgrid(height, angle, indexing="ij")
    noise = np.array(outfit.noise_offset, np.float32)
    below = np.clip((0.66 - grid_z) / 0.14, 0, 1)
    wave = sample_volume(
        np.stack([grid_angle * 0.08, grid_z * 0.2, 0 * grid_z], axis=-1).reshape(-1, 3).astype(np.float32),
        np.full(3, 100, np.float32),
        noise,
    )[:, 0].reshape(rows, columns)
    crown = np.sqrt(np.clip(1 - ((grid_z - 0.70) / 0.108).clip(0, 1) ** 2, 0.05, 1))
    radius = 1 + 0.05 * wave * below
    wide = (0.082 * crown + outfit.volume + 0.012 * below) * radius
    deep = (0.092 * crown + outfit.volume - 0.018 * below) * radius
    x = np.sin(grid_angle) * wide
    y = -0.030 + np.cos(grid_angle) * deep
    y = y + 0.045 * np.clip((0.58 - grid_z) / 0.12, 0, 1) * (0.3 + 0.7 * np.cos(grid_angle).clip(0, 1))
    y = y + (0.030 if outfit.jacket is not None else 0.0) * np.clip((0.56 - grid_z) / 0.10, 0, 1)
    # Hair in front of the shoulders spreads over the collar bones.
    front = np.clip(-np.cos(grid_angle) * 2, 0, 1) * np.clip((0.57 - grid_z) / 0.1, 0, 1)
    y = y - 0.05 * front
    canonical = np.stack([x, y, grid_z], axis=-1).reshape(-1, 3).astype(np.float32)
    rest = head_at_rest(body, posed, canonical)
    with_head = carry(posed, body.bone("head"), rest)
    with_back = carry(posed, body.bone("spine01"), rest)
    share = np.clip((grid_z.ravel() - 0.50) / 0.12, 0, 1)[:, None].astype(np.float32)
    vertices = with_head * share + with_back * (1 - share)
    faces = grid_faces(rows, columns, closed=False)
    return _piece(vertices, faces, Layer.HAIR, canonical, grid_angle.ravel() * 0.09)


def _hanging(body: Body, posed: Posed, root: Floats, length: float, stiff: float) -> tuple[Floats, Floats]:
    """A path (6, 3) that leaves the back of the head and falls with gravity, and the normal of its plane."""
    bone = body.bone("head")
    start = carry(posed, bone, head_at_rest(body, posed, root[None]))[0]
    outward = posed.rotations[bone] @ np.array([0, 0.9, 0.25], np.float32)
    path = [start]
    direction = outward
    for _ in range(5):
        path.append(path[-1] + direction * length / 5)
        direction = direction * stiff + np.array([0, 0, -1], np.float32) * (1 - stiff) + 0.12 * outward
        direction /= np.linalg.norm(direction)
    across = np.cross(outward, [0, 0, -1])
    if np.linalg.norm(across) < 0.1:  # the head lies back: any direction across will do
        across = posed.rotations[bone][:, 0]
    return np.stack(path), across


def _ponytail(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """A tail tied at the back of the head."""
    high = 0.70 + 1.6 * (outfit.volume - 0.006) / 0.1
    length = 0.12 + (0.50 - outfit.hair_end) * 0.9
    path, across = _hanging(body, posed, np.array([0, 0.055, high]), length, 0.45)
    radii = np.array([0.012, 0.024, 0.028, 0.026, 0.019, 0.002])
    vertices, faces = bend(path, radii, 7, across)
    around = np.tile(np.arange(7) / 7 * 0.12, 6)
    canonical = np.stack([around, np.full(42, 0.08), np.repeat(np.linspace(0.7, 0.45, 6), 7)], axis=1)
    return _piece(vertices, faces, Layer.HAIR, canonical.astype(np.float32), around)


def _bun(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """A knot at the back or on top of the head."""
    size = 0.030 + outfit.volume
    place = np.array([[0, 0.075, 0.725], [0, 0.045, 0.800]])[int(outfit.noise_offset[0]) % 2]
    turn = np.linspace(0, np.pi, 7)
    centre = head_at_rest(body, posed, place[None])
    path = centre + np.stack([0 * turn, 0 * turn, -np.cos(turn) * size * 0.85], axis=1)
    half = (np.sin(turn) * size + 0.001)[:, None]
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    rest = (path[:, None] + half[:, None] * ring[None]).reshape(-1, 3)
    vertices = carry(posed, body.bone("head"), rest)
    around = np.tile(angle * 0.03, 7)
    return _piece(vertices, grid_faces(7, 8, closed=True), Layer.HAIR, rest.astype(np.float32), around)


def _peak(body: Body, posed: Posed) -> Mesh:
    """The curved peak of a cap, two triangles thick enough to see from both sides."""
    columns, rows = 9, 4
    angle = np.linspace(-0.36 * np.pi, 0.36 * np.pi, columns)
    reach = np.linspace(0, 0.062, rows)
    out, turn = np.meshgrid(reach, angle, indexing="ij")
    x = np.sin(turn) * (0.080 + out * 0.15)
    y = -0.055 - np.cos(turn) * (0.093 + out * 1.05)
    z = 0.752 - out * 0.20 - 0.022 * np.sin(turn) ** 2
    canonical = np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
    vertices = carry(posed, body.bone("head"), head_at_rest(body, posed, canonical))
    faces = grid_faces(rows, columns, closed=False)
    return _piece(vertices.astype(np.float32), faces, Layer.HAT, canonical, turn.ravel() * 0.09)
