"""The measured spine of one person as a schematic figure (SVG)."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.measure_words import (
    MEASURE_WORDS,
    figure_keys,
    state_words,
    value_words,
    view_sentence,
)
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import Measure, PersonMeasures, State
from spinepose_hf.model.skeleton import SPINE_CHAIN, VERTEBRAE
from spinepose_hf.output.drawing import smooth_curve, spine_color, visible_runs
from spinepose_hf.pose import Person

Floats = NDArray[np.float64]

# The figure's own units; the drawing is in the left part, the values stand in the right part.
_WIDTH, _HEIGHT = 460, 440
_DRAWING: Final = (58.0, 24.0, 232.0, 416.0)
_CARD_LEFT, _CARD_HEIGHT, _CARD_GAP = 272.0, 54.0, 12.0
_LARGEST_CIRCLE: Final = 34.0
_LINE: Final = 15.0

_FRAME_POINTS: Final = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def spine_svg(person: Person, measures: PersonMeasures, threshold: float = 0.3) -> str:
    """Draw the measured spine as a schematic figure with its values.

    Colours of lines and text are the page's (`currentColor`), so the figure fits light and dark pages.

    Args:
        person: with 37 keypoints in px.
        measures: of this person.
        threshold: score from which a point counts as seen.

    Returns:
        An `<svg>` element that says in its title and description what it shows.
    """
    chain = list(SPINE_CHAIN)
    seen = person.scores >= threshold
    sentence = view_sentence(measures.view)
    cards = [measures[key] for key in figure_keys(measures.view.view)]
    parts: list[str] = []
    if int(seen[chain].sum()) >= 2:
        placing = _placing(person, seen)
        points = placing.place(person.keypoints)
        parts += _frame(points, person, seen)
        parts += _axes(points, seen)
        parts += _curve(points, seen)
        parts += _levels(points, seen, person.sigmas * placing.scale)
        parts += _cards(cards, points, person, seen)
    else:
        parts += [_text(145, 210, "spine not seen", "middle", 15), *_cards(cards, None, person, seen)]
    told = "; ".join(f"{MEASURE_WORDS[one.key].title}: {_card_value(one)}" for one in cards)
    return (
        f'<svg class="spine-figure" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="inherit">'
        f"<title>The measured spine. {escape(sentence)}</title><desc>{escape(told)}</desc>"
        f"{''.join(parts)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Placing:
    """From px of the picture to units of the figure: one scale for both axes, upright as in the picture."""

    scale: float
    origin: Floats
    centre: Floats

    def place(self, points: NDArray[np.floating]) -> Floats:
        """Points (..., 2) in units of the figure."""
        return np.asarray((points - self.origin) * self.scale + self.centre, np.float64)


def _placing(person: Person, seen: NDArray[np.bool_]) -> _Placing:
    # Spine, shoulders and hips together fill the left part.
    names = (*VERTEBRAE, *_FRAME_POINTS)
    columns = [person.keypoint_names.index(name) for name in names]
    points = person.keypoints[[column for column in columns if seen[column]]].astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    left, top, right, bottom = _DRAWING
    extent = np.maximum(high - low, 1e-3)
    scale = float(min((right - left) / extent[0], (bottom - top) / extent[1]))
    return _Placing(scale, (low + high) / 2, np.array([(left + right) / 2, (top + bottom) / 2]))


def _frame(points: Floats, person: Person, seen: NDArray[np.bool_]) -> list[str]:
    """Shoulders and hips, faint: they show how the trunk is turned."""
    lines = []
    for part in ("shoulder", "hip"):
        left, right = (person.keypoint_names.index(f"{side}_{part}") for side in ("left", "right"))
        if seen[left] and seen[right]:
            lines.append(_line(points[left], points[right], 7, 0.16, cap="round"))
    return lines


def _axes(points: Floats, seen: NDArray[np.bool_]) -> list[str]:
    """The vertical through the sacrum, and the line from the sacrum to C7."""
    sacrum, c7 = (SPINE_CHAIN[list(VERTEBRAE).index(name)] for name in ("hip", "neck"))
    if not (seen[sacrum] and seen[c7]):
        return []
    start, end = points[sacrum], points[c7]
    reach = 0.86 * float(np.linalg.norm(end - start))
    top = np.array([start[0], max(start[1] - reach, 14.0)])
    return [
        _line(start, top, 1.4, 0.55, dash="2 5"),
        _line(start, end, 1.4, 0.75, dash="8 5"),
    ]


def _curve(points: Floats, seen: NDArray[np.bool_]) -> list[str]:
    parts = []
    for run in visible_runs(seen):
        if len(run) < 2:
            continue
        curve = smooth_curve(points[[SPINE_CHAIN[place] for place in run]])
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in curve)
        parts.append(
            f'<path d="{path}" fill="none" stroke="#2b2b2b" stroke-width="13" stroke-linecap="round"/>'
        )
        steps = len(curve) - 1
        for step in range(steps):
            place = run[0] + (step + 0.5) * (len(run) - 1) / steps
            (x1, y1), (x2, y2) = curve[step : step + 2]
            parts.append(
                f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                f'stroke="{_hex(place)}" stroke-width="9" stroke-linecap="round"/>'
            )
    return parts


def _levels(points: Floats, seen: NDArray[np.bool_], circles: NDArray[np.floating]) -> list[str]:
    """A disc at each level with its name on the left, and the circle of one standard deviation."""
    parts, labels = [], []
    levels = [(float(points[index][1]), place) for place, index in enumerate(SPINE_CHAIN) if seen[index]]
    levels.sort()
    for (y, place), line in zip(levels, _spread([y for y, _ in levels]), strict=True):
        index = SPINE_CHAIN[place]
        x = float(points[index][0])
        radius = min(float(circles[index]), _LARGEST_CIRCLE)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="currentColor" opacity=".09"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="#fff" stroke="#2b2b2b" stroke-width="2"/>'
        )
        labels.append(_text(10, line + 4.5, list(VERTEBRAE.values())[place], "start", 13))
        labels.append(
            f'<line x1="{_label_end(place):.0f}" y1="{line:.1f}" x2="{x - 8:.1f}" y2="{y:.1f}" '
            f'stroke="currentColor" stroke-width="1" opacity=".3"/>'
        )
    return [*parts, *labels]


def _cards(cards: list[Measure], points: Floats | None, person: Person, seen: NDArray[np.bool_]) -> list[str]:
    """The values on the right, each with a line to its part of the spine; without a value, why not."""
    anchors = [_anchor(card, points, person, seen) for card in cards]
    known = [float(anchor[1]) for anchor in anchors if anchor is not None]
    start = float(np.mean(known)) if known else _HEIGHT / 2
    total = len(cards) * _CARD_HEIGHT + (len(cards) - 1) * _CARD_GAP
    top = min(max(start - total / 2, 10.0), _HEIGHT - 10.0 - total)
    parts = []
    for number, (card, anchor) in enumerate(zip(cards, anchors, strict=True)):
        y = top + number * (_CARD_HEIGHT + _CARD_GAP)
        colour = "currentColor"
        if anchor is not None and card.known:
            colour = _hex(_place(card))
            parts.append(
                f'<path d="M{anchor[0] + 9:.1f} {anchor[1]:.1f}L{_CARD_LEFT - 14:.0f} {y + 24:.1f}'
                f'H{_CARD_LEFT:.0f}" fill="none" stroke="currentColor" stroke-width="1.2" opacity=".5"/>'
            )
        parts.append(
            f'<rect x="{_CARD_LEFT:.0f}" y="{y:.1f}" width="5" height="{_CARD_HEIGHT - 6:.0f}" rx="2.5" '
            f'fill="{colour}" opacity="{1 if card.known else 0.3}"/>'
        )
        parts.append(_text(_CARD_LEFT + 14, y + 16, MEASURE_WORDS[card.key].title, "start", 14))
        weight = ' font-weight="700"' if card.known else ""
        size = 20 if card.known else 13
        parts.append(_text(_CARD_LEFT + 14, y + 40, _card_value(card), "start", size, weight))
    return parts


def _card_value(measure: Measure) -> str:
    if not measure.known:
        return "a point is not seen" if measure.state is State.SCORE else state_words(measure)
    return value_words(measure) + ("" if measure.valid else " or more")


def _anchor(
    measure: Measure, points: Floats | None, person: Person, seen: NDArray[np.bool_]
) -> Floats | None:
    """Where in the figure the measured part is: the point of the spine that is nearest to its middle."""
    if points is None:
        return None
    candidates = [index for index in SPINE_CHAIN if seen[index]]
    wished = _place(measure)
    nearest = min(candidates, key=lambda index: abs(SPINE_CHAIN.index(index) - wished))
    return np.asarray(points[nearest], np.float64)


def _place(measure: Measure) -> float:
    """The place along the spine, 0 to 8, where a measure belongs."""
    fixed = {"shoulder_tilt_deg": 6.0, "hip_tilt_deg": 0.0, "deviation_trunk": 3.0}
    if measure.key in fixed:
        return fixed[measure.key]
    if measure.key.endswith(("lean_deg", "inclination_deg")):
        return 1.0
    names = [name for name in DEFINITIONS[measure.key].points if name in VERTEBRAE]
    return float(np.mean([list(VERTEBRAE).index(name) for name in names]))


def _spread(wished: list[float]) -> list[float]:
    """Heights of lines of text near the wished ones, which rise: a line apart, inside the figure."""
    lines: list[float] = []
    for y in wished:
        lines.append(max(y, lines[-1] + _LINE if lines else _LINE / 2))
    floor = _HEIGHT - _LINE / 2
    for number in reversed(range(len(lines))):
        lines[number] = min(lines[number], floor)
        floor = lines[number] - _LINE
    return lines


def _label_end(place: int) -> float:
    return 14.0 + 7.4 * len(list(VERTEBRAE.values())[place])


def _hex(place: float) -> str:
    return "#{:02x}{:02x}{:02x}".format(*spine_color(place))


def _line(
    start: Floats, end: Floats, width: float, opacity: float, *, dash: str = "none", cap: str = "butt"
) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="currentColor" stroke-width="{width}" opacity="{opacity}" '
        f'stroke-dasharray="{dash}" stroke-linecap="{cap}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, size: int, extra: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="currentColor"{extra}>'
        f"{escape(text)}</text>"
    )


__all__ = ["spine_svg"]
