"""Plots of measures over time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import OutputError
from spinepose_hf.measure.angle_table import AngleTableWriter
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.plot import _collect, _figure, check_plot_path, plot_measures
from spinepose_hf.measure.table import Cell, table_rows
from spinepose_hf.output.writer import ClipInfo
from tests.measure.mannequin import mannequin

pytest.importorskip("matplotlib")

LEAN = ("trunk_lean_deg",)


def rows(leans: list[float | None], yaw: float = 90, person: int = 1) -> list[dict[str, Cell]]:
    """One person, 25 frames a second; None is a frame without them."""
    return [
        row
        for n, lean in enumerate(leans)
        if lean is not None
        for row in table_rows(
            measure_people(mannequin(yaw, lean=lean, frame=n, time=n / 25, ids=np.array([person])))
        )
    ]


def lines(table: list[dict[str, Cell]], key: str = "trunk_lean_deg") -> list[np.ndarray]:
    """The y values of each drawn stretch."""
    figure = _figure(_collect(table, (key,)), sorted({int(row["person"] or 0) for row in table}), (key,))
    zero = 1  # The line at zero is drawn last of all and has two points.
    drawn = [np.asarray(line.get_ydata(), float) for line in figure.axes[0].lines]
    return [line for line in drawn if len(line) and not (len(line) == 2 and not line.any())][
        : len(drawn) - zero
    ]


def test_a_series_is_one_line_and_a_gap_breaks_it() -> None:
    (line,) = lines(rows([0, 5, 10, 15]))
    assert line == pytest.approx([0, 5, 10, 15], abs=1e-3)
    first, second = lines(rows([1, 5, None, None, None, 10, 15]))
    assert first == pytest.approx([1, 5], abs=1e-3) and second == pytest.approx([10, 15], abs=1e-3)


def test_what_is_not_valid_is_not_drawn() -> None:
    assert lines(rows([5, 5, 5], yaw=0)) == []
    first, second = lines(rows([4, 6]) + rows([None, None, 9, 9], yaw=45) + rows([None] * 4 + [3, 3], yaw=0))
    assert first == pytest.approx([4, 6], abs=1e-3) and len(second) == 2


def test_angles_do_not_jump_at_the_back_of_the_circle() -> None:
    (line,) = lines(rows([170, 176, 182, 188]))
    assert line == pytest.approx([170, 176, 182, 188], abs=1e-2)


def test_every_person_has_a_colour() -> None:
    table = rows([1, 2, 3], person=1) + rows([4, 5, 6], person=2)
    figure = _figure(_collect(table, LEAN), [1, 2], LEAN)
    colours = {line.get_color() for line in figure.axes[0].lines if len(line.get_xdata()) == 3}
    assert len(colours) == 2


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_from_a_file_to_a_file(tmp_path: Path, suffix: str) -> None:
    table = tmp_path / "a.csv"
    with AngleTableWriter(table, ClipInfo("clip", rate=25.0)) as writer:
        for n in range(4):
            writer.write(mannequin(90, lean=n, ids=np.array([1])))
    out = plot_measures(table, tmp_path / f"plot{suffix}", measures=("trunk_lean_deg", "lumbar_deg"))
    if suffix == ".png":
        assert np.asarray(Image.open(out).convert("L")).std() > 5
    else:
        assert ET.parse(out).getroot().tag.endswith("svg")


def test_measures_that_the_clip_does_not_show_are_named_and_not_drawn(tmp_path: Path) -> None:
    out = plot_measures(rows([0.0] * 6, yaw=0), tmp_path / "a.svg")
    text = out.read_text()
    for comment in ("side lean", "shoulder tilt", "trunk inclination", "hardly a valid value"):
        assert f"<!-- {comment}" in text
    assert "<!-- lumbar" not in text and "trunk lean, lumbar, thoracic, cervical" in text


def test_nobody_is_a_plot_without_lines(tmp_path: Path) -> None:
    assert plot_measures([], tmp_path / "a.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("out", "measures", "text", "words"),
    [
        ("a.gif", LEAN, None, ".png or .svg"),
        ("a.png", ("nonsense",), None, "no measure 'nonsense'"),
        ("a.png", LEAN, "x,y\n1,2\n", "no column 'person'"),
        ("a.png", LEAN, "", "no column 'person'"),
        ("folder.png", LEAN, None, "folder"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, out: str, measures: tuple[str, ...], text: str | None, words: str
) -> None:
    (tmp_path / "folder.png").mkdir()
    table = tmp_path / "t.csv"
    table.write_text("person,time_s\n" if text is None else text)
    with pytest.raises(OutputError, match=words):
        plot_measures(table, tmp_path / out, measures)


def test_pictures_have_no_time(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no times"):
        plot_measures(table_rows(measure_people(mannequin(90))), tmp_path / "a.png")
    with pytest.raises(OutputError, match="cannot read"):
        plot_measures(tmp_path / "missing.csv", tmp_path / "a.png")
    assert check_plot_path(tmp_path / "a.svg") == tmp_path / "a.svg"
