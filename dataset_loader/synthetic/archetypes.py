"""All pose archetypes and how often each is drawn.

Shares of groups follow what photos of people show: most stand, walk or sit with their arms doing something,
many do sports. The clinic and the floor are drawn more often than that, for the spine.
"""

from __future__ import annotations

from dataset_loader.synthetic.archetype import Archetype
from dataset_loader.synthetic.archetypes_ball import BALL
from dataset_loader.synthetic.archetypes_clinic import CLINICAL
from dataset_loader.synthetic.archetypes_daily import EVERYDAY, OFFICE, SITTING
from dataset_loader.synthetic.archetypes_mat import FLOOR, YOGA
from dataset_loader.synthetic.archetypes_play import BOARD, DANCE, SWIMMING
from dataset_loader.synthetic.archetypes_sport import RACKET, TRACK
from dataset_loader.synthetic.archetypes_training import GYM, LIFTING

GROUPS: dict[str, float] = {
    "everyday": 0.33,
    "sitting": 0.14,
    "office": 0.06,
    "clinical": 0.06,
    "dance": 0.03,
    "gym": 0.05,
    "lifting": 0.04,
    "yoga": 0.07,
    "floor": 0.04,
    "track": 0.04,
    "racket": 0.05,
    "ball": 0.05,
    "board": 0.03,
    "swimming": 0.01,
}
SUPPORTS = ("feet", "seat", "body", "balance", "air")
ARCHETYPES: tuple[Archetype, ...] = (
    EVERYDAY
    + SITTING
    + OFFICE
    + CLINICAL
    + DANCE
    + GYM
    + LIFTING
    + YOGA
    + FLOOR
    + TRACK
    + RACKET
    + BALL
    + BOARD
    + SWIMMING
)


def archetype_names(group: str | None = None) -> tuple[str, ...]:
    """Names of all archetypes, or of those of one group."""
    return tuple(a.name for a in ARCHETYPES if group is None or a.group == group)


def archetype_shares(archetypes: tuple[Archetype, ...] = ARCHETYPES) -> tuple[float, ...]:
    """How often each is drawn; adds up to 1."""
    totals = {group: sum(a.weight for a in archetypes if a.group == group) for group in GROUPS}
    whole = sum(share for group, share in GROUPS.items() if totals[group])
    return tuple(GROUPS[a.group] / whole * a.weight / totals[a.group] for a in archetypes)
