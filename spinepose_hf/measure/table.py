"""Measures as rows of a table: one row a person and frame, the same columns always."""

from __future__ import annotations

import math
from typing import Final

from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import FrameMeasures, PersonMeasures

Cell = str | int | float | None

_PLACE: Final = ("name", "frame", "time_s", "person")
_VIEW: Final = ("view", "view_confidence", "yaw_deg", "yaw_sigma_deg")


def sigma_column(key: str) -> str:
    """The column of a measure's standard deviation: `lumbar_deg` has `lumbar_sigma_deg`."""
    name, unit = key.rsplit("_", 1)
    return f"{name}_sigma_{unit}"


def state_column(key: str) -> str:
    """The column that says whether a measure may be used: `lumbar_deg` has `lumbar_deg_state`."""
    return f"{key}_state"


COLUMNS: Final[tuple[str, ...]] = (
    *_PLACE,
    *_VIEW,
    *(column for key in DEFINITIONS for column in (key, sigma_column(key), state_column(key))),
)
"""All columns in their order, with units: `s`, `deg`, `px`, `pct`, and `trunk` for lengths of the trunk."""


def table_rows(measures: FrameMeasures, name: str = "") -> list[dict[str, Cell]]:
    """Return one row a person, with a cell for every one of `COLUMNS`.

    Args:
        measures: of one frame.
        name: the picture's file name, where the source consists of pictures.

    Returns:
        Cells are None where there is no value; the state column then says why (see `State`).
    """
    place: dict[str, Cell] = {"name": name, "frame": measures.frame, "time_s": measures.time}
    return [place | _person_cells(person) for person in measures.people]


def _person_cells(person: PersonMeasures) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "person": person.number,
        "view": str(person.view.view),
        "view_confidence": person.view.confidence,
        "yaw_deg": _finite(person.view.yaw),
        "yaw_sigma_deg": _finite(person.view.sigma),
    }
    for key, measure in person.items():
        cells[key] = _finite(measure.value)
        cells[sigma_column(key)] = _finite(measure.sigma)
        cells[state_column(key)] = str(measure.state)
    return cells


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


__all__ = ["COLUMNS", "Cell", "sigma_column", "state_column", "table_rows"]
