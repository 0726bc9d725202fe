"""Sharing a bend of the trunk out over its vertebrae."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.synthetic.range_of_motion import (
    FORWARD_PART,
    LEVELS,
    NECK_HINGES,
    TRUNK_HINGES,
    TRUNK_RANGES,
    shared_out,
    spine_turns,
)


def test_every_level_belongs_to_one_hinge() -> None:
    used = [level for hinges in (TRUNK_HINGES, NECK_HINGES) for levels in hinges.values() for level in levels]
    assert sorted(used) == sorted(LEVELS)


@pytest.mark.parametrize(
    ("name", "totals"),
    [("flexion", (40, 0, 0)), ("extension", (-30, 0, 0)), ("all", (20, -15, 25)), ("none", (0, 0, 0))],
)
def test_shares_add_up(name: str, totals: tuple[float, float, float]) -> None:
    jitter = np.random.default_rng(0).uniform(0.7, 1.3, TRUNK_RANGES.shape)
    for shares in (shared_out(totals, TRUNK_RANGES), shared_out(totals, TRUNK_RANGES, jitter)):
        np.testing.assert_allclose(shares.sum(axis=0), totals, atol=0.5, err_msg=name)


def test_no_hinge_exceeds_its_range() -> None:
    forward, backward = shared_out((200, 200, 200), TRUNK_RANGES), shared_out((-200, 0, 0), TRUNK_RANGES)
    assert (forward <= TRUNK_RANGES * [FORWARD_PART, 1, 1] + 1e-9).all()
    assert (-backward[:, 0] <= TRUNK_RANGES[:, 0] * (1 - FORWARD_PART) + 1e-9).all()


def test_lumbar_bends_and_thoracic_turns() -> None:
    flexion, _, twist = shared_out((40, 0, 30), TRUNK_RANGES).T
    lumbar, thoracic = slice(0, 3), slice(3, 5)
    assert flexion[lumbar].sum() > 0.45 * 40
    assert twist[thoracic].sum() > 0.7 * 30


def test_turns_compose_to_the_total() -> None:
    degrees = shared_out((45, 0, 0), TRUNK_RANGES)
    product = np.linalg.multi_dot(list(spine_turns(TRUNK_HINGES, degrees).values()))
    assert np.rad2deg(np.arctan2(-product[1, 2], product[2, 2])) == pytest.approx(45)
