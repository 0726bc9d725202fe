"""Angles as OpenSim motion files (.mot), one a person, as Sports2D writes them.

The format is that of OpenSim's Storage (https://opensim-org.github.io, "Motion (.mot) Files"): a header of
name, version, nRows, nColumns and inDegrees up to `endheader`, then tab-separated columns of which the first
is time in seconds.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Final

from spinepose_hf.errors import OutputError
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import FrameMeasures, Measure
from spinepose_hf.output.record_file import write_errors

ANGLES: Final[tuple[str, ...]] = tuple(key for key, entry in DEFINITIONS.items() if entry.unit == "deg")
"""Keys of the measures that a .mot holds: all angles."""

# Leading zeros keep the place of a number that is not known before the end.
_COUNT_DIGITS: Final = 9


class MotFiles:
    """Writes `NAME_person01.mot`, `NAME_person02.mot` and so on, for a path `NAME.mot`.

    A cell is `NaN` where the angle is not valid: the format has no place for a flag, so angles that an
    oblique view shortens are left out as well. A person's rows are the frames with that person. The number
    of rows in the header is brought up to date with every row, so the files are valid at any time.

    Args:
        path: the .mot file without its person. Such files of an earlier run are removed, so that nobody
            takes them for this one's.

    Raises:
        OutputError: the folder cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._rows: dict[int, int] = {}
        with write_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for old in person_files(self.path):
                old.unlink()

    def append(self, measures: FrameMeasures) -> None:
        """Add a row to the file of each person of a frame.

        Raises:
            OutputError: the frame has no time, or it cannot be written.
        """
        if measures.time is None:
            raise OutputError(f"cannot write {self.path}: a .mot needs times, this source has none; use .csv")
        for person in measures.people:
            cells = [f"{measures.time:.6f}", *(_cell(person[key]) for key in ANGLES)]
            self._append(person.number, "\t".join(cells) + "\n")

    def _append(self, person: int, line: str) -> None:
        """Add one row. The file is opened for it alone, so that many people do not use up the handles."""
        path = person_file(self.path, person)
        rows = self._rows.get(person, 0) + 1
        with write_errors(path), path.open("r+b" if rows > 1 else "w+b") as file:
            if rows == 1:
                file.write(_header(path.stem, 0))
            file.seek(0, os.SEEK_END)
            file.write(line.encode())
            file.flush()
            # The row first: a file whose header promises too much is broken, one with too little is not.
            file.seek(0)
            file.write(_header(path.stem, rows))
        self._rows[person] = rows


def person_file(path: Path, person: int) -> Path:
    """Where the angles of a person go: `angles.mot` becomes `angles_person01.mot`."""
    return path.with_name(f"{path.stem}_person{person:02d}{path.suffix}")


def person_files(path: str | os.PathLike[str]) -> list[Path]:
    """The files that a run with this path has left, in the order of their names."""
    path = Path(path)
    pattern = re.compile(re.escape(path.stem) + r"_person\d{2,}" + re.escape(path.suffix))
    if not path.parent.is_dir():
        return []
    return sorted(entry for entry in path.parent.iterdir() if pattern.fullmatch(entry.name))


def _header(name: str, rows: int) -> bytes:
    names = "\t".join(("time", *(DEFINITIONS[key].name for key in ANGLES)))
    return (
        f"{name}\nversion=1\nnRows={rows:0{_COUNT_DIGITS}d}\nnColumns={1 + len(ANGLES)}\ninDegrees=yes\n\n"
        f"Angles in the picture, degrees; time in seconds\n\nendheader\n{names}\n"
    ).encode()


def _cell(measure: Measure) -> str:
    return f"{measure.value:.4f}" if measure.valid and math.isfinite(measure.value) else "NaN"


__all__ = ["ANGLES", "MotFiles", "person_file", "person_files"]
