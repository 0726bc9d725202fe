"""A pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats


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
        local = self.local(points)
        depth = np.maximum(local[:, 2], np.float32(1e-3))
        pixels = local[:, :2] * (np.float32(self.focal) / depth)[:, None]
        pixels += np.array(self.centre, np.float32)
        return pixels.astype(np.float32, copy=False), depth.astype(np.float32, copy=False)

    def local(self, points: Floats) -> Floats:
        """Camera coordinates (N, 3) in metres: x right, y down, z forward."""
        found: Floats = ((points - self.eye) @ self.rotation.T).astype(np.float32, copy=False)
        return found

    @property
    def nearness(self) -> float:
        """Angle that one pixel covers, radians: metres at a distance of one metre."""
        return 1 / self.focal

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
