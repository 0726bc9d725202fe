"""Teachers from every kind of file: frozen, matched by name, read at the student's bins."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.training.teacher import FrozenTeacher, load_teacher, shared_columns
from spinepose_hf.training.teacher_network import TorchNetwork
from tests.lively import lively_network

SIZE = (64, 64)
SHARED24 = (*range(18), *range(20, 26))


def student(**fields: Any) -> SpinePoseConfig:
    return SpinePoseConfig(**{"image_size": SIZE, **fields})


def crops(count: int = 2, size: tuple[int, int] = SIZE) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (count, *size, 3), generator=generator, dtype=torch.uint8)


@pytest.fixture(scope="module")
def halpe26() -> Any:
    """A network with 26 unnamed keypoints, as original checkpoints have them."""
    return lively_network(image_size=SIZE, num_keypoints=26)


@pytest.fixture(scope="module")
def folder(halpe26: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher")
    halpe26.save_pretrained(path)
    return path


@pytest.mark.parametrize(
    ("case", "student_names", "teacher_names", "choice", "expected"),
    [
        ("the default", KEYPOINT_NAMES, KEYPOINT_NAMES[:26], "shared24", [(i, i) for i in SHARED24]),
        ("all of Halpe26", KEYPOINT_NAMES, KEYPOINT_NAMES[:26], "all26", [(i, i) for i in range(26)]),
        ("a teacher of COCO", KEYPOINT_NAMES, KEYPOINT_NAMES[:17], "all26", [(i, i) for i in range(17)]),
        ("a teacher with a spine", KEYPOINT_NAMES, KEYPOINT_NAMES, "shared24", [(i, i) for i in SHARED24]),
        ("its spine too", KEYPOINT_NAMES, KEYPOINT_NAMES, "all", [(i, i) for i in range(37)]),
        ("another order", ("tail", "nose", "hip"), ("hip", "mane", "nose"), "all", [(1, 2), (2, 0)]),
        ("moved points left out", ("tail", "nose", "hip"), ("hip", "nose"), "shared24", [(1, 1)]),
    ],
)
def test_keypoints_pair_by_name(
    case: str,
    student_names: tuple[str, ...],
    teacher_names: tuple[str, ...],
    choice: Any,
    expected: list[tuple[int, int]],
) -> None:
    assert list(shared_columns(student_names, teacher_names, choice)) == expected


@pytest.mark.parametrize(
    ("case", "teacher_names", "choice", "message"),
    [
        ("nothing shared", ("tail", "mane"), "all", "share no keypoint name .*tail, mane.*nose"),
        ("only moved ones", ("hip", "neck"), "shared24", "share no keypoint name of 'shared24'"),
        ("no such choice", KEYPOINT_NAMES, "spine", "unknown teacher keypoints 'spine'; choose one of"),
    ],
)
def test_skeletons_that_do_not_fit_are_refused(
    case: str, teacher_names: tuple[str, ...], choice: Any, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        shared_columns(KEYPOINT_NAMES, teacher_names, choice)


def test_a_model_folder_answers_as_the_model_does(halpe26: Any, folder: Path) -> None:
    teacher = load_teacher(folder, student())
    x, y = teacher.logits(crops())
    pixels = (crops().float() - torch.tensor(PIXEL_MEAN)) / torch.tensor(PIXEL_STD)
    with torch.no_grad():
        expected = halpe26(pixels.permute(0, 3, 1, 2))
    torch.testing.assert_close(x, expected.simcc_x[:, SHARED24], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(y, expected.simcc_y[:, SHARED24], atol=1e-4, rtol=1e-4)
    assert teacher.columns == tuple((i, i) for i in SHARED24)


def test_the_embedded_model_teaches_its_spine_too() -> None:
    config = SpinePoseConfig.from_variant("s")
    teacher = load_teacher("embedded", config, "all")
    assert len(teacher.columns) == 37
    assert teacher.logits(crops(1, (256, 192)))[0].shape == (1, 37, 384)


def test_a_teacher_is_frozen(folder: Path) -> None:
    teacher = load_teacher(folder, student())
    assert isinstance(teacher.network, TorchNetwork)
    model = teacher.network.model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x, _ = teacher.logits(crops())
    assert not model.training and not x.requires_grad and x.is_inference() is False
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_an_original_checkpoint_of_rtmpose_teaches(parity: ModuleType, tmp_path: Path) -> None:
    state = {name: torch.from_numpy(value) for name, value in parity.state_dict("t").items()}
    for kind in ("weight", "bias"):
        state[f"head.final_layer.{kind}"] = state[f"head.final_layer.{kind}"][:26].clone()
    torch.save({"meta": {}, "state_dict": state}, tmp_path / "rtmpose-t.pth")
    config = SpinePoseConfig.from_variant("t")
    x, y = load_teacher(tmp_path / "rtmpose-t.pth", config).logits(crops(1, (256, 192)))
    assert x.shape == (1, 24, 384) and y.shape == (1, 24, 512)
    assert x.std() > 0


def test_the_digest_changes_with_whatever_changes_the_answers(halpe26: Any, folder: Path) -> None:
    digests = [
        load_teacher(folder, student()).digest,
        load_teacher(folder, student(), "all26").digest,
        load_teacher(folder, student(image_size=(128, 128))).digest,
        FrozenTeacher(TorchNetwork(lively_network(1, image_size=SIZE, num_keypoints=26)), student()).digest,
    ]
    assert len(set(digests)) == 4
    assert load_teacher(folder, student()).digest == digests[0]


@pytest.mark.parametrize("size", [(64, 64), (32, 32), (128, 128)])
def test_a_teacher_of_another_size_answers_at_the_students_bins(halpe26: Any, size: tuple[int, int]) -> None:
    config = student(image_size=(128, 128))
    x, y = FrozenTeacher(TorchNetwork(halpe26), config).logits(crops(2, size))
    assert x.shape == (2, 24, 256) and y.shape == (2, 24, 256)
    assert torch.isfinite(x).all()


def test_a_teacher_of_another_shape_is_refused(halpe26: Any) -> None:
    with pytest.raises(ModelError, match=r"crops of 64 x 64 pixels .*student of 256 x 192.*proportions"):
        FrozenTeacher(TorchNetwork(halpe26), SpinePoseConfig())


def test_unnamed_keypoints_of_an_unknown_number_are_refused() -> None:
    with pytest.raises(ModelError, match="21 keypoints without names"):
        TorchNetwork(lively_network(image_size=SIZE, num_keypoints=21))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such/model", "cannot load the model 'no/such/model'"),
        ("missing.pth", "no checkpoint file .*missing.pth"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_teacher(name if "/" in name else tmp_path / name, student())
