"""Archetypes of the clinic: postures in which a spine is examined or X-rayed."""

from __future__ import annotations

from functools import partial

from dataset_loader.synthetic.archetype import Archetype

_clinical = partial(Archetype, "clinical", exact=True)

CLINICAL: tuple[Archetype, ...] = (
    _clinical("upright", 4, arms=("down",), nod=0),
    _clinical("upright_relaxed", 2, (6, 0, 0), arms=("down",)),
    _clinical("xray_arms_forward", 2, arms=("front",), nod=0),
    _clinical("xray_fists_on_collar", 2, arms=("fists_up",), nod=0),
    _clinical("xray_arms_supported", 1, arms=("forward_low", "desk"), nod=0),
    _clinical("adams_bend", 4, (70, 0, 0), (62, 62), (3, 3), arms=("hang_close",), pitch="legs", nod=30),
    _clinical("adams_bend_half", 2, (46, 0, 0), (38, 38), (3, 3), arms=("hang_close",), pitch="legs", nod=25),
    _clinical("side_bend_test", 3, (0, 36, 0), (0, 0), (2, 2), 7, arms=("down",)),
    _clinical(
        "extension_test",
        2,
        (-34, 0, 0),
        (-8, -8),
        (4, 4),
        root=(-10, 0),
        arms=("hips", "down", "crossed"),
        nod=-25,
    ),
    _clinical("rotation_test", 2, (0, 0, 42), (0, 0), (2, 2), 7, arms=("crossed", "hips")),
    _clinical("overhead_reach_test", 1.5, (-6, 0, 0), arms=("up",), nod=-4),
    _clinical(
        "single_leg_stance", 1.5, (0, 2, 0), (52, 0), (80, 3), arms=("hips", "crossed", "down"), one_foot=True
    ),
    _clinical(
        "sit_test", 2, (4, 0, 0), (90, 90), (90, 90), 6, 4, arms=("thighs", "crossed"), support="seat", nod=0
    ),
    _clinical(
        "sit_flexed_test",
        1.5,
        (60, 0, 0),
        (94, 94),
        (90, 90),
        8,
        4,
        (8, 0),
        ("behind", "head"),
        support="seat",
        nod=35,
    ),
)
