"""The page as people use it: photos, camera, boxes, downloads, bad input; and nothing leaves the device."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.measure.table import COLUMNS
from tests.space.visit import VIEWS
from tests.space.web.static_site import StaticSite
from tests.space.web.web_visit import WebVisit

SEEN = {
    "from the front": "frontal-front",
    "from the back": "frontal-back",
    "obliquely": "oblique",
    "from the side, facing the picture’s left": "sagittal-left",
    "from the side, facing the picture’s right": "sagittal-right",
}
PHONE = VIEWS["phone"] | {"device_scale_factor": 2}


def with_sample(opened: WebVisit) -> WebVisit:
    """The page with the sample photo, measured."""
    opened.page.click("#sample")
    opened.told("One person found")
    return opened


def encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def boxes(opened: WebVisit) -> list[list[float]]:
    """The boxes as the numbers beside the tables say."""
    sections = opened.page.locator("#people section:not(.empty)").all()
    return [[float(field.input_value()) for field in one.locator("input").all()] for one in sections]


class TestPrivacy:
    def test_the_browser_forbids_every_other_host(self, visit: Callable[..., WebVisit], web: Path) -> None:
        with StaticSite(web) as elsewhere:
            opened = visit(complains=True).ready()
            answer = opened.page.evaluate(
                """async (url) => {
                    const tries = {
                        fetch: () => fetch(url),
                        post: () => fetch(url, { method: "POST", body: "pixels", mode: "no-cors" }),
                        image: () => new Promise((done, fail) => {
                            const src = url + "vendor/walking.jpg";
                            Object.assign(new Image(), { onload: done, onerror: fail, src });
                        }),
                        script: () => import(url + "geometry.js"),
                        socket: () => new Promise((done, fail) => {
                            const socket = new WebSocket(url.replace("http", "ws"));
                            Object.assign(socket, { onopen: done, onerror: fail });
                        }),
                    };
                    const passed = [];
                    for (const [name, action] of Object.entries(tries)) {
                        await action().then(() => passed.push(name), () => {});
                    }
                    navigator.sendBeacon(url, "pixels");
                    await new Promise((done) => setTimeout(done, 300));
                    return passed;
                }""",
                elsewhere.url,
            )
            assert answer == []
            assert elsewhere.requests == []
        # What the browser refused it still announces; the rest of the visit is checked by the others.
        opened.foreign.clear()

    def test_a_photo_is_measured_without_a_request(
        self, opened: WebVisit, site: StaticSite, samples: Path
    ) -> None:
        before = len(site.requests)
        opened.page.set_input_files("#file", samples / "rendered.jpg")
        opened.told("One person found")
        assert site.requests[before:] == []

    def test_it_works_when_the_server_is_gone(
        self, visit: Callable[..., WebVisit], web: Path, samples: Path
    ) -> None:
        with StaticSite(web) as short:
            opened = visit(short).ready()
        opened.page.set_input_files("#file", samples / "walking.jpg")
        opened.told("One person found")


class TestPictures:
    def test_the_sample_is_measured(self, opened: WebVisit) -> None:
        with_sample(opened)
        rows = [row.inner_text().split("\t") for row in opened.page.locator("#people tbody tr").all()]
        assert len(rows) == 9
        for name, value, remark in rows:
            assert "±" in value or (value == "–" and remark), name
        # Any view shows how far the trunk is from upright.
        assert "±" in dict(row[:2] for row in rows)["Trunk inclination"]
        assert opened.page.inner_text("#people .seen").startswith("Seen ")

    def test_the_view_decides_what_is_told(self, opened: WebVisit, samples: Path) -> None:
        # Rendered from the front, the face nearly hidden: weights take it for different views.
        opened.page.set_input_files("#file", samples / "rendered.jpg")
        opened.told("One person found")
        seen = re.fullmatch(r"Seen (.*), with \d+ % confidence\.", opened.page.inner_text("#people .seen"))
        assert seen and seen[1] in SEEN
        view = SEEN[seen[1]]
        shown, hidden, sides = (
            ("Side lean", "Trunk lean", "the side")
            if view.startswith("frontal")
            else ("Trunk lean", "Side lean", "the front or back")
        )
        rows = [row.inner_text().split("\t") for row in opened.page.locator("#people tbody tr").all()]
        values = {name: (value, remark) for name, value, remark in rows}
        assert "±" in values[shown][0]
        assert values[hidden] == ("–", f"only seen from {sides}; the view is {view}")

    def test_the_photo_that_was_asked_for_last_is_shown(
        self, visit: Callable[..., WebVisit], web: Path, samples: Path
    ) -> None:
        letting = threading.Event()
        with StaticSite(web, held={"/vendor/walking.jpg": letting}) as slow:
            opened = visit(slow).ready()
            opened.page.set_input_files("#file", samples / "rendered.jpg")
            opened.told("One person found")
            opened.page.click("#sample")
            # The line no longer tells of the photo before.
            assert opened.page.inner_text("#status") == "Opening the photo …"
            opened.page.set_input_files("#file", samples / "rendered.jpg")
            opened.told("One person found")
            with opened.page.expect_event("requestfinished"):
                letting.set()
            # Time enough for the late photo to be read, had it not been dropped.
            opened.page.wait_for_timeout(300)
            assert [result["file_name"] for result in saved_keypoints(opened)] == ["rendered.jpg"]

    def test_a_sample_that_cannot_be_fetched(self, visit: Callable[..., WebVisit], web: Path) -> None:
        with StaticSite(web, missing=frozenset({"/vendor/walking.jpg"})) as site:
            opened = visit(site, complains=True).ready()
            opened.page.click("#sample")
            opened.told("The sample photo is missing. Build the page")
        opened.page.click("#sample")
        opened.told("The sample photo cannot be fetched")

    @pytest.mark.parametrize("way", ["paste", "drop"])
    def test_pasted_and_dropped(self, opened: WebVisit, samples: Path, way: str) -> None:
        opened.page.evaluate(
            """async ([way, url]) => {
                const blob = await (await fetch(url)).blob();
                const data = new DataTransfer();
                data.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
                const event = way === "paste"
                    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
                    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
                document.body.dispatchEvent(event);
            }""",
            [way, f"{opened.url}vendor/walking.jpg"],
        )
        opened.told("One person found")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("notes.txt", b"no picture", "“notes.txt” is no picture"),
            ("photo.jpg", b"no picture either", "“photo.jpg” is no picture"),
            ("empty.png", b"", "“empty.png” is no picture"),
            ("cut.png", encoded(Image.new("RGB", (400, 400), "red"), "PNG")[:90], "“cut.png” is no picture"),
            ("small.png", encoded(Image.new("RGB", (8, 8)), "PNG"), "too small (8 × 8 pixels)"),
            ("grey.png", encoded(Image.new("RGB", (400, 300), (127, 127, 127)), "PNG"), "Nobody was found"),
        ],
        ids=["text", "text called jpg", "empty", "cut", "small", "nobody"],
    )
    def test_bad_files(self, opened: WebVisit, name: str, content: bytes, message: str) -> None:
        with_sample(opened)
        before = boxes(opened)
        opened.page.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": content})
        line = opened.told(message)
        assert line.count(".") <= 3 and "Error" not in line
        assert "error" in (opened.page.get_attribute("#status", "class") or "")
        # What is no picture leaves the one before.
        assert boxes(opened) == ([] if name == "grey.png" else before)

    def test_a_huge_photo_is_scaled_and_its_results_scaled_back(self, opened: WebVisit, walking: Any) -> None:
        huge = encoded(Image.fromarray(walking).resize((6000, 6000)), "JPEG")
        opened.page.set_input_files("#file", {"name": "huge.jpg", "mimeType": "image/jpeg", "buffer": huge})
        opened.told("One person found")
        (result,) = saved_keypoints(opened)
        # The woman of the sample, ten times as large.
        left, top, width, height = result["bbox"]
        assert box_iou([left, top, left + width, top + height], [1830, 990, 3840, 5650]) >= 0.7


def saved_keypoints(opened: WebVisit) -> list[dict[str, Any]]:
    with opened.page.expect_download() as download:
        opened.page.click("#save-json")
    results: list[dict[str, Any]] = json.loads(Path(download.value.path()).read_text())
    return results


class TestBoxes:
    def test_two_people_get_two_tables_and_two_results(self, opened: WebVisit) -> None:
        with_sample(opened)
        opened.page.click("#add")
        opened.page.click("#add")
        opened.told("2")
        assert boxes(opened)[1] == [150, 60, 450, 540]
        assert opened.page.locator("#people table").count() == 2
        opened.page.locator("#people section:nth-child(2) .seen:has-text('Seen')").wait_for()
        assert len(saved_keypoints(opened)) == 2
        opened.page.get_by_role("button", name="Remove person 1").click()
        assert boxes(opened) == [[150, 60, 450, 540]]

    def test_by_keyboard(self, opened: WebVisit) -> None:
        with_sample(opened)
        (before,) = boxes(opened)
        opened.page.locator(".box").focus()
        opened.page.keyboard.press("ArrowRight")
        opened.told("Person 1 measured")
        opened.page.keyboard.press("Shift+ArrowDown")
        (after,) = boxes(opened)
        assert np.subtract(after, before).tolist() == [6, 0, 6, 6]
        assert "Arrow keys" in (opened.page.get_attribute(".box", "aria-label") or "")
        opened.page.keyboard.press("Delete")
        opened.told("removed")
        assert boxes(opened) == []
        assert opened.page.locator("#save-json").is_disabled()

    def test_by_mouse(self, opened: WebVisit) -> None:
        with_sample(opened)
        (before,) = boxes(opened)
        handle = opened.page.locator(".handle.x2.y2").bounding_box()
        scale = opened.page.locator("#frame").bounding_box()["width"] / 600
        middle = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        opened.page.mouse.move(*middle)
        opened.page.mouse.down()
        opened.page.mouse.move(middle[0] + 40 * scale, middle[1] - 30 * scale, steps=4)
        opened.page.mouse.up()
        opened.told("Person 1 measured")
        (after,) = boxes(opened)
        assert np.subtract(after, before) == pytest.approx([0, 0, 40, -30], abs=3)

    def test_by_touch(self, visit: Callable[..., WebVisit]) -> None:
        opened = with_sample(visit(**PHONE).ready())
        area = opened.page.locator("#frame").bounding_box()
        scale = area["width"] / 600
        # By touch a drag scrolls, unless a box is asked for.
        assert (
            opened.page.evaluate("getComputedStyle(document.getElementById('frame')).touchAction") != "none"
        )
        opened.page.tap("#add")
        assert (
            opened.page.evaluate("getComputedStyle(document.getElementById('frame')).touchAction") == "none"
        )
        session = opened.page.context.new_cdp_session(opened.page)

        def touch(kind: str, *point: float) -> None:
            points = [{"x": area["x"] + point[0] * scale, "y": area["y"] + point[1] * scale}] if point else []
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 400, 60)
        touch("touchMove", 480, 200)
        touch("touchMove", 570, 400)
        touch("touchEnd")
        opened.told("2")
        assert boxes(opened)[1] == pytest.approx([400, 60, 570, 400], abs=4)

    def test_by_numbers_also_wrong_ones(self, opened: WebVisit) -> None:
        with_sample(opened)
        right = opened.page.get_by_label("Right")
        right.fill("420")
        right.press("Enter")
        opened.told("Person 1 measured")
        before = boxes(opened)
        assert before[0][2] == 420
        right.fill("10")
        right.blur()
        opened.told("no area")
        assert boxes(opened) == before

    def test_an_empty_place_is_said_to_be_one(self, opened: WebVisit) -> None:
        grey = encoded(Image.new("RGB", (400, 400), (127, 127, 127)), "PNG")
        opened.page.set_input_files("#file", {"name": "grey.png", "mimeType": "image/png", "buffer": grey})
        opened.told("Nobody")
        opened.page.click("#add")
        opened.page.click("#add")
        opened.told("Hardly anything of a person is seen in box 1")


class TestDownloads:
    def test_the_table_has_python_s_columns(self, opened: WebVisit, samples: Path) -> None:
        opened.page.set_input_files("#file", samples / "rendered.jpg")
        opened.told("One person found")
        with opened.page.expect_download() as download:
            opened.page.click("#save-csv")
        assert download.value.suggested_filename == "rendered_angles.csv"
        (row,) = csv.DictReader(io.StringIO(Path(download.value.path()).read_text()))
        assert set(row) <= set(COLUMNS)
        assert row["name"] == "rendered.jpg" and row["view"] in SEEN.values()
        frontal = row["view"].startswith("frontal")
        hidden, shown = ("trunk_lean_deg", "side_lean_deg")[:: 1 if frontal else -1]
        assert row[hidden] == "" and row[f"{hidden}_state"] == "view"
        lean = float(row[shown])
        assert 0 < abs(lean) < 45
        # To his left; to his right, if he is taken for one seen from the back.
        assert not frontal or (lean < 0) == (row["view"] == "frontal-front")

    def test_names_follow_the_photo(self, opened: WebVisit, samples: Path) -> None:
        opened.page.set_input_files("#file", samples / "rendered.jpg")
        opened.told("One person found")
        for button, name in (("#save-png", "rendered_spine.png"), ("#save-json", "rendered.json")):
            with opened.page.expect_download() as download:
                opened.page.click(button)
            assert download.value.suggested_filename == name


class TestCamera:
    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            ((), "No camera was found. Choose a photo instead."),
            (
                ("--use-fake-device-for-media-stream", "--deny-permission-prompts"),
                "The camera was refused. Allow it in the browser's address bar, or choose a photo.",
            ),
        ],
        ids=["none", "refused"],
    )
    def test_no_camera(
        self, visit: Callable[..., WebVisit], launch: Callable[..., Any], flags: tuple[str, ...], message: str
    ) -> None:
        opened = visit(of=launch(*flags) if flags else None).ready()
        opened.page.click("#camera")
        opened.told(message)
        with_sample(opened)

    @pytest.mark.slow
    def test_people_are_followed_and_held(
        self,
        visit: Callable[..., WebVisit],
        launch: Callable[..., Any],
        tmp_path: Path,
        samples: Path,
        site: StaticSite,
    ) -> None:
        clip = tmp_path / "walking.mjpeg"
        clip.write_bytes((samples / "walking.jpg").read_bytes() * 30)
        browser = launch(
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
        )
        opened = visit(of=browser, permissions=["camera"]).ready()
        before = len(site.requests)
        opened.page.click("#camera")
        opened.told("The camera is on")
        opened.page.locator("#people .seen:has-text('Seen')").wait_for(timeout=60_000)
        assert opened.page.locator("#save-json").is_disabled()
        opened.page.click("#camera")
        opened.told("Picture held")
        assert opened.page.inner_text("#camera") == "Use the camera"
        (result,) = saved_keypoints(opened)
        assert result["file_name"] == "camera.png"
        (box,) = boxes(opened)
        assert box[3] - box[1] > 1.5 * (box[2] - box[0])
        assert site.requests[before:] == []
        # The camera is off: no track is live any more.
        with_sample(opened)


class TestMissing:
    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("delete globalThis.WebAssembly", "no WebAssembly"),
            ("WebAssembly.validate = () => false", "no SIMD"),
            ("delete globalThis.createImageBitmap", "too old"),
        ],
    )
    def test_an_old_browser(self, visit: Callable[..., WebVisit], script: str, message: str) -> None:
        visit(script=script).told(message)

    @pytest.mark.parametrize(
        ("missing", "message"),
        [
            ("spinepose.onnx", "vendor/spinepose.onnx is missing (404). Build the page"),
            ("ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm is missing (404)"),
            ("ort.wasm.min.mjs", "vendor/ort.wasm.min.mjs is missing"),
            ("tables.js", "missing in its folder vendor. Build the page"),
        ],
    )
    def test_a_page_that_is_not_built(
        self, visit: Callable[..., WebVisit], web: Path, missing: str, message: str
    ) -> None:
        with StaticSite(web, missing=frozenset({f"/vendor/{missing}"})) as site:
            opened = visit(site, complains=True)
            opened.told(message)
            assert opened.page.locator("#find").is_disabled()

    @pytest.mark.parametrize("content", [b"no model", b""], ids=["other", "empty"])
    def test_a_model_file_that_is_none(
        self, visit: Callable[..., WebVisit], web: Path, content: bytes
    ) -> None:
        with StaticSite(web, replaced={"/vendor/spinepose.onnx": content}) as site:
            visit(site, complains=True).told("The model could not be started")

    def test_javascript_switched_off(self, visit: Callable[..., WebVisit]) -> None:
        opened = visit(java_script_enabled=False)
        assert "JavaScript is switched off" in opened.page.inner_text("main")

    def test_a_graphics_card_that_is_not_there_cannot_be_chosen(self, opened: WebVisit) -> None:
        assert opened.page.locator("#webgpu").is_disabled()
        assert "(" in opened.page.inner_text("#webgpu")


class TestLook:
    @pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
    def test_nothing_jumps(self, visit: Callable[..., WebVisit], device: dict[str, Any]) -> None:
        opened = visit(**device)
        places = """['#stage', '#find', '#save-png', '#people h3', '#people tbody'].map((name) => {
            const { left, top, width } = document.querySelector(name).getBoundingClientRect();
            return [left, top, width];
        })"""
        opened.page.locator("#people tbody").wait_for()
        before = opened.page.evaluate(places)
        opened.ready()
        assert opened.page.evaluate(places) == before
        with_sample(opened)
        opened.page.evaluate("scrollTo(0, 0)")
        after = np.array(opened.page.evaluate(places))
        # The line that says how a person is seen may take a second one.
        assert np.abs(after - before).max() <= 24
        assert np.abs(after - before)[:4].max() == 0

    def test_no_scrolling_sideways(self, opened: WebVisit) -> None:
        with_sample(opened)
        before = opened.page.viewport_size
        for width in (320, 390, 768):
            opened.page.set_viewport_size({"width": width, "height": 800})
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        opened.page.set_viewport_size(before)

    def test_dark_and_light_differ_and_can_be_read(self, visit: Callable[..., WebVisit]) -> None:
        grounds = []
        for scheme in ("light", "dark"):
            opened = visit(color_scheme=scheme)
            for name in ("body", ".help", ".primary", "footer a"):
                colors = opened.page.evaluate(
                    """(name) => {
                        const element = document.querySelector(name);
                        const ground = (at) => getComputedStyle(at).backgroundColor;
                        let under = element;
                        while (ground(under) === "rgba(0, 0, 0, 0)") under = under.parentElement;
                        return [getComputedStyle(element).color, ground(under)];
                    }""",
                    name,
                )
                assert contrast(*colors) >= 4.5, (scheme, name)
            grounds.append(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert grounds[0] != grounds[1]

    def test_every_control_has_a_name(self, opened: WebVisit) -> None:
        with_sample(opened)
        session = opened.page.context.new_cdp_session(opened.page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        controls = [
            node
            for node in nodes
            if node.get("role", {}).get("value")
            in {"button", "checkbox", "combobox", "spinbutton", "application", "image"}
        ]
        assert len(controls) >= 16
        assert [node for node in controls if not node.get("name", {}).get("value")] == []


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.1 of two colours `rgb(r, g, b)`."""
    lights = []
    for color in (first, second):
        channels = np.array([float(part) for part in color[4:-1].split(",")]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ (0.2126, 0.7152, 0.0722)))
    return (max(lights) + 0.05) / (min(lights) + 0.05)
