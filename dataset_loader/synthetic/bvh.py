"""Reading motion capture in the BVH format: a tree of joints and their angles by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spinepose_hf.errors import DatasetError

Doubles = npt.NDArray[np.float64]

POSITIONS = ("Xposition", "Yposition", "Zposition")
ROTATIONS = ("Xrotation", "Yrotation", "Zrotation")


@dataclass(frozen=True)
class BvhJoint:
    """One joint: index of its parent (-1 for a root), offset (3,) from it, channels in the file's order."""

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class BvhClip:
    """A recording.

    Attributes:
        name: the file's stem.
        joints: parents before children; end sites are not joints.
        motion: (frames, channels) in degrees and the file's length unit, joint after joint.
        frame_time: seconds from frame to frame.
    """

    name: str
    joints: tuple[BvhJoint, ...]
    motion: npt.NDArray[np.float32]
    frame_time: float

    def world(self, frame: int | None) -> tuple[Doubles, Doubles]:
        """Global rotations (J, 3, 3) and joint positions (J, 3) in the file's axes; None for all angles zero.

        Each joint turns by the product of its channels in the file's order, the first outermost.
        """
        rotations, positions = np.empty((len(self.joints), 3, 3)), np.empty((len(self.joints), 3))
        values = np.zeros(self.motion.shape[1]) if frame is None else self.motion[frame].astype(float)
        start = 0
        for index, joint in enumerate(self.joints):
            turn, shift = np.eye(3), np.array(joint.offset)
            for channel, value in zip(joint.channels, values[start:], strict=False):
                if channel in POSITIONS:
                    if frame is not None:  # at zero angles a joint stays at its offset
                        shift[POSITIONS.index(channel)] = value
                else:
                    turn = turn @ _about(ROTATIONS.index(channel), value)
            start += len(joint.channels)
            if joint.parent < 0:
                rotations[index], positions[index] = turn, shift
            else:
                rotations[index] = rotations[joint.parent] @ turn
                positions[index] = positions[joint.parent] + rotations[joint.parent] @ shift
        return rotations, positions


def _about(axis: int, degrees: float) -> Doubles:
    """Rotation (3, 3) about a coordinate axis."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rotation = np.eye(3)
    second, third = (axis + 1) % 3, (axis + 2) % 3
    rotation[second, second] = rotation[third, third] = cosine
    rotation[third, second], rotation[second, third] = sine, -sine
    return rotation


class _Lines:
    """Words of a file with the number of the line they stand in."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.number = 0
        self._words = self._split(text)

    def _split(self, text: str) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(text.splitlines(), 1):
            for word in line.split():
                yield number, word

    def error(self, wanted: str, found: str | None) -> DatasetError:
        """What a reader says of a word that does not fit."""
        got = "the file ends" if found is None else f"found {found!r}"
        return DatasetError(f"{self.source}, line {self.number}: expected {wanted}, {got}")

    def next(self, wanted: str) -> str:
        """The next word; `wanted` names it for the error at the end of the file."""
        for number, word in self._words:
            self.number = number
            return word
        raise self.error(wanted, None)

    def expect(self, *words: str) -> str:
        """The next word, which must be one of these (any case)."""
        wanted = " or ".join(words)
        found = self.next(wanted)
        for word in words:
            if found.lower() == word.lower():
                return word
        raise self.error(wanted, found)

    def value(self, wanted: str) -> float:
        """The next word as a finite number."""
        found = self.next(wanted)
        try:
            number = float(found)
        except ValueError:
            raise self.error(wanted, found) from None
        if not np.isfinite(number):
            raise self.error(f"{wanted} that is finite", found)
        return number

    def count(self, wanted: str) -> int:
        """The next word as a whole number from 0."""
        found = self.next(wanted)
        if not found.isdecimal():
            raise self.error(wanted, found)
        return int(found)


def parse_bvh(text: str, source: str) -> BvhClip:
    """Read one BVH file.

    Args:
        text: its content.
        source: its name, for errors and as the clip's name.

    Raises:
        DatasetError: anything that is not BVH, with the number of the line.
    """
    lines = _Lines(text, source)
    lines.expect("HIERARCHY")
    joints: list[BvhJoint] = []
    lines.expect("ROOT")
    _read_joint(lines, joints, -1)
    lines.expect("MOTION")
    lines.expect("Frames:")
    frames = lines.count("the number of frames")
    lines.expect("Frame")
    lines.expect("Time:")
    frame_time = lines.value("the time of a frame")
    channels = sum(len(joint.channels) for joint in joints)
    if not frames or not channels:
        raise DatasetError(
            f"{source}: holds {frames} frames of {channels} channels; there is no motion in it"
        )
    motion = _read_motion(text, source, lines.number, frames, channels)
    return BvhClip(Path(source).stem, tuple(joints), motion, frame_time)


def _read_joint(lines: _Lines, joints: list[BvhJoint], parent: int) -> None:
    """Read one joint after its keyword, and all below it."""
    name = lines.next("the name of a joint")
    lines.expect("{")
    lines.expect("OFFSET")
    x, y, z = (lines.value(f"offset {axis} of {name}") for axis in "xyz")
    channels: list[str] = []
    word = lines.expect("CHANNELS", "JOINT", "End", "}")
    if word == "CHANNELS":
        channels = [
            lines.expect(*POSITIONS, *ROTATIONS)
            for _ in range(lines.count(f"the number of channels of {name}"))
        ]
        word = lines.expect("JOINT", "End", "}")
    index = len(joints)
    joints.append(BvhJoint(name, parent, (x, y, z), tuple(channels)))
    while word != "}":
        if word == "JOINT":
            _read_joint(lines, joints, index)
        else:
            lines.expect("Site")
            lines.expect("{")
            lines.expect("OFFSET")
            for axis in "xyz":
                lines.value(f"offset {axis} of the end of {name}")
            lines.expect("}")
        word = lines.expect("JOINT", "End", "}")


def _read_motion(
    text: str, source: str, header_end: int, frames: int, channels: int
) -> npt.NDArray[np.float32]:
    """Rows (frames, channels) below line `header_end`, one line a frame."""
    rows: list[npt.NDArray[np.float32]] = []
    for number, line in enumerate(text.splitlines()[header_end:], header_end + 1):
        if not line.strip():
            continue
        if len(rows) == frames:
            raise DatasetError(
                f"{source}, line {number}: more than the {frames} frames that the file announces"
            )
        try:
            row = np.array(line.split(), np.float32)
        except ValueError as error:
            raise DatasetError(f"{source}, line {number}: {error}") from error
        if len(row) != channels or not np.isfinite(row).all():
            raise DatasetError(
                f"{source}, line {number}: expected {channels} finite numbers, found {len(row)} values"
            )
        rows.append(row)
    if len(rows) < frames:
        raise DatasetError(f"{source}: {frames} frames announced, {len(rows)} found; the file is cut off")
    return np.stack(rows)


def read_bvh(path: Path) -> BvhClip:
    """Read a BVH file from disk.

    Raises:
        DatasetError: the file cannot be read, or is not BVH.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
    return parse_bvh(text, str(path))
