"""The Compare tab: two photos, two videos, and what programs get."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.space.app_server import AppServer
from tests.space.app_users import Answer, Upload, Users
from tests.space.app_visit import AppVisit
from tests.space.visit import VIEWS

SECOND_PHOTO = "spinepose_hf/samples/rendered.jpg"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> tuple[Path, Path]:
    """Two short films of the photo: one as it is, one turned by 12 degrees and slower."""
    folder = tmp_path_factory.mktemp("clips")
    picture = Image.open(photo).convert("RGB")
    picture.thumbnail((360, 480))
    paths = []
    for name, angle, count in (("before.mp4", 0, 8), ("after.mp4", 12, 14)):
        path = folder / name
        size = (picture.width // 2 * 2, picture.height // 2 * 2)
        with av.open(str(path), "w") as target:
            stream = target.add_stream("libx264", rate=Fraction(8))
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for number in range(count):
                turned = picture.rotate(angle + 4 * np.sin(number / 2), fillcolor=(120, 130, 140))
                frame = np.asarray(turned.crop((0, 0, *size)))
                target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            target.mux(stream.encode())
        paths.append(path)
    return paths[0], paths[1]


def choose(visit: AppVisit, elem_id: str, label: str) -> None:
    """Choose from a list."""
    visit.element(elem_id).locator("input").click()
    visit.element(elem_id).get_by_role("option", name=label, exact=True).click()


def ask(server: AppServer, endpoint: str, *files: Path) -> Answer:
    """Ask as a program does."""
    return Users(server.url).ask(endpoint, *(Upload.of(path) for path in files))


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_two_photos_are_compared(
    visit_app: Callable[..., AppVisit], photo: Path, root: Path, view: str
) -> None:
    visit = visit_app(view).tab("Compare")
    visit.screenshot(f"compare/{view}-empty")
    visit.upload("compare-upload-1", photo).upload("compare-upload-2", root / SECOND_PHOTO)
    choose(visit, "compare-view-1", "From the side, facing left")
    choose(visit, "compare-view-2", "From the side, facing right")
    visit.click("compare-run")
    text = visit.wait_for_text("compare-table", "Trunk lean")
    assert "Not comparable" not in text
    assert "±" in text
    for place in (1, 2):
        shown = visit.wait(f"compare-result-{place}", "img")
        visit.page.wait_for_function("image => image.naturalWidth > 0", arg=shown.element_handle())
    over = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0
    visit.screenshot(f"compare/{view}")


def test_different_directions_are_not_compared(page: AppVisit, photo: Path, root: Path) -> None:
    page.tab("Compare").upload("compare-upload-1", photo).upload("compare-upload-2", root / SECOND_PHOTO)
    choose(page, "compare-view-1", "From the side, facing left")
    choose(page, "compare-view-2", "From the front")
    page.click("compare-run")
    text = page.wait_for_text("compare-table", "Not comparable")
    assert "larger than chance" not in text
    page.screenshot("compare/not-comparable")


def test_a_missing_photo_is_told(page: AppVisit, photo: Path) -> None:
    page.tab("Compare").upload("compare-upload-1", photo).click("compare-run")
    assert "The second photo is missing" in page.message()


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_two_videos_are_compared(
    visit_app: Callable[..., AppVisit], clips: tuple[Path, Path], view: str
) -> None:
    visit = visit_app(view).tab("Compare")
    visit.page.get_by_role("tab", name="Two videos").click()
    visit.upload("compare-video-1", clips[0]).upload("compare-video-2", clips[1])
    visit.click("compare-videos-run")
    text = visit.wait_for_text("compare-videos-table", "Trunk tilt")
    assert "means over the video" in text
    for place in (1, 2):
        visit.wait(f"compare-video-result-{place}", "video")
    visit.page.wait_for_timeout(1000)
    over = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0
    visit.screenshot(f"compare/{view}-videos")


def test_a_comparison_of_videos_can_be_cancelled(page: AppVisit, clips: tuple[Path, Path]) -> None:
    page.tab("Compare").page.get_by_role("tab", name="Two videos").click()
    page.upload("compare-video-1", clips[0]).upload("compare-video-2", clips[1])
    page.click("compare-videos-run").click("compare-videos-cancel")
    page.wait_for_text("compare-videos-table", "Cancelled")
    # The page takes a second click once it knows that the first one's work has ended.
    page.page.wait_for_timeout(1500)
    page.click("compare-videos-run")
    page.wait_for_text("compare-videos-table", "Trunk tilt")


def test_programs_compare_videos(app_server: AppServer, clips: tuple[Path, Path]) -> None:
    answer = ask(app_server, "/compare_videos", *clips)
    assert answer.data is not None, answer.message
    (document,) = answer.data
    assert len(document["views"]) == 2
    tilt = document["measures"]["trunk_inclination_deg"]
    assert tilt["states"] == ["ok", "ok"]
    assert tilt["second"] - tilt["first"] > 4


def test_programs_compare_photos(app_server: AppServer, photo: Path) -> None:
    answer = ask(app_server, "/compare_images", photo, photo)
    assert answer.data is not None, answer.message
    measures = answer.data[0]["measures"]
    assert not any(one["larger_than_chance"] for one in measures.values())
    assert measures["trunk_inclination_deg"]["first"] == measures["trunk_inclination_deg"]["second"]
