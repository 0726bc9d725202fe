"""The measures of the spine in plain words: titles, what is positive, why a value is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinepose_hf.measure.definition import Definition
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import Measure, State
from spinepose_hf.measure.view import SAGITTAL, View, ViewEstimate


@dataclass(frozen=True, slots=True)
class MeasureWords:
    """How a measure is told to people who are no engineers.

    Attributes:
        title: two or three words.
        meaning: what it is, and what plus and minus mean.
        signed: whether its sign says a direction.
    """

    title: str
    meaning: str
    signed: bool = True


MEASURE_WORDS: Final[dict[str, MeasureWords]] = {
    "trunk_lean_deg": MeasureWords(
        "Trunk lean", "Sacrum to C7 against the vertical. Plus is forward, minus is backward."
    ),
    "lumbar_deg": MeasureWords(
        "Lower back", "Bend of the lumbar spine. Plus is rounded forward, minus is a hollow back."
    ),
    "thoracic_deg": MeasureWords(
        "Upper back", "Bend of the thoracic spine. Plus is a rounded back, minus is bent backward."
    ),
    "cervical_deg": MeasureWords(
        "Neck", "Bend of the cervical spine. Plus is bent forward, minus is bent backward."
    ),
    "neck_lean_deg": MeasureWords("Neck lean", "C7 to C1 against the vertical. Plus is forward."),
    "head_forward_deg": MeasureWords("Head forward", "C7 to the ear against the vertical. Plus is forward."),
    "side_lean_deg": MeasureWords(
        "Side lean", "Sacrum to C7 against the vertical. Plus is to the person's left."
    ),
    "deviation_trunk": MeasureWords(
        "Sideways curve",
        "Largest distance of a vertebra from the line sacrum to C7, in per cent of its length. "
        "Plus is to the person's left.",
    ),
    "shoulder_tilt_deg": MeasureWords(
        "Shoulder tilt", "Shoulders against the horizontal. Plus: the left one is higher."
    ),
    "hip_tilt_deg": MeasureWords("Hip tilt", "Hips against the horizontal. Plus: the left one is higher."),
    "trunk_inclination_deg": MeasureWords(
        "Trunk tilt in the picture", "Sacrum to C7 against the vertical, whichever way.", signed=False
    ),
    "curvature_deg": MeasureWords(
        "All bends together", "Sum of all bends from the sacrum to C7, whichever way.", signed=False
    ),
}
"""The measures that the app shows, by key, in the order of its tables."""

VIEW_WORDS: Final[dict[View, str]] = {
    View.SAGITTAL_RIGHT: "from the side, facing right",
    View.SAGITTAL_LEFT: "from the side, facing left",
    View.FRONT: "from the front",
    View.BACK: "from the back",
    View.OBLIQUE: "at an angle, between side and front",
    View.UNKNOWN: "from a direction that is not clear",
}

VIEW_CHOICES: Final[tuple[tuple[str, str], ...]] = (
    ("Found automatically", ""),
    ("From the side, facing right", str(View.SAGITTAL_RIGHT)),
    ("From the side, facing left", str(View.SAGITTAL_LEFT)),
    ("From the front", str(View.FRONT)),
    ("From the back", str(View.BACK)),
)
"""What a visitor may say of the view: words, and the view's name."""

_SIDE_FIGURE: Final = ("cervical_deg", "thoracic_deg", "lumbar_deg", "trunk_lean_deg")
_FRONT_FIGURE: Final = ("shoulder_tilt_deg", "deviation_trunk", "side_lean_deg", "hip_tilt_deg")
_OTHER_FIGURE: Final = ("trunk_lean_deg", "trunk_inclination_deg")


def view_sentence(view: ViewEstimate) -> str:
    """From where the person is seen, and how sure that is."""
    words = VIEW_WORDS[view.view]
    if view.view is View.UNKNOWN:
        return f"Seen {words}: say it below to see more."
    if view.sigma == 0:
        return f"Seen {words}, as you said."
    return f"Seen {words} ({100 * view.confidence:.0f} % sure)."


def figure_keys(view: View) -> tuple[str, ...]:
    """The measures that a figure of a spine in this view shows, from above."""
    if view in SAGITTAL:
        return _SIDE_FIGURE
    return _OTHER_FIGURE if view in (View.OBLIQUE, View.UNKNOWN) else _FRONT_FIGURE


def value_words(measure: Measure) -> str:
    """A measure with one standard deviation, such as `+23° ± 6°`; a dash where there is no value."""
    if not measure.known:
        return "–"
    scale, unit = {"deg": (1, "°"), "trunk": (100, " %"), "pct": (1, " %"), "px": (1, " px")}[measure.unit]
    number = f"{measure.value * scale:+.0f}"
    words = MEASURE_WORDS.get(measure.key)
    if number in ("+0", "-0") or words is None or not words.signed:
        number = number.lstrip("+-")
    return f"{number.replace('-', '−')}{unit} ± {max(measure.sigma * scale, 1):.0f}{unit}"


def state_words(measure: Measure) -> str:
    """Whether a measure may be used, and if not why, in a few words."""
    if measure.state is State.OK:
        small = measure.unit != "px" and abs(measure.value) < measure.sigma
        return "with care: may be 0" if small else "yes"
    if measure.state is State.PROJECTED:
        return "shortened: seen at an angle, the true value is larger"
    if measure.state is State.VIEW:
        return f"only visible {_shown(measure.key)}"
    if measure.state is State.SCORE:
        return "a point of it is not seen well enough"
    if measure.state is State.UNCERTAIN:
        return "too uncertain to say"
    return "this network has no such point"


def _shown(key: str) -> str:
    definition: Definition = DEFINITIONS[key]
    return definition.shown.words


__all__ = [
    "MEASURE_WORDS",
    "VIEW_CHOICES",
    "VIEW_WORDS",
    "MeasureWords",
    "figure_keys",
    "state_words",
    "value_words",
    "view_sentence",
]
