"""Marker trajectories (.trc), the format of OpenSim and of Pose2Sim: one file a person.

Layout as read by OpenSim's `TRCFileAdapter` and `MarkerData` (opensim-core, OpenSim/Common): five header
lines, then a row a frame with frame number, seconds and X, Y, Z of each marker, separated by tabs, with a tab
at the end; a marker that was not seen has three empty fields. X points to the right of the picture, Y up from
its lower edge, Z is 0: the plane in which OpenSim's models walk.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spinepose_hf.errors import OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.output.body_height import HeightSample, height_in_pixels
from spinepose_hf.output.opensim_markers import write_marker_set
from spinepose_hf.output.record_file import RecordFile, write_errors
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter, person_numbers
from spinepose_hf.pose import People, Person

LEAST_SCORE: Final = 0.3
"""Keypoints below count as not seen: a marker has no score, so readers would take a guess for a fact."""

_KEYS: Final = (
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
)
_NUMBERS_ROOM: Final = 120
"""Bytes kept free for the header's numbers, which grow while the file is written."""


class TrcWriter(ResultWriter):
    """Writes `<stem>_person<id>.trc` for each person, and `<stem>_markers.xml` for OpenSim.

    A file begins with the frame in which its person appears and ends with the last one; in between, frames
    without the person are rows without markers, so that rows keep their distance in time. Each file is
    complete after every frame. Kept in memory are number and time of each frame (16 bytes).

    Args:
        path: ends in .trc; names the files as above.
        info: of the source. Without a rate, the header tells the mean rate of the rows; times are exact.
        person_height: metres, of the person who is seen longest. Then all files are turned from pixels to
            metres when the writer is closed, by one scale for everybody.
        least_score: keypoints with a lower score are left out.

    Raises:
        OutputError: the source consists of pictures, the folder cannot be written, or the height is no height
            in metres.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        info: ClipInfo,
        person_height: float | None = None,
        least_score: float = LEAST_SCORE,
    ) -> None:
        if info.pictures:
            raise OutputError(f"cannot write {path}: trc describes movement; for pictures use csv or coco")
        if person_height is not None and not 0 < person_height < 3:
            raise OutputError(f"a person's height must be in metres, such as 1.75, not {person_height:g}")
        self._path = Path(path)
        self._info = info
        self._person_height = person_height
        self._least_score = least_score
        self._clock = FrameClock(info)
        self._frames = array("q")
        self._times = array("d")
        self._tracks: dict[int, _Track] = {}
        self._seen: set[int] = set()
        write_marker_set(self._path.with_name(f"{self._path.stem}_markers.xml"), info.keypoint_names)

    def write(self, people: People, name: str = "") -> None:
        """See `ResultWriter.write`.

        Raises:
            OutputError: also where neither the frame nor the source tells the time.
        """
        frame, time = self._clock.tick(people)
        if time is None:
            raise OutputError(f"cannot write {self._path}: trc needs the time or the rate of the frames")
        self._frames.append(frame)
        self._times.append(time)
        seen = {int(number): person for number, person in zip(person_numbers(people), people, strict=True)}
        for number in self._seen - seen.keys():
            # A crowd that comes and goes would use up the files a process may have open.
            self._tracks[number].file.close()
        self._seen = set(seen)
        for number, person in seen.items():
            self._write_person(number, person, people.image_size[0])

    def close(self) -> None:
        """See `ResultWriter.close`.

        Raises:
            OutputError: also where metres were asked for and nobody was seen from head to heel; the files
                then stay in pixels.
        """
        for track in self._tracks.values():
            track.file.close()
        if self._person_height is None or not self._tracks:
            return
        height = max(self._tracks.values(), key=lambda track: track.heights.count).heights.median()
        if height is None:
            raise OutputError(
                f"{self._path}: nobody was seen from head to heel for long, so pixels cannot be turned into "
                f"metres; the files are in pixels"
            )
        scale, self._person_height = self._person_height / height, None
        for track in self._tracks.values():
            track.rewrite_in_metres(scale)

    def _write_person(self, number: int, person: Person, image_height: int) -> None:
        last = len(self._frames) - 1
        if number not in self._tracks:
            path = self._path.with_name(f"{self._path.stem}_person{number:02d}.trc")
            self._tracks[number] = _Track(path, self._info, self._frames[last], self._times[last], last)
        track = self._tracks[number]
        if self._person_height is not None:
            names = person.keypoint_names
            track.heights.add(height_in_pixels(person.keypoints, person.scores, names, self._least_score))
        fields: list[str] = []
        for (x, y), score in zip(person.keypoints.tolist(), person.scores.tolist(), strict=True):
            fields.append(
                "\t\t\t" if score < self._least_score else f"{x:.2f}\t{image_height - y:.2f}\t0.00\t"
            )
        blank = "\t" * (3 * len(fields))
        rows = [self._key(index) + blank for index in range(track.next_row, last)]
        rows.append(self._key(last) + "".join(fields))
        track.append(rows, self._times[last])

    def _key(self, index: int) -> str:
        return f"{self._frames[index]}\t{self._times[index]:.6f}\t"


class _Track:
    """The file of one person.

    Attributes:
        file: the file.
        heights: of the person in px.
        next_row: position in the clip of the frame that the next row has to tell of.
    """

    def __init__(self, path: Path, info: ClipInfo, frame: int, time: float, row: int) -> None:
        self._path = path
        self._info = info
        self._first_frame, self._first_time, self._last_time = frame, time, time
        self._count = 0
        self.heights = HeightSample()
        self.next_row = row
        names = info.keypoint_names
        labels = "".join(f"X{index}\tY{index}\tZ{index}\t" for index in range(1, len(names) + 1))
        columns = "Frame#\tTime\t" + "\t\t\t".join(names) + f"\t\t\t\n\t\t{labels}\n"
        self.file = RecordFile(path, self._head("px"))
        self.file.append(columns.encode())

    def append(self, rows: list[str], time: float) -> None:
        """Write the rows up to the person's next appearance, at `time`."""
        self.file.append(("\n".join(rows) + "\n").encode())
        self._count += len(rows)
        self.next_row += len(rows)
        self._last_time = time
        self.file.replace_head(self._head("px"))

    def rewrite_in_metres(self, scale: float) -> None:
        """Replace the file by one in metres; `scale` is metres a pixel.

        Raises:
            OutputError: it cannot be written; the file in pixels stays.
        """
        with (
            write_errors(self._path),
            atomic_path(self._path) as temporary,
            self._path.open(encoding="utf-8") as source,
            temporary.open("wb") as target,
        ):
            target.write(self._head("m"))
            target.writelines(line.encode() for line in _scaled(source, scale))

    def _head(self, units: str) -> bytes:
        """Return the first three lines, always of the same length: spaces after the file name see to that."""
        rate = self._info.rate
        if rate is None:
            duration = self._last_time - self._first_time
            rate = (self._count - 1) / duration if duration > 0 else 1.0
        speed = f"{rate:.6f}".rstrip("0").rstrip(".")
        values = (speed, speed, self._count, len(self._info.keypoint_names), units, speed)
        numbers = "\t".join(str(value) for value in (*values, self._first_frame, self._count))
        padding = " " * (_NUMBERS_ROOM - len(numbers))
        return f"PathFileType\t4\t(X/Y/Z)\t{self._path.name}{padding}\n{_KEYS}\n{numbers}\n".encode()


def _scaled(lines: Iterator[str], scale: float) -> Iterator[str]:
    """Yield the lines after the three that depend on the units, with scaled coordinates."""
    for row, line in enumerate(lines):
        if row in (3, 4):
            yield line
        elif row > 4:
            frame, time, *fields = line.rstrip("\n").split("\t")
            yield "\t".join([frame, time, *(f and f"{float(f) * scale:.5f}" for f in fields)]) + "\n"


__all__ = ["LEAST_SCORE", "TrcWriter"]
