"""Writing what is measured of a clip: all of it as .csv, the angles as .mot for OpenSim and Sports2D."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from spinepose_hf.errors import OutputError
from spinepose_hf.measure.csv_table import MeasureCsv
from spinepose_hf.measure.mot import MotFiles
from spinepose_hf.measure.people import Measurer
from spinepose_hf.measure.quantity import FrameMeasures
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter
from spinepose_hf.pose import People

SUFFIXES: Final = (".csv", ".mot")


class AngleTableWriter(ResultWriter):
    """Measures the people of each frame and writes a table of it.

    `.csv` holds every measure with its uncertainty and state, one row a person and frame. `.mot` holds the
    valid angles, one file a person: `angles.mot` becomes `angles_person01.mot` and so on.

    Args:
        path: its suffix names the format; what it held is replaced.
        info: the source; its rate gives times to frames that carry none.
        measurer: how people are measured, with its options; a plain one when left out.

    Raises:
        OutputError: the suffix names no table of measures, a .mot is asked for pictures, which have no
            times, or the file cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], info: ClipInfo, measurer: Measurer | None = None
    ) -> None:
        path = Path(path)
        self._measurer = Measurer() if measurer is None else measurer
        self._clock = None if info.pictures else FrameClock(info)
        self._csv: MeasureCsv | None = None
        self._mot: MotFiles | None = None
        if path.suffix.lower() == ".csv":
            self._csv = MeasureCsv(path)
        elif path.suffix.lower() != ".mot":
            raise OutputError(f"cannot write {path}: measures are written as {' or '.join(SUFFIXES)}")
        elif info.pictures:
            raise OutputError(f"cannot write {path}: a .mot needs times, pictures have none; use .csv")
        else:
            self._mot = MotFiles(path)

    def write(self, people: People, name: str = "") -> None:
        """Measure and write the people of one frame. Arguments and errors as in `ResultWriter`."""
        if self._clock is not None:
            frame, time = self._clock.tick(people)
            people = people.replace(frame=frame, time=time)
        self.write_measures(self._measurer(people), name)

    def write_measures(self, measures: FrameMeasures, name: str = "") -> None:
        """Write what has been measured of one frame already.

        Raises:
            OutputError: it cannot be written.
        """
        if self._csv is not None:
            self._csv.append(measures, name)
        if self._mot is not None:
            self._mot.append(measures)

    def close(self) -> None:
        """Finish the file. Closing twice is allowed."""
        if self._csv is not None:
            self._csv.close()


__all__ = ["SUFFIXES", "AngleTableWriter"]
