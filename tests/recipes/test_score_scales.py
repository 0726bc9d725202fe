"""Fitting score scales: the best one for each group of keypoints, written into a copy of the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recipes import score_scales  # noqa: E402
from spinepose_hf.errors import OutputError  # noqa: E402
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor  # noqa: E402


def scored(best: int, labelled: str = "all") -> Any:
    """200 persons, nine in ten of whose points are right; they score 0.9 at one scale and 0.4 at others."""
    count = 200
    scores = np.full((count, 37, len(score_scales.SCALES)), 0.4)
    scores[:, :, best] = 0.9
    right = np.broadcast_to(np.arange(count)[:, None] % 10 > 0, (count, 37))
    visible = np.zeros((count, 37), bool)
    visible[:, range(37) if labelled == "all" else score_scales.PARTS[labelled]] = True
    return score_scales.Scored(labelled, scores, right, visible)


def test_every_keypoint_is_in_one_part() -> None:
    assert sorted(column for part in score_scales.PARTS.values() for column in part) == list(range(37))


@pytest.mark.parametrize("best", [0, 5, 32])
def test_the_best_scale_is_found(best: int) -> None:
    found = scored(best)
    assert score_scales.best_places([found]) == [best] * 37
    assert found.error([best] * 37) == pytest.approx(0)
    wrong = (best + 1) % len(score_scales.SCALES)
    assert found.error(score_scales.only(score_scales.PARTS["body"], wrong)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("score", "best"),
    [pytest.param(0.895, 14, id="as good as any"), pytest.param(0.85, 30, id="worse than the best")],
)
def test_of_equals_the_one_nearest_to_1_is_taken(score: float, best: int) -> None:
    # Nine in ten are right: a scale at which points score 0.9 has no error.
    found = scored(30)
    found.scores[:, :, 14] = score
    assert abs(score_scales.SCALES[14] - 1) < abs(score_scales.SCALES[30] - 1)
    assert score_scales.best_places([found]) == [best] * 37


def test_points_that_nobody_has_stay() -> None:
    found = scored(3, "body")
    assert found.error(score_scales.only(score_scales.PARTS["feet"], 3)) is None
    one = score_scales.SCALES.index(1.0)
    body = score_scales.PARTS["body"]
    assert score_scales.best_places([found]) == [3 if column in body else one for column in range(37)]


def test_each_set_counts_alike() -> None:
    # Persons of one set count for less where the set has more of them.
    few, many = scored(3), scored(7)
    few = score_scales.Scored("few", few.scores[:20], few.right[:20], few.visible[:20])
    between = scored(5)
    for each in (few, many, between):
        each.scores[:, :, 5] = 0.8
    assert score_scales.best_places([few, many]) == [5] * 37


def test_the_copy_has_the_scales_and_the_model_stays(tmp_path: Path) -> None:
    from tests.lively import lively_network

    model, out = tmp_path / "model", tmp_path / "scaled"
    network = lively_network(image_size=(64, 64))
    network.save_pretrained(model)
    SpinePoseImageProcessor.from_config(network.config).save_pretrained(model)
    (model / "checkpoint-10").mkdir()
    before = (model / "config.json").read_bytes()
    scales = [0.5 + 0.01 * column for column in range(37)]
    score_scales.write_scaled(model, out, scales, 1.5)
    assert (model / "config.json").read_bytes() == before
    assert json.loads((out / "config.json").read_text())["logit_scales"] == scales
    assert json.loads((out / "preprocessor_config.json").read_text())["box_padding"] == 1.5
    assert not (out / "checkpoint-10").exists()
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    plain, scaled = score_scales.ScaledNetwork(model), score_scales.ScaledNetwork(out)
    assert (plain.box_padding, scaled.box_padding) == (1.25, 1.5)
    assert score_scales.ScaledNetwork(out, 1.1).box_padding == 1.1
    assert np.array_equal(plain(crops).keypoints, scaled(crops).keypoints)
    at = score_scales.SCALES.index(1.0)
    column = 20  # at 0.7, which is one of those tried
    tried = score_scales.SCALES.index(0.7)
    assert scaled.scores[0][:, column, at] == pytest.approx(plain.scores[0][:, column, tried], abs=1e-5)
    with pytest.raises(OutputError, match="exists"):
        score_scales.fit_folder(model, out, tmp_path, None)
