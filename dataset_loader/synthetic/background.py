"""Procedural surroundings in the camera's perspective: rooms, streets, parks, studios, walls and clutter.

Colours are display RGB 0..1.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from dataset_loader.synthetic.body import Bools, Floats
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.noise import noise_image, sample_sheet


@dataclass(frozen=True)
class View:
    """What a background may know: the camera and the ray direction (H, W, 3) of each pixel."""

    camera: Camera
    directions: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Image height and width."""
        return self.directions.shape[0], self.directions.shape[1]


def wall_colour(rng: np.random.Generator) -> Floats:
    """A greyish display colour."""
    warm = rng.random() < 0.55  # wood, stone, earth and skin-like walls are the rule
    hue = rng.normal(0.09, 0.04) % 1 if warm else rng.random()
    saturation = rng.beta(1.2, 3.5) * (0.9 if warm else 0.6) if rng.random() < 0.93 else rng.uniform(0.3, 0.7)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.2, 1.0)), np.float32)


def foliage_colour(rng: np.random.Generator) -> Floats:
    """Grass and leaves: dull green to straw."""
    base = np.array([0.22, 0.26, 0.15]) * rng.uniform(0.6, 1.5) * rng.uniform(0.9, 1.1, 3)
    return (base + rng.uniform(0, 0.25) * np.array([0.6, 0.42, 0.2])).astype(np.float32)


def floor_distance(view: View) -> Floats:
    """Metres along each pixel's ray to the floor z = 0 (H, W); infinite above the horizon."""
    down = -view.directions[..., 2]
    with np.errstate(divide="ignore"):
        return np.where(down > 1e-3, view.camera.eye[2] / np.maximum(down, 1e-3), np.inf).astype(np.float32)


def textured(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """A material (N, 3) at surface coordinates (N,) in metres: planks, tiles, bricks, grass or concrete."""
    kind = rng.choice(["noise", "noise", "tiles", "planks", "bricks", "grass"])
    base = wall_colour(rng)
    scale = rng.uniform(40, 220)
    noise = sample_sheet(int(rng.integers(6)), u * scale, v * scale)
    shade = 1 + rng.uniform(0.03, 0.16) * noise
    if kind == "grass":
        base = foliage_colour(rng) * np.float32(1.2)
        shade = 1 + 0.30 * noise + 0.2 * sample_sheet(3, u * 60, v * 60)
    elif kind != "noise":
        width = rng.uniform(0.12, 0.6)
        height = width * {"tiles": 1.0, "planks": rng.uniform(4, 10), "bricks": 0.45}[str(kind)]
        row = np.floor(v / height)
        across = u / width + (0.5 * (row % 2) if kind == "bricks" else 0.37 * (row % 3) * (kind == "planks"))
        joint = np.minimum(np.abs(across % 1 - 0.5) * width, np.abs((v / height) % 1 - 0.5) * height)
        edge = (0.5 * min(width, height)) - joint < 0.012
        cell = sample_sheet(5, np.floor(across) * 7 + 3, row * 13 + 5)
        shade = shade * (1 + rng.uniform(0.02, 0.15) * cell)
        shade = np.where(edge, shade * rng.uniform(0.5, 1.2), shade)
    coloured: Floats = base * shade[:, None]
    return coloured


def vertical_gradient(
    rng: np.random.Generator, shape: tuple[int, int], top: Floats, bottom: Floats
) -> Floats:
    """A soft vertical blend with a little noise (H, W, 3)."""
    height, width = shape
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None] ** rng.uniform(0.6, 1.6)
    ramp = ramp + 0.05 * noise_image(rng, height, width)
    blend: Floats = top + (bottom - top) * ramp[..., None]
    return blend


def room(rng: np.random.Generator, view: View) -> Floats:
    """Walls at some metres behind the person, floor below, things on the wall."""
    height, width = view.shape
    near = floor_distance(view)
    heading = view.camera.rotation[2].copy()
    heading[2] = 0
    heading /= np.linalg.norm(heading) + 1e-6
    turn = rng.normal(0, 0.4)
    normal = np.array(
        [
            heading[0] * np.cos(turn) - heading[1] * np.sin(turn),
            heading[0] * np.sin(turn) + heading[1] * np.cos(turn),
            0,
        ],
        np.float32,
    )
    behind = float(-view.camera.eye @ normal) + rng.uniform(0.8, 5.0)  # the person stands above the origin
    with np.errstate(divide="ignore", invalid="ignore"):
        to_wall = np.where(
            view.directions @ normal > 1e-3, behind / (view.directions @ normal), np.inf
        ).astype(np.float32)
    is_floor = near < to_wall
    picture = np.empty((height, width, 3), np.float32)
    floor_points = view.camera.eye + view.directions[is_floor] * np.minimum(near[is_floor], 60)[:, None]
    picture[is_floor] = textured(rng, floor_points[:, 0], floor_points[:, 1])
    wall = ~is_floor
    reach = np.minimum(to_wall[wall], 60)[:, None]
    wall_points = view.camera.eye + view.directions[wall] * reach
    along = wall_points @ np.array([-normal[1], normal[0], 0], np.float32)
    up = wall_points[:, 2]
    plain = rng.random() < 0.6
    colour = (
        np.repeat(wall_colour(rng)[None], len(along), 0)
        * (1 + 0.03 * sample_sheet(1, along * 60, up * 60))[:, None]
        if plain
        else textured(rng, along, up)
    )
    for _ in range(int(rng.integers(0, 7))):
        left, low = rng.uniform(-4, 4), rng.uniform(-0.2, 1.8)
        wide, tall = rng.uniform(0.2, 1.8), rng.uniform(0.2, 1.6)
        inside = (along > left) & (along < left + wide) & (up > low) & (up < low + tall)
        frame = inside & (
            (along < left + 0.05)
            | (along > left + wide - 0.05)
            | (up < low + 0.05)
            | (up > low + tall - 0.05)
        )
        colour[inside] = textured(rng, along[inside], up[inside]) if rng.random() < 0.4 else wall_colour(rng)
        colour[frame] = wall_colour(rng)
    if rng.random() < 0.5:
        colour[(up > 0) & (up < rng.uniform(0.05, 0.15))] = wall_colour(rng)
    picture[wall] = colour
    shade = 1 + rng.uniform(0, 0.3) * (noise_image(rng, height, width, sheet=0))[..., None] * 0.5
    return picture * shade


def outdoors(rng: np.random.Generator, view: View) -> Floats:
    """Sky, a skyline of trees or houses, ground with perspective."""
    height, width = view.shape
    sky_top = (
        np.array([0.35, 0.55, 0.85], np.float32) * rng.uniform(0.6, 1.15)
        if rng.random() < 0.6
        else wall_colour(rng)
    )
    picture: Floats = vertical_gradient(
        rng, view.shape, sky_top, np.full(3, rng.uniform(0.6, 1.0), np.float32)
    )
    clouds = np.clip(noise_image(rng, height, width, sheet=1) * rng.uniform(0, 0.5), 0, 1)[..., None]
    picture = picture * (1 - clouds) + clouds * np.float32(rng.uniform(0.7, 1.0))
    climb = view.directions[..., 2]
    bearing = np.arctan2(view.directions[..., 1], view.directions[..., 0])
    for _ in range(int(rng.integers(1, 4))):
        _skyline(rng, picture, climb, bearing)
    near = floor_distance(view)
    ground = near < rng.uniform(25, 90)
    points = view.camera.eye + view.directions[ground] * near[ground][:, None]
    colours = textured(rng, points[:, 0], points[:, 1])
    if rng.random() < 0.5:  # a path, a kerb or a field line
        offset, slope = rng.uniform(-3, 3), rng.uniform(-1, 1)
        strip = np.abs(points[:, 0] * np.cos(slope) + points[:, 1] * np.sin(slope) - offset) < rng.uniform(
            0.04, 1.5
        )
        colours[strip] = textured(rng, points[strip, 0], points[strip, 1])
    haze = np.clip(near[ground] / rng.uniform(30, 150), 0, 1)[:, None]
    picture[ground] = colours * (1 - haze) + picture[ground] * haze
    return picture


def _skyline(rng: np.random.Generator, picture: Floats, climb: Floats, bearing: Floats) -> None:
    """Trees or houses along the horizon, painted in place."""
    height, width = climb.shape
    if rng.random() < 0.6:
        wave = sample_sheet(
            2, bearing * rng.uniform(40, 160) + 300, np.full_like(bearing, float(rng.integers(512)))
        )
        rough = noise_image(rng, height, width, sheet=3)
        mask = climb < rng.uniform(0.02, 0.45) + 0.06 * wave + 0.02 * rough
        leaves = foliage_colour(rng)
        shade = 1 + 0.35 * rough + 0.25 * noise_image(rng, height, width, sheet=2)
        picture[mask] = np.clip(leaves * shade[mask][:, None], 0, 1)
        return
    step = rng.uniform(0.15, 0.7)
    block = np.floor(bearing / step + rng.random())
    roof = 0.05 + 0.35 * rng.random(64)[block.astype(int) % 64]
    mask = climb < roof
    palette = np.stack([wall_colour(rng) for _ in range(4)])
    colours = palette[block[mask].astype(int) % 4]
    size = rng.uniform(0.03, 0.1)
    window = ((bearing[mask] / size) % 1 > 0.4) & ((climb[mask] / size * 0.7) % 1 > 0.45)
    colours = np.where(window[:, None], colours * rng.uniform(0.3, 1.3), colours)
    picture[mask] = np.clip(colours, 0, 1)


def studio(rng: np.random.Generator, view: View) -> Floats:
    """A seamless backdrop."""
    first = wall_colour(rng)
    return vertical_gradient(
        rng, view.shape, first, np.clip(first * rng.uniform(0.5, 1.3), 0, 1).astype(np.float32)
    )


def surface(rng: np.random.Generator, view: View) -> Floats:
    """A wall, a hedge or a mat that fills the picture, seen askew."""
    height, width = view.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, scale, lean = rng.normal(0, 0.25), rng.uniform(60, 260), rng.normal(0, 0.0012)
    bend = 1 + lean * (x - width / 2)
    u = (np.cos(angle) * x - np.sin(angle) * y) / scale * bend
    v = (np.sin(angle) * x + np.cos(angle) * y) / scale * bend
    return textured(rng, u.ravel(), v.ravel()).reshape(height, width, 3)


def clouded(rng: np.random.Generator, view: View) -> Floats:
    """Two or three colours mixed by noise: out-of-focus surroundings."""
    height, width = view.shape
    picture: Floats = np.broadcast_to(wall_colour(rng), (height, width, 3)).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        mask = 1 / (1 + np.exp(-rng.uniform(1, 8) * noise_image(rng, height, width)))[..., None]
        picture = picture * (1 - mask) + wall_colour(rng) * mask
    return picture


SCENES: tuple[tuple[Callable[[np.random.Generator, View], Floats], float], ...] = (
    (room, 0.36),
    (outdoors, 0.32),
    (surface, 0.10),
    (clouded, 0.14),
    (studio, 0.08),
)


def clutter(rng: np.random.Generator, picture: Floats) -> Floats:
    """Blocks, discs, poles and limb-like strokes behind the person: shapes that must not be taken for one."""
    height, width = picture.shape[:2]
    canvas = np.ascontiguousarray(picture)
    for _ in range(int(rng.integers(1, 9))):
        x, y = int(rng.integers(-width // 8, width)), int(rng.integers(-height // 8, height))
        wide, tall = int(rng.uniform(0.03, 0.4) * width), int(rng.uniform(0.03, 0.5) * height)
        colour = [float(c) for c in wall_colour(rng)]
        kind = rng.random()
        if kind < 0.35:
            cv2.rectangle(canvas, (x, y), (x + wide, y + tall), colour, -1)
            if rng.random() < 0.5:
                edge = [c * 0.6 for c in colour]
                cv2.rectangle(canvas, (x, y), (x + wide, y + tall), edge, int(rng.integers(1, 4)))
        elif kind < 0.55:
            cv2.ellipse(
                canvas,
                (x, y),
                (wide // 2 + 1, tall // 2 + 1),
                rng.uniform(0, 180),
                0,
                360,
                colour,
                -1,
                cv2.LINE_AA,
            )
        elif kind < 0.75:
            corners = np.array([x, y]) + rng.integers(-60, 60, (int(rng.integers(3, 6)), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:  # jointed strokes the width of a limb
            joints = np.cumsum(np.concatenate([[[x, y]], rng.integers(-70, 70, (3, 2))]), axis=0).astype(
                np.int32
            )
            skin_like = rng.random() < 0.5
            tone = rng.uniform(0.3, 0.9)
            stroke = [tone, tone * 0.76, tone * 0.64] if skin_like else colour
            cv2.polylines(canvas, [joints], False, stroke, int(rng.integers(3, 22)), cv2.LINE_AA)
    return canvas


def sample_background(rng: np.random.Generator, view: View) -> tuple[Floats, Bools]:
    """A background (H, W, 3) and where a floor shadow belongs (H, W)."""
    scenes, shares = zip(*SCENES, strict=True)
    scene = scenes[int(rng.choice(len(scenes), p=shares))]
    picture = scene(rng, view)
    if rng.random() < 0.45:
        picture = clutter(rng, picture)
    focus = rng.random()
    if focus < 0.65:
        sigma = rng.uniform(0.5, 1.5) if focus < 0.4 else rng.uniform(1.5, 6)
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    picture = picture * np.float32(rng.uniform(0.75, 1.2))
    shadowed = np.isfinite(floor_distance(view)) if scene in (room, outdoors) else np.zeros(view.shape, bool)
    return np.clip(picture, 0, 1).astype(np.float32), shadowed
