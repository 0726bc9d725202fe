"""What a person wears: the cut of clothes, shoes, hair and headwear, drawn at random.

Heights are canonical z in metres (0 near the root, -0.82 the soles, 0.80 the crown). Only adults are
dressed, and everybody wears at least something over the chest and the pelvis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

HAIR_STYLES = ("bald", "buzz", "short", "full", "curly", "bob", "long", "ponytail", "bun")
HAIR_SHARES_MALE = (0.08, 0.20, 0.40, 0.14, 0.09, 0.02, 0.03, 0.02, 0.02)
HAIR_SHARES_FEMALE = (0.01, 0.02, 0.09, 0.08, 0.09, 0.19, 0.21, 0.21, 0.10)
HEADWEAR = ("none", "cap", "beanie", "helmet", "headband")
HEADWEAR_SHARES = (0.74, 0.11, 0.05, 0.07, 0.03)
# Arm coordinate where sleeves end: 0 at the shoulder, 1 at the elbow, 2 at the wrist.
SLEEVES = {"none": -0.02, "cap": 0.28, "short": 0.58, "elbow": 0.92, "three_quarter": 1.45, "long": 1.93}
# Height where legs of trousers end.
LEGS = {"brief": -0.13, "short": -0.20, "knee": -0.34, "below_knee": -0.45, "calf": -0.60, "long": -0.765}


@dataclass(frozen=True)
class Garment:
    """One shell of cloth.

    Attributes:
        low: lower end on trunk or legs, a height.
        sleeve: arm coordinate where sleeves end.
        neck: radius of the neck opening, metres; `neck_drop` how much deeper it goes in front.
        gap: distance from the skin or from the layer below, metres.
        loose: 0 follows the body, 1 hangs straight down from the widest place above.
        flare: metres by which a hanging garment widens per metre downwards.
        fold: height of the folds that are real geometry, metres.
        opening: half width of an open front at the hem, metres; below 0 it is closed.
    """

    low: float
    sleeve: float = -1.0
    neck: float = 0.085
    neck_drop: float = 0.02
    gap: float = 0.006
    loose: float = 0.3
    flare: float = 0.0
    fold: float = 0.002
    opening: float = -1.0


@dataclass(frozen=True)
class Outfit:
    """Everything one person wears.

    Attributes:
        dress: top and skirt are of one fabric; `one_piece` the same of top and legs.
        waist: height at which the lower garment ends.
        skirt: lower end of a skirt, or above 0 without one.
        coat: lower end of a coat's skirt, or above 0 without one.
        socks: height up to which socks go.
        shoe: "none", "low", "runner" or "boot".
        watch: on the left wrist.
        fringe: how far hair hangs into the forehead, metres; below 0 the hairline recedes.
        volume: thickness of the hair, metres; `hair_end` the height where long hair ends.
        glasses: "none", "clear" or "sun".
        noise_offset: where in the noise volume this person's folds lie.
    """

    top: Garment
    bottom: Garment
    jacket: Garment | None
    waist: float
    tucked: bool
    skirt: float
    coat: float
    dress: bool
    one_piece: bool
    tie: bool
    hood: bool
    collar: bool
    belt: bool
    gloves: bool
    watch: bool
    backpack: bool
    socks: float
    shoe: str
    hair: str
    volume: float
    hair_end: float
    fringe: float
    headwear: str
    glasses: str
    noise_offset: tuple[float, float, float]


def sample_top(rng: np.random.Generator, male: bool) -> Garment:
    """T-shirts first of all; shirts, tank tops, jerseys, sweatshirts, and sports bras."""
    kinds = ("shirt", "tight", "tank", "long", "sweater", "bra")
    shares = (0.42, 0.10, 0.10, 0.18, 0.20, 0.0) if male else (0.28, 0.14, 0.20, 0.16, 0.12, 0.10)
    kind = str(rng.choice(kinds, p=shares))
    low = rng.uniform(-0.03, 0.05)
    neck, drop = rng.uniform(0.072, 0.095), min(rng.exponential(0.02), 0.06)
    if kind == "shirt":
        sleeve = SLEEVES[str(rng.choice(["cap", "short", "elbow"], p=[0.25, 0.55, 0.20]))]
        return Garment(
            low,
            sleeve,
            neck,
            drop,
            gap=rng.uniform(0.006, 0.014),
            loose=rng.uniform(0.25, 1.0),
            flare=rng.uniform(0, 0.12),
            fold=rng.uniform(0.002, 0.006),
        )
    if kind == "tight":
        sleeve = SLEEVES[str(rng.choice(["none", "cap", "long"]))]
        return Garment(low, sleeve, neck, drop, gap=0.003, loose=0.0, fold=0.0005)
    if kind == "tank":
        return Garment(
            low,
            SLEEVES["none"] + rng.uniform(-0.10, 0.10),
            rng.uniform(0.080, 0.100),
            rng.uniform(0.0, 0.035),
            gap=rng.uniform(0.003, 0.008),
            loose=rng.uniform(0, 0.8),
            fold=rng.uniform(0.001, 0.004),
        )
    if kind == "bra":
        return Garment(rng.uniform(0.22, 0.27), -0.10, 0.092, rng.uniform(0.01, 0.03), 0.003, 0.0, 0, 0.0003)
    if kind == "long":
        sleeve = SLEEVES["long"] if rng.random() < 0.75 else SLEEVES["three_quarter"]
        return Garment(
            low,
            sleeve,
            neck,
            drop,
            gap=rng.uniform(0.004, 0.010),
            loose=rng.uniform(0.1, 0.8),
            fold=rng.uniform(0.001, 0.005),
        )
    return Garment(
        low,
        SLEEVES["long"],
        rng.uniform(0.070, 0.085),
        0.005,
        gap=rng.uniform(0.012, 0.022),
        loose=rng.uniform(0.4, 1.0),
        fold=rng.uniform(0.003, 0.008),
    )


def sample_bottom(rng: np.random.Generator, male: bool) -> Garment:
    """Trousers, jeans, shorts of several lengths, tights."""
    kinds = ("slim", "straight", "wide", "shorts", "tights")
    shares = (0.24, 0.28, 0.10, 0.32, 0.06) if male else (0.24, 0.14, 0.11, 0.22, 0.29)
    kind = str(rng.choice(kinds, p=shares))
    if kind == "shorts":
        low = LEGS[str(rng.choice(["short", "knee", "below_knee"], p=[0.35, 0.5, 0.15]))]
        loose, gap = rng.uniform(0.3, 1.0), rng.uniform(0.006, 0.016)
        return Garment(
            low + rng.normal(0, 0.02),
            gap=gap,
            loose=loose,
            flare=rng.uniform(0, 0.12),
            fold=rng.uniform(0.001, 0.005),
        )
    if kind == "tights":
        low = LEGS[
            str(rng.choice(["brief", "short", "knee", "calf", "long"], p=[0.10, 0.15, 0.1, 0.15, 0.5]))
        ]
        return Garment(low, gap=0.003, loose=0.0, fold=0.0003)
    low = LEGS["long"] + (rng.uniform(0, 0.10) if rng.random() < 0.25 else 0.0)
    if kind == "slim":
        return Garment(
            low, gap=rng.uniform(0.004, 0.008), loose=rng.uniform(0, 0.25), fold=rng.uniform(0.001, 0.003)
        )
    if kind == "straight":
        return Garment(
            low,
            gap=rng.uniform(0.006, 0.012),
            loose=rng.uniform(0.35, 0.7),
            fold=rng.uniform(0.002, 0.005),
        )
    return Garment(
        low,
        gap=rng.uniform(0.008, 0.014),
        loose=rng.uniform(0.75, 1.1),
        flare=rng.uniform(0, 0.06),
        fold=rng.uniform(0.003, 0.007),
    )


def sample_jacket(rng: np.random.Generator) -> Garment:
    """Jackets, cardigans and vests, closed or with an open front."""
    sleeve = SLEEVES["none"] + 0.02 if rng.random() < 0.12 else SLEEVES["long"]
    return Garment(
        rng.uniform(-0.06, 0.08),
        sleeve,
        rng.uniform(0.080, 0.100),
        rng.uniform(0.0, 0.03),
        gap=rng.uniform(0.006, 0.016),
        loose=rng.uniform(0.4, 1.0),
        fold=rng.uniform(0.002, 0.006),
        opening=rng.uniform(0.02, 0.10) if rng.random() < 0.6 else -1.0,
    )


def sample_outfit(rng: np.random.Generator, male: float) -> Outfit:
    """Everyday and sports clothes; always at least a top and a bottom."""
    is_male = male > 0.5
    top, bottom = sample_top(rng, is_male), sample_bottom(rng, is_male)
    jacket = sample_jacket(rng) if rng.random() < 0.20 else None
    skirt = float(rng.uniform(-0.45, -0.17)) if not is_male and rng.random() < 0.15 else 1.0
    dress = skirt < 0 and bool(rng.random() < 0.5)
    if dress:
        top = replace(top, low=0.11, loose=min(top.loose, 0.4))
    if skirt < 0:  # shorts below it
        bottom = Garment(max(LEGS["short"], skirt + 0.03), gap=0.003, loose=0.0, fold=0.0)
    one_piece = skirt > 0 and bool(rng.random() < 0.05)
    if one_piece:  # swimsuits, leotards, wetsuits, overalls
        legs = LEGS[str(rng.choice(["brief", "short", "knee", "long"], p=[0.2, 0.2, 0.2, 0.4]))]
        sleeve = float(rng.choice([SLEEVES["none"], SLEEVES["long"]]))
        gap = rng.uniform(0.003, 0.010)
        loose = 0.0 if gap < 0.006 else 0.5
        top = Garment(0.0, sleeve, rng.uniform(0.075, 0.095), rng.uniform(0, 0.03), gap, loose)
        bottom = Garment(legs, gap=gap, loose=loose)
    coat = float(rng.uniform(-0.38, -0.15)) if jacket is not None and rng.random() < 0.2 else 1.0
    if jacket is not None and coat < 0 < skirt:
        jacket = replace(jacket, low=0.08)
    if jacket is not None and skirt < 0:
        jacket = replace(jacket, low=max(jacket.low, 0.04))
    suit = jacket is not None and jacket.opening > 0 and top.sleeve > 1 and bool(rng.random() < 0.6)
    shares = HAIR_SHARES_MALE if is_male else HAIR_SHARES_FEMALE
    hair = str(rng.choice(HAIR_STYLES, p=shares))
    volumes = {
        "bald": 0.0,
        "buzz": rng.uniform(0.002, 0.005),
        "full": rng.uniform(0.018, 0.030),
        "curly": rng.uniform(0.020, 0.060),
        "ponytail": rng.uniform(0.006, 0.011),
        "bun": rng.uniform(0.006, 0.011),
    }
    waist = float(rng.uniform(0.06, 0.13))
    tucked = bool(rng.random() < 0.22)
    if skirt < 0 and not dress:
        waist, tucked = 0.13, True
    return Outfit(
        top=top,
        bottom=bottom,
        jacket=jacket,
        waist=waist,
        tucked=tucked,
        skirt=skirt,
        coat=coat if skirt > 0 else 1.0,
        dress=dress,
        one_piece=one_piece,
        tie=suit and is_male,
        hood=bool(not suit and (jacket is not None or top.gap > 0.011) and rng.random() < 0.35),
        collar=suit or bool(rng.random() < 0.22),
        belt=tucked and skirt > 0 and bool(rng.random() < 0.6),
        gloves=bool(rng.random() < 0.04),
        watch=bool(rng.random() < 0.25),
        backpack=bool(rng.random() < 0.05),
        socks=float(rng.choice([-0.90, -0.71, -0.66, -0.42], p=[0.3, 0.3, 0.25, 0.15])),
        shoe=str(rng.choice(["none", "low", "runner", "boot"], p=[0.15, 0.27, 0.46, 0.12])),
        hair=hair,
        volume=float(volumes.get(hair, rng.uniform(0.008, 0.016))),
        fringe=float(rng.uniform(0.01, 0.034) if rng.random() < 0.3 else rng.normal(0, 0.005)),
        hair_end=float(rng.uniform(0.54, 0.60) if hair == "bob" else rng.uniform(0.32, 0.50)),
        headwear=str(rng.choice(HEADWEAR, p=HEADWEAR_SHARES)),
        glasses=str(rng.choice(["none", "clear", "sun"], p=[0.82, 0.11, 0.07])),
        noise_offset=tuple(rng.uniform(0, 64, 3).tolist()),
    )
