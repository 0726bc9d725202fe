"""A pinhole camera and how it frames one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats

TRUNCATED_SHARE = 0.15
LOWEST_EYE = 0.15  # metres above the floor


@dataclass(frozen=True)
class Camera:
    """World metres to pixels. Rows of `rotation`: the image's right, down and forward axes in the world."""

    eye: Floats
    rotation: Floats
    focal: float
    centre: tuple[float, float]
    size: tuple[int, int]  # width, height

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Pixel coordinates (N, 2) and distances along the optical axis (N,)."""
        local = (points - self.eye) @ self.rotation.T
        depth = np.maximum(local[:, 2], np.float32(1e-3))
        pixels = local[:, :2] * (np.float32(self.focal) / depth)[:, None]
        pixels += np.array(self.centre, np.float32)
        return pixels.astype(np.float32, copy=False), depth.astype(np.float32, copy=False)

    def directions(self, x: Floats, y: Floats) -> Floats:
        """Unit ray directions (N, 3) through pixel positions (N,), float32; pixel centres lie at +0.5."""
        across = (x - np.float32(self.centre[0])) / np.float32(self.focal)
        down = (y - np.float32(self.centre[1])) / np.float32(self.focal)
        rays = np.stack([across, down, np.ones_like(across)], axis=1) @ self.rotation
        rays /= np.sqrt(across * across + down * down + 1)[:, None]
        return np.ascontiguousarray(rays, np.float32)


def look_at(eye: Floats, target: Floats, roll_degrees: float) -> Floats:
    """Camera rotation (3, 3) from an eye to a target, world z up, then rolled about the optical axis."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    roll = np.deg2rad(roll_degrees)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation: Floats = (turn @ np.stack([right, down, forward])).astype(np.float32)
    return rotation


def sample_camera(rng: np.random.Generator, points: Floats, size: tuple[int, int]) -> Camera:
    """A camera anywhere around a person standing on z = 0.

    Azimuth uniform; elevation N(8, 14) in -20..60 degrees; vertical field of view 22..60 degrees; roll N(0,
    5). The person fills 0.45..0.95 of the tighter side and lies anywhere inside; about 15 % are larger or
    shifted so that the border cuts them.

    Args:
        rng: source of the draw.
        points: surface points (N, 3) of the person, metres.
        size: image width and height in pixels.
    """
    width, height = size
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    azimuth = rng.uniform(0, 2 * np.pi)
    elevation = np.deg2rad(np.clip(rng.normal(8, 14), -20, 60))
    focal = height / 2 / np.tan(np.deg2rad(rng.uniform(22, 60)) / 2)
    roll = rng.normal(0, 5)
    truncated = rng.random() < TRUNCATED_SHARE
    fill = rng.uniform(0.85, 1.35) if truncated else rng.uniform(0.45, 0.95)
    place = rng.uniform(0, 1, 2)
    heading = np.array(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    )
    radius = float(np.linalg.norm(high - low)) / 2
    distance = max(focal * 2 * radius / (min(width, height) * fill), 1.2 * radius)
    camera = Camera(middle, np.eye(3, dtype=np.float32), focal, (width / 2, height / 2), size)
    extent = np.ones(2)
    for _ in range(4):
        eye = (middle + heading * distance).astype(np.float32)
        eye[2] = max(float(eye[2]), LOWEST_EYE)
        camera = Camera(eye, look_at(eye, middle, roll), focal, (width / 2, height / 2), size)
        pixels, _ = camera.project(points)
        extent = pixels.max(0) - pixels.min(0)
        distance = max(distance * float(np.max(extent / [width, height])) / fill, 1.1 * radius)
    pixels, _ = camera.project(points)
    first, extent = pixels.min(0), pixels.max(0) - pixels.min(0)
    room = np.array([width, height]) - extent
    if truncated:
        # Up to 35 % of the person beyond any border, but not more than the picture can miss.
        spare = 0.35 * extent
        wanted = -spare + place * (np.maximum(room, 0) + 2 * spare + np.minimum(room, 0))
    else:
        wanted = place * np.maximum(room, 0) + np.minimum(room, 0) / 2
        towards_middle = np.maximum(room, 0) / 2
        wanted = 0.65 * wanted + 0.35 * towards_middle  # people are more often near the middle
    shift = wanted - first
    centre = (width / 2 + float(shift[0]), height / 2 + float(shift[1]))
    return Camera(camera.eye, camera.rotation, focal, centre, size)
