"""`spinepose predict`, run in this process, on a network that needs no training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from spinepose_hf.cli.predict_checks import parse_boxes
from spinepose_hf.errors import BoxError
from spinepose_hf.inference.runtimes import load
from spinepose_hf.inference.runtimes.load import EMBEDDED_NOTE
from spinepose_hf.model.skeleton import VERTEBRAE
from tests.inference.toy_networks import save_toy_detector, save_toy_pose

BOX = "100,60,180,240"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy network and the toy detector."""
    folder = tmp_path_factory.mktemp("models")
    save_toy_pose(folder / "toy_pose.onnx")
    save_toy_detector(folder / "toy_detector.onnx")
    (folder / "cut.onnx").write_bytes((folder / "toy_pose.onnx").read_bytes()[:999])
    return folder


def scene() -> np.ndarray[Any, np.dtype[np.uint8]]:
    image = np.full((300, 400, 3), 128, np.uint8)
    image[60:240, 100:180] = (255, 0, 0)
    return image


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(scene()).save(path)
    return path


def spinepose(models: Path, *arguments: str | Path) -> Any:
    words = [str(argument) for argument in arguments]
    if "--model" not in words:
        words += ["--model", str(models / "toy_pose.onnx")]
    return CliRunner().invoke(app, [*words, "--device", "cpu"], env={"COLUMNS": "100"})


def test_annotates_saves_and_reports(models: Path, photo: Path) -> None:
    picture, file = photo.with_name("out.jpg"), photo.with_name("out.json")
    result = spinepose(models, "-i", photo, "-o", picture, "-s", file)
    assert result.exit_code == 0, result.output
    with Image.open(picture) as drawn:
        assert drawn.size == (400, 300)
    document = json.loads(file.read_text(encoding="utf-8"))
    assert len(document["people"]) == 1
    assert len(document["people"][0]["pose_keypoints_2d"]) == 37 * 3
    for name, vertebra in VERTEBRAE.items():
        assert any(name in line and vertebra in line for line in result.stdout.splitlines())
    assert result.stdout.splitlines()[-2:] == [f"wrote {picture}", f"wrote {file}"]
    assert result.stderr.count("boxes: found by the pose network itself") == 1


def test_table_reads_from_the_head_down(models: Path, photo: Path) -> None:
    result = spinepose(models, "predict", "-i", photo, "--boxes", BOX)
    rows = [line.split() for line in result.stdout.splitlines() if "spine_0" in line or "neck" in line]
    heights = [float(row[3]) for row in rows]
    assert heights == sorted(heights)
    assert rows[0][0] == "C1"
    assert "boxes: given by the user" in result.stderr


def test_coco_format_and_two_boxes(models: Path, photo: Path) -> None:
    file = photo.with_name("out.json")
    result = spinepose(models, "-i", photo, "-s", file, "--format", "coco", "--boxes", f"{BOX};90,50,200,280")
    assert result.exit_code == 0, result.output
    entries = json.loads(file.read_text(encoding="utf-8"))
    assert [entry["bbox"] for entry in entries] == [[100, 60, 80, 180], [90, 50, 110, 230]]
    assert entries[0]["file_name"] == "photo.png"
    assert "person 2 of 2" in result.stdout


def test_detector(models: Path, photo: Path) -> None:
    result = spinepose(models, "-i", photo, "--detector", models / "toy_detector.onnx")
    assert result.exit_code == 0, result.output
    assert "boxes: from the detector toy_detector.onnx" in result.stderr
    assert "person 2 of 2" in result.stdout


def test_quiet_prints_nothing(models: Path, photo: Path) -> None:
    result = spinepose(models, "-i", photo, "-o", photo.with_name("out.png"), "-q")
    assert result.exit_code == 0
    assert result.output == ""
    assert photo.with_name("out.png").is_file()


def test_spine_only_draws_less(models: Path, photo: Path) -> None:
    changed = []
    for extra in ([], ["--spine-only"]):
        out = photo.with_name(f"out{len(extra)}.png")
        assert spinepose(models, "-i", photo, "-o", out, "--boxes", BOX, *extra).exit_code == 0
        changed.append(int((np.asarray(Image.open(out)) != scene()).any(axis=2).sum()))
    assert 0 < changed[1] < changed[0]


def test_embedded_weights_say_what_they_are(
    models: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "embedded_onnx", lambda precision: models / "toy_pose.onnx")
    monkeypatch.setattr(load, "multiplies_bytes", lambda: False)
    result = CliRunner().invoke(app, ["-i", str(photo), "--device", "cpu"])
    assert result.exit_code == 0
    assert result.stderr.count(EMBEDDED_NOTE) == 1


def save(mode: str, **options: Any) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(scene()).convert(mode).save(path, **options)


def save_turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(scene()).copy()).save(path, exif=exif)


def save_16_bit(path: Path) -> None:
    import cv2

    cv2.imwrite(str(path), scene()[:, :, ::-1].astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        pytest.param("a.png", save("RGBA"), id="RGBA"),
        pytest.param("a.tiff", save("CMYK"), id="CMYK"),
        pytest.param("a.png", save("P"), id="palette"),
        pytest.param("a.png", save_16_bit, id="16-bit"),
        pytest.param("a.png", save_turned, id="EXIF-rotated"),
        pytest.param("a.webp", save("RGB", lossless=True), id="WebP"),
    ],
)
def test_kinds_of_pictures(models: Path, tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    path, file = tmp_path / name, tmp_path / "out.json"
    write(path)
    result = spinepose(models, "-i", path, "-s", file, "-o", tmp_path / "out.jpg", "--boxes", BOX)
    assert result.exit_code == 0, result.output
    triplets = np.reshape(json.loads(file.read_text())["people"][0]["pose_keypoints_2d"], (37, 3))
    np.testing.assert_allclose(triplets[:, :2].min(axis=0), (100, 60), atol=3)
    np.testing.assert_allclose(triplets[:, :2].max(axis=0), (180, 240), atol=3)
    with Image.open(tmp_path / "out.jpg") as drawn:
        assert drawn.size == (400, 300)


def test_grey_picture_is_read(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    save("L")(path)
    # The toy network sees people by their red: in a grey picture there is none, and saying so is right.
    assert spinepose(models, "-i", path, "--boxes", BOX).exit_code == 0
    assert "no person found" in spinepose(models, "-i", path).stderr


def test_100_megapixels(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    large = Image.new("RGB", (10_000, 10_000), (128, 128, 128))
    large.paste((255, 0, 0), (4000, 3000, 5500, 7000))
    large.save(path, compress_level=1)
    file = tmp_path / "out.json"
    result = spinepose(models, "-i", path, "-s", file)
    assert result.exit_code == 0, result.output
    triplets = np.reshape(json.loads(file.read_text())["people"][0]["pose_keypoints_2d"], (37, 3))
    np.testing.assert_allclose(triplets[:, :2].min(axis=0), (4000, 3000), atol=200)


def truncate(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def save_beside(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        Image.fromarray(scene()).save(path)
        path.with_name(name).touch()

    return write


def save_blank(path: Path) -> None:
    Image.new("RGB", (200, 300), (128, 128, 128)).save(path)


@pytest.mark.parametrize(
    ("write", "extra", "message"),
    [
        pytest.param(lambda path: None, [], "does not exist", id="missing"),
        pytest.param(lambda path: path.mkdir(), [], "holds no picture", id="empty folder"),
        pytest.param(lambda path: path.touch(), [], "is empty", id="zero-byte"),
        pytest.param(lambda path: path.write_text("words"), [], "not an image", id="unreadable"),
        pytest.param(truncate, [], "damaged or truncated", id="truncated"),
        pytest.param(lambda path: Image.new("RGB", (1, 1)).save(path), [], "too small", id="1x1"),
        pytest.param(save_blank, [], "no person found", id="no person"),
        pytest.param(save("RGB"), ["--boxes", "1,2,3"], "box 0 (1,2,3) has 3 numbers", id="short box"),
        pytest.param(save("RGB"), ["--boxes", "1,2,x,4"], "no number", id="box with a letter"),
        pytest.param(save("RGB"), ["--boxes", ";"], "no box given", id="empty boxes"),
        pytest.param(save("RGB"), ["--boxes", "1,2,nan,4"], "not finite", id="NaN box"),
        pytest.param(
            save("RGB"), ["--boxes", f"{BOX};9,9,9,20"], "box 1 (9, 9, 9, 20) has no area", id="zero box"
        ),
        pytest.param(save("RGB"), ["--boxes", "500,1,600,9"], "outside the image", id="box outside"),
        pytest.param(save("RGB"), ["--model", "none.onnx"], "none.onnx does not exist", id="missing model"),
        pytest.param(
            save("RGB"), ["--model", "{models}/cut.onnx"], "damaged or truncated", id="truncated model"
        ),
        pytest.param(
            save("RGB"),
            ["--model", "{models}/toy_detector.onnx"],
            "is no pose network",
            id="foreign model",
        ),
        pytest.param(
            save("RGB"),
            ["--detector", "{models}/toy_pose.onnx"],
            "not one float image",
            id="foreign detector",
        ),
        pytest.param(save("RGB"), ["-o", "{folder}/out.gif"], "pictures are written as", id="unknown suffix"),
        pytest.param(
            save_beside("photo.jpg"), ["-o", "{folder}"], "add --overwrite", id="folder with this drawing"
        ),
        pytest.param(
            save_beside("photo_keypoints.json"),
            ["-s", "{folder}"],
            "add --overwrite",
            id="folder with these results",
        ),
        pytest.param(
            save("RGB"), ["-s", "{folder}/photo.png/a.json"], "cannot write", id="output below a file"
        ),
    ],
)
def test_refuses_in_one_line(
    models: Path, tmp_path: Path, write: Callable[[Path], object], extra: list[str], message: str
) -> None:
    path = tmp_path / "photo.png"
    write(path)
    before = sorted(tmp_path.rglob("*"))
    arguments: list[str | Path] = [word.format(models=models, folder=tmp_path) for word in extra]
    if "-o" not in arguments and "-s" not in arguments:
        arguments += ["-o", tmp_path / "out.jpg", "-s", tmp_path / "out.json"]
    result = spinepose(models, "-i", path, *arguments)
    assert result.exit_code == 1
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert "Traceback" not in result.output
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left behind"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(["--mode", "small", "--model", "a.onnx"], 2, "so does --model", id="two models"),
        pytest.param(["--model-version", "v1"], 2, "needs --mode", id="version of nothing"),
        pytest.param(["-m", "tiny"], 2, "'small', 'medium', 'large', 'xlarge'", id="no such size"),
        pytest.param(["-m", "small"], 1, "error: ", id="offline and never downloaded"),
    ],
)
def test_official_networks_by_mode(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    pytest.importorskip("torch", reason="official networks need the extra [torch]")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    result = CliRunner().invoke(app, ["-i", str(photo), *words], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_boxes_text() -> None:
    assert parse_boxes("1,2,3,4") == [[1, 2, 3, 4]]
    assert parse_boxes(" 1, 2 ,3.5,4 ; 5,6,7,8 ;") == [[1, 2, 3.5, 4], [5, 6, 7, 8]]
    with pytest.raises(BoxError, match="box 1"):
        parse_boxes("1,2,3,4;5,6")
