"""One way to a network in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.load import load_model
from spinepose_hf.weights import embedded_model


def test_folder_and_its_twin_in_safetensors(tmp_path: Path) -> None:
    model = load_model(embedded_model())
    model.save_pretrained(tmp_path)
    again = load_model(tmp_path)
    crops = torch.randn(1, 3, 256, 192)
    assert not model.training and not again.training
    assert torch.equal(model(crops).simcc_x, again(crops).simcc_x)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("nobody/nothing", "cannot load the model 'nobody/nothing'", id="no such id"),
        pytest.param("lost.pth", r"lost\.pth", id="no such checkpoint"),
        pytest.param("empty", "cannot load the model .*empty", id="a folder without a model"),
    ],
)
def test_what_cannot_be_loaded(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=message):
        load_model(name)
