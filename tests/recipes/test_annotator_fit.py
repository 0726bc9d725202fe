"""Features on disk and training on them: resumed as if never stopped, and better with every step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from recipes.annotator.crops import augmented_crop, crop_dataset, intrude
from recipes.annotator.features import FrozenMoveNet, MoveNetAnswer
from recipes.annotator.fit import HEAD_FILE, STATE_FILE, FitOptions, Report, fit
from recipes.annotator.head import load_head
from recipes.annotator.store import FeatureStore, fill, stored_features
from spinepose_hf.errors import DatasetError, ModelError
from tests.recipes.annotator_scenes import colours_as_features
from tests.training.blobs import read_blobs, write_blobs

OPTIONS = FitOptions(steps=6, batch=4, save_every=3, warmup=2)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    write_blobs(folder)
    return folder


@pytest.fixture(scope="module")
def store(people: Path, tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    made = FeatureStore(tmp_path_factory.mktemp("store"), 24, {"people": "blobs"})
    fill(made, crop_dataset(read_blobs(people)), colours_as_features, 0, lambda done, total: None)
    return made


def test_a_crop_shows_the_person_at_its_labels(people: Path) -> None:
    """A blob is bright where all its points are; what was covered by a stranger is the exception."""
    dataset = crop_dataset(read_blobs(people))
    bright = []
    for place in range(len(dataset)):
        crop, labels = augmented_crop(dataset, place, np.random.default_rng(place))
        assert crop.shape == (256, 256, 3) and crop.dtype == np.uint8
        shown = labels[labels[:, 2] > 0]
        assert ((shown[:, :2] >= 0) & (shown[:, :2] < 256)).all()
        bright += [crop[int(y), int(x)].mean() > crop.mean() + 20 for x, y, _ in shown[:1]]
    assert np.mean(bright) > 0.7


def test_a_stranger_comes_in_from_one_side_only() -> None:
    crop, other = np.zeros((256, 256, 3), np.uint8), np.full((256, 256, 3), 200, np.uint8)
    for seed in range(20):
        mixed = intrude(crop, other, np.random.default_rng(seed))
        columns = np.flatnonzero(mixed.any(axis=(0, 2)))
        assert 20 < len(columns) <= 90 and (columns.max() < 128 or columns.min() > 128)
    assert not crop.any()


def test_features_that_were_left_half_made_are_completed(people: Path, tmp_path: Path) -> None:
    dataset, calls = crop_dataset(read_blobs(people)), 0

    def stopped_after_five(crop: NDArray[np.uint8]) -> MoveNetAnswer:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise KeyboardInterrupt
        return colours_as_features(crop)

    half = FeatureStore(tmp_path / "half", 9, {})
    with pytest.raises(KeyboardInterrupt):
        fill(half, dataset, stopped_after_five, 0, lambda done, total: None)
    again, told = FeatureStore(tmp_path / "half", 9, {}), []
    assert again.missing.tolist() == [5, 6, 7, 8]
    fill(again, dataset, colours_as_features, 0, lambda done, total: told.append(done))
    assert told == [5, 1, 1, 1, 1]

    whole = FeatureStore(tmp_path / "whole", 9, {})
    fill(whole, dataset, colours_as_features, 0, lambda done, total: None)
    for one, other in zip(again.batch(np.arange(9)), whole.batch(np.arange(9)), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_features_of_others_are_not_mixed_in(tmp_path: Path) -> None:
    FeatureStore(tmp_path, 3, {"people": "these"})
    for count, identity in ((3, {"people": "those"}), (4, {"people": "these"})):
        with pytest.raises(DatasetError, match="other people or settings"):
            FeatureStore(tmp_path, count, identity)


@pytest.mark.slow
def test_training_lowers_loss_and_errors(store: FeatureStore, tmp_path: Path) -> None:
    reports: list[Report] = []
    options = FitOptions(steps=24, batch=8, save_every=8, warmup=5)
    path = fit(store, store, tmp_path, options, reports.append)
    assert [report.step for report in reports] == [8, 16, 24]
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert reports[-1].errors["spine"][0] < 0.8 * reports[0].errors["spine"][0]
    assert all(0 < median <= most for report in reports for median, most in report.errors.values())
    load_head(path)


def test_a_stopped_run_ends_as_one_that_was_not(store: FeatureStore, tmp_path: Path) -> None:
    def stop(report: Report) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(store, store, tmp_path / "stopped", OPTIONS, stop)
    steps: list[int] = []
    resumed = fit(store, store, tmp_path / "stopped", OPTIONS, lambda report: steps.append(report.step))
    assert steps == [6]
    straight = fit(store, store, tmp_path / "straight", OPTIONS, lambda report: None)
    assert resumed.read_bytes() == straight.read_bytes()


def test_a_damaged_checkpoint_is_named(store: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"half")
    with pytest.raises(ModelError, match=f"cannot resume from .*{STATE_FILE}"):
        fit(store, store, tmp_path, OPTIONS, lambda report: None)
    assert not (tmp_path / HEAD_FILE).exists()


@pytest.mark.slow
def test_the_head_learns_from_movenets_features(people: Path, shared: Path, tmp_path: Path) -> None:
    movenet = shared / "models" / "movenet_thunder.onnx"
    if not movenet.is_file():
        pytest.skip("needs movenet_thunder.onnx in the shared models")
    network = FrozenMoveNet(movenet, 1)
    store = stored_features(people, movenet, network, tmp_path / "views", 16, 0, lambda done, total: None)
    reports: list[Report] = []
    fit(store, store, tmp_path, FitOptions(steps=20, batch=8, save_every=10, warmup=5), reports.append)
    assert reports[-1].loss < 0.7 * reports[0].loss
