"""Reading points off heatmaps, and the head's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from recipes.annotator.features import COARSE_SHAPE, FINE_SHAPE, MIDDLE_SHAPE
from recipes.annotator.head import AnnotatorHead, decode, load_head
from spinepose_hf.errors import ModelError
from spinepose_hf.training.losses.heatmap import heatmap_loss


def heatmap(x: float, y: float) -> torch.Tensor:
    """Logits of a Gaussian of one cell around a place in crop px, pixel centres on whole numbers."""
    cells = torch.arange(32.0) * 8 + 3.5
    return -(((cells - x)[None, :] ** 2 + (cells - y)[:, None] ** 2) / (2 * 8**2))


@pytest.mark.parametrize("place", [(3.5, 3.5), (100.0, 31.0), (127.5, 200.25), (251.5, 90.0)], ids=str)
def test_points_are_read_where_they_are(place: tuple[float, float]) -> None:
    points, mass = decode(heatmap(*place)[None, None])
    # At the edge the window is cut, which pulls inwards.
    np.testing.assert_allclose(points[0, 0], place, atol=0.7 if min(place) > 20 and max(place) < 236 else 5)
    assert 0.9 < mass.item() <= 1


def test_an_undecided_heatmap_has_little_mass_and_a_second_peak_does_not_pull() -> None:
    two = torch.logaddexp(heatmap(60, 60), heatmap(200, 180) - 0.3)
    points, mass = decode(torch.stack([two, torch.zeros(32, 32)])[None])
    np.testing.assert_allclose(points[0, 0], (60, 60), atol=0.7)
    assert 0.4 < mass[0, 0].item() < 0.7 and mass[0, 1].item() < 0.03


def test_the_loss_is_least_where_decoding_finds_the_label() -> None:
    """Training and reading mean the same pixel: `fit` moves labels by half of one for the loss."""
    place = torch.tensor([[[101.0, 150.0]]])
    losses = {
        shift: heatmap_loss(heatmap(101 + shift, 150)[None, None], place + 0.5, torch.ones(1, 1), (256, 256))
        for shift in (-1.0, -0.5, 0.0, 0.5, 1.0)
    }
    assert min(losses, key=lambda shift: float(losses[shift])) == 0.0
    assert float(losses[0.0]) < 1e-5


def features(batch: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = (FINE_SHAPE, MIDDLE_SHAPE, COARSE_SHAPE)
    return [torch.rand((batch, *shape), generator=generator) for shape in shapes]


def test_a_saved_head_answers_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    head = AnnotatorHead().eval()
    path = tmp_path / "head.safetensors"
    safetensors.torch.save_file(head.state_dict(), path)
    with torch.inference_mode():
        answer = load_head(path)(*features(2))
        assert answer.shape == (2, 37, 32, 32)
        torch.testing.assert_close(answer, head(*features(2)))


BAD_FILES = {
    "missing": (None, "does not exist"),
    "damaged": (b"nothing", "does not hold"),
    "another network": ("other", "does not hold"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_in_one_line(content: bytes | str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "head.safetensors"
    if content == "other":
        safetensors.torch.save_file({"weight": torch.zeros(3)}, path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_head(path)
