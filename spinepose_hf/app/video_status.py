"""What the Video tab says: how far it is, what it found, what cannot be seen."""

from __future__ import annotations

from html import escape
from typing import Final

from spinepose_hf.app.angle_series import PersonSeries, hidden_measures, missing_reasons
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.video_job import VideoProgress, VideoResult

WELCOME: Final = (
    '<div class="status"><p>Choose a video, or try the example. Best is a camera that stands still, and one '
    "person seen exactly from the side, the front or the back.</p></div>"
)

CANCELLED: Final = (
    '<div class="status" role="status"><p>Cancelled. Nothing was kept; you can start again at once.</p></div>'
)

FAILED: Final = '<div class="status nobody" role="status"><p>No result. The message says why.</p></div>'

STARTING: Final = (
    '<div class="status" role="status"><p><strong>Looking at the video …</strong></p>'
    '<div class="video-bar"><div style="width: 0"></div></div></div>'
)

NOBODY: Final = """<div class="status nobody" role="status">
<p><strong>Nobody was found in this video.</strong> What helps: the whole upper body in the picture, upright,
not too small and not too dark; or the part of the video in which somebody is seen.</p></div>"""


def limits_line(settings: AppSettings) -> str:
    """The limits of videos, in a sentence."""
    return (
        f"Up to {_duration(settings.video_seconds)}, {settings.video_megabytes:g} MB and "
        f"{settings.video_megapixels:g} megapixels a frame (4K is 8.3). Of a longer video, choose a part."
    )


def progress_html(progress: VideoProgress) -> str:
    """A bar, and in words the frames, their rate, and the time that is left."""
    if not progress.frames:
        return STARTING
    total = progress.total
    share = None if not total else min(100 * progress.frames / total, 100.0)
    words = [f"Frame {progress.frames}" + (f" of about {max(total, progress.frames)}" if total else "")]
    if progress.frames_per_second:
        words.append(f"{progress.frames_per_second:.1f} frames a second")
    if progress.seconds_left is not None:
        words.append(f"about {_duration(progress.seconds_left)} left")
    value = "" if share is None else f' aria-valuenow="{share:.0f}"'
    return (
        f'<div class="status"><p>{" · ".join(words)}</p><div class="video-bar" role="progressbar" '
        f'aria-label="Progress" aria-valuemin="0" aria-valuemax="100"{value}>'
        f'<div style="width: {share or 0:.1f}%"></div></div></div>'
    )


def result_html(result: VideoResult, people: int) -> str:
    """What was found, and how long it took.

    Args:
        result: of the job.
        people: who were followed long enough to be plotted.
    """
    summary = result.summary
    if summary.empty_frames == summary.frames:
        return NOBODY
    who = "one person" if people == 1 else f"{people} people" if people else "nobody for long enough to plot"
    without = f" Nobody was seen in {summary.empty_frames} of them." if summary.empty_frames else ""
    skipped = f" {summary.skipped} frames could not be read." if summary.skipped else ""
    took = f"{_duration(summary.seconds)} ({summary.frames_per_second:.1f} a second)"
    return (
        f'<div class="status found" role="status"><p><strong>Done: {who}.</strong> '
        f"{summary.frames} frames in {took}.{without}{skipped}</p></div>"
    )


def person_note(person: PersonSeries) -> str:
    """How to read the plot, and what it leaves out with the reason."""
    reasons: dict[str, list[str]] = {}
    for key, reason in hidden_measures(person).items():
        reasons.setdefault(reason, []).append(MEASURE_WORDS[key].title.lower())
    hidden = " ".join(
        f"<strong>{escape(reason[:1].upper() + reason[1:])}:</strong> {escape(', '.join(titles))}."
        for reason, titles in reasons.items()
    )
    missing = missing_reasons(person)
    why = f" ({', '.join(missing)})" if missing else ""
    return (
        '<p class="figure-note">The line follows the player; click in the plot to jump there, drag to zoom, '
        "double-click to see all. Band: one standard deviation. Dotted: shortened, because the person is "
        f"seen at an angle. Grey: no value there{why}, and none is made up.</p>"
        + (f'<p class="figure-note">Not plotted. {hidden}</p>' if hidden else "")
    )


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 1)
    if whole < 100:
        return f"{whole} s"
    return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")


__all__ = [
    "CANCELLED",
    "FAILED",
    "NOBODY",
    "STARTING",
    "WELCOME",
    "limits_line",
    "person_note",
    "progress_html",
    "result_html",
]
