"""Light as it falls on people: sun and sky, overcast, windows, lamps, tubes, arenas and coloured night light.

A directional key light stands over a two-colour ambient hemisphere, and sometimes a second light rims the
person. Colours come from temperatures and are then seen by a camera that balances white, never quite fully.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dataset_loader.synthetic.body import Floats

# Linear sRGB of black bodies, green = 1, after the CIE 1931 observer and a D65 white.
KELVINS = (2000, 2700, 3200, 4000, 5000, 6500, 8000, 10000, 15000)
RED = (3.60, 2.50, 2.08, 1.58, 1.26, 1.03, 0.92, 0.84, 0.76)
BLUE = (0.08, 0.22, 0.36, 0.58, 0.80, 1.02, 1.18, 1.33, 1.55)


@dataclass(frozen=True)
class Light:
    """Where light comes from and its linear RGB strengths.

    Renderers add `rim` by Lambert's law without a shadow ray, weakened by the open sky like ambient light.

    Attributes:
        direction: unit vector towards the key light.
        key, sky, ground: the key light, and ambient light from above and below.
        softness: blurs shadows, radians.
        floor_shadow: how dark shadows are on the floor, 0..1.
        rim: second light, black in most scenes; `rim_direction` the unit vector towards it.
        kind: one of KINDS.
    """

    direction: Floats
    key: Floats
    sky: Floats
    ground: Floats
    softness: float
    floor_shadow: float
    rim: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    rim_direction: Floats = field(default_factory=lambda: np.array([0, 0, 1], np.float32))
    kind: str = "overcast"


def temperature_colour(kelvin: float) -> Floats:
    """Linear RGB of a black body with green = 1, 2000 to 15000 kelvin."""
    at, knots = np.log(kelvin), np.log(KELVINS)
    return np.array([np.interp(at, knots, RED), 1.0, np.interp(at, knots, BLUE)], np.float32)


def towards(rng: np.random.Generator, lowest: float, highest: float) -> Floats:
    """Unit vector of a light at any azimuth, its elevation between two angles in degrees."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(lowest, highest))
    across = np.cos(elevation)
    return np.array([np.cos(azimuth) * across, np.sin(azimuth) * across, np.sin(elevation)], np.float32)


def _light(
    rng: np.random.Generator,
    kind: str,
    elevation: tuple[float, float],
    key: tuple[float, float],
    sky: tuple[float, float],
    ground: tuple[float, float],
    softness: tuple[float, float],
    floor_shadow: tuple[float, float],
) -> Light:
    """A light of given colour temperatures (kelvin, strength) as a camera that balances white records it."""
    colours = [temperature_colour(kelvin) * np.float32(strength) for kelvin, strength in (key, sky, ground)]
    white = colours[0] * 0.5 + colours[1] * 0.5
    balance = (white / white.mean()) ** np.float32(rng.uniform(0.65, 1.0))
    balance = balance * rng.uniform(0.97, 1.03, 3).astype(np.float32)
    return Light(
        direction=towards(rng, *elevation),
        key=colours[0] / balance,
        sky=colours[1] / balance,
        ground=colours[2] / balance,
        softness=float(rng.uniform(*softness)),
        floor_shadow=float(rng.uniform(*floor_shadow)),
        kind=kind,
    )


def sun(rng: np.random.Generator) -> Light:
    """Hard warm sun and blue sky; low sun is warmer and weaker."""
    low = rng.random() < 0.3
    return _light(
        rng,
        "sun",
        (8, 25) if low else (25, 75),
        (rng.uniform(2900, 4600) if low else rng.uniform(4800, 5800), rng.uniform(1.1, 2.2)),
        (rng.uniform(7500, 13000), rng.uniform(0.30, 0.70)),
        (rng.uniform(4200, 6000), rng.uniform(0.15, 0.55)),
        (0.015, 0.06),
        (0.45, 0.75),
    )


def overcast(rng: np.random.Generator) -> Light:
    """Soft light from the whole sky, or open shade."""
    kelvin = rng.uniform(5800, 9000)
    return _light(
        rng,
        "overcast",
        (45, 85),
        (kelvin, rng.uniform(0.12, 0.50)),
        (kelvin, rng.uniform(0.75, 1.0)),
        (rng.uniform(5000, 7000), rng.uniform(0.25, 0.60)),
        (0.20, 0.40),
        (0.20, 0.50),
    )


def window(rng: np.random.Generator) -> Light:
    """Daylight from the side in a room, with warm or cool fill."""
    return _light(
        rng,
        "window",
        (5, 40),
        (rng.uniform(5200, 7500), rng.uniform(0.6, 1.6)),
        (rng.uniform(3500, 6500), rng.uniform(0.20, 0.50)),
        (rng.uniform(3200, 5500), rng.uniform(0.15, 0.40)),
        (0.12, 0.30),
        (0.30, 0.60),
    )


def tungsten(rng: np.random.Generator) -> Light:
    """Warm lamps at home or in a restaurant."""
    kelvin = rng.uniform(2500, 3400)
    return _light(
        rng,
        "tungsten",
        (25, 80),
        (kelvin, rng.uniform(0.5, 1.3)),
        (kelvin * 1.05, rng.uniform(0.20, 0.55)),
        (kelvin, rng.uniform(0.12, 0.40)),
        (0.08, 0.25),
        (0.30, 0.60),
    )


def fluorescent(rng: np.random.Generator) -> Light:
    """Ceiling tubes and LED panels of offices, gyms and shops, sometimes with a green tint."""
    kelvin = rng.uniform(3600, 6200)
    light = _light(
        rng,
        "fluorescent",
        (55, 88),
        (kelvin, rng.uniform(0.35, 0.90)),
        (kelvin, rng.uniform(0.50, 0.85)),
        (kelvin, rng.uniform(0.30, 0.60)),
        (0.20, 0.45),
        (0.20, 0.45),
    )
    green = np.array([1, rng.uniform(1.0, 1.10), 1], np.float32)
    return _tinted(light, green, green, light.rim)


def arena(rng: np.random.Generator) -> Light:
    """Floodlights of a sports hall or stadium: two hard lights from above, opposite each other."""
    kelvin = rng.uniform(4200, 6500)
    light = _light(
        rng,
        "arena",
        (35, 70),
        (kelvin, rng.uniform(0.8, 1.6)),
        (kelvin, rng.uniform(0.25, 0.50)),
        (kelvin, rng.uniform(0.20, 0.45)),
        (0.03, 0.12),
        (0.25, 0.50),
    )
    return _tinted(light, np.ones(3, np.float32), np.ones(3, np.float32), light.key * rng.uniform(0.3, 0.9))


def night(rng: np.random.Generator) -> Light:
    """Little ambient light; a lamp or coloured stage and neon lights from two sides."""
    light = _light(
        rng,
        "night",
        (5, 60),
        (rng.uniform(2200, 5000), rng.uniform(0.5, 1.4)),
        (rng.uniform(3000, 12000), rng.uniform(0.06, 0.25)),
        (rng.uniform(2500, 6000), rng.uniform(0.05, 0.20)),
        (0.03, 0.15),
        (0.30, 0.70),
    )
    neon = np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 0.9), 1.0), np.float32) ** 2.2
    rim = neon * np.float32(rng.uniform(0.3, 1.2))
    tint = neon[::-1] * np.float32(0.5) + np.float32(0.5) if rng.random() < 0.4 else np.ones(3, np.float32)
    return _tinted(light, tint, np.ones(3, np.float32), rim)


def _tinted(light: Light, key: Floats, ambient: Floats, rim: Floats) -> Light:
    """The light with colours multiplied, and a rim light opposite the key and a little lower."""
    opposite = light.direction * np.array([-1, -1, 0.8], np.float32)
    return Light(
        direction=light.direction,
        key=light.key * key,
        sky=light.sky * ambient,
        ground=light.ground * ambient,
        softness=light.softness,
        floor_shadow=light.floor_shadow,
        rim=np.asarray(rim, np.float32),
        rim_direction=(opposite / np.linalg.norm(opposite)).astype(np.float32),
        kind=light.kind,
    )


KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Light]]] = {
    "sun": (0.28, sun),
    "overcast": (0.24, overcast),
    "window": (0.12, window),
    "tungsten": (0.10, tungsten),
    "fluorescent": (0.15, fluorescent),
    "arena": (0.07, arena),
    "night": (0.04, night),
}


OUTDOORS = ("sun", "overcast", "arena", "night")
INDOORS = ("window", "tungsten", "fluorescent", "arena", "night")


def sample_light(rng: np.random.Generator, indoors: bool | None = None) -> Light:
    """A light of a random kind; of those that suit the place when it is known."""
    kinds = list(KINDS if indoors is None else INDOORS if indoors else OUTDOORS)
    shares = np.array([KINDS[name][0] for name in kinds])
    kind = str(rng.choice(kinds, p=shares / shares.sum()))
    return KINDS[kind][1](rng)
