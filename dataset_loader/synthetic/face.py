"""The painted face: a table of brows, lashes, lips, nostrils, cheeks and beard over the front of the head.

The head of the body has real lids, eyeballs, nose and lips; paint follows them. The table covers one half
and is mirrored. Positions are canonical metres: |x| to the side, z up.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dataset_loader.synthetic.body import Floats

STEP = 0.0005
LOW_Z, HIGH_Z, WIDTH = 0.560, 0.790, 0.080
ROWS, COLUMNS = round((HIGH_Z - LOW_Z) / STEP), round(WIDTH / STEP)
BROW, DARK, RED, BEARD = range(4)
EYE_X, EYE_Z = 0.0298, 0.6968
EYE_RADIUS_X, EYE_RADIUS_Z = 0.0145, 0.0062
IRIS_RADIUS, PUPIL_RADIUS = 0.0060, 0.0025
MOUTH_Z, MOUTH_HALF = 0.6283, 0.0235


@lru_cache(maxsize=1)
def face_table() -> Floats:
    """Strength 0..1 of brow, dark lines, redness and beard, flattened (ROWS * COLUMNS, 4)."""
    z = (LOW_Z + (np.arange(ROWS) + 0.5) * STEP)[:, None]
    x = ((np.arange(COLUMNS) + 0.5) * STEP)[None]

    def bump(distance: Floats, width: Floats | float) -> Floats:
        value: Floats = np.exp(-((distance / width) ** 2))
        return value

    def spot(at_x: float, at_z: float, wide: float, high: float) -> Floats:
        value: Floats = np.exp(-(((x - at_x) / wide) ** 2) - ((z - at_z) / high) ** 2)
        return value

    across = (x - EYE_X) / EYE_RADIUS_X
    opening = np.sqrt(np.clip(1 - across**2, 0, 1))
    upper, lower = EYE_Z + EYE_RADIUS_Z * opening, EYE_Z - 0.75 * EYE_RADIUS_Z * opening
    near_eye = np.clip(1.35 - np.abs(across), 0, 1)
    lash = bump(z - upper - 0.0006, 0.0015) * np.clip(near_eye * 2, 0, 1)
    lower_lash = 0.35 * bump(z - lower + 0.0003, 0.0011) * np.clip(near_eye * 1.6, 0, 1)
    crease = 0.25 * bump(z - upper - 0.0055, 0.0014) * np.clip(near_eye * 1.5, 0, 1)
    socket = 0.20 * spot(0.021, 0.7085, 0.010, 0.008) + 0.13 * spot(EYE_X, 0.683, 0.013, 0.004)
    brow_height = 0.7160 + 0.0045 * np.sin(np.clip((x - 0.012) / 0.038, 0, 1) * 2.2)
    brow_ends = np.clip((x - 0.010) / 0.006, 0, 1) * np.clip((0.052 - x) / 0.014, 0, 1)
    brow = bump(z - brow_height, 0.0034 + 0.0012 * (x < 0.03)) * brow_ends
    lip_line = (
        0.75
        * bump(z - MOUTH_Z - 0.0012 * np.cos(x / 0.012), 0.0013)
        * np.clip((MOUTH_HALF - x) / 0.004, 0, 1)
    )
    corner = 0.45 * spot(MOUTH_HALF, MOUTH_Z, 0.0026, 0.0022)
    below_lip = 0.13 * spot(0, 0.6125, 0.014, 0.0035)
    nostril = 0.70 * spot(0.0080, 0.6535, 0.0042, 0.0024)
    wing = 0.22 * spot(0.0185, 0.6585, 0.0026, 0.0065)
    under_nose = 0.10 * spot(0, 0.6480, 0.0050, 0.0040)
    cheek_fold = (
        0.12
        * bump((x - 0.021) - (0.657 - z) * 0.42, 0.0020)
        * np.clip((0.660 - z) / 0.01, 0, 1)
        * (z > 0.628)
    )
    dark = (
        lash
        + lower_lash
        + crease
        + socket
        + lip_line
        + corner
        + below_lip
        + nostril
        + wing
        + under_nose
        + cheek_fold
    )
    red = (
        0.55 * spot(0.043, 0.662, 0.018, 0.016)
        + 0.7 * spot(0, 0.668, 0.013, 0.012)
        + 0.3 * spot(0, 0.595, 0.02, 0.01)
    )
    red += 0.25 * spot(EYE_X, EYE_Z, 0.020, 0.011)
    moustache = spot(0.012, 0.6425, 0.016, 0.0045) * 1.2
    jaw = np.clip((0.6300 - z + np.clip(x - 0.030, 0, 1) * 1.55) / 0.010, 0, 1) * np.clip(
        (z - 0.556) / 0.01, 0, 1
    )
    mouth = np.exp(-((x / 0.027) ** 4) - ((z - MOUTH_Z) / 0.0105) ** 4)
    beard = np.clip(moustache + jaw * (1 - mouth), 0, 1)
    table = np.stack(np.broadcast_arrays(brow, dark, red, beard), axis=-1)
    strengths: Floats = np.clip(table, 0, 1).reshape(-1, 4).astype(np.float32)
    return strengths


def look_up_face(points: Floats) -> Floats:
    """Rows (N, 4) of the face table at canonical points (N, 3); zero beyond the front of the head."""
    column = (np.abs(points[:, 0]) * np.float32(1 / STEP)).astype(np.int32)
    row = ((points[:, 2] - np.float32(LOW_Z)) * np.float32(1 / STEP)).astype(np.int32)
    on_table = (column < COLUMNS) & (row >= 0) & (row < ROWS) & (points[:, 1] < -0.035)
    found: Floats = face_table()[np.clip(row, 0, ROWS - 1) * COLUMNS + np.minimum(column, COLUMNS - 1)]
    found[~on_table] = 0
    found[:, BEARD] *= np.clip((-0.045 - points[:, 1]) / np.float32(0.03), 0, 1)
    return found


def eye_colour(points: Floats, iris: Floats, gaze: Floats) -> Floats:
    """Linear colours (N, 3) of eyeballs at canonical points (N, 3); `gaze` (2,) shifts the irises, metres."""
    side = np.sign(points[:, 0])
    dx = points[:, 0] - side * EYE_X - gaze[0]
    dz = points[:, 2] - EYE_Z - gaze[1]
    radius = np.sqrt(dx * dx + dz * dz)
    shaded = np.clip(0.95 - (points[:, 2] - EYE_Z) * 60, 0.35, 1)
    colour = np.array([0.62, 0.57, 0.54], np.float32) * shaded[:, None]
    inside = radius < IRIS_RADIUS
    rim = np.where(radius[inside] > 0.8 * IRIS_RADIUS, 0.45, 1.0)
    colour[inside] = iris * (rim * shaded[inside])[:, None]
    colour[radius < PUPIL_RADIUS] = 0.008
    glint = (dx - 0.0018) ** 2 + (dz - 0.0020) ** 2 < 0.0010**2
    colour[glint] = 0.9
    painted: Floats = colour.astype(np.float32, copy=False)
    return painted
