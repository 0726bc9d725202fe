"""What one kind of pose is: mean angles from which poses are drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Archetype:
    """One kind of pose. Angles in degrees; left and right are swapped at random.

    Attributes:
        group: a key of `archetypes.GROUPS`.
        name: unique.
        weight: how often it is drawn against others of its group.
        spine: total flexion, side bend (to the left) and twist (to the left) of the trunk.
        hip: flexion of the left and the right hip.
        knee: flexion of the left and the right knee.
        abduction: each thigh outwards; on one foot, only that of the lifted leg.
        thigh_turn: each thigh turned outwards about itself.
        root: pelvis pitch forward and roll to the left.
        arms: keys of `ARM_MODES` for both arms or, with `other`, for one arm each.
        other: keys for the second arm.
        pitch: "given" takes the pelvis from `root`; bending over ("legs") and squatting ("squat") put it
            where the feet carry it.
        support: "feet" stands, "seat" needs something to sit on, "body" lies, kneels or leans on hands and is
            laid down the way it would rest, "balance" does so without being tipped, "air" touches nothing.
        one_foot: only one foot stands.
        exact: drawn with little noise (measured postures).
        nod: flexion of the neck; None looks roughly ahead.
        lift: for "air", lowest and highest height of the lowest point, metres.
    """

    group: str
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
    one_foot: bool = False
    exact: bool = False
    nod: float | None = None
    lift: tuple[float, float] = (0.0, 0.0)
