"""What a run of the network tells on the terminal: progress, the spine of a photo's people, a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spinepose_hf.cli.progress import ProgressLines

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from spinepose_hf.inference.engine import FramePoses
    from spinepose_hf.inference.job import JobSummary
    from spinepose_hf.inference.media.source import SourceInfo
    from spinepose_hf.pose import People, Person


def print_people(people: People) -> None:
    """Print the spine of each person, a table each."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for number, person in enumerate(people.spine(), start=1):
        console.print(_spine_table(person, f"person {number} of {len(people)}"))


def print_written(paths: Sequence[Path]) -> None:
    """Print where the results are."""
    for path in paths:
        # Not through rich: it would break long paths and read brackets in them as markup.
        typer.echo(f"wrote {path}")


def print_summary(summary: JobSummary, info: SourceInfo) -> None:
    """Print what a job did, as a table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=False, title=Path(info.name).name, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for name, value in _summary_rows(summary, info):
        table.add_row(name, value)
    Console(highlight=False, soft_wrap=True).print(table)


@contextmanager
def job_progress(info: SourceInfo, quiet: bool) -> Iterator[Callable[[FramePoses], None]]:
    """One bar with frames per second, people in the frame and the time that is left; in a log, lines instead.

    Yields:
        A function to tell each frame.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}{task.fields[of]} frames"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[people]} people"),
        TimeElapsedColumn() if info.frame_count is None else TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    total = info.frame_count
    if not console.is_terminal and not quiet:
        lines = ProgressLines(console)
        yield lambda _: lines.tell(f"{Path(info.name).name}, frames", 1, total)
        return
    with Progress(*columns, console=console, transient=True, disable=quiet or total == 1) as bar:
        of = "" if total is None else f"/{total}"
        task = bar.add_task(Path(info.name).name, total=total, of=of, rate="", people=0)

        def tell(result: FramePoses) -> None:
            speed = bar.tasks[task].speed
            rate = "" if speed is None else f"{speed:.1f} frames/s"
            bar.update(task, advance=1, rate=rate, people=len(result.people))

        yield tell


def _summary_rows(summary: JobSummary, info: SourceInfo) -> Iterator[tuple[str, str]]:
    pictures = info.kind == "pictures"
    one = "picture" if pictures else "frame"
    state = ", interrupted: what is written is whole up to here" if summary.interrupted else ""
    covered = "" if pictures else f" ({summary.clip_seconds:.1f} s of video)"
    yield f"{one}s", f"{summary.frames}{covered}{state}"
    if summary.skipped:
        yield "unreadable", f"{_several(summary.skipped, one)}, skipped"
    people = f"at most {summary.most_people} in a {one}"
    if not pictures:
        people = f"{len(summary.ids)} followed, {people}"
    if summary.empty_frames:
        people += f", nobody in {_several(summary.empty_frames, one)}"
    yield "people", people
    yield "speed", f"{summary.frames_per_second:.1f} {one}s a second, {summary.seconds:.1f} s in all"
    busy = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in summary.stage_seconds.items())
    if busy and not pictures:
        searches = "1 search" if summary.detections == 1 else f"{summary.detections} searches"
        yield "busy", f"{busy} (at the same time); {searches} for people"


def _several(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def _spine_table(person: Person, title: str) -> Table:
    from rich import box
    from rich.table import Table

    from spinepose_hf.model.skeleton import VERTEBRAE

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("vertebra", "keypoint"):
        table.add_column(heading)
    for heading in ("x", "y", "± px", "score"):
        table.add_column(heading, justify="right")
    # Top to bottom, as one reads a standing person.
    for index in reversed(range(len(person.keypoint_names))):
        name = person.keypoint_names[index]
        score = float(person.scores[index])
        place = (*person.keypoints[index], person.sigmas[index])
        # A keypoint without any score is nowhere, and its coordinates mean nothing.
        cells = (f"{value:.1f}" if score > 0 else "–" for value in place)
        table.add_row(VERTEBRAE[name], name, *cells, f"{score:.2f}")
    return table


__all__ = ["job_progress", "print_people", "print_summary", "print_written"]
