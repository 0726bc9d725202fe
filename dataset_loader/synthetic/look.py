"""The colours that one view of a person is drawn in. All colours are linear RGB."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.fabric import Fabric, cloth_colour, sample_fabric

# Measured skin reflectances run over these display colours, from very light to very dark.
SKIN_TONES = np.array(
    [
        (0.92, 0.75, 0.66),
        (0.86, 0.67, 0.55),
        (0.79, 0.59, 0.46),
        (0.66, 0.47, 0.35),
        (0.49, 0.33, 0.24),
        (0.33, 0.22, 0.17),
    ]
)
HAIR_COLOURS = (
    (0.13, 0.11, 0.10),
    (0.22, 0.155, 0.115),
    (0.36, 0.25, 0.165),
    (0.50, 0.29, 0.15),
    (0.66, 0.52, 0.32),
    (0.60, 0.59, 0.57),
)
LEAST_CONTRAST = 0.5  # between skin and clothes, of the logarithm of some channel
HAIR_SHARES = (0.34, 0.26, 0.15, 0.04, 0.11, 0.10)


@dataclass(frozen=True)
class Look:
    """Everything that is drawn anew for each view of the same body.

    Attributes:
        skin: base colour; `flush` reddens cheeks, nose, ears and hands, `freckles` speckles the skin.
        gaze: shift of the irises (2,), metres.
        beard: share of beard colour, 0 shaved.
        smile: how much of the teeth shows, 0 closed lips .. 1.
        makeup: how dark lids and how red lips are, 0..1.
        noise_offset: where in the noise this look lies (3,).
    """

    skin: Floats
    flush: float
    freckles: float
    hair: Floats
    iris: Floats
    gaze: Floats
    beard: float
    makeup: float
    smile: float
    shoe: Floats
    shoe_accent: Floats
    sole: Floats
    sock: Floats
    hat: Fabric
    top: Fabric
    bottom: Fabric
    jacket: Fabric
    bag: Floats
    noise_offset: Floats


def unlike_skin(rng: np.random.Generator, fabric: Fabric, skin: Floats) -> Fabric:
    """The fabric, in another colour when it could be taken for bare skin."""
    while np.abs(np.log(fabric.colour / skin)).max() < LEAST_CONTRAST:
        fabric = replace(fabric, colour=cloth_colour(rng))
    return fabric


def sample_look(rng: np.random.Generator, male: float) -> Look:
    """Colours of one view."""
    tone = rng.random() * (len(SKIN_TONES) - 1)
    first = min(int(tone), len(SKIN_TONES) - 2)
    skin = SKIN_TONES[first] * (1 - tone + first) + SKIN_TONES[first + 1] * (tone - first)
    skin = skin * rng.uniform(0.94, 1.05) * rng.uniform(0.97, 1.03, 3)
    shares = np.array(HAIR_SHARES)
    if tone > 2.5:  # fair and red hair is rare on dark skin
        shares = shares * (1.4, 1.2, 0.3, 0.05, 0.08, 0.8)
    hair = np.array(HAIR_COLOURS[int(rng.choice(len(shares), p=shares / shares.sum()))])
    top, bottom = sample_fabric(rng), sample_fabric(rng, lower=True)
    skin = (np.clip(skin, 0, 1) ** 2.2).astype(np.float32)
    top, bottom = unlike_skin(rng, top, skin), unlike_skin(rng, bottom, skin)
    draw = rng.random()
    if draw < 0.08:  # suits, tracksuits and team kits
        bottom = replace(top, pattern="plain", front=None, back=None, fade=0.0)
    elif draw < 0.14:
        bottom = replace(bottom, colour=top.second, second=top.colour)
    sock = np.full(3, rng.choice([0.015, 0.75], p=[0.5, 0.5]), np.float32)
    if draw < 0.14 or rng.random() < 0.25:
        sock = top.colour if draw < 0.14 else cloth_colour(rng)
    return Look(
        skin=skin,
        flush=float(rng.uniform(0.2, 1.0)),
        freckles=float(rng.uniform(0.2, 0.5)) if tone < 1.5 and rng.random() < 0.15 else 0.0,
        hair=((hair * rng.uniform(0.7, 1.25)) ** 2.2).astype(np.float32),
        iris=np.array(
            [(0.04, 0.02, 0.01), (0.08, 0.05, 0.02), (0.08, 0.13, 0.2), (0.07, 0.10, 0.05)][
                int(rng.choice(4, p=(0.5, 0.25, 0.15, 0.1) if tone < 2.5 else (0.8, 0.2, 0.0, 0.0)))
            ],
            np.float32,
        ),
        gaze=(rng.normal(0, 1, 2) * (0.0020, 0.0007)).astype(np.float32),
        beard=float(rng.uniform(0.12, 0.9)) if male > 0.5 and rng.random() < 0.5 else 0.0,
        makeup=float(rng.uniform(0, 0.9)) if male < 0.5 and rng.random() < 0.5 else 0.0,
        smile=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.3 else 0.0,
        shoe=cloth_colour(rng),
        shoe_accent=cloth_colour(rng),
        sole=np.full(
            3, rng.uniform(0.45, 0.85) if rng.random() < 0.6 else rng.uniform(0.01, 0.2), np.float32
        ),
        sock=sock,
        hat=sample_fabric(rng, lower=True),
        top=top,
        bottom=bottom,
        jacket=replace(sample_fabric(rng, lower=bool(rng.random() < 0.6), prints=False), fade=0.0),
        bag=cloth_colour(rng),
        noise_offset=rng.uniform(0, 64, 3).astype(np.float32),
    )
