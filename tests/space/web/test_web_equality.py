"""The page finds what Python finds: crops, keypoints, the box of one person, angles."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.self_locating import SelfLocator, closer_windows, search_windows
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.machine import multiplies_bytes
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.mirrored import FAR, MirroredPose, combined
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.view import ViewEstimate, estimate_views
from spinepose_hf.model.geometry import crop_persons, matrix_scale
from spinepose_hf.output.coco import to_coco
from spinepose_hf.pose import People
from spinepose_hf.weights import embedded_onnx
from tests.alike import assert_alike
from tests.measure.mannequin import mannequin
from tests.space.web.static_site import StaticSite
from tests.space.web.web_visit import WebVisit

NEAR = 0.51
"""Pixels of a crop: a bin of the network, which is half a pixel wide, and rounding."""

SURE = 0.5
"""Score of a keypoint that a level of grey does not tip."""

WOMAN = [183.0, 99.0, 384.0, 565.0]
BOXES = {
    "the person": WOMAN,
    "close": [240.0, 120.0, 380.0, 330.0],
    "beyond the border": [-80.0, 300.0, 260.0, 700.0],
    "everything": [0.0, 0.0, 599.0, 599.0],
    "tiny": [330.0, 140.0, 342.0, 158.0],
}

IMAGE_DATA = """
const unpack = ({ width, rgba }) => {
  const bytes = Uint8ClampedArray.from(atob(rgba), (letter) => letter.charCodeAt(0));
  return new ImageData(bytes, width);
};
"""


def packed(image: NDArray[np.uint8]) -> dict[str, Any]:
    """An image as the scripts unpack it."""
    rgba = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return {"width": image.shape[1], "rgba": base64.b64encode(rgba.tobytes()).decode()}


def in_page(
    opened: WebVisit, image: NDArray[np.uint8], boxes: list[list[float]]
) -> dict[str, NDArray[np.float64]]:
    """Crops and poses in boxes, as the page makes them."""
    found = opened.run(
        f"""async (load, {{ image, boxes }}) => {{
            {IMAGE_DATA}
            const {{ loadNetwork }} = await load("network.js");
            const {{ cropPerson }} = await load("geometry.js");
            const network = (globalThis.network ??= await loadNetwork());
            const results = [];
            for (const box of boxes) {{
                const {{ crop, matrix }} = cropPerson(unpack(image), box, network.inputSize);
                results.push({{ crop: Array.from(crop), matrix, ...(await network.run(crop)) }});
            }}
            return results;
        }}""",
        {"image": packed(image), "boxes": boxes},
    )
    return {key: np.array([result[key] for result in found], np.float64) for key in found[0]}


def assert_near(
    found: NDArray[Any], expected: NDArray[Any], scores: NDArray[Any], scale: float = 1.0
) -> None:
    """Check keypoints (..., K, 2) of crops that differ by a level of grey here and there.

    That may tip a keypoint between two places that the network likes as much as each other: few, and none
    that it is sure of. `scale`: pixels of the crop per pixel of the keypoints.
    """
    off = np.abs(found - expected).max(axis=-1) * scale
    assert off[scores >= SURE].max(initial=0) <= NEAR
    assert (off > NEAR).mean() <= 0.1, f"{off.max():.2f} crop px"


def poses(found: dict[str, NDArray[np.float64]]) -> CropPoses:
    """The poses of `in_page`."""
    return CropPoses(*(found[name].astype(np.float32) for name in CropPoses._fields))


def test_the_page_was_built_from_this_package(
    opened: WebVisit, web: Path, build: ModuleType, tmp_path: Path
) -> None:
    tables = opened.run("async (load) => (await load('vendor/tables.js')).TABLES")
    if tables.pop("note"):
        pytest.importorskip("onnx", reason="needs onnx, which puts the weights into one file")
        build.copy_model(embedded_onnx(), tmp_path / "whole.onnx")
        model = (web / "vendor" / "spinepose.onnx").read_bytes()
        expected = (tmp_path / "whole.onnx").read_bytes()
        assert model == expected, "the embedded weights changed: build the page again"
    assert tables == json.loads(
        json.dumps(build.page_tables(OnnxPose(embedded_onnx(), "cpu").box_padding))
    ), "build the page again"
    assert "MIT License" in (web / "vendor" / "onnxruntime.LICENSE.txt").read_text()


def test_crops_and_keypoints_are_those_of_python(opened: WebVisit, walking: Any, runtime: OnnxPose) -> None:
    boxes = list(BOXES.values())
    crops, matrices = crop_persons(walking, boxes, runtime.input_size, runtime.box_padding)
    found = in_page(opened, walking, boxes)
    assert found["matrix"] == pytest.approx(np.stack([matrices[:, 0, 0], *matrices[:, :, 2].T], axis=1))
    # OpenCV interpolates with rounded weights.
    assert np.abs(found["crop"].reshape(crops.shape) - crops).max() <= 1

    # The very same crops, for what the network itself does.
    expected = runtime(found["crop"].reshape(crops.shape).astype(np.uint8))
    assert_alike(poses(found), expected, scores=1e-3, sigmas=0.02)


def test_a_second_look_in_the_mirror_is_that_of_python(
    opened: WebVisit, walking: Any, runtime: OnnxPose
) -> None:
    crops = in_page(opened, walking, [WOMAN])["crop"].astype(np.uint8)
    found = opened.run(
        """async (load, crop) => {
            const { lookTwice, mirrorCrop } = await load("mirror.js");
            const pixels = Uint8Array.from(crop);
            const pose = await lookTwice(globalThis.network, pixels);
            return { mirrored: Array.from(mirrorCrop(pixels, 192)), ...pose };
        }""",
        crops[0].tolist(),
    )
    crop = crops.reshape(1, 256, 192, 3)
    assert found["mirrored"] == crop[:, :, ::-1].ravel().tolist()
    expected = MirroredPose(runtime)(crop)
    looked = CropPoses(*(np.array([found[name]], np.float32) for name in CropPoses._fields))
    assert_alike(looked, expected, scores=1e-3, sigmas=0.02)


def test_two_sightings_make_what_they_make_in_python(opened: WebVisit) -> None:
    random = np.random.default_rng(3)
    first, second = (
        CropPoses(
            *(
                values.astype(np.float32)
                for values in (
                    random.uniform(0, 60, (50, 37, 2)),
                    random.choice([0.0, 0.2, 0.7, 1.0], (50, 37)),
                    random.uniform(1, 9, (50, 37)),
                )
            )
        )
        for _ in range(2)
    )
    far = FAR * 256
    pairs = [
        [{name: values[row].tolist() for name, values in one._asdict().items()} for one in (first, second)]
        for row in range(50)
    ]
    found = opened.run(
        """async (load, [pairs, far]) => {
            const { combined } = await load("mirror.js");
            return pairs.map(([first, second]) => combined(first, second, far));
        }""",
        [pairs, far],
    )
    expected = combined(first, second, far)
    apart = np.linalg.norm(first.keypoints - second.keypoints, axis=-1) > far
    assert 0.2 < apart.mean() < 0.8, "both rules must be tried"
    for name, values in expected._asdict().items():
        assert np.array([one[name] for one in found]) == pytest.approx(values, abs=1e-3), name


@pytest.mark.parametrize("name", ["walking.jpg", "rendered.jpg", "turned.jpg", "transparent.png"])
def test_a_photo_with_a_box_gives_the_keypoints_of_python(
    opened: WebVisit, samples: Path, tmp_path: Path, runtime: OnnxPose, name: str
) -> None:
    path = samples / name if (samples / name).exists() else made(samples / "walking.jpg", tmp_path / name)
    image = load_image(path)
    height, width = image.shape[:2]
    box = [0.2 * width, 0.1 * height, 0.8 * width, 0.95 * height]
    opened.page.set_input_files("#file", path)
    opened.told("found")
    result = draw_box(opened, box, image.shape)
    expected, scores, _ = poses_in_boxes(image, [result["box"]], MirroredPose(runtime))
    scale = matrix_scale(crop_persons(image, [result["box"]], runtime.input_size, runtime.box_padding)[1])[0]
    assert_near(result["keypoints"], expected[0], scores[0], scale)


def made(source: Path, path: Path) -> Path:
    """The photo lying on its side with a note that turns it upright, or cut out of its background."""
    picture = Image.open(source)
    if path.suffix == ".png":
        alpha = Image.new("L", picture.size, 0)
        alpha.paste(255, (150, 60, 420, 590))
        picture.putalpha(alpha)
        picture.save(path)
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=95, exif=exif)
    return path


def draw_box(opened: WebVisit, box: list[float], shape: tuple[int, ...]) -> dict[str, Any]:
    """Draw a further box with the mouse, and return the saved result of it."""
    area = opened.page.locator("#frame").bounding_box()
    before = len(saved(opened))
    scale = area["width"] / shape[1]
    corners = [(area["x"] + x * scale, area["y"] + y * scale) for x, y in (box[:2], box[2:])]
    opened.page.click("#add")
    opened.page.mouse.move(*corners[0])
    opened.page.mouse.down()
    opened.page.mouse.move(*corners[1], steps=3)
    opened.page.mouse.up()
    opened.told(f"{before + 1}")
    results = saved(opened)
    assert len(results) == before + 1
    x, y, width, height = results[-1]["bbox"]
    keypoints = np.array(results[-1]["keypoints"]).reshape(-1, 3)[:, :2]
    return {"box": [x, y, x + width, y + height], "keypoints": keypoints}


def saved(opened: WebVisit) -> list[dict[str, Any]]:
    """The keypoints as the page saves them."""
    if opened.page.locator("#save-json").is_disabled():
        return []
    with opened.page.expect_download() as download:
        opened.page.click("#save-json")
    results: list[dict[str, Any]] = json.loads(Path(download.value.path()).read_text())
    return results


def test_saved_keypoints_have_the_form_of_python(opened: WebVisit, walking: Any, runtime: OnnxPose) -> None:
    opened.page.click("#sample")
    opened.told("found")
    (result,) = saved(opened)
    found = SelfLocator(runtime)(walking)
    keypoints, scores, sigmas = poses_in_boxes(walking, found.boxes, MirroredPose(runtime))
    people = People(found.boxes, keypoints, scores, sigmas, walking.shape[:2], found.scores)
    (expected,) = to_coco(people, 1, "walking.jpg")
    assert list(result) == list(expected)
    assert result["score"] == pytest.approx(expected["score"], abs=0.01)
    # The box itself may be a pixel off; what is seen in a box is compared by the test before.
    rows, wanted = (np.reshape(one["keypoints"], (37, 3)) for one in (result, expected))
    assert np.median(np.abs(rows[:, :2] - wanted[:, :2])) <= 1
    assert rows[:, 2] == pytest.approx(wanted[:, 2], abs=0.1)


def wide(walking: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo at the right of a picture so wide that windows are searched."""
    image = np.full((600, 1900, 3), 120, np.uint8)
    image[:, 1250:1850] = walking
    return image


@pytest.mark.parametrize("name", ["walking", "rendered", "wide", "nobody"])
def test_the_located_box_is_that_of_python(
    opened: WebVisit, walking: Any, samples: Path, runtime: OnnxPose, name: str
) -> None:
    pictures = {
        "walking": lambda: walking,
        "rendered": lambda: load_image(samples / "rendered.jpg"),
        "wide": lambda: wide(walking),
        "nobody": lambda: np.full((300, 300, 3), 127, np.uint8),
    }
    image = pictures[name]()
    expected = SelfLocator(runtime)(image)
    found = opened.run(
        f"""async (load, image) => {{
            {IMAGE_DATA}
            const {{ loadNetwork }} = await load("network.js");
            const {{ locatePerson }} = await load("locate.js");
            const network = (globalThis.network ??= await loadNetwork());
            return locatePerson(network, unpack(image), 0.3);
        }}""",
        packed(image),
    )
    assert (found is None) == (len(expected.boxes) == 0) == (name == "nobody")
    if found is not None:
        assert box_iou(found["box"], expected.boxes[0]) >= 0.9
        assert found["score"] == pytest.approx(expected.scores[0], abs=0.02)


@pytest.mark.parametrize("size", [(600, 600), (480, 1920), (2000, 500), (256, 192), (100, 4000)])
def test_search_windows_are_those_of_python(opened: WebVisit, size: tuple[int, int]) -> None:
    found = opened.run(
        "async (load, size) => (await load('locate.js')).searchWindows(size, [256, 192])", list(size)
    )
    assert np.array(found) == pytest.approx(search_windows(size, (256, 192)))
    closer = opened.run(
        "async (load, size) => (await load('locate.js')).closerWindows(size, [256, 192])", list(size)
    )
    assert np.array(closer) == pytest.approx(closer_windows(size, (256, 192)))


def crowd() -> list[People]:
    """People of known shape seen from all sides, exact and noisy, and with points that are not seen."""
    random = np.random.default_rng(5)
    people = []
    for yaw in (0, 20, 45, 60, 90, 135, 180, -45, -90, -150):
        for lean in (0, 35, 150, -90):
            people.append(mannequin(yaw, lean=lean, flexion=(-10, -10, 0, 15, 15, 0, -8)))
    noisy = [
        one.replace(
            keypoints=one.keypoints + random.normal(0, noise, one.keypoints.shape),
            sigmas=np.full(one.sigmas.shape, noise),
            scores=random.uniform(0.2 if noise > 5 else 0.4, 1, one.scores.shape),
        )
        for noise in (1.0, 6.0, 15.0)
        for one in people
    ]
    return people + noisy


def test_views_and_angles_are_those_of_python(opened: WebVisit) -> None:
    people = crowd()
    poses = [
        {
            "keypoints": one.keypoints[0].tolist(),
            "scores": one.scores[0].tolist(),
            "sigmas": one.sigmas[0].tolist(),
        }
        for one in people
    ]
    found = opened.run(
        """async (load, poses) => {
            const { measurePerson } = await load("measure.js");
            return poses.map((pose) => measurePerson(pose, 0.3));
        }""",
        poses,
    )
    states: dict[str, int] = {}
    for one, result in zip(people, found, strict=True):
        (view,) = estimate_views(one)
        assert result["view"]["view"] == view.view
        assert result["view"]["confidence"] == pytest.approx(view.confidence, abs=1e-5)
        (measured,) = measure_people(one).people
        for angle in result["angles"]:
            measure = measured[angle["key"]]
            assert (angle["state"], angle["reason"]) == (measure.state, measure.reason), angle["key"]
            states[angle["state"]] = states.get(angle["state"], 0) + 1
            if measure.known:
                apart = (angle["value"] - measure.value + 180) % 360 - 180
                assert abs(apart) <= 1e-6
                assert angle["sigma"] == pytest.approx(measure.sigma, rel=1e-6)
    # The table would prove little if hardly anything was measured, or refused.
    assert min(states[name] for name in ("ok", "projected", "view", "score", "uncertain")) >= 10, states


@pytest.mark.parametrize("yaw", [-170, -91, -60, -31, 0, 14, 30, 89, 125])
@pytest.mark.parametrize("sigma", [0.5, 12, 60])
def test_a_yaw_means_the_same_view(opened: WebVisit, yaw: float, sigma: float) -> None:
    from spinepose_hf.measure.view import view_of

    found = opened.run(
        "async (load, [yaw, sigma]) => (await load('view.js')).viewOf(yaw, sigma)", [yaw, sigma]
    )
    expected: ViewEstimate = view_of(yaw, sigma)
    assert (found["view"], found["confidence"]) == (
        expected.view,
        pytest.approx(expected.confidence, abs=1e-6),
    )


def test_threads_are_used_where_the_page_is_isolated(
    visit: Callable[..., WebVisit], web: Path, walking: Any, runtime: OnnxPose
) -> None:
    with StaticSite(web, isolated=True) as isolated:
        opened = visit(isolated).ready()
        found = in_page(opened, walking, [WOMAN])
        assert "threads" in opened.page.inner_text("#running")
    expected = runtime(found["crop"].reshape(1, 256, 192, 3).astype(np.uint8))
    assert_alike(poses(found), expected, scores=1e-3, sigmas=0.02)


def test_an_int8_file_finds_what_it_finds_in_python(
    visit: Callable[..., WebVisit], web: Path, walking: Any, runtime: OnnxPose, tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="needs onnx, which makes the int8 file")
    from spinepose_hf.onnx.quantize import quantize

    shifts = np.arange(-40.0, 40.0, 10.0)[:, None]
    crops, _ = crop_persons(walking, np.array(WOMAN) + shifts * (1, 0.5, 1, 0.5), runtime.input_size)
    path = tmp_path / "int8.onnx"
    quantize(embedded_onnx(), path, crops)
    with StaticSite(web, replaced={"/vendor/spinepose.onnx": path.read_bytes()}) as site:
        opened = visit(site).ready()
        found = in_page(opened, walking, [WOMAN, BOXES["close"]])
    crops = found["crop"].reshape(-1, 256, 192, 3).astype(np.uint8)
    exact = runtime(crops)
    apart = np.linalg.norm(found["keypoints"] - exact.keypoints, axis=-1)
    assert apart.max() > 0, "int8 cannot be exact"
    assert np.median(apart) <= 2
    if multiplies_bytes():
        # Elsewhere onnxruntime's sums of bytes overflow on x86; the browser's do not.
        same = OnnxPose(path, "cpu", 1)(crops)
        assert_near(found["keypoints"], same.keypoints, same.scores)
        # Sums that round to another byte here and there: keypoints of middling score feel it most.
        assert found["scores"] == pytest.approx(same.scores, abs=2e-2)


@pytest.mark.slow
def test_a_graphics_card_finds_the_same(
    visit: Callable[..., WebVisit], launch: Callable[..., Any], walking: Any, runtime: OnnxPose
) -> None:
    # Chromium's own graphics card in software: slow, but the same code.
    browser = launch(
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan",
        "--use-vulkan=swiftshader",
    )
    opened = visit(of=browser).ready()
    if opened.page.locator("#webgpu").is_disabled():
        pytest.skip(f"this Chromium offers no WebGPU: {opened.page.inner_text('#webgpu')}")
    opened.page.select_option("#device", "webgpu")
    opened.page.locator("body[data-ready=webgpu]").wait_for(timeout=200_000)
    opened.page.click("#sample")
    opened.told("One person found")
    (result,) = saved(opened)
    x, y, width, height = result["bbox"]
    box = [x, y, x + width, y + height]
    expected, scores, _ = poses_in_boxes(walking, [box], MirroredPose(runtime))
    scale = matrix_scale(crop_persons(walking, [box], runtime.input_size, runtime.box_padding)[1])[0]
    keypoints = np.array(result["keypoints"]).reshape(-1, 3)[:, :2]
    assert_near(keypoints, expected[0], scores[0], scale)


def test_the_saved_picture_has_the_photo_s_size(opened: WebVisit, walking: Any) -> None:
    opened.page.click("#sample")
    opened.told("found")
    with opened.page.expect_download() as download:
        opened.page.click("#save-png")
    drawn = np.asarray(Image.open(io.BytesIO(Path(download.value.path()).read_bytes())).convert("RGB"))
    assert drawn.shape == walking.shape
    changed = np.abs(drawn.astype(int) - walking).max(axis=2) > 8
    assert 0.01 < changed.mean() < 0.25
    # Green of the sacrum and yellow of C1 are there.
    for color in ((0, 158, 115), (240, 228, 66)):
        assert (np.abs(drawn.astype(int) - color).max(axis=2) < 30).sum() > 20
