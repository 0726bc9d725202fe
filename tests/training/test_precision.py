"""Whether a machine computes in bfloat16, and what a recipe makes of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from spinepose_hf.inference.machine import this_machine
from spinepose_hf.training import run
from spinepose_hf.training.precision import computes_bfloat16
from spinepose_hf.training.recipe import Recipe, Stage


def test_a_cpu_says_it_by_its_instructions() -> None:
    machine = this_machine()
    if machine.architecture != "x86_64" or not machine.instructions:
        pytest.skip("only Linux on x86 lists the instructions that this is checked with")
    if "avx512_bf16" in machine.instructions:
        assert computes_bfloat16("cpu")
    if "avx512f" not in machine.instructions:
        assert not computes_bfloat16("cpu")


@pytest.mark.parametrize("device", ["mps", "meta"])
def test_nothing_is_claimed_of_unknown_devices(device: str) -> None:
    assert not computes_bfloat16(device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_computes_nothing() -> None:
    assert not computes_bfloat16("cuda")


@pytest.mark.parametrize(
    ("name", "asked", "computes", "expected"),
    [
        ("asked and there", True, True, True),
        ("asked and imitated", True, False, False),
        ("not asked", False, True, False),
    ],
)
def test_a_recipe_trains_in_bfloat16_only_where_it_pays(
    name: str,
    asked: bool,
    computes: bool,
    expected: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(run, "computes_bfloat16", lambda device: computes)
    recipe = Recipe(model="t", output=tmp_path, train={}, stages=(Stage(steps=1),), bf16=asked)
    with caplog.at_level(logging.INFO, logger=run.__name__):
        assert run._arguments(recipe, recipe.stages[0], tmp_path).bf16 is expected
    assert ("training computes in float32" in caplog.text) is (asked and not computes)
