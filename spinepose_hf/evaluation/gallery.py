"""The persons whom a network gets most wrong, with what is labelled and what was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dataset_loader.persons import iterate_crops
from dataset_loader.schema import KeypointSchema, column_map
from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.persons import Bools, Floats, Integers
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.model.geometry import transform

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELLED, PREDICTED = "#56B4E9", "#E69F00"
_COLUMNS: Final = 6
_TILE: Final = (256, 192)


def worst_persons(evaluation: Evaluation, count: int = 12) -> tuple[Integers, Floats]:
    """Places in the pairs, and OKS over all keypoints, of the persons with the lowest OKS."""
    pairs = evaluation.pairs
    similarity = keypoint_similarity(
        pairs.predicted,
        pairs.labelled,
        pairs.visible,
        pairs.areas,
        np.asarray(evaluation.network.schema.sigmas),
    )
    order = np.argsort(similarity, kind="stable")
    order = order[~np.isnan(similarity[order])][:count]
    return order, similarity[order]


def plot_worst(evaluation: Evaluation, count: int = 12) -> Figure:
    """Crops of the worst persons, labels blue, predictions orange.

    Raises:
        DatasetError: a picture cannot be read.
    """
    from matplotlib.figure import Figure

    places, similarity = worst_persons(evaluation, count)
    pairs, index = evaluation.pairs, evaluation.data.index
    links = _links(index.schema, evaluation.network.schema)
    wanted = np.zeros(len(index.person_ids), bool)
    wanted[pairs.label_rows[places]] = True
    tiles: dict[int, tuple[Any, Floats]] = {}
    for found in iterate_crops(index, evaluation.data.images, _TILE, persons=wanted):
        for person, crop, matrix in zip(found.persons, found.crops, found.matrices, strict=True):
            tiles[int(person)] = (crop, matrix)

    rows = -(-len(places) // _COLUMNS)
    figure = Figure(figsize=(2.0 * _COLUMNS, 2.9 * rows + 0.6), layout="constrained")
    panels: list[Axes] = list(figure.subplots(rows, _COLUMNS, squeeze=False).ravel())
    for axes in panels:
        axes.set_axis_off()
    for axes, place, oks in zip(panels, places.tolist(), similarity.tolist(), strict=False):
        person = int(pairs.label_rows[place])
        crop, matrix = tiles[person]
        axes.imshow(crop)
        visible = pairs.visible[place]
        for points, colour in ((pairs.labelled, LABELLED), (pairs.predicted, PREDICTED)):
            _draw(axes, transform(points[place], matrix), visible, links, colour)
        axes.set_xlim(-0.5, _TILE[1] - 0.5)
        axes.set_ylim(_TILE[0] - 0.5, -0.5)
        title = f"OKS {oks:.2f}\nperson {index.person_ids[person]}"
        axes.set_title(title, fontsize=8, color="#333333")
    for colour, label in ((LABELLED, "labelled"), (PREDICTED, "predicted, where labelled")):
        panels[0].plot([], [], "o-", color=colour, label=label)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle("The persons with the lowest OKS", color="#333333")
    return figure


def _links(labels: KeypointSchema, network: KeypointSchema) -> tuple[tuple[int, int], ...]:
    """The labels' bones in columns of the network, else the network's own."""
    column = dict(column_map(labels, network))
    found = tuple((column[a], column[b]) for a, b in labels.links if a in column and b in column)
    return found or network.links


def _draw(
    axes: Axes, points: Floats, visible: Bools, links: tuple[tuple[int, int], ...], colour: str
) -> None:
    for a, b in links:
        if visible[a] and visible[b]:
            axes.plot(*points[[a, b]].T, "-", color=colour, linewidth=1.2, alpha=0.9)
    axes.plot(
        *points[visible].T, "o", color=colour, markersize=2.2, markeredgecolor="black", markeredgewidth=0.3
    )


__all__ = ["plot_worst", "worst_persons"]
