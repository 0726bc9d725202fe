"""What a background may know of a picture: the camera and where each pixel looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.camera import Camera

FARTHEST = 1e4  # metres; beyond it there is no floor


@dataclass(frozen=True)
class View:
    """The camera and the unit ray direction (H, W, 3) of each pixel, or of each coarse pixel."""

    camera: Camera
    directions: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the rays."""
        return self.directions.shape[0], self.directions.shape[1]

    @property
    def ray_angle(self) -> float:
        """Radians between neighbouring rays."""
        return self.camera.nearness * self.camera.size[0] / self.shape[1]


def look_through(camera: Camera, step: int = 1) -> View:
    """Rays through the middles of blocks of `step` by `step` pixels."""
    width, height = camera.size
    rows, columns = -(-height // step), -(-width // step)
    x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) * step
    y = (np.arange(rows, dtype=np.float32) + np.float32(0.5)) * step
    grid = np.broadcast_to(x, (rows, columns)).ravel(), np.repeat(y, columns)
    return View(camera, camera.directions(*grid).reshape(rows, columns, 3))


def floor_distance(view: View) -> Floats:
    """Metres along each ray to the floor z = 0 (H, W); infinite above the horizon."""
    down = -view.directions[..., 2]
    height = np.float32(view.camera.eye[2])
    found: Floats = np.where(down > height / FARTHEST, height / np.maximum(down, 1e-6), np.inf).astype(
        np.float32
    )
    return found
