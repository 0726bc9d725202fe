"""The embedded weights: small, equal in both forms, and able to find a spine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.simcc import confidence, decode, spread
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, PIXEL_MEAN, PIXEL_STD, SPINE_CHAIN
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.onnx.folding import fold_graph
from spinepose_hf.weights import embedded_model, embedded_onnx
from tests.alike import assert_alike

PHOTO = Path("spinepose_hf/samples/walking.jpg")
RENDERED = Path("spinepose_hf/samples/rendered.jpg")
# Sacrum to C1 of the rendered picture, from the annotation that was written with it.
RENDERED_SPINE = np.array(
    [
        (219, 260),
        (219, 241),
        (217, 230),
        (211, 217),
        (194, 194),
        (175, 167),
        (161, 145),
        (151, 129),
        (152, 126),
    ]
)


def weight_files() -> list[Path]:
    """All that the package holds of the model."""
    folder = embedded_model()
    return [embedded_onnx(), embedded_onnx("int8"), *(path for path in folder.rglob("*") if path.is_file())]


def test_all_forms_fit_into_16_megabytes() -> None:
    assert sum(path.stat().st_size for path in weight_files()) <= 16e6


def test_a_wheel_holds_all_forms(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyprojecttoml = pytest.importorskip("setuptools.config.pyprojecttoml")
    from setuptools import Distribution
    from setuptools.command.build_py import build_py

    monkeypatch.chdir(root)
    distribution = Distribution({"script_name": "setup.py"})
    pyprojecttoml.apply_configuration(distribution, "pyproject.toml")
    command = build_py(distribution)
    command.ensure_finalized()
    packed = {Path(folder, name).resolve() for _, folder, _, names in command.data_files for name in names}
    assert {path.resolve() for path in weight_files()} <= packed


def test_the_float_graph_reads_the_weights_of_transformers() -> None:
    assert external_files(embedded_onnx()) == [embedded_model() / "model.safetensors"]
    assert external_files(embedded_onnx("int8")) == []


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    ("kept", "message"),
    [
        pytest.param(
            0, "has its weights in spinepose_t/model.safetensors, which is not beside it", id="gone"
        ),
        pytest.param(1_000_000, "model.safetensors, which is too short", id="cut"),
    ],
)
def test_a_graph_without_its_weights(tmp_path: Path, runtime: str, kept: int, message: str) -> None:
    pytest.importorskip(runtime)
    path = tmp_path / embedded_onnx().name
    shutil.copyfile(embedded_onnx(), path)
    if kept:
        weights = tmp_path / embedded_model().name / "model.safetensors"
        weights.parent.mkdir()
        weights.write_bytes((embedded_model() / weights.name).read_bytes()[:kept])
    with pytest.raises(ModelError, match=message) as caught:
        load_runtime(path, "cpu", runtime)
    assert "\n" not in str(caught.value)


def test_quantizing_a_graph_without_its_weights(tmp_path: Path) -> None:
    shutil.copyfile(embedded_onnx(), tmp_path / "alone.onnx")
    with pytest.raises(ModelError, match=r"model\.safetensors, which is not beside it"):
        fold_graph(tmp_path / "alone.onnx")


def test_the_weights_are_stored_in_half_precision() -> None:
    with safe_open(embedded_model() / "model.safetensors", "pt") as file:
        kinds = {str(file.get_tensor(name).dtype) for name in file.keys()}  # noqa: SIM118
    assert kinds == {"torch.float16", "torch.int64"}


def test_transformers_computes_in_float32() -> None:
    model = SpinePoseForPoseEstimation.from_pretrained(embedded_model())
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("photo", [PHOTO, RENDERED], ids=["photo", "rendered"])
def test_onnx_and_torch_agree(photo: Path, root: Path) -> None:
    image = load_image(root / photo)
    height, width = image.shape[:2]
    boxes = np.array([[0, 0, width, height], [width * 0.2, 0, width * 0.9, height * 0.9]])
    crops, _ = crop_persons(image, boxes, (256, 192))
    session = onnxruntime.InferenceSession(embedded_onnx(), providers=["CPUExecutionProvider"])
    keypoints, scores, sigmas = session.run(["keypoints", "scores", "sigmas"], {"crops": crops})

    model = SpinePoseForPoseEstimation.from_pretrained(embedded_model()).eval()
    pixels = (torch.from_numpy(crops).float() - torch.tensor(PIXEL_MEAN)) / torch.tensor(PIXEL_STD)
    with torch.no_grad():
        output = model(pixels.permute(0, 3, 1, 2))
    logits = output.simcc_x.numpy(), output.simcc_y.numpy()
    points, _ = decode(*logits, 2.0)
    expected = CropPoses(points, confidence(*logits, (4.9, 5.66)), spread(*logits, 2.0))
    assert_alike(CropPoses(keypoints, scores, sigmas), expected, scores=1e-3, sigmas=2e-2)
    assert ((scores >= 0) & (scores <= 1)).all()


# Where the walking woman's back is, read off the picture by eye: (row, leftmost, rightmost column).
BACK = {"hip": (325, 290, 340), "spine_03": (265, 295, 340), "neck": (187, 288, 335)}


def test_finds_the_spine_of_the_bundled_photo_without_a_box(root: Path) -> None:
    people = SpinePoseEstimator(device="cpu").estimate(load_image(root / PHOTO), color="rgb")
    assert len(people) == 1
    points = people.keypoints[0]
    spine = points[list(SPINE_CHAIN)]
    # Neighbours of the neck are ten pixels apart, about what such a network errs; every second one is far.
    assert (spine[2:, 1] < spine[:-2, 1]).all(), "bottom to top, every vertebra lies above the last but one"
    assert points[KEYPOINT_INDEX["head"]][1] < spine[-3][1]
    for name, (row, left, right) in BACK.items():
        x, y = points[KEYPOINT_INDEX[name]]
        assert left <= x <= right and abs(y - row) < 30, f"{name} at {x:.0f}, {y:.0f}"


def test_follows_the_known_spine_of_the_rendered_picture(root: Path) -> None:
    """The label is exact; a straight line from the sacrum to C1 would miss its bend."""
    people = SpinePoseEstimator(device="cpu").estimate(load_image(root / RENDERED), color="rgb")
    error = np.linalg.norm(people.keypoints[0][list(SPINE_CHAIN)] - RENDERED_SPINE, axis=1)
    assert error.mean() < 15, error.round(1)
