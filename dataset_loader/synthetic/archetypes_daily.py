"""Archetypes of daily life: standing, walking, sitting, the office."""

from __future__ import annotations

from functools import partial

from dataset_loader.synthetic.archetype import Archetype
from dataset_loader.synthetic.arm_modes import ANY_ARMS

_everyday = partial(Archetype, "everyday")
_sitting = partial(Archetype, "sitting", support="seat")
_office = partial(Archetype, "office")

STANDING = ("down", "down", "down", "hips", "crossed", "clasped", "phone", "desk", "behind", "walk_front")

EVERYDAY: tuple[Archetype, ...] = (
    _everyday("stand", 9, (3, 0, 0), arms=STANDING),
    _everyday("stand_two_things", 6, (2, 0, 4), arms=STANDING, other=ANY_ARMS),
    _everyday("stand_any_arms", 3, arms=ANY_ARMS, other=ANY_ARMS),
    _everyday(
        "contrapposto", 4, (2, 9, 5), (8, -2), (18, 3), root=(0, -5), arms=STANDING, other=("down", "hips")
    ),
    _everyday("stand_slouched", 3, (26, 0, 0), (-4, -4), (6, 6), root=(-6, 0), arms=STANDING, nod=12),
    _everyday(
        "stand_legs_apart", 3, (2, 0, 0), abduction=15, thigh_turn=10, arms=("hips", "crossed", "down", "up")
    ),
    _everyday("stand_phone", 3, (12, 0, 0), arms=("phone", "camera"), other=("phone", "down", "bag"), nod=24),
    _everyday(
        "phone_at_ear", 2, (3, 4, 4), (6, -2), (12, 3), arms=("ear",), other=("down", "hips", "clasped")
    ),
    _everyday("take_photo", 2, (3, 0, 0), (4, 0), (8, 3), arms=("camera",)),
    _everyday("wave_hello", 1.5, (0, 4, 4), arms=("wave", "v_up"), other=("down", "hips")),
    _everyday("point_at", 1.5, (3, 0, 12), arms=("point",), other=("down", "hips")),
    _everyday("drink", 1.5, (-2, 0, 0), arms=("eat", "goblet"), other=("down", "hips", "clasped"), nod=-14),
    _everyday(
        "walk", 8, (5, 0, 6), (26, -14), (12, 24), arms=("walk_back", "down"), other=("walk_front", "down")
    ),
    _everyday(
        "walk_phone", 2, (12, 0, 3), (22, -10), (10, 20), arms=("phone",), other=("walk_back", "bag"), nod=24
    ),
    _everyday(
        "walk_bag", 2, (8, -6, 3), (22, -10), (10, 18), arms=("bag",), other=("walk_front", "phone", "down")
    ),
    _everyday("carry_box", 2, (-4, 0, 0), (14, -6), (12, 14), root=(-3, 0), arms=("carry",)),
    _everyday(
        "stairs",
        2,
        (12, 0, 4),
        (60, 4),
        (70, 8),
        root=(6, 0),
        arms=("down", "walk_back"),
        other=("walk_front", "forward_low"),
        one_foot=True,
    ),
    _everyday("lean_table", 2, (24, 0, 0), (24, 24), (5, 5), arms=("forward_low", "desk"), pitch="legs"),
    _everyday(
        "pick_up",
        2,
        (50, 12, 16),
        (75, 62),
        (58, 48),
        9,
        arms=("hang",),
        other=("hang", "thighs"),
        pitch="legs",
    ),
    _everyday("bow", 1.5, (34, 0, 0), (26, 26), (4, 4), arms=("down", "hang", "behind"), pitch="legs"),
    _everyday(
        "crouch",
        2,
        (30, 0, 0),
        (112, 100),
        (128, 118),
        12,
        8,
        (24, 0),
        ("thighs", "forward_low", "clasped", "phone"),
        pitch="squat",
    ),
    _everyday(
        "reach_shelf", 2, (-8, 10, 6), (2, -2), arms=("up",), other=("down", "up", "forward_low"), nod=-18
    ),
    _everyday(
        "ladder",
        1,
        (4, 6, 0),
        (68, 4),
        (74, 10),
        6,
        root=(6, 0),
        arms=("climb_high",),
        other=("front_grip", "climb_high"),
        one_foot=True,
        nod=-18,
    ),
    _everyday("push_cart", 1.5, (12, 0, 0), (28, -12), (16, 20), root=(8, 0), arms=("forward_low", "desk")),
    _everyday("look_back", 1.5, (2, 4, 38), (4, -2), arms=("down", "bag", "hips"), other=("down", "behind")),
)

SITTING: tuple[Archetype, ...] = (
    _sitting("sit", 6, (16, 0, 0), (88, 88), (86, 86), 8, 4, arms=("thighs", "clasped", "crossed", "phone")),
    _sitting("sit_upright", 3, (-8, 0, 0), (88, 88), (88, 88), 7, 4, (4, 0), ("thighs", "clasped", "hips")),
    _sitting(
        "sit_slouched",
        4,
        (46, 0, 0),
        (82, 82),
        (80, 80),
        10,
        4,
        (-14, 0),
        ("thighs", "phone", "clasped", "armrest"),
    ),
    _sitting(
        "sit_lean_forward",
        3,
        (34, 0, 0),
        (106, 106),
        (90, 90),
        14,
        8,
        (24, 0),
        ("thighs", "clasped", "phone", "chin"),
    ),
    _sitting(
        "sit_reclined",
        2,
        (22, 0, 0),
        (68, 68),
        (58, 58),
        9,
        6,
        (-26, 0),
        ("thighs", "crossed", "head", "armrest"),
    ),
    _sitting(
        "sit_twisted",
        1.5,
        (12, 10, 36),
        (88, 88),
        (86, 86),
        9,
        4,
        arms=("behind", "armrest"),
        other=("thighs", "front"),
    ),
    _sitting(
        "sit_legs_out", 1.5, (24, 0, 0), (66, 62), (36, 30), 7, 6, (-16, 0), ("thighs", "phone", "crossed")
    ),
    _sitting(
        "sit_knees_apart", 2, (22, 0, 0), (88, 88), (88, 88), 24, 16, (2, 0), ("thighs", "clasped", "phone")
    ),
    _sitting(
        "sit_eating",
        3,
        (20, 0, 0),
        (92, 92),
        (86, 86),
        8,
        4,
        (8, 0),
        ("eat", "desk"),
        ("desk", "eat"),
        nod=10,
    ),
    _sitting("drive", 1.5, (22, 0, 0), (74, 70), (56, 50), 9, 6, (-16, 0), ("steer",)),
    _sitting("ride_bicycle", 2.5, (30, 0, 0), (96, 52), (104, 62), 5, 2, (34, 0), ("handlebar",), nod=-26),
    _sitting("ride_upright", 2, (8, 0, 0), (76, 72), (76, 70), 16, 6, (6, 0), ("steer", "handlebar")),
    _sitting("row_boat", 1, (26, 0, 0), (96, 96), (72, 72), 7, 4, (6, 0), ("front_grip", "row", "curl")),
)

OFFICE: tuple[Archetype, ...] = (
    _office("desk_typing", 4, (12, 0, 0), (90, 90), (88, 88), 7, 4, (2, 0), ("desk",), support="seat"),
    _office(
        "desk_mouse",
        3,
        (18, 0, 4),
        (88, 88),
        (86, 86),
        8,
        4,
        (0, 0),
        ("mouse",),
        ("desk", "thighs"),
        support="seat",
    ),
    _office(
        "desk_slouch",
        3,
        (44, 0, 0),
        (86, 86),
        (84, 84),
        8,
        4,
        (-8, 0),
        ("desk", "mouse"),
        ("desk", "chin"),
        support="seat",
        nod=-22,
    ),
    _office(
        "desk_phone_call",
        2,
        (16, 6, 0),
        (88, 88),
        (86, 86),
        8,
        4,
        arms=("ear",),
        other=("desk", "mouse"),
        support="seat",
    ),
    _office(
        "desk_chin_on_hand",
        2,
        (32, 8, 4),
        (94, 94),
        (88, 88),
        8,
        4,
        (12, 0),
        ("chin",),
        ("desk", "chin"),
        support="seat",
    ),
    _office(
        "desk_lean_back",
        1.5,
        (8, 0, 0),
        (72, 72),
        (66, 66),
        8,
        4,
        (-24, 0),
        ("head", "armrest"),
        support="seat",
    ),
    _office("standing_desk", 2, (8, 0, 0), arms=("desk",), other=("mouse", "desk")),
    _office("desk_stand_lean", 1.5, (24, 0, 0), (12, 12), (4, 4), arms=("desk", "forward_low"), pitch="legs"),
)
