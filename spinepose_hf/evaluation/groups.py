"""Which keypoints are compared under which name, when labels and network may know different ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dataset_loader.coco import CocoIndex
from dataset_loader.schema import HALPE26, KeypointSchema, column_map
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.persons import Labels

HALPE_GROUP = "halpe26"
"""All 26 points of Halpe26 labels, its neck and hip included, though SpinePose's mean other places."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Labels in the network's columns, and the groups to report.

    Attributes:
        labels: of all persons; points that the file does not know are not visible.
        groups: columns by name.
        sigmas: (K,).
        halpe: for Halpe26 labels and a network with the spine: labels with `neck` and `hip` taken as they
            are, and Halpe26's sigmas, as the published comparison has it.
    """

    labels: Labels
    groups: dict[str, tuple[int, ...]]
    sigmas: tuple[float, ...]
    halpe: tuple[Labels, tuple[float, ...]] | None


def compare_skeletons(
    index: CocoIndex, schema: KeypointSchema, groups: Mapping[str, tuple[int, ...]]
) -> Comparison:
    """Bring labels into the columns of a network.

    Groups keep the points that the labels know. One without any is left out. Of groups with the same points
    left the one that had the fewest says best what they are: `body`, not `all`, for COCO's labels.

    Args:
        index: the labels.
        schema: the network's keypoints.
        groups: columns by name.

    Raises:
        DatasetError: labels and network share no keypoint, or no group has a visible one.
    """
    shared = {target for _, target in column_map(index.schema, schema)}
    if not shared:
        raise DatasetError(
            f"{index.name}: the labels' keypoints ({', '.join(index.schema.keypoints[:4])} ...) and the "
            f"network's ({', '.join(schema.keypoints[:4])} ...) have none in common; rename the labels' "
            "keypoints, or evaluate a network of that skeleton"
        )
    labels = Labels.from_index(index.converted(schema))
    seen = np.asarray(labels.visible[~labels.crowd].any(axis=0))
    known = {
        name: tuple(column for column in columns if column in shared) for name, columns in groups.items()
    }
    narrowest: dict[tuple[int, ...], str] = {}
    for name in sorted(groups, key=lambda name: len(groups[name])):
        narrowest.setdefault(known[name], name)
    kept = {
        name: some
        for name, some in known.items()
        if some and seen[list(some)].any() and narrowest[some] == name
    }
    if not kept:
        raise DatasetError(
            f"{index.name}: none of the keypoints that the network knows is visible on any person"
        )
    return Comparison(labels, kept, schema.sigmas, _halpe(index, schema, labels))


def _halpe(
    index: CocoIndex, schema: KeypointSchema, labels: Labels
) -> tuple[Labels, tuple[float, ...]] | None:
    columns = {name: place for place, name in enumerate(schema.keypoints)}
    if index.schema.keypoints != HALPE26.keypoints or "spine_01" not in columns:
        return None
    if any(name not in columns for name in HALPE26.keypoints):
        return None
    places = [columns[name] for name in HALPE26.keypoints]
    keypoints = np.zeros((len(index.keypoints), len(schema), 3))
    keypoints[:, places] = index.keypoints
    sigmas = np.array(schema.sigmas)
    sigmas[places] = HALPE26.sigmas
    return replace(labels, keypoints=keypoints), tuple(sigmas.tolist())


__all__ = ["HALPE_GROUP", "Comparison", "compare_skeletons"]
