"""The Image tab in a real browser: photos, drawn boxes, switches, people, files, errors, and the endpoint."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.space.app_server import AppServer
from tests.space.app_visit import AppVisit
from tests.space.visit import RESULT_MS, VIEWS

FOUND, NOBODY = ".status.found", ".status.nobody"


@pytest.fixture
def empty_photo(tmp_path: Path) -> Path:
    """A picture of a grey wall."""
    path = tmp_path / "wall.png"
    Image.fromarray(np.full((300, 400, 3), 128, np.uint8)).save(path)
    return path


def analysed(visit: AppVisit, photo: Path, kind: str = FOUND) -> AppVisit:
    """Upload a photo, and wait for its result and its files."""
    visit.upload("image-upload", photo)
    visit.wait("image-status", kind)
    if kind == FOUND:
        visit.wait("image-spine", "img")
    return visit


def address(visit: AppVisit, elem_id: str) -> str:
    """Of the picture in an element."""
    return str(visit.wait(elem_id, "img").get_attribute("src"))


def changed_picture(visit: AppVisit, before: str) -> str:
    """Wait until the result shows another picture than `before`."""
    visit.page.wait_for_function(
        "old => { const image = document.querySelector('#image-result img');"
        " return image && image.getAttribute('src') !== old; }",
        arg=before,
        timeout=RESULT_MS,
    )
    return address(visit, "image-result")


def saved(visit: AppVisit, elem_id: str) -> Any:
    """Click a download and return what the browser saved."""
    with visit.page.expect_download(timeout=RESULT_MS) as download:
        visit.click(elem_id)
    return download.value


@pytest.mark.parametrize("view", VIEWS)
def test_a_photo_is_analysed_without_another_click(
    visit_app: Callable[..., AppVisit], photo: Path, view: str
) -> None:
    visit = visit_app(view)
    visit.screenshot(f"image/{view}_empty")
    analysed(visit, photo)
    assert "One person found" in visit.wait_for_text("image-status", "found")
    assert visit.element("image-figure").locator("svg[role=img] title").count() == 1
    width = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"the page is {width} px wider than the screen"
    visit.screenshot(f"image/{view}_result")


def test_an_example_is_analysed_at_once(page: AppVisit) -> None:
    page.element("image-examples").get_by_role("button", name="Bending sideways").click()
    page.wait("image-status", FOUND)
    # His face is nearly hidden: from the front, which is right, or from the back.
    assert re.search(r"from the (front|back)", page.wait_for_text("image-measures", "Side lean"))


def test_switches_draw_anew(page: AppVisit, photo: Path) -> None:
    analysed(page, photo)
    shown = {address(page, "image-result")}
    for switch in ("Spine only", "Names", "Confidence", "Angles"):
        before = address(page, "image-result")
        page.element("image-toggles").get_by_label(switch).click()
        shown.add(changed_picture(page, before))
    assert len(shown) == 5
    page.screenshot("image/switches")


def test_a_view_that_the_visitor_knows_gives_its_measures(page: AppVisit, photo: Path) -> None:
    analysed(page, photo)
    # Only another answer changes the picture, and which is found depends on the weights: first the truth.
    found, before = page.element("image-status").inner_text(), address(page, "image-result")
    page.choose("image-view", "From the side, facing left")
    page.wait_for_text("image-status", "facing left, as you said")
    if "facing left" not in found:
        before = changed_picture(page, before)
    page.choose("image-view", "From the front")
    page.wait_for_text("image-status", "from the front, as you said")
    changed_picture(page, before)
    row = page.element("image-measures").locator("tr", has_text="Side lean").first
    assert re.search(r"[+−]?\d+° ± \d+°", row.inner_text())
    assert "only visible from the side" in page.wait_for_text("image-measures", "Lower back")
    page.screenshot("image/known_view")


def test_one_of_several_people_is_chosen(page: AppVisit, photo: Path) -> None:
    analysed(page, photo)
    page.element("image-people").get_by_label("I draw boxes").click()
    # The second one is a person of whom only the legs are seen.
    page.wait("image-boxes", "textarea").fill("180 90 420 570\n5 2 180 65")
    page.click("image-run")
    page.wait_for_text("image-status", "2 people found")
    page.screenshot("image/people")
    first = page.element("image-figure").inner_html()
    page.choose("image-person", "Person 2")
    page.page.wait_for_function(
        "old => document.querySelector('#image-figure svg').outerHTML !== old && "
        "!old.includes(document.querySelector('#image-figure svg').outerHTML)",
        arg=first,
        timeout=RESULT_MS,
    )


def test_the_points_are_listed(page: AppVisit, photo: Path) -> None:
    analysed(page, photo)
    page.element("image-points").locator("button").first.click()
    rows = page.wait("image-table", "tbody").locator("tr")
    assert rows.count() == 37
    assert rows.first.inner_text().split()[:3] == ["neck", "03", "C1"]


def test_downloads_hold_what_was_found(page: AppVisit, photo: Path, tmp_path: Path) -> None:
    analysed(page, photo)
    files = {}
    for name in ("coco", "openpose", "csv", "angles", "png"):
        download = saved(page, f"image-download-{name}")
        files[name] = tmp_path / download.suggested_filename
        download.save_as(files[name])
    assert {path.name for path in files.values()} == {
        f"walking_{end}"
        for end in ("coco.json", "openpose.json", "keypoints.csv", "measures.csv", "spine.png")
    }
    assert len(json.loads(files["coco"].read_text())[0]["keypoints"]) == 3 * 37
    assert len(json.loads(files["openpose"].read_text())["people"]) == 1
    assert len(files["csv"].read_text().splitlines()) == 1 + 37
    assert files["angles"].read_text().startswith("name,frame,")
    with Image.open(files["png"]) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (600, 600))


@pytest.mark.parametrize("view", ["desktop", "phone"])
def test_boxes_are_drawn_by_mouse_or_finger(
    visit_app: Callable[..., AppVisit], photo: Path, view: str
) -> None:
    visit = visit_app(view)
    analysed(visit, photo)
    visit.element("image-people").get_by_label("I draw boxes").click()
    layer = visit.wait("image-upload", ".box-layer")
    layer.scroll_into_view_if_needed()
    area = layer.bounding_box()
    start, end = [
        (area["x"] + share[0] * area["width"], area["y"] + share[1] * area["height"])
        for share in ((0.3, 0.15), (0.7, 0.95))
    ]
    if view == "phone":
        _swipe(visit, start, end)
    else:
        visit.page.mouse.move(*start)
        visit.page.mouse.down()
        visit.page.mouse.move(*end, steps=5)
        visit.page.mouse.up()
    written = visit.element("image-boxes").locator("textarea").input_value()
    assert np.abs(np.array(written.split(), float) - [180, 90, 420, 570]).max() < 6, written
    visit.screenshot(f"image/{view}_box")
    before = address(visit, "image-result")
    visit.element("image-toggles").get_by_label("Names").click()
    changed_picture(visit, before)
    visit.click("image-run")
    visit.wait("image-status", FOUND)
    # A tap on the box takes it away.
    layer.scroll_into_view_if_needed()
    area = layer.bounding_box()
    middle = (area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    (visit.page.touchscreen.tap if view == "phone" else visit.page.mouse.click)(*middle)
    assert visit.element("image-boxes").locator("textarea").input_value() == ""


def test_typed_boxes_are_shown_and_used(page: AppVisit, photo: Path) -> None:
    analysed(page, photo)
    page.element("image-people").get_by_label("I draw boxes").click()
    field = page.wait("image-boxes", "textarea")
    field.fill("180, 90, 420, 570\n100 20 500 590")
    page.page.locator(".box-layer rect.over").nth(1).wait_for(state="attached")
    page.click("image-run")
    page.wait_for_text("image-status", "2 people found")
    page.click("image-box-undo")
    assert field.input_value() == "180 90 420 570"
    page.click("image-box-clear")
    assert field.input_value() == ""


def test_nobody_is_said_with_what_to_do(page: AppVisit, empty_photo: Path) -> None:
    analysed(page, empty_photo, NOBODY)
    assert "I draw boxes" in page.wait_for_text("image-status", "Nobody was found")
    assert not page.element("image-figure").is_visible()
    page.screenshot("image/nobody")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "no box yet"),
        ("10 20 30", "left, top, right, bottom"),
        ("left top right bottom", "no box"),
        ("400 100 200 500", "no area"),
        ("900 900 1000 1000", "outside the image"),
        ("\n".join(["10 10 300 500"] * 21), "at most 20"),
    ],
)
def test_boxes_that_are_none_are_told_plainly(page: AppVisit, photo: Path, typed: str, told: str) -> None:
    analysed(page, photo)
    page.element("image-people").get_by_label("I draw boxes").click()
    page.wait("image-boxes", "textarea").fill(typed)
    page.click("image-run")
    message = page.message()
    assert told in message
    assert "Traceback" not in message


@pytest.mark.parametrize("name", ["text.jpg", "cut.jpg", "empty.png"])
def test_files_that_are_no_pictures_are_told_plainly(
    visit_app: Callable[..., AppVisit], photo: Path, tmp_path: Path, name: str
) -> None:
    content = {"text.jpg": b"hello", "cut.jpg": photo.read_bytes()[:5000], "empty.png": b""}[name]
    bad = tmp_path / name
    bad.write_bytes(content)
    visit = visit_app(complains=True)
    visit.upload("image-upload", bad)
    message = visit.message()
    assert name in message.lower()
    assert "Traceback" not in message
    visit.close_messages()
    assert "Choose a photo" in visit.wait_for_text("image-status", "Choose a photo")


def test_the_button_without_a_photo_says_what_is_missing(page: AppVisit) -> None:
    page.click("image-run")
    assert "Choose a photo first" in page.message()


def test_a_program_estimates_a_photo(app_server: AppServer, photo: Path) -> None:
    client_module = pytest.importorskip("gradio_client")
    client = client_module.Client(app_server.url, verbose=False)
    answer = client.predict(client_module.handle_file(str(photo)), api_name="/estimate_image")
    assert answer["image"] == {"width": 600, "height": 600}
    assert answer["count"] == 1
    person = answer["people"][0]
    assert len(person["keypoints"]) == 37
    assert set(person["keypoints"][0]) == {"name", "vertebra", "x", "y", "score", "sigma"}
    assert person["measures"]["trunk_inclination_deg"]["state"] == "ok"
    box = [180.0, 90.0, 420.0, 570.0]
    given = client.predict(client_module.handle_file(str(photo)), [box], api_name="/estimate_image")
    assert given["people"][0]["box"] == box
    with pytest.raises(Exception, match="outside the image"):
        client.predict(
            client_module.handle_file(str(photo)), [[900, 900, 950, 950]], api_name="/estimate_image"
        )


def test_only_the_documented_endpoint_is_public(app_server: AppServer) -> None:
    client_module = pytest.importorskip("gradio_client")
    client = client_module.Client(app_server.url, verbose=False)
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert [name for name in named if "image" in name and "compare" not in name] == ["/estimate_image"]
    parameters = named["/estimate_image"]["parameters"]
    assert [one["parameter_name"] for one in parameters] == ["image", "boxes"]


def _swipe(visit: AppVisit, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw with one finger: real touch events of the browser, not of a script."""
    devices = visit.page.context.new_cdp_session(visit.page)
    for kind, points in (
        ("touchStart", [start]),
        *(
            ("touchMove", [tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))])
            for share in (0.3, 0.7, 1.0)
        ),
        ("touchEnd", []),
    ):
        touches = [{"x": x, "y": y} for x, y in points]
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        time.sleep(0.03)
