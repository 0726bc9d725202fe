"""A directional key light over a two-colour ambient hemisphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats


@dataclass(frozen=True)
class Light:
    """Unit direction towards the key light, and linear RGB strengths.

    `softness` blurs shadows; `floor_shadow` is how dark they are on the floor, 0..1.
    """

    direction: Floats
    key: Floats
    sky: Floats
    ground: Floats
    softness: float
    floor_shadow: float


def sample_light(rng: np.random.Generator) -> Light:
    """From overcast (weak key, soft) to sun or lamp (strong key), warm or cool."""
    direction = rng.normal(size=3)
    direction[2] = abs(direction[2]) + 0.35
    direction /= np.linalg.norm(direction)
    hard = rng.random()
    warmth = rng.normal(0, 0.10)
    warm = np.array([1 + warmth, 1.0, 1 - warmth * 1.3])
    cool = np.array([1 - 0.4 * warmth, 1.0, 1 + 0.5 * warmth])
    sky = cool * rng.uniform(0.5, 1.0)
    return Light(
        direction=direction.astype(np.float32),
        key=(warm * rng.uniform(0.2, 2.2) * (0.35 + hard)).astype(np.float32),
        sky=sky.astype(np.float32),
        ground=(sky * rng.uniform(0.3, 0.8, 3) ** 0.7 * 0.8).astype(np.float32),
        softness=float(rng.uniform(0.02, 0.25) * (1.2 - hard)),
        floor_shadow=float(rng.uniform(0.25, 0.75)),
    )
