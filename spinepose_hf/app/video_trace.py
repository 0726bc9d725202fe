"""The person who is seen longest in a video, frame by frame and in the mean."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spinepose_hf.app.angle_series import AngleSeries, read_angles
from spinepose_hf.app.video_job import VideoResult
from spinepose_hf.errors import NoPersonError
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import Measure, State
from spinepose_hf.measure.view import View


@dataclass(frozen=True, slots=True)
class VideoTrace:
    """One person through a video.

    Attributes:
        drawn: the annotated video.
        view: from where the person is seen in most frames.
        series: the measures over time, by key.
    """

    drawn: Path
    view: View
    series: Mapping[str, AngleSeries]

    def course(self, key: str) -> tuple[list[float], list[float]]:
        """Times in s, and the measure where it may be used; NaN elsewhere, so that plots show gaps."""
        one = self.series[key]
        values = [
            value if state == State.OK else float("nan")
            for value, state in zip(one.values, one.states, strict=True)
        ]
        return one.times, values

    def means(self) -> dict[str, Measure]:
        """The mean of each measure over the frames where it may be used.

        The frames share most of their error (the network's habits with this person), so the mean sigma of the
        frames is kept, and not divided by the root of their number.
        """
        return {key: _mean(key, one) for key, one in self.series.items()}


def trace_of(result: VideoResult, name: str) -> VideoTrace:
    """Return the person who is seen longest in the result of a video.

    Args:
        result: of a job.
        name: of the video, for the message.

    Raises:
        NoPersonError: nobody was seen for more than a moment.
        OutputError: the table of measures has been deleted meanwhile.
    """
    people = read_angles(result.measures, result.begin)
    if not people:
        raise NoPersonError(
            f"nobody was found in {name}; choose a part where a person is well in the picture"
        )
    person = next(iter(people))
    with result.measures.open(encoding="utf-8", newline="") as file:
        views = Counter(row["view"] for row in csv.DictReader(file) if int(row["person"]) == person)
    return VideoTrace(result.drawn, View(views.most_common(1)[0][0]), people[person])


def _mean(key: str, series: AngleSeries) -> Measure:
    definition = DEFINITIONS[key]
    good = np.array([state == State.OK for state in series.states])
    if not good.any():
        usual = State(Counter(series.states).most_common(1)[0][0])
        return Measure(definition.name, definition.unit, state=usual)
    values, sigmas = np.array(series.values)[good], np.array(series.sigmas)[good]
    if definition.periodic:
        value = float(np.rad2deg(np.angle(np.exp(1j * np.deg2rad(values)).mean())))
    else:
        value = float(values.mean())
    return Measure(definition.name, definition.unit, value, float(sigmas.mean()))


__all__ = ["VideoTrace", "trace_of"]
