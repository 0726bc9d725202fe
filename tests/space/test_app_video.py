"""The Video tab in a browser: a clip that plays beside its plot, cancelling, bad files, and the API."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest

from tests.space.app_server import AppServer
from tests.space.app_visit import AppVisit
from tests.space.bad_uploads import empty_videos
from tests.space.visit import RESULT_MS, VIEWS

PLAYS = """async (player) => {
  player.muted = true;
  await player.play();
  await new Promise((done) => setTimeout(done, 700));
  player.pause();
  return player.currentTime;
}"""
# Where the line stands in the plot, in seconds on its axis.
LINE_SECONDS = """() => {
  const plot = document.querySelector("#video-plot .js-plotly-plot");
  const axis = plot._fullLayout.xaxis;
  return axis.p2l(parseFloat(plot.querySelector(".video-cursor").style.left) - axis._offset);
}"""
PLOT = "#video-plot .js-plotly-plot"
EXAMPLE_SECONDS = 4.0


@pytest.fixture(scope="module")
def clip(root: Path) -> Path:
    """A real clip: two people in a park, four seconds."""
    return root / "spinepose_hf" / "app" / "examples" / "walking.mp4"


def start(visit: AppVisit, clip: Path) -> None:
    visit.tab("Video").upload("video-upload", clip)
    visit.element("video-upload").locator("video").wait_for(timeout=RESULT_MS)
    visit.click("video-run")


def finish(visit: AppVisit) -> str:
    text = visit.wait_for_text("video-status", "Done")
    visit.wait("video-result", "video")
    visit.wait("video-plot", ".js-plotly-plot .scatterlayer path.js-line")
    return text


def open_options(visit: AppVisit) -> None:
    visit.page.get_by_role("button", name="Part, speed and smoothing").click()
    visit.element("video-start").locator("input").wait_for()
    # Filled by a machine in the moment in which they appear, they were once sent with their first values.
    visit.page.wait_for_timeout(500)


def seconds(visit: AppVisit) -> float:
    return float(visit.page.evaluate("document.querySelector('#video-result video').currentTime"))


def download(visit: AppVisit, name: str, folder: Path) -> Path:
    with visit.page.expect_download() as waiting:
        visit.element(f"video-download-{name}").click()
    path = folder / str(waiting.value.suggested_filename)
    waiting.value.save_as(path)
    return path


def results_kept(server: AppServer) -> list[str]:
    return [path for path in server.files_left() if "_spine" in path or "_angles" in path]


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_the_result_plays_beside_its_plot(visit_app: Callable[..., AppVisit], clip: Path, view: str) -> None:
    visit = visit_app(view)
    visit.tab("Video").screenshot(f"video/{view}_empty")
    start(visit, clip)
    visit.wait_for_text("video-status", "frames a second")
    visit.screenshot(f"video/{view}_progress")
    assert "120 frames" in finish(visit)
    player = visit.element("video-result").locator("video")
    assert player.evaluate("(player) => player.duration") == pytest.approx(EXAMPLE_SECONDS, abs=0.1)
    assert player.evaluate(PLAYS) > 0.2
    visit.page.wait_for_timeout(600)
    assert visit.page.evaluate(LINE_SECONDS) == pytest.approx(seconds(visit), abs=0.05)
    # A click three quarters along the plot, away from the middle of any line.
    plot = visit.page.locator(PLOT)
    plot.evaluate("(plot) => plot.scrollIntoView({block: 'center', behavior: 'instant'})")
    visit.page.wait_for_timeout(200)
    axis = plot.evaluate("(plot) => [plot._fullLayout.xaxis._offset, plot._fullLayout.xaxis._length]")
    place = plot.bounding_box()
    visit.page.mouse.click(place["x"] + axis[0] + 0.75 * axis[1], place["y"] + place["height"] / 2)
    visit.page.wait_for_timeout(600)
    length = plot.evaluate("(plot) => plot._fullLayout.xaxis.range[1]")
    assert seconds(visit) == pytest.approx(0.75 * length, abs=0.1)
    assert visit.page.evaluate(LINE_SECONDS) == pytest.approx(seconds(visit), abs=0.05)
    visit.screenshot(f"video/{view}_result")
    # Nothing is wider than the screen.
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_people_are_chosen_and_files_downloaded(page: AppVisit, clip: Path, tmp_path: Path) -> None:
    start(page, clip)
    finish(page)
    note = page.element("video-note").inner_text()
    assert "Not visible in this view" in note
    curves = "(plot) => JSON.stringify(plot.data.map((curve) => [curve.name, curve.y]))"
    before = page.page.locator(PLOT).evaluate(curves)
    # The first of the list is shown already: who is seen longest.
    page.element("video-person").locator("input").click()
    page.page.get_by_role("option").nth(1).click()
    page.page.wait_for_function(
        f"(before) => ({curves})(document.querySelector('{PLOT}')) !== before", arg=before
    )
    keypoints = download(page, "keypoints", tmp_path)
    assert keypoints.name == "walking_keypoints.csv"
    assert keypoints.read_text().startswith("frame,")
    assert "lumbar_deg_state" in download(page, "angles", tmp_path).read_text().splitlines()[0]
    assert "walking_person01.trc" in zipfile.ZipFile(download(page, "trc", tmp_path)).namelist()
    with av.open(str(download(page, "video", tmp_path))) as video:
        assert video.streams.video[0].codec_context.name == "h264"
    offered = page.element("video-download-parquet").is_visible()
    assert offered != page.page.get_by_text("pyarrow is missing").is_visible()


def test_zooming_keeps_the_line_in_its_place(page: AppVisit, clip: Path) -> None:
    start(page, clip)
    finish(page)
    plot = page.page.locator(PLOT)
    plot.evaluate("(plot) => plot.scrollIntoView({block: 'center', behavior: 'instant'})")
    place = plot.bounding_box()
    panel = plot.evaluate("(plot) => plot._fullLayout.yaxis3._offset + plot._fullLayout.yaxis3._length / 2")
    middle = place["y"] + panel
    page.page.mouse.move(place["x"] + 300, middle)
    page.page.mouse.down()
    page.page.mouse.move(place["x"] + 700, middle, steps=5)
    page.page.mouse.up()
    page.page.wait_for_timeout(500)
    left, right = plot.evaluate("(plot) => plot._fullLayout.xaxis.range")
    assert 0 < left < right < EXAMPLE_SECONDS
    # Dragging does not seek.
    assert seconds(page) == 0
    assert page.page.locator(".video-cursor").is_hidden()
    page.page.evaluate(
        "(time) => { document.querySelector('#video-result video').currentTime = time }", (left + right) / 2
    )
    page.page.wait_for_timeout(600)
    assert page.page.evaluate(LINE_SECONDS) == pytest.approx((left + right) / 2, abs=0.05)


def test_cancelling_frees_the_worker_and_leaves_nothing(
    page: AppVisit, app_server: AppServer, clip: Path
) -> None:
    before = results_kept(app_server)
    start(page, clip)
    page.wait_for_text("video-status", "Frame ")
    page.click("video-cancel")
    page.wait_for_text("video-status", "Cancelled")
    assert results_kept(app_server) == before
    page.page.wait_for_timeout(1000)
    assert "Cancelled" in page.element("video-status").inner_text()
    # The worker is free: a part of the same clip is done at once.
    open_options(page)
    page.element("video-start").locator("input").fill("2")
    page.element("video-end").locator("input").fill("3")
    page.choose("video-stride", "Every 2nd")
    page.click("video-run")
    assert "15 frames" in finish(page)
    duration = page.element("video-result").locator("video").evaluate("(player) => player.duration")
    assert duration == pytest.approx(1, abs=0.1)


def test_the_example_is_one_click(page: AppVisit) -> None:
    page.tab("Video").element("video-examples").get_by_text("Walking").click()
    page.element("video-upload").locator("video").wait_for(timeout=RESULT_MS)
    page.click("video-run")
    page.wait_for_text("video-status", "Frame ")
    page.click("video-cancel")
    page.wait_for_text("video-status", "Cancelled")


def test_a_part_outside_of_the_video_is_told(page: AppVisit, clip: Path) -> None:
    page.tab("Video").upload("video-upload", clip)
    open_options(page)
    page.element("video-start").locator("input").fill("9")
    page.click("video-run")
    assert "cannot begin at 9 s" in page.message()
    page.wait_for_text("video-status", "No result")


@pytest.mark.parametrize(
    "bad", list(islice(empty_videos(), 6)), ids=lambda bad: bad.kind.removeprefix("video: ")
)
def test_bad_files_are_told_and_the_tab_goes_on(
    visit_app: Callable[..., AppVisit], tmp_path: Path, bad: Any
) -> None:
    # The browser's own player complains of such files too.
    visit = visit_app(complains=True)
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    visit.tab("Video").upload("video-upload", path)
    visit.click("video-run")
    message = visit.message()
    assert "Our mistake" not in message
    assert str(tmp_path) not in message
    assert "/" not in message.replace("and/or", "")
    visit.wait_for_text("video-status", "No result")
    assert visit.element("video-run").is_enabled()


def test_nothing_chosen(page: AppVisit) -> None:
    page.tab("Video").click("video-run")
    assert "no video yet" in page.message()


def test_programs_use_the_endpoint(app_server: AppServer, clip: Path, tmp_path: Path) -> None:
    client_library = pytest.importorskip("gradio_client", reason="comes with gradio")
    client = client_library.Client(app_server.url, verbose=False, download_files=str(tmp_path))
    summary, annotated, files = client.predict(
        video=client_library.handle_file(str(clip)), start=1, end=2, stride=2, api_name="/estimate_video"
    )
    assert summary["frames"] == 15
    lumbar = summary["people"][0]["measures"]["lumbar_deg"]
    assert lumbar is None or lumbar["min"] <= lumbar["median"] <= lumbar["max"]
    with av.open(annotated["video"] if isinstance(annotated, dict) else annotated) as video:
        assert video.streams.video[0].codec_context.name == "h264"
    assert {"walking_spine.mp4", "walking_keypoints.csv", "walking_angles.csv"} <= {
        Path(file).name for file in files
    }
    with pytest.raises(client_library.exceptions.AppError, match="cannot begin"):
        client.predict(video=client_library.handle_file(str(clip)), start=9, api_name="/estimate_video")
