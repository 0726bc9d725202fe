"""What the Image tab answers: to a photo, to a switch, to the choice of a person, to a program."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from spinepose_hf.app.box_text import boxes_from_json, boxes_from_text
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.downloads import write_measures, write_png, write_tables
from spinepose_hf.app.image_result import ImageResult, result_document, result_of
from spinepose_hf.app.measure_words import VIEW_WORDS, view_sentence
from spinepose_hf.app.point_labels import PictureOptions, annotate, with_numbers
from spinepose_hf.app.result_tables import keypoint_table, measure_table
from spinepose_hf.app.spine_figure import spine_svg
from spinepose_hf.app.spine_panel import spine_panel
from spinepose_hf.app.uploads import open_upload_image, shown_name
from spinepose_hf.errors import BoxError, UploadError
from spinepose_hf.measure.people import measure_people
from spinepose_hf.output.picture import write_picture

Payload = Mapping[str, Any] | None
"""What Gradio passes for a picture: "path" of the upload and "orig_name"."""

WELCOME: Final = (
    '<div class="status"><p>Choose a photo, or try an example. Best is one person, whole upper body, seen '
    "exactly from the side, the front or the back.</p></div>"
)

_NOBODY: Final = """<div class="status nobody" role="status">
<p><strong>Nobody was found in this photo.</strong> What helps:</p>
<ul><li>choose “I draw boxes” and drag a box around the person;</li>
<li>take a photo that shows the whole upper body, upright, not too small and not too dark.</li></ul></div>"""

_NOTE: Final = (
    '<p class="figure-note">Drawn from this photo, to scale. Angles are those of the picture, with one '
    "standard deviation; the circles are the same for the points. No medical device.</p>"
)


class ImageAnswers:
    """Answers the events of the Image tab.

    Args:
        context: of the app.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context

    def estimate(self, photo: Payload, mode: str, boxes: str) -> ImageResult:
        """Find the people of a photo, or those in the boxes that were drawn.

        Args:
            photo: the upload.
            mode: "auto", or "draw" for boxes.
            boxes: see `boxes_from_text`; not looked at in the mode "auto".

        Raises:
            UploadError: there is no photo, or it cannot be used.
            BoxError: a box cannot be used, or none is drawn.
        """
        path = upload_path(photo)
        image = open_upload_image(path, self._context.settings)
        given = None
        if mode == "draw":
            given = boxes_from_text(boxes, (image.shape[0], image.shape[1]))
            if given is None:
                raise BoxError("there is no box yet: drag one around each person, or let people be found")
        people = self._context.estimate(image, given)
        return result_of(path, upload_name(photo), image, people, self._context.folder())

    def picture(self, result: ImageResult, options: PictureOptions) -> str:
        """Draw the picture that the page shows, and return its path."""
        drawn = annotate(result.shown, result.shown_people, result.measures, options)
        path = result.folder / "shown.jpg"
        write_picture(drawn, path)
        return str(path)

    def panel(self, result: ImageResult, person: int) -> str | None:
        """Draw the close-up of a person's spine, and return its path; None where it is not seen."""
        closeup = result.closeups[person]
        if closeup is None:
            return None
        path = result.folder / f"spine_{person + 1}.jpg"
        write_picture(spine_panel(closeup), path)
        return str(path)

    def files(self, result: ImageResult) -> dict[str, str]:
        """Write the tables of a result; paths by name."""
        paths = write_tables(result.folder, result.name, result.people, result.measures)
        return {name: str(path) for name, path in paths.items()}

    def measure_file(self, result: ImageResult) -> str:
        """Write the measures alone, and return the path."""
        return str(write_measures(result.folder, result.name, result.measures))

    def png(self, result: ImageResult, options: PictureOptions) -> str:
        """Draw the whole photo, all pixels, and return the path of the PNG.

        Raises:
            UploadError: the photo has been deleted meanwhile.
        """
        try:
            image = open_upload_image(result.source, self._context.settings)
        except UploadError as error:
            raise UploadError("This photo has been deleted meanwhile. Choose it again.") from error
        drawn = annotate(image, with_numbers(result.people), result.measures, options)
        return str(write_png(result.folder, result.name, drawn))

    def document(self, photo: Payload, boxes: object) -> dict[str, Any]:
        """Answer a program: everything that is known of the people of a photo, as JSON-able values.

        Args:
            photo: the upload.
            boxes: see `boxes_from_json`; None or empty: people are found.

        Raises:
            UploadError: there is no photo, or it cannot be used.
            BoxError: a box cannot be used.
        """
        image = open_upload_image(upload_path(photo), self._context.settings)
        given = boxes_from_json(boxes, (image.shape[0], image.shape[1]))
        people = self._context.estimate(image, given)
        return result_document(people, measure_people(people))


def status_html(result: ImageResult) -> str:
    """Say in a sentence or two what was found."""
    count = len(result.people)
    if not count:
        return _NOBODY
    if count == 1:
        text = f"<strong>One person found.</strong> {escape(view_sentence(result.measures.people[0].view))}"
    else:
        text = f"<strong>{count} people found.</strong> The numbers are those in the picture."
    return f'<div class="status found" role="status"><p>{text}</p></div>'


def person_html(result: ImageResult, person: int) -> tuple[str, str, str]:
    """Return figure, table of measures and table of points of one person, as HTML."""
    found, measures = result.people[person], result.measures.people[person]
    return spine_svg(found, measures) + _NOTE, measure_table(measures), keypoint_table(found)


def person_choices(result: ImageResult) -> list[tuple[str, int]]:
    """Return what a visitor chooses from: label and position of each person."""
    return [
        (f"Person {number + 1}, seen {VIEW_WORDS[one.view.view]}", number)
        for number, one in enumerate(result.measures.people)
    ]


def upload_path(photo: Payload) -> Path:
    """Return where an upload lies.

    Raises:
        UploadError: there is none.
    """
    path = photo.get("path") if photo else None
    if not path:
        raise UploadError("There is no picture yet. Choose a photo first.")
    return Path(str(path))


def upload_name(photo: Payload) -> str:
    """Return the name of an upload as its owner knows it, made safe."""
    given = (photo.get("orig_name") or photo.get("path") or "") if photo else ""
    return shown_name(str(given))


__all__ = [
    "WELCOME",
    "ImageAnswers",
    "Payload",
    "person_choices",
    "person_html",
    "status_html",
    "upload_name",
    "upload_path",
]
