"""Draws docs/images/measures_*.png: what the measures mean and which way is positive.

Run from the top of the repository: python -m docs.figures.measures
All numbers in the figure are measured on the figures that are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.quantity import PersonMeasures
from spinepose_hf.measure.view import HALF_WIDTH
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, LINKS, SPINE_CHAIN, VERTEBRAE
from spinepose_hf.output.plot_style import DPI, FAINT, INK, LEFT, RIGHT, SERIES, SPINE
from tests.measure.mannequin import mannequin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOT_DRAWN = ("nose", "head", "eye", "_ear", "latissimus", "small_toe")
OUT = Path(__file__).resolve().parent.parent / "images"
MARK = SERIES[5]
TEXT = 11
STANDING = (-12.0, -12.0, 0.0, 17.0, 17.0, 0.0, -18.0)
BENT = (8.0, 10.0, 4.0, 20.0, 20.0, 2.0, 6.0)


def point(points: np.ndarray, name: str) -> np.ndarray:
    """One keypoint (2,)."""
    return np.asarray(points[KEYPOINT_INDEX[name]])


def stick_figure(axes: Axes, points: np.ndarray, feet: bool = True) -> None:
    """Limbs in the colours of the sides, the spine on top, a disc for the head."""
    names = {index: name for name, index in KEYPOINT_INDEX.items()}
    for a, b in LINKS:
        child = names[b]
        if child in VERTEBRAE or any(part in child for part in _NOT_DRAWN):
            continue
        if not feet and any(part in child for part in ("knee", "ankle", "toe", "heel")):
            continue
        colour = LEFT if child.startswith("left_") else RIGHT
        axes.plot(*points[[a, b]].T, color=colour, linewidth=2.2, alpha=0.75, solid_capstyle="round")
    skull = (point(points, "head") + point(points, "neck_03")) / 2
    radius = float(np.linalg.norm(point(points, "head") - point(points, "neck_03"))) * 0.62
    from matplotlib.patches import Circle

    axes.add_patch(
        Circle(
            (float(skull[0]), float(skull[1])), radius, facecolor="#EEEEEE", edgecolor=FAINT, linewidth=1.2
        )
    )
    nose = point(points, "nose")
    axes.plot(*np.stack([skull + (nose - skull) * 0.75, nose]).T, color=INK, linewidth=2)
    axes.plot(*points[list(SPINE_CHAIN)].T, "o-", color=SPINE, linewidth=2.6, markersize=4)


def dashed(axes: Axes, start: np.ndarray, way: np.ndarray, colour: str = INK) -> None:
    """A dashed line from a point."""
    axes.plot(*np.stack([start, start + way]).T, "--", color=colour, linewidth=1)


def arc(
    axes: Axes, centre: np.ndarray, first: float, last: float, radius: float, text: str, shift: float = 1.25
) -> None:
    """An arrow along a circle; angles in degrees clockwise from up."""
    turns = np.radians(np.linspace(first, last, 40))
    curve = centre + radius * np.stack([np.sin(turns), -np.cos(turns)], axis=1)
    axes.plot(*curve.T, color=MARK, linewidth=1.8)
    axes.annotate("", curve[-1], curve[-4], arrowprops={"arrowstyle": "->", "color": MARK, "lw": 1.8})
    middle = np.radians((first + last) / 2)
    place = centre + shift * radius * np.array([np.sin(middle), -np.cos(middle)])
    axes.text(*place, text, color=MARK, ha="center", va="center", fontsize=TEXT, weight="bold")


UP = np.array([0.0, -1.0])


def leaning(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Trunk lean."""
    sacrum, c7 = point(points, "hip"), point(points, "neck")
    dashed(axes, sacrum, UP * 250)
    dashed(axes, sacrum, (c7 - sacrum) * 1.15, MARK)
    lean = found["trunk_lean_deg"].value
    arc(axes, sacrum, 0, lean * found.view.facing, 190, "+", 1.12)
    return f"trunk_lean {lean:+.0f}°"


def regions(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Lumbar, thoracic and cervical turn: the region's two end links, prolonged."""
    names = {
        "lumbar": ("hip", "spine_01", "spine_02", "spine_03"),
        "thoracic": ("spine_03", "spine_04", "spine_05", "neck"),
        "cervical": ("neck", "neck_02", "neck_02", "neck_03"),
    }
    back = -90.0 * found.view.facing
    for region, (a, b, c, d) in names.items():
        for start, end in ((a, b), (c, d)):
            way = point(points, end) - point(points, start)
            middle = (point(points, end) + point(points, start)) / 2
            axes.plot(*np.stack([middle - way * 1.9, middle + way * 1.9]).T, "-", color=MARK, linewidth=1.3)
        place = (point(points, a) + point(points, d)) / 2 + np.array([back, 0])
        axes.text(
            *place,
            f"{region}\n{found[f'{region}_deg'].value:+.0f}°",
            color=MARK,
            ha="center",
            va="center",
            fontsize=TEXT,
            weight="bold",
        )
    return "hollow: negative" if found["lumbar_deg"].value < 0 else "rounded: positive"


def head(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Head forward and neck lean."""
    c7, ear = point(points, "neck"), point(points, "right_ear")
    dashed(axes, c7, UP * 190)
    dashed(axes, c7, (ear - c7) * 1.5, MARK)
    axes.plot(*ear, "o", color=MARK, markersize=5)
    value = found["head_forward_deg"].value
    arc(axes, c7, 0, value, 150, "+", 1.14)
    return f"head_forward {value:+.0f}°"


def sideways(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Side lean."""
    sacrum, c7 = point(points, "hip"), point(points, "neck")
    dashed(axes, sacrum, UP * 250)
    dashed(axes, sacrum, (c7 - sacrum) * 1.15, MARK)
    lean = found["side_lean_deg"].value
    arc(axes, sacrum, 0, lean * found.view.left_side, 215, "+", 1.1)
    return f"side_lean {lean:+.0f}°"


def bow(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Lateral deviation."""
    sacrum, c7, top = (point(points, name) for name in ("hip", "neck", "spine_03"))
    dashed(axes, sacrum, c7 - sacrum)
    foot = sacrum + (c7 - sacrum) * float((top - sacrum) @ (c7 - sacrum)) / float(
        (c7 - sacrum) @ (c7 - sacrum)
    )
    axes.annotate("", top, foot, arrowprops={"arrowstyle": "->", "color": MARK, "lw": 1.8})
    axes.text(top[0] - 34, top[1], "+", color=MARK, fontsize=11, weight="bold", va="center")
    return f"deviation_trunk {found['deviation_trunk'].value:+.2f}"


def tilt(axes: Axes, points: np.ndarray, found: PersonMeasures) -> str:
    """Shoulder and hip tilt."""
    for part in ("shoulder", "hip"):
        left, right = point(points, f"left_{part}"), point(points, f"right_{part}")
        dashed(axes, right, np.array([190.0 * np.sign(left[0] - right[0]), 0]))
        axes.plot(*np.stack([right, left]).T, color=MARK, linewidth=1.8)
        axes.text(
            left[0] + 35,
            left[1] + (-12 if part == "shoulder" else 34),
            f"{found[f'{part}_tilt_deg'].value:+.0f}°",
            color=MARK,
            fontsize=TEXT,
            weight="bold",
        )
    return "shoulder_tilt, hip_tilt"


def from_above(axes: Axes) -> None:
    """Which yaw is which view: a circle seen from above, the camera below."""
    from matplotlib.patches import Wedge

    kinds = [
        ("front", -90, SERIES[0]),
        ("facing\nright", 0, SERIES[2]),
        ("back", 90, SERIES[0]),
        ("facing\nleft", 180, SERIES[2]),
    ]
    axes.add_patch(Wedge((0, 0), 1, 0, 360, facecolor="#EEEEEE"))
    for text, centre, colour in kinds:
        axes.add_patch(
            Wedge((0, 0), 1, centre - HALF_WIDTH, centre + HALF_WIDTH, facecolor=colour, alpha=0.45)
        )
        angle = np.radians(centre)
        axes.text(0.66 * np.cos(angle), 0.66 * np.sin(angle), text, ha="center", va="center", fontsize=TEXT)
    for angle in np.radians([45, 135, 225, 315]):
        axes.text(
            0.72 * np.cos(angle),
            0.72 * np.sin(angle),
            "oblique",
            ha="center",
            va="center",
            fontsize=TEXT - 1,
            color=INK,
        )
    for text, x, y in (("0°", 0, -1.12), ("90°", 1.17, 0), ("±180°", 0, 1.12), ("-90°", -1.2, 0)):
        axes.text(x, y, text, ha="center", va="center", fontsize=TEXT, color=INK)
    axes.text(0, -1.42, "camera", ha="center", va="center", fontsize=TEXT, color=INK)
    axes.set_xlim(-1.45, 1.45)
    axes.set_ylim(-1.6, 1.3)
    axes.set_title("the view: which way\nthe person faces, from above", fontsize=TEXT + 1, color=INK)


Draw = Callable[["Axes", np.ndarray, PersonMeasures], str]
Case = tuple[str, Any, Draw]
"""Title, one person, and what is drawn on them; it returns the second line of the title."""


def shoulders_and_hips() -> Any:
    """Somebody from the front with a higher left shoulder and a lower left hip."""
    people = mannequin(0)
    points = people.keypoints.copy()
    points[0, [KEYPOINT_INDEX["left_shoulder"], KEYPOINT_INDEX["left_clavicle"]], 1] -= [18, 6]
    points[0, [KEYPOINT_INDEX["right_shoulder"], KEYPOINT_INDEX["right_clavicle"]], 1] += [18, 6]
    points[0, KEYPOINT_INDEX["left_hip"], 1] += 6
    points[0, KEYPOINT_INDEX["right_hip"], 1] -= 6
    return people.replace(keypoints=points)


def panel(axes: Axes, case: Case) -> None:
    """One figure with what is measured on it."""
    title, people, draw = case
    found = measure_people(people).people[0]
    pixels = people.keypoints[0].astype(float)
    close = draw in (regions, head)
    stick_figure(axes, pixels, feet=not close)
    text = draw(axes, pixels, found)
    axes.set_title(f"{title}\n{text}", fontsize=TEXT + 1, color=INK)
    axes.set_aspect("equal")
    axes.set_ylim(*((575, 5) if close else (880, 120)))
    left, right = (440, 860) if close else (400, 880)
    # Who bends far needs room in front.
    reach = float(max(right, pixels[:, 0].max() + 40))
    axes.set_xlim(left + reach - right, reach)


def legend(figure: Any, axes: Axes, sides: bool) -> None:
    """What the colours mean, below the panels."""
    named = [("spine", SPINE), ("what is measured", MARK)]
    if sides:
        named = [("person's left", LEFT), ("person's right", RIGHT), *named]
    figure.legend(
        handles=[axes.plot([], [], color=colour, linewidth=3, label=label)[0] for label, colour in named],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=TEXT,
    )


def write(name: str, cases: list[Case]) -> None:
    """A row of panels with a legend."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.7), layout="constrained")
    row = list(figure.subplots(1, len(cases), squeeze=False).ravel())
    for axes, case in zip(row, cases, strict=True):
        panel(axes, case)
        axes.set_axis_off()
    legend(figure, row[0], sides=any(draw in (sideways, bow, tilt) for _, _, draw in cases))
    figure.savefig(OUT / f"measures_{name}.png", dpi=DPI)


def write_view() -> None:
    """The circle of views."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.subplots()
    from_above(axes)
    axes.set_axis_off()
    axes.set_aspect("equal")
    figure.savefig(OUT / "measures_view.png", dpi=DPI)


def main() -> None:
    """Draw and write the figures."""
    OUT.mkdir(exist_ok=True)
    c_curve = (24.0, 0.0, -40.0, 0.0, 0.0, 16.0, 0.0)
    leans = {"lean": 42.0, "flexion": STANDING, "hinge": True}
    write(
        "leans",
        [
            ("facing right", mannequin(90, **leans), leaning),
            ("facing left", mannequin(-90, **leans), leaning),
            ("head", mannequin(90, flexion=(*STANDING[:5], 25.0, -8.0), scale=560), head),
        ],
    )
    write(
        "curves",
        [
            ("upright", mannequin(90, flexion=STANDING, scale=560), regions),
            ("bent forward", mannequin(90, flexion=BENT, scale=560), regions),
        ],
    )
    write(
        "front",
        [
            ("from the front", mannequin(0, side_lean=20, hinge=True), sideways),
            ("from the back", mannequin(180, bend=c_curve), bow),
            ("from the front", shoulders_and_hips(), tilt),
        ],
    )
    write_view()


if __name__ == "__main__":
    main()
