"""Which groups are reported where the labels know only some of the network's points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataset_loader.coco import read_coco
from dataset_loader.schema import COCO17, HALPE26, SPINETRACK, KeypointSchema
from spinepose_hf.evaluation.groups import compare_skeletons
from spinepose_hf.model.skeleton import GROUPS
from tests.evaluation.conftest import changed

# A configuration that was saved as JSON has them in the order of their names.
ORDERS = {"as published": list(GROUPS), "by name": sorted(GROUPS)}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize(
    ("schema", "expected"),
    [(COCO17, {"body"}), (HALPE26, {"body", "feet", "all"}), (SPINETRACK, set(GROUPS))],
    ids=["COCO", "Halpe", "SpineTrack"],
)
def test_a_group_is_called_by_its_narrowest_name(
    schema: KeypointSchema, expected: set[str], order: list[str], photo_set: Path, tmp_path: Path
) -> None:
    def fewer_points(content: dict[str, list[dict[str, Any]]]) -> None:
        content["categories"] = [schema.to_category()]
        for person in content["annotations"]:
            person["keypoints"] = person["keypoints"][: 3 * len(schema)]

    index = read_coco(changed(photo_set, tmp_path / "labels.json", fewer_points))
    found = compare_skeletons(index, SPINETRACK, {name: GROUPS[name] for name in order}).groups
    assert set(found) == expected and list(found) == [name for name in order if name in expected]
    assert found["body"] == tuple(range(17))
