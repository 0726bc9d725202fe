"""The table of pose archetypes: mean angles from which poses are drawn.

Angles in degrees. `spine` is the total flexion, side bend (to the left) and twist (to the left), spread
over five vertebral bones; `hip` and `knee` are flexions of the left and right leg; `root` is pitch forward
and roll.
"""

from __future__ import annotations

from dataclasses import dataclass

# Upper-arm and forearm directions for the left arm (x outwards, y backwards, z up) and the frame they are
# given in: "trunk" follows the chest, "world" hangs by gravity or reaches for the floor.
ARM_MODES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], str]] = {
    "down": ((0.20, -0.02, -1.0), (0.10, -0.22, -1.0), "trunk"),
    "hang": ((0.12, -0.05, -1.0), (0.05, -0.15, -1.0), "world"),
    "floor": ((0.15, -0.12, -1.0), (0.02, -0.16, -1.0), "world"),
    "front": ((0.15, -1.0, -0.10), (0.02, -1.0, 0.05), "trunk"),
    "forward_low": ((0.20, -0.75, -0.75), (0.02, -0.95, -0.30), "trunk"),
    "side": ((1.0, -0.08, 0.0), (1.0, -0.20, 0.05), "trunk"),
    "up": ((0.28, -0.12, 1.0), (0.08, -0.12, 1.0), "trunk"),
    "v_up": ((0.75, -0.10, 0.75), (0.60, -0.15, 0.90), "trunk"),
    "over": ((-0.10, -0.10, 1.0), (-0.55, -0.10, 0.9), "trunk"),
    "hips": ((0.75, 0.35, -0.70), (-0.80, -0.30, -0.50), "trunk"),
    "crossed": ((0.30, -0.35, -0.90), (-0.80, -0.60, 0.20), "trunk"),
    "swing_front": ((0.15, -0.55, -0.85), (-0.10, -0.95, 0.15), "trunk"),
    "swing_back": ((0.22, 0.60, -0.80), (0.05, -0.45, -0.90), "trunk"),
    "phone": ((0.20, -0.40, -0.90), (-0.25, -0.70, 0.75), "trunk"),
    "ear": ((0.55, -0.25, -0.70), (-0.35, -0.15, 1.0), "trunk"),
    "head": ((0.85, -0.10, 0.45), (-0.85, 0.12, 0.50), "trunk"),
    "desk": ((0.18, -0.40, -0.90), (-0.08, -1.0, -0.05), "trunk"),
    "thighs": ((0.18, -0.28, -1.0), (-0.02, -0.90, -0.40), "trunk"),
    "behind": ((0.35, 0.55, -0.80), (-0.35, 0.40, -0.90), "trunk"),
    "cocked": ((0.85, 0.30, 0.30), (0.05, 0.35, 1.0), "trunk"),
    "wave": ((0.90, -0.10, -0.10), (0.25, -0.20, 1.0), "trunk"),
    "row": ((0.25, 0.75, -0.60), (0.02, -0.70, -0.75), "trunk"),
    "guard": ((0.30, -0.45, -0.85), (-0.25, -0.55, 0.85), "trunk"),
    "overhead_press": ((0.75, -0.15, 0.25), (0.05, -0.10, 1.0), "trunk"),
    "swim": ((0.20, -0.10, 1.0), (0.10, -0.10, 1.0), "trunk"),
}
ANY_ARMS = (
    "down",
    "front",
    "side",
    "up",
    "hips",
    "crossed",
    "phone",
    "head",
    "desk",
    "wave",
    "behind",
    "v_up",
    "guard",
    "forward_low",
)


@dataclass(frozen=True)
class Archetype:
    """One kind of pose. `arms` are modes for both arms or, with `other`, for one arm each.

    `pitch` says how the pelvis tilts: "given" uses `root`; "legs" keeps the thighs upright (bending over);
    "contact" tilts the whole body until hands and feet (or knees) touch one floor. `support` is what stands
    below: "feet", "seat" or "body".
    """

    name: str
    weight: float
    spine: tuple[float, float, float] = (0, 0, 0)
    hip: tuple[float, float] = (0, 0)
    knee: tuple[float, float] = (4, 4)
    abduction: float = 3
    thigh_turn: float = 0
    root: tuple[float, float] = (0, 0)
    arms: tuple[str, ...] = ("down",)
    other: tuple[str, ...] = ()
    pitch: str = "given"
    support: str = "feet"


ARCHETYPES: tuple[Archetype, ...] = (
    Archetype(
        "stand", 9, (3, 0, 0), arms=("down", "down", "down", "hips", "crossed", "phone", "desk", "behind")
    ),
    Archetype("stand_any_arms", 4, (0, 0, 0), arms=ANY_ARMS, other=ANY_ARMS),
    Archetype(
        "contrapposto",
        3,
        (2, 9, 5),
        (8, -2),
        (18, 3),
        root=(0, -5),
        arms=("down", "hips", "phone"),
        other=("down", "hips"),
    ),
    Archetype(
        "walk", 8, (6, 0, 6), (26, -14), (12, 24), arms=("swing_back", "down"), other=("swing_front", "down")
    ),
    Archetype(
        "run",
        4,
        (12, 0, 10),
        (55, -20),
        (65, 85),
        root=(8, 0),
        arms=("swing_back",),
        other=("swing_front", "guard"),
    ),
    Archetype(
        "stairs",
        2,
        (12, 0, 4),
        (60, 4),
        (70, 8),
        root=(6, 0),
        arms=("down", "swing_back"),
        other=("down", "forward_low"),
    ),
    Archetype(
        "squat", 3, (18, 0, 0), (100, 100), (110, 110), 18, 14, (34, 0), ("front", "guard", "desk", "crossed")
    ),
    Archetype(
        "deep_squat", 1.2, (34, 0, 0), (122, 122), (136, 136), 16, 14, (26, 0), ("thighs", "front", "crossed")
    ),
    Archetype(
        "half_squat", 2, (12, 0, 0), (55, 55), (60, 60), 10, 8, (24, 0), ("front", "hips", "thighs", "guard")
    ),
    Archetype(
        "hinge", 2, (10, 0, 0), (78, 78), (24, 24), 6, arms=("hang", "row", "behind", "down"), pitch="legs"
    ),
    Archetype("deadlift_round", 1.5, (48, 0, 0), (62, 62), (40, 40), 8, arms=("hang",), pitch="legs"),
    Archetype("forward_bend", 3, (72, 0, 0), (55, 55), (7, 7), arms=("hang", "hang", "behind"), pitch="legs"),
    Archetype("bow", 2, (38, 0, 0), (22, 22), (4, 4), arms=("down", "hang", "behind"), pitch="legs"),
    Archetype(
        "pick_up",
        1.5,
        (55, 12, 18),
        (75, 60),
        (55, 45),
        8,
        arms=("hang",),
        other=("hang", "thighs"),
        pitch="legs",
    ),
    Archetype("side_bend", 3, (0, 42, 0), abduction=8, arms=("over", "up"), other=("down", "hips")),
    Archetype("side_bend_reach", 1.2, (2, 34, 0), arms=("up",)),
    Archetype(
        "backbend", 2, (-40, 0, 0), (-4, -4), (10, 10), root=(-8, 0), arms=("up", "hips", "v_up", "behind")
    ),
    Archetype("twist", 3, (5, 0, 55), abduction=8, arms=("side", "crossed", "front", "hips")),
    Archetype(
        "sit",
        7,
        (16, 0, 0),
        (88, 88),
        (86, 86),
        8,
        4,
        arms=("thighs", "desk", "crossed", "phone", "thighs"),
        support="seat",
    ),
    Archetype(
        "slouch_sit",
        4,
        (50, 0, 0),
        (84, 84),
        (82, 82),
        9,
        4,
        (-12, 0),
        ("thighs", "phone", "desk"),
        support="seat",
    ),
    Archetype(
        "upright_sit",
        2,
        (-8, 0, 0),
        (88, 88),
        (88, 88),
        8,
        4,
        (4, 0),
        ("thighs", "desk", "hips", "up"),
        support="seat",
    ),
    Archetype(
        "lean_sit",
        2,
        (38, 0, 0),
        (105, 105),
        (88, 88),
        14,
        8,
        (22, 0),
        ("thighs", "phone", "forward_low"),
        support="seat",
    ),
    Archetype(
        "recline_sit",
        1.5,
        (24, 0, 0),
        (70, 70),
        (60, 60),
        8,
        6,
        (-24, 0),
        ("thighs", "crossed", "head"),
        support="seat",
    ),
    Archetype(
        "twist_sit",
        1.5,
        (12, 10, 38),
        (88, 88),
        (86, 86),
        9,
        4,
        arms=("behind", "desk"),
        other=("thighs", "front"),
        support="seat",
    ),
    Archetype(
        "floor_sit",
        1.5,
        (24, 0, 0),
        (86, 86),
        (12, 12),
        8,
        6,
        (-6, 0),
        ("forward_low", "thighs", "behind"),
        support="body",
    ),
    Archetype(
        "seated_fold", 1.2, (68, 0, 0), (112, 112), (4, 4), 6, 0, (24, 0), ("front", "up"), support="body"
    ),
    Archetype(
        "cross_legged",
        1.5,
        (18, 0, 0),
        (84, 84),
        (122, 122),
        36,
        72,
        (-4, 0),
        ("thighs", "forward_low", "up"),
        support="body",
    ),
    Archetype(
        "hug_knees",
        1.2,
        (46, 0, 0),
        (112, 112),
        (118, 118),
        5,
        0,
        (-6, 0),
        ("forward_low", "front"),
        support="body",
    ),
    Archetype("kneel", 1.5, (2, 0, 0), (4, 4), (92, 92), 4, arms=ANY_ARMS, support="body"),
    Archetype(
        "heel_sit", 1.2, (10, 0, 0), (72, 72), (142, 142), 5, arms=("thighs", "up", "crossed"), support="body"
    ),
    Archetype(
        "half_kneel",
        1.5,
        (4, 0, 0),
        (92, 2),
        (92, 92),
        4,
        arms=("thighs", "front", "up", "hips"),
        support="body",
    ),
    Archetype("lunge", 3, (4, 0, 0), (80, -20), (85, 55), 4, arms=ANY_ARMS, other=ANY_ARMS),
    Archetype("lunge_lean", 1.5, (26, 0, 8), (88, -14), (80, 30), 4, 0, (26, 0), ("thighs", "hang", "front")),
    Archetype("warrior", 2, (0, 4, 0), (62, -6), (68, 4), 26, 18, arms=("side",)),
    Archetype("triangle", 1.5, (10, 52, 12), (6, 6), (4, 4), 28, 14, (0, 16), ("hang",), ("v_up", "up")),
    Archetype("wide_fold", 1, (55, 0, 0), (70, 70), (5, 5), 28, 8, arms=("hang",), pitch="legs"),
    Archetype("one_leg", 2, (0, 0, 0), (85, 0), (95, 5), 4, arms=ANY_ARMS),
    Archetype("tree", 1, (0, 3, 0), (58, 0), (122, 4), 20, 30, arms=("up", "crossed", "v_up")),
    Archetype("standing_scale", 1, (-6, 0, 0), (66, -34), (4, 8), 3, 0, (64, 0), ("side", "up", "front")),
    Archetype(
        "kick",
        1.5,
        (14, 0, 16),
        (78, -12),
        (22, 18),
        8,
        0,
        (-10, 0),
        ("swing_front", "side"),
        ("swing_back", "side"),
    ),
    Archetype("jump", 1.5, (-8, 0, 0), (24, 4), (58, 44), 10, arms=("up", "v_up", "side")),
    Archetype(
        "throw",
        2,
        (-6, 18, 36),
        (30, -20),
        (36, 25),
        8,
        arms=("cocked",),
        other=("front", "side", "forward_low"),
    ),
    Archetype(
        "serve", 1.5, (-16, 16, 18), (10, -8), (26, 26), 6, arms=("cocked", "over"), other=("up", "v_up")
    ),
    Archetype(
        "swing",
        2,
        (26, 8, 42),
        (34, 30),
        (28, 24),
        12,
        4,
        (18, 0),
        ("front", "forward_low", "crossed"),
        ("forward_low", "crossed"),
    ),
    Archetype("guard", 1.5, (18, 0, 16), (24, -6), (28, 22), 8, arms=("guard",), other=("guard", "front")),
    Archetype("press", 1.5, (-10, 0, 0), abduction=6, arms=("overhead_press", "up")),
    Archetype("overhead", 2, (-8, 0, 0), arms=("up", "v_up", "head")),
    Archetype(
        "desk_stand", 1.5, (26, 0, 0), (10, 10), (4, 4), arms=("desk", "forward_low", "phone"), pitch="legs"
    ),
    Archetype("plank", 1.5, (0, 0, 0), arms=("floor",), root=(78, 0), pitch="contact"),
    Archetype("pushup_low", 0.8, (-4, 0, 0), arms=("row",), root=(84, 0), pitch="contact"),
    Archetype("quadruped", 1.5, (8, 0, 0), (88, 88), (88, 88), 4, 0, (84, 0), ("floor",), pitch="contact"),
    Archetype("cat", 1.3, (52, 0, 0), (72, 72), (84, 84), 4, 0, (66, 0), ("floor",), pitch="contact"),
    Archetype("cow", 1.5, (-32, 0, 0), (92, 92), (88, 88), 4, 0, (96, 0), ("floor",), pitch="contact"),
    Archetype(
        "bird_dog",
        1,
        (-4, 0, 6),
        (6, 88),
        (6, 88),
        4,
        0,
        (84, 0),
        ("floor",),
        ("swim",),
        pitch="given",
        support="body",
    ),
    Archetype("cobra", 1.4, (-58, 0, 0), (-10, -10), (3, 3), 4, 0, (86, 0), ("floor",), pitch="contact"),
    Archetype(
        "locust", 0.8, (-34, 0, 0), (-16, -16), (4, 4), 5, 0, (88, 0), ("behind", "swim"), support="body"
    ),
    Archetype("downdog", 1.4, (6, 0, 0), (88, 88), (5, 5), 5, 0, (128, 0), ("swim",), pitch="contact"),
    Archetype(
        "child", 0.8, (54, 0, 0), (128, 128), (140, 140), 10, 8, (62, 0), ("swim", "behind"), support="body"
    ),
    Archetype(
        "bridge", 0.8, (-18, 0, 0), (-8, -8), (84, 84), 6, 0, (-112, 0), ("behind", "down"), support="body"
    ),
    Archetype(
        "supine",
        1.5,
        (2, 0, 0),
        (6, 6),
        (8, 8),
        6,
        0,
        (-88, 0),
        ("down", "side", "head", "up"),
        support="body",
    ),
    Archetype(
        "supine_knees",
        0.8,
        (10, 0, 0),
        (62, 55),
        (95, 88),
        6,
        0,
        (-86, 0),
        ("down", "head", "crossed"),
        support="body",
    ),
    Archetype(
        "crunch",
        0.8,
        (48, 0, 0),
        (62, 62),
        (92, 92),
        6,
        0,
        (-78, 0),
        ("head", "crossed", "front"),
        support="body",
    ),
    Archetype(
        "prone", 0.8, (-4, 0, 0), (0, 0), (6, 6), 6, 0, (90, 0), ("swim", "side", "behind"), support="body"
    ),
    Archetype(
        "side_lie",
        0.8,
        (14, 4, 0),
        (34, 24),
        (44, 40),
        3,
        0,
        (0, 86),
        ("front", "desk", "head"),
        support="body",
    ),
    Archetype("side_plank", 0.7, (0, -6, 0), (0, 0), (3, 3), 3, 0, (0, 66), ("side",), support="body"),
)
