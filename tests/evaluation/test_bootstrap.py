"""Intervals and paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.coco import index_coco
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.bootstrap import BOOTSTRAPPED, difference, interval, sample_figures
from spinepose_hf.evaluation.matching import Matches, match_persons
from spinepose_hf.evaluation.persons import Labels
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS
from tests.evaluation.coco_reference import random_results, random_truth
from tests.evaluation.test_coco_ap import predictions_of


def matches_of(seed: int, images: int) -> dict[str, Matches]:
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, images)
    index = index_coco(truth, "truth", SPINETRACK)
    predictions = predictions_of(index, random_results(rng, truth))
    labels = Labels.from_index(index)
    return {name: match_persons(labels, predictions, GROUPS[name], OKS_SIGMAS) for name in ("body", "all")}


def test_samples_depend_on_the_seed_alone() -> None:
    matches = matches_of(0, 12)
    first, again, other = (sample_figures(matches, 5, seed)["all"] for seed in (1, 1, 2))
    assert first.shape == (5, len(BOOTSTRAPPED))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_more_pictures_narrow_the_interval() -> None:
    widths = []
    for images in (10, 160):
        span = interval(sample_figures(matches_of(1, images), 60)["all"][:, 0])
        assert span is not None
        widths.append(span.high - span.low)
    assert widths[1] < widths[0] / 2


def test_groups_without_labels_have_no_interval() -> None:
    matches = matches_of(0, 3)
    matches["all"].counted[:] = False
    assert interval(sample_figures(matches, 5)["all"][:, 0]) is None


@pytest.mark.parametrize(
    ("name", "first", "second", "p_value"),
    [
        ("always better", [3, 4, 5, 6], [1, 2, 3, 4], 1 / 4),
        ("mostly better", [3, 3, 3, 1], [2, 2, 2, 2], 2 / 4),
        ("no difference", [1, 1, 1, 1], [1, 1, 1, 1], 1),
        ("samples without labels do not count", [3, np.nan, 3, 1], [2, 2, 2, 2], 2 / 3),
    ],
)
def test_difference(name: str, first: list[float], second: list[float], p_value: float) -> None:
    found = difference(0.5, np.array(first, float), np.array(second, float))
    assert found is not None and found.value == 0.5
    assert found.p_value == pytest.approx(p_value), name
