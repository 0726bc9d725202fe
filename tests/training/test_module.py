"""The training module: which losses are computed, from which skeleton, with which teacher."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from spinepose_hf.errors import ModelError
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.losses import distillation_loss, spine_loss
from spinepose_hf.training.module import LossOptions, LossWeights, PoseTrainingModule
from spinepose_hf.training.teacher import FrozenTeacher
from spinepose_hf.training.teacher_network import TorchNetwork
from tests.lively import lively_network

TINY: dict[str, Any] = {
    "image_size": (64, 64),
    "hidden_size": 32,
    "intermediate_size": 32,
    "attention_size": 16,
}
HAND: dict[str, Any] = {
    "num_keypoints": 3,
    "id2label": {0: "wrist", 1: "thumb", 2: "nose"},
}


@pytest.fixture(scope="module")
def student() -> Any:
    return lively_network(0, **TINY)


@pytest.fixture(scope="module")
def teacher(student: Any) -> FrozenTeacher:
    network = lively_network(1, **{**TINY, "num_keypoints": 26})
    return FrozenTeacher(TorchNetwork(network), student.config)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Two crops with labels well inside, the second person without any."""
    generator = torch.Generator().manual_seed(2)
    crops = torch.randint(0, 256, (2, 64, 64, 3), generator=generator, dtype=torch.uint8)
    labels = torch.rand(2, 37, 3, generator=generator) * 50 + 5
    labels[..., 2] = torch.tensor([1.0, 0.0])[:, None]
    labels[1, :, :2] = float("nan")
    return crops, labels


def test_the_total_is_the_weighted_sum_of_its_terms(
    student: Any, teacher: FrozenTeacher, batch: tuple[Tensor, Tensor]
) -> None:
    weights = LossWeights(position=2.0, structure=0.1, spine=0.5, distillation=2.5)
    module = PoseTrainingModule(student, weights, teacher=teacher).eval()
    terms = dict(module(*batch))
    total = terms.pop("loss")
    assert set(terms) == {"position", "structure", "spine", "distillation"}
    expected = sum(getattr(weights, name) * float(value.detach()) for name, value in terms.items())
    assert float(total.detach()) == pytest.approx(expected, rel=1e-5)


def test_a_weight_of_zero_computes_nothing(student: Any, batch: tuple[Tensor, Tensor]) -> None:
    module = PoseTrainingModule(student, LossWeights(structure=0, spine=0)).eval()
    assert set(module(*batch)) == {"loss", "position"}


def test_distillation_compares_the_shared_keypoints(
    student: Any, teacher: FrozenTeacher, batch: tuple[Tensor, Tensor]
) -> None:
    module = PoseTrainingModule(student, LossWeights(distillation=1), teacher=teacher).eval()
    ids = [index for index, _ in teacher.columns]
    x, y, _ = module.logits(batch[0])
    expected = distillation_loss(x[:, ids], y[:, ids], *teacher.logits(batch[0]))
    assert float(module(*batch)["distillation"].detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_ready_made_answers_replace_the_teachers(
    student: Any, teacher: FrozenTeacher, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = PoseTrainingModule(student, LossWeights(distillation=1), teacher=teacher).eval()
    answers = teacher.logits(batch[0])
    asked = module(*batch)["loss"]
    monkeypatch.setattr(teacher, "logits", None)
    assert torch.equal(module(*batch, *answers)["loss"], asked)


def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn_from_it(
    student: Any, batch: tuple[Tensor, Tensor]
) -> None:
    copy = SpinePoseForPoseEstimation(student.config)
    copy.load_state_dict(student.state_dict())
    itself = FrozenTeacher(TorchNetwork(copy), student.config, "all")
    module = PoseTrainingModule(student, LossWeights(distillation=1), teacher=itself).eval()
    assert float(module(*batch)["distillation"].detach()) == pytest.approx(0, abs=1e-6)


def test_the_teacher_is_no_part_of_what_is_trained_or_saved(
    teacher: FrozenTeacher, batch: tuple[Tensor, Tensor]
) -> None:
    pose = lively_network(3, **TINY)
    plain = PoseTrainingModule(pose, LossWeights())
    module = PoseTrainingModule(pose, LossWeights(distillation=1), teacher=teacher).train()
    assert module.state_dict().keys() == plain.state_dict().keys()
    assert len(list(module.parameters())) == len(list(plain.parameters()))
    assert isinstance(teacher.network, TorchNetwork)
    module(*batch)["loss"].backward()
    assert not teacher.network.model.training
    assert all(parameter.grad is None for parameter in teacher.network.model.parameters())
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_another_skeleton_brings_its_own_bones_and_spine(batch: tuple[Tensor, Tensor]) -> None:
    network = lively_network(**TINY, **HAND, skeleton=[(0, 1)], spine_chain=(2, 1, 0))
    module = PoseTrainingModule(network, LossWeights(structure=1, spine=1)).eval()
    crops, labels = batch[0], batch[1][:, :3]
    terms = module(crops, labels)
    assert 0 < float(terms["structure"].detach()) <= 1
    assert float(terms["spine"].detach()) > 0


@pytest.mark.parametrize(
    ("case", "weights", "message"),
    [
        ("no teacher", LossWeights(structure=0, spine=0, distillation=2.5), "weight but no teacher"),
        ("no bones", LossWeights(spine=0), "has no bones: give `skeleton`"),
        ("no spine", LossWeights(structure=0), "has no spine: give `spine_chain`"),
    ],
)
def test_a_loss_without_what_it_needs_is_refused(case: str, weights: LossWeights, message: str) -> None:
    network = SpinePoseForPoseEstimation(SpinePoseConfig(**TINY, **HAND, widen_factor=0.125))
    with pytest.raises(ModelError, match=message):
        PoseTrainingModule(network, weights)


def test_options_reach_the_losses(student: Any, batch: tuple[Tensor, Tensor]) -> None:
    plain, gate = (
        {name: float(value.detach()) for name, value in terms.items()}
        for terms in (
            PoseTrainingModule(student, LossWeights(), options=options).eval()(*batch)
            for options in (LossOptions(), LossOptions(spine_threshold=0.1))
        )
    )
    assert gate["spine"] > plain["spine"] and gate["structure"] == plain["structure"]
    assert spine_loss.__defaults__ == (LossOptions().spine_steepness, LossOptions().spine_threshold)
