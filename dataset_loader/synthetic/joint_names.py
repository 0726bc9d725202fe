"""Which joint of a motion capture skeleton is what, by common names or by a map of the user's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from spinepose_hf.errors import DatasetError

# Roles of single joints. "spine" and "neck" may be given to several joints, in order from below.
SIDED = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shank", "foot", "toe")
_SIDED_ROLES = tuple(f"{side}_{part}" for side in ("left", "right") for part in SIDED)
ROLES = ("hips", "spine", "neck", "head", *_SIDED_ROLES)
OPTIONAL = ("neck", *(role for role in _SIDED_ROLES if role.endswith(("clavicle", "toe"))))

# Names without side, prefix, case and punctuation. Mixamo, LaFAN1, CMU (BVH and ASF), MakeHuman, Biovision.
_MIDDLE = {
    "hips": "hips",
    "hip": "hips",
    "pelvis": "hips",
    "root": "hips",
    "head": "head",
    "spine": "spine",
    "spine1": "spine",
    "spine2": "spine",
    "spine3": "spine",
    "spine4": "spine",
    "spine01": "spine",
    "spine02": "spine",
    "spine03": "spine",
    "spine04": "spine",
    "spine05": "spine",
    "lowerback": "spine",
    "abdomen": "spine",
    "chest": "spine",
    "chest2": "spine",
    "chest3": "spine",
    "chest4": "spine",
    "upperchest": "spine",
    "torso": "spine",
    "upperback": "spine",
    "thorax": "spine",
    "neck": "neck",
    "neck1": "neck",
    "neck2": "neck",
    "neck01": "neck",
    "neck02": "neck",
    "neck03": "neck",
    "lowerneck": "neck",
    "upperneck": "neck",
}
_SIDED = {
    "collar": "clavicle",
    "clavicle": "clavicle",
    "arm": "upper_arm",
    "uparm": "upper_arm",
    "upperarm": "upper_arm",
    "upperarm01": "upper_arm",
    "forearm": "forearm",
    "lowarm": "forearm",
    "lowerarm": "forearm",
    "lowerarm01": "forearm",
    "elbow": "forearm",
    "humerus": "upper_arm",
    "radius": "forearm",
    "hand": "hand",
    "wrist": "hand",
    "upleg": "thigh",
    "upperleg": "thigh",
    "upperleg01": "thigh",
    "thigh": "thigh",
    "hip": "thigh",
    "leg": "shank",
    "lowleg": "shank",
    "lowerleg": "shank",
    "lowerleg01": "shank",
    "shin": "shank",
    "calf": "shank",
    "knee": "shank",
    "femur": "thigh",
    "tibia": "shank",
    "foot": "foot",
    "ankle": "foot",
    "toe": "toe",
    "toebase": "toe",
    "toes": "toe",
    "toe31": "toe",
    "ball": "toe",
}
_SIDES = (
    re.compile(r"^(?P<side>left|right)[ _.-]?(?P<rest>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<rest>.+?)[ _.-]?(?P<side>left|right)$", re.IGNORECASE),
    re.compile(r"^(?P<side>[lr])[ _.-](?P<rest>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<rest>.+)[ _.-](?P<side>[lr])$", re.IGNORECASE),
    re.compile(r"^(?P<side>[lrLR])(?P<rest>[A-Z].*)$"),
    re.compile(r"^(?P<side>[lr])(?P<rest>clavicle|humerus|radius|hand|femur|tibia|foot|toes)$"),
)


def joint_roles(
    names: Sequence[str], source: str, own: Mapping[str, str] | None = None
) -> dict[str, list[int]]:
    """Indices of the joints of each role.

    Args:
        names: names of all joints, parents before children.
        source: file, for errors.
        own: the user's joint name -> role; when given, nothing is guessed.

    Raises:
        DatasetError: a role that is needed has no joint, or two have one that only one can have.
    """
    sides = [split_side(name) for name in names]
    has_arm = any(side and _SIDED.get(rest) == "upper_arm" for side, rest in sides)
    roles: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if own is not None:
            role = own.get(name)
        else:
            side, rest = sides[index]
            if not side:
                role = _MIDDLE.get(rest)
            elif rest == "shoulder":  # the collar bone where an arm follows, else the upper arm
                role = f"{side}_clavicle" if has_arm else f"{side}_upper_arm"
            else:
                role = f"{side}_{_SIDED[rest]}" if rest in _SIDED else None
        if role is not None:
            roles.setdefault(role, []).append(index)
    if own is None and "hips" in roles:
        roles["hips"] = roles["hips"][-1:]  # a "root" above the hips only says where they are
    for role, found in roles.items():
        if len(found) > 1 and role not in ("spine", "neck"):
            both = ", ".join(names[i] for i in found)
            raise DatasetError(f"{source}: joints {both} all look like {role}; give a joint map")
    missing = [role for role in ROLES if role not in roles and role not in OPTIONAL]
    if missing:
        raise DatasetError(
            f"{source}: no joint found for {', '.join(missing)} among {', '.join(names)}; "
            "give a joint map, a JSON object of joint name -> role"
        )
    return roles


def split_side(name: str) -> tuple[str, str]:
    """Side ("left", "right" or "") and the bare rest of a joint's name."""
    bare, side = name.rsplit(":", 1)[-1], ""
    for pattern in _SIDES:
        match = pattern.match(bare)
        if match is not None:
            bare, side = match["rest"], "left" if match["side"][0] in "lL" else "right"
            break
    return side, re.sub(r"[^a-z0-9]", "", bare.lower())


def read_joint_map(path: Path) -> dict[str, str]:
    """A user's map from joint names to roles, a JSON object.

    Raises:
        DatasetError: not readable, not such an object, or a role that does not exist.
    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read the joint map {path}: {error}") from error
    if not isinstance(loaded, dict) or not all(isinstance(role, str) for role in loaded.values()):
        raise DatasetError(f"the joint map {path} must be a JSON object of joint name -> role")
    for name, role in loaded.items():
        if role not in ROLES:
            raise DatasetError(
                f"the joint map {path} gives {name} the role {role!r}; choose of {', '.join(ROLES)}"
            )
    return loaded
