"""What a job writes, and whether it can be written, told before any work is done."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from spinepose_hf.errors import OutputError
from spinepose_hf.inference.drawn_output import PictureNames, draws_one_picture
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.inference.result_files import ResultFiles, check_results, marker_set_of, result_files_there
from spinepose_hf.output.draw_options import DrawOptions


@dataclass(frozen=True, slots=True)
class JobOutputs:
    """What a job writes. Nothing is computed for what is None.

    Attributes:
        drawn: the annotated video; for several pictures, a folder.
        results: files of keypoints, each with the name of its format or None to go by its suffix.
        measures: a table of spine measures, .csv or .mot.
        plot: measures over time, .png or .svg.
        person_height: metres, for .trc in metres instead of pixels.
        drawing: how people are drawn.
        overlay_angles: draw spine angles.
        side_by_side: show the source beside the drawing.
        overwrite: replace files that exist.
    """

    drawn: Path | None = None
    results: ResultFiles = ()
    measures: Path | None = None
    plot: Path | None = None
    person_height: float | None = None
    drawing: DrawOptions | None = None
    overlay_angles: bool = False
    side_by_side: bool = False
    overwrite: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files and folders that will be written."""
        single = (self.drawn, *(path for path, _ in self.results), self.measures, self.plot)
        return tuple(path for path in single if path is not None)


def one_path(out: str | os.PathLike[str] | None, vis_path: str | os.PathLike[str] | None) -> Path | None:
    """The place of the drawing, which has two names: ours and the original's.

    Raises:
        ValueError: both are given.
    """
    if out is not None and vis_path is not None:
        raise ValueError("out and vis_path are the same thing: give one of them")
    given = out if vis_path is None else vis_path
    return None if given is None else Path(given)


def check_outputs(outputs: JobOutputs, info: SourceInfo) -> None:
    """Refuse outputs that cannot be, before any work is done.

    Raises:
        OutputError: a file exists and may not be replaced, is the input itself or meant for two things, or
            its suffix names no format for this source.
        MissingExtraError: one needs a package that is not installed.
    """
    _check_drawn(outputs, info)
    check_results(outputs.results)
    _check_measures(outputs, info)
    places = [path.resolve() for path in outputs.paths]
    for path, place in zip(outputs.paths, places, strict=True):
        if places.count(place) > 1:
            raise OutputError(f"two outputs have the name {path}; give each its own")
    pictures = input_pictures(info)
    sources = {path.resolve() for path in (*pictures, Path(info.name)) if path.is_file()}
    for path in (*outputs.paths, *drawn_pictures(outputs, info, pictures)):
        if path.resolve() in sources:
            raise OutputError(f"{path} is the input itself; give the output another name or folder")
    there = [] if outputs.overwrite else _replaced(outputs, info, pictures)
    if there:
        raise OutputError(f"{there[0]} exists; add --overwrite to replace it, or give another name")


def written(outputs: JobOutputs) -> list[Path]:
    """The files and folders of these outputs that exist: some formats write a file for each person."""
    from spinepose_hf.measure.mot import person_files

    found: list[Path] = []
    for path in outputs.paths:
        found += [path] if path.exists() else person_files(path)
        markers = marker_set_of(path)
        if path.suffix.lower() == ".trc" and markers.exists():
            found.append(markers)
    return found


def input_pictures(info: SourceInfo) -> list[Path]:
    """The files of a source of pictures; none for other sources, nor for a picture from the web."""
    if info.kind != "pictures" or "://" in info.name:
        return []
    from spinepose_hf.inference.media.pictures import list_pictures

    path = Path(info.name)
    if path.is_dir():
        return list_pictures(path)
    return list_pictures(info.name) if not path.exists() and glob.has_magic(info.name) else [path]


def drawn_pictures(outputs: JobOutputs, info: SourceInfo, pictures: list[Path]) -> list[Path]:
    """Where the drawings of these pictures go, if they go into a folder."""
    if outputs.drawn is None or info.kind != "pictures" or draws_one_picture(outputs.drawn, info):
        return []
    names = PictureNames()
    return [outputs.drawn / names(path.name, index) for index, path in enumerate(pictures)]


def _replaced(outputs: JobOutputs, info: SourceInfo, pictures: list[Path]) -> list[Path]:
    """Files that exist and would be replaced."""
    from spinepose_hf.measure.mot import person_files

    files = [path for path in drawn_pictures(outputs, info, pictures) if path.exists()]
    files += [path for path in (outputs.drawn, outputs.plot) if path is not None and path.is_file()]
    if outputs.measures is not None:
        files += [outputs.measures] if outputs.measures.exists() else person_files(outputs.measures)
    for path, _ in outputs.results:
        files += result_files_there(path, info, pictures)
    return files


def _check_drawn(outputs: JobOutputs, info: SourceInfo) -> None:
    drawn = outputs.drawn
    if drawn is None:
        return
    if info.kind != "pictures":
        from spinepose_hf.inference.media.video_writer import check_video_path

        check_video_path(drawn)
    elif draws_one_picture(drawn, info):
        from spinepose_hf.output.picture import check_picture_path

        check_picture_path(drawn)
    elif drawn.is_file():
        raise OutputError(f"{drawn} is a file; give a folder for the pictures of {info.name}")
    elif drawn.suffix and not drawn.is_dir():
        raise OutputError(f"{drawn} looks like a file; give a folder for the pictures of {info.name}")


def _check_measures(outputs: JobOutputs, info: SourceInfo) -> None:
    from spinepose_hf.measure.angle_table import SUFFIXES

    measures, pictures = outputs.measures, info.kind == "pictures"
    if measures is not None and measures.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write {measures}: measures are written as {' or '.join(SUFFIXES)}")
    if measures is not None and measures.suffix.lower() == ".mot" and pictures:
        raise OutputError(f"cannot write {measures}: a .mot needs times, pictures have none; use .csv")
    if outputs.plot is not None:
        from spinepose_hf.measure.plot import check_plot_path

        if pictures:
            raise OutputError(
                f"cannot plot into {outputs.plot}: a plot shows measures over time, which {info.name} does "
                f"not have; give a video, or write the measures as .csv"
            )
        check_plot_path(outputs.plot)


__all__ = [
    "JobOutputs",
    "check_outputs",
    "drawn_pictures",
    "input_pictures",
    "one_path",
    "written",
]
