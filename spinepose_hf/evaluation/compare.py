"""Two models on the same pictures: which is better, and whether that may be chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.bootstrap import BOOTSTRAPPED, SAMPLES, Difference, difference, sample_figures
from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.report import Against, Report


def compare(first: Evaluation, second: Evaluation, *, samples: int = SAMPLES, seed: int = 0) -> Report:
    """The first report, with the differences to the second on the same pictures.

    Groups are compared that hold the same keypoints in both.

    Raises:
        DatasetError: the two have no group of keypoints in common, or other pictures.
    """
    shared = [name for name, points in first.points.items() if second.points.get(name) == points]
    if not shared or not np.array_equal(first.data.index.image_ids, second.data.index.image_ids):
        raise DatasetError(
            f"{first.report.model} and {second.report.model} share no group of keypoints on the same "
            "pictures, so they cannot be compared"
        )
    drawn = [
        sample_figures({name: each.matches[name] for name in shared}, samples, seed)
        for each in (first, second)
    ]
    differences: dict[str, dict[str, Difference]] = {name: {} for name in shared}
    for name in shared:
        for place, figure in enumerate(BOOTSTRAPPED):
            values = [each.report.groups[name].figures[figure] for each in (first, second)]
            if values[0] is None or values[1] is None:
                continue
            apart = difference(values[0] - values[1], drawn[0][name][:, place], drawn[1][name][:, place])
            if apart is not None:
                differences[name][figure] = apart
    figures = {name: second.report.groups[name].figures for name in shared}
    return replace(first.report, against=Against(second.report.model, figures, differences))


__all__ = ["compare"]
