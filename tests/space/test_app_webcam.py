"""The Webcam tab, with a camera that shows a film of the bundled photo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.space.app_server import AppServer
from tests.space.app_visit import AppVisit
from tests.space.visit import VIEWS

SIZE = (640, 480)
FRAMES = 20


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> Path:
    """A camera's film, (480, 640): the photo, which moves a few pixels to and fro; Chromium repeats it."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    picture = Image.open(photo).convert("RGB")
    picture.thumbnail(SIZE)
    with av.open(str(path), "w", format="mjpeg") as target:
        stream = target.add_stream("mjpeg", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuvj420p"
        for number in range(FRAMES):
            canvas = Image.new("RGB", SIZE, (120, 130, 140))
            shift = round(8 * np.sin(2 * np.pi * number / FRAMES))
            canvas.paste(picture, ((SIZE[0] - picture.width) // 2 + shift, (SIZE[1] - picture.height) // 2))
            target.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(canvas), format="rgb24")))
        target.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def camera_browser(launch: Callable[..., Any], film: Path) -> Any:
    """Chromium with that camera, which everybody may use."""
    return launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


@pytest.fixture
def visit(camera_browser: Any, app_server: AppServer, request: pytest.FixtureRequest) -> Iterator[AppVisit]:
    """A visit in the view that the test names, on the tab."""
    view = getattr(request, "param", "desktop")
    context = camera_browser.new_context(**VIEWS[view], permissions=["camera"])
    with AppVisit(context.new_page(), app_server.url) as one:
        yield one.open().tab("Webcam")


def start(visit: AppVisit) -> None:
    """Turn the camera on, and begin."""
    visit.element("webcam-camera").get_by_role("button").first.click()
    record = visit.element("webcam-camera").get_by_role("button", name="capture")
    record.wait_for(timeout=20_000)
    record.click()


@pytest.mark.parametrize("visit", sorted(VIEWS), indirect=True)
def test_a_person_is_followed_live(visit: AppVisit, request: pytest.FixtureRequest) -> None:
    start(visit)
    text = visit.wait_for_text("webcam-measures", "Person 1")
    assert "pictures a second" in text
    assert "Seen " in text
    visit.page.wait_for_timeout(3000)
    # The same person keeps the number.
    text = visit.element("webcam-measures").inner_text()
    rate = re.search(r"(\d+) pictures a second", text)
    assert rate is not None
    assert int(rate[1]) >= 1
    assert "Person 1" in text
    assert "Person 2" not in text
    shown = visit.element("webcam-result").locator("img")
    assert shown.evaluate("image => image.naturalWidth") == SIZE[0]
    visit.screenshot(f"webcam/{request.node.callspec.params['visit']}")


def test_no_picture_is_stored(visit: AppVisit, app_server: AppServer) -> None:
    before = app_server.files_left()
    start(visit)
    visit.wait_for_text("webcam-measures", "Person 1")
    visit.page.wait_for_timeout(1000)
    assert app_server.files_left() == before


def test_a_known_view_shows_what_it_can(visit: AppVisit) -> None:
    visit.choose("webcam-view", "From the back")
    start(visit)
    text = visit.wait_for_text("webcam-measures", "Seen from the back")
    assert "Side lean" in text
    assert "Trunk lean" not in text


def test_the_camera_can_be_stopped(visit: AppVisit) -> None:
    start(visit)
    visit.wait_for_text("webcam-measures", "Person 1")
    visit.element("webcam-camera").get_by_text("Stop").click()
    visit.element("webcam-camera").get_by_text("Record").wait_for()
    visit.page.wait_for_timeout(1000)
    before = visit.element("webcam-measures").inner_html()
    visit.page.wait_for_timeout(1000)
    assert visit.element("webcam-measures").inner_html() == before
