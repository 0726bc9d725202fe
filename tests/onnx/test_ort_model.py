"""`ORTModelForPoseEstimation`: equal to torch in both of its homes, and found again when saved."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from spinepose_hf import (
    ORTModelForPoseEstimation,
    SpinePoseForPoseEstimation,
    SpinePoseImageProcessor,
)
from spinepose_hf.compat import has_optimum
from spinepose_hf.hub.load import load_model
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.onnx.export import export_plain
from spinepose_hf.onnx.quantize import quantize
from spinepose_hf.weights import embedded_model
from tests.lively import lively_network

onnx = pytest.importorskip("onnx", reason="the files under test are made with onnx")
if not has_optimum():
    pytest.importorskip("onnxscript", reason="without Optimum the export needs onnxscript")

pytestmark = pytest.mark.slow

SIZE = (64, 96)


@pytest.fixture(scope="module")
def torch_model() -> SpinePoseForPoseEstimation:
    """The embedded weights: logits of the size that people meet."""
    return load_model(embedded_model())


@pytest.fixture(scope="module")
def folder(torch_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it would be pushed: the ONNX file of the embedded weights, configuration and processor."""
    home = tmp_path_factory.mktemp("ort")
    torch_model.save_pretrained(home / "torch")
    SpinePoseImageProcessor.from_config(torch_model.config).save_pretrained(home / "torch")
    model = ORTModelForPoseEstimation.from_pretrained(home / "torch", export=True)
    model.save_pretrained(home / "saved")
    return home / "saved"


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return ORTModelForPoseEstimation.from_pretrained(folder)


def random_crops(count: int) -> torch.Tensor:
    return torch.randn(count, 3, 256, 192, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize("kind", ["torch", "numpy", "io binding"])
def test_logits_are_those_of_torch(torch_model: Any, model: Any, count: int, kind: str) -> None:
    crops = random_crops(count)
    with torch.inference_mode():
        expected = torch_model(crops)
    model.use_io_binding = kind == "io binding"
    answer = model(crops.numpy() if kind == "numpy" else crops)
    model.use_io_binding = False
    for name in ("simcc_x", "simcc_y"):
        logits = answer[name]
        assert isinstance(logits, np.ndarray if kind == "numpy" else torch.Tensor)
        assert str(logits.dtype).removeprefix("torch.") == "float32"
        np.testing.assert_allclose(logits, expected[name], rtol=0, atol=1e-4)
    assert type(answer) is type(expected) and answer.loss is None


def test_bound_memory_need_not_be_in_order(torch_model: Any, model: Any) -> None:
    crops = random_crops(3).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = torch_model(crops).simcc_x
    model.use_io_binding = True
    answer = model(crops).simcc_x
    model.use_io_binding = False
    torch.testing.assert_close(answer, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("tensors", ["pt", "np"])
def test_keypoints_of_a_photo_are_those_of_torch(
    torch_model: Any, model: Any, root: Path, tensors: str
) -> None:
    with Image.open(root / "spinepose_hf" / "samples" / "walking.jpg") as photo:
        image = photo.convert("RGB")
    boxes = [[[0.2 * image.width, 0.1 * image.height, 0.5 * image.width, 0.8 * image.height]]]
    (processor,) = model.preprocessors
    inputs = processor(image, boxes=boxes, return_tensors=tensors)
    with torch.inference_mode():
        answer = torch_model(torch.as_tensor(inputs["pixel_values"]))
    expected = processor.post_process_pose_estimation(answer, boxes=boxes)[0][0]
    found = processor.post_process_pose_estimation(model(**inputs), boxes=boxes)[0][0]
    assert len(torch.unique(expected["keypoints"], dim=0)) > 20
    torch.testing.assert_close(found["keypoints"], expected["keypoints"], rtol=0, atol=1e-3)
    torch.testing.assert_close(found["scores"], expected["scores"], rtol=0, atol=1e-3)


def test_saving_writes_a_complete_folder_and_reads_it_again(folder: Path, model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "README.md",
        "config.json",
        "configuration_spinepose.py",
        "image_processing_spinepose.py",
        "model.onnx",
        "preprocessor_config.json",
    }
    assert not list(tmp_path.glob("*.safetensors"))
    again = ORTModelForPoseEstimation.from_pretrained(tmp_path)
    assert np.array_equal(again(random_crops(1).numpy()).simcc_x, model(random_crops(1).numpy()).simcc_x)
    assert again.config.to_dict() == model.config.to_dict()
    before = (folder / "model.onnx").read_bytes()
    model.save_pretrained(folder)  # onto the file that is open
    assert (folder / "model.onnx").read_bytes() == before


def test_a_processor_of_ones_own_is_kept(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "own")
    SpinePoseImageProcessor(box_padding=1.6).save_pretrained(tmp_path / "own")
    ORTModelForPoseEstimation.from_pretrained(tmp_path / "own").save_pretrained(tmp_path / "again")
    assert SpinePoseImageProcessor.from_pretrained(tmp_path / "again").box_padding == 1.6


def test_pushing_sends_that_folder(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Hub here: what would be sent is looked at where the client sends it."""
    from huggingface_hub import hub_mixin

    sent: dict[str, Any] = {}

    class Recorder:
        def __init__(self, token: str | None = None) -> None:
            sent["token"] = token

        def create_repo(self, repo_id: str, **options: Any) -> Any:
            sent["options"] = options
            return type("Repository", (), {"repo_id": repo_id})()

        def upload_folder(self, *, folder_path: Path, repo_id: str, **options: Any) -> str:
            sent.update(repo_id=repo_id, files=sorted(path.name for path in Path(folder_path).iterdir()))
            sent["card"] = (Path(folder_path) / "README.md").read_text(encoding="utf-8")
            return "sent"

    monkeypatch.setattr(hub_mixin, "HfApi", Recorder)
    assert model.push_to_hub("someone/spine-onnx", private=True, token="secret") == "sent"
    assert (sent["repo_id"], sent["token"], sent["options"]["private"]) == (
        "someone/spine-onnx",
        "secret",
        True,
    )
    assert {"config.json", "model.onnx", "preprocessor_config.json"} <= set(sent["files"])
    assert "pipeline_tag: keypoint-detection" in sent["card"] and "library_name: onnx" in sent["card"]


@pytest.fixture
def layouts(folder: Path, tmp_path: Path) -> Path:
    """A repository with a configuration at its top and ONNX files in the folder onnx and elsewhere."""
    repository = tmp_path / "repository"
    for name in ("onnx/model.onnx", "onnx/model_quantized.onnx", "other/b.onnx"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "model.onnx", repository / name)
    for name in ("config.json", "preprocessor_config.json"):
        shutil.copyfile(folder / name, repository / name)
    return repository


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param({}, "onnx/model.onnx", id="nothing said"),
        pytest.param({"file_name": "onnx/model_quantized.onnx"}, "onnx/model_quantized.onnx", id="a path"),
        pytest.param({"file_name": "model_quantized.onnx"}, "onnx/model_quantized.onnx", id="a name"),
        pytest.param({"subfolder": "onnx"}, "onnx/model.onnx", id="a subfolder"),
        pytest.param({"subfolder": "other", "file_name": "b.onnx"}, "other/b.onnx", id="both"),
    ],
)
def test_which_file_is_meant(layouts: Path, arguments: dict[str, str], expected: str) -> None:
    assert ORTModelForPoseEstimation.from_pretrained(layouts, **arguments).path == layouts / expected


def test_a_hub_id_with_weights_beside_the_graph(folder: Path, model: Any, tmp_path: Path) -> None:
    """As the Hub's client keeps a repository: links to blobs, which the weights' file is one of."""
    repository = tmp_path / "models--someone--spine"
    snapshot = repository / "snapshots" / ("a" * 40)
    for part in (repository / "refs", repository / "blobs", snapshot / "onnx"):
        part.mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40, encoding="utf-8")
    proto = onnx.load(folder / "model.onnx")
    onnx.save(proto, tmp_path / "model.onnx", save_as_external_data=True, location="model.onnx_data")
    for source, place in (
        (tmp_path / "model.onnx", "onnx/model.onnx"),
        (tmp_path / "model.onnx_data", "onnx/model.onnx_data"),
        (folder / "config.json", "config.json"),
    ):
        blob = repository / "blobs" / hashlib.sha256(source.read_bytes()).hexdigest()
        shutil.copyfile(source, blob)
        (snapshot / place).symlink_to(os.path.relpath(blob, (snapshot / place).parent))
    found = ORTModelForPoseEstimation.from_pretrained(
        "someone/spine", cache_dir=tmp_path, local_files_only=True, revision="main"
    )
    crops = random_crops(1).numpy()
    assert np.array_equal(found(crops).simcc_x, model(crops).simcc_x)
    found.save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved" / "model.onnx_data").is_symlink()
    again = ORTModelForPoseEstimation.from_pretrained(tmp_path / "saved")
    assert np.array_equal(again(crops).simcc_x, model(crops).simcc_x)


def test_a_quantized_file_runs(torch_model: Any, folder: Path, root: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the plain graph to quantize is exported with onnxscript")
    image = load_image(root / "spinepose_hf" / "samples" / "walking.jpg")
    height, width = image.shape[:2]
    edges = np.linspace(0, 0.2, 8)[:, None] * [width, height, -width, -height]
    crops, _ = crop_persons(image, np.array([0, 0, width, height]) + edges, (256, 192))
    export_plain(torch_model, tmp_path / "plain.onnx")
    quantize(tmp_path / "plain.onnx", tmp_path / "onnx" / "model_quantized.onnx", crops)
    for name in ("config.json", "preprocessor_config.json"):
        shutil.copyfile(folder / name, tmp_path / name)

    quantized = ORTModelForPoseEstimation.from_pretrained(tmp_path, file_name="onnx/model_quantized.onnx")
    (processor,) = quantized.preprocessors
    pixels = processor(image, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        answers = torch_model(pixels), quantized(pixels)
    people = [
        processor.post_process_pose_estimation(answer, target_sizes=[(height, width)])[0][0]
        for answer in answers
    ]
    assert (answers[0].simcc_x - answers[1].simcc_x).abs().max() > 0
    shift = (people[0]["keypoints"] - people[1]["keypoints"]).norm(dim=1)
    assert float(shift.median()) <= 0.02 * height


def test_another_skeleton_and_size_export_too(tmp_path: Path) -> None:
    """Crops wider than high, and 5 keypoints: nothing is taken for granted."""
    network = lively_network(seed=2, image_size=SIZE, num_keypoints=5)
    network.save_pretrained(tmp_path)
    model = ORTModelForPoseEstimation.from_pretrained(tmp_path, export=True)
    crops = torch.randn(3, 3, *SIZE)
    with torch.inference_mode():
        expected = network(crops).simcc_y
    found = model(crops).simcc_y
    assert found.shape == (3, 5, 128)
    assert (found - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))
