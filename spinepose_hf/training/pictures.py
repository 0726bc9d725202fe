"""A sheet of crops with what is labelled beside what is predicted, to look at while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.files import atomic_path
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.data import PersonCrops

Image = NDArray[np.uint8]

_PAIRS_A_ROW: Final = 4
_TILE_HEIGHT: Final = 256
_GAP: Final = 8
_CAPTION: Final = 22
_BACKGROUND: Final = 250
_INK: Final = (40, 40, 40)
_POINT: Final = (86, 180, 233)


def write_sheet(
    path: Path,
    dataset: PersonCrops,
    places: Sequence[int],
    points: NDArray[np.float32],
    config: SpinePoseConfig,
) -> None:
    """Write a PNG with a pair of pictures for each of some persons: labels on the left, prediction right.

    Args:
        path: the PNG; its folder is made.
        dataset: plain crops of all persons.
        places: which persons to show.
        points: (N, K, 2) predicted, pixels of the dataset's input size.
        config: names and links of the K points.

    Raises:
        OutputError: the folder cannot be written.
    """
    import cv2

    pairs = [_pair(dataset, place, points[place], config) for place in places]
    blank = np.full_like(pairs[0], _BACKGROUND)
    pairs += [blank] * (-len(pairs) % min(_PAIRS_A_ROW, len(pairs)))
    width = min(_PAIRS_A_ROW, len(pairs))
    rows = [np.concatenate(pairs[i : i + width], axis=1) for i in range(0, len(pairs), width)]
    with atomic_path(path) as temporary:
        cv2.imwrite(str(temporary), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


def _pair(dataset: PersonCrops, place: int, predicted: NDArray[np.float32], config: SpinePoseConfig) -> Image:
    import cv2

    crop, labels = dataset[place]["crops"].numpy(), dataset.labels(place)
    factor = _TILE_HEIGHT / dataset.input_size[0]
    size = (round(dataset.input_size[1] * factor), _TILE_HEIGHT)
    large = cv2.resize(
        crop, size, interpolation=cv2.INTER_AREA if crop.shape[0] > size[1] else cv2.INTER_LINEAR
    )
    everything = np.ones(len(predicted), bool)
    tiles = [
        _caption(_drawn(large, labels[:, :2] * factor, labels[:, 2] > 0, config), "labelled"),
        _caption(_drawn(large, predicted * factor, everything, config), "predicted"),
    ]
    gap = np.full((tiles[0].shape[0], _GAP // 4, 3), _BACKGROUND, np.uint8)
    pair = np.concatenate([tiles[0], gap, tiles[1]], axis=1)
    return np.pad(pair, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=_BACKGROUND)


def _drawn(
    image: Image, points: NDArray[np.float32], shown: NDArray[np.bool_], config: SpinePoseConfig
) -> Image:
    if tuple(config.id2label.values()) == KEYPOINT_NAMES:
        from spinepose_hf.output.drawing import draw_people

        return draw_people(image, points[None], shown[None].astype(np.float64))
    from spinepose_hf.output.canvas import Canvas

    canvas = Canvas(image)
    for first, second in config.skeleton:
        if shown[first] and shown[second]:
            canvas.stroke(points[[first, second]], 1.5, _POINT)
    for point in points[shown]:
        canvas.disc(point, 2.5, _POINT)
    return canvas.pixels


def _caption(tile: Image, text: str) -> Image:
    import cv2

    strip = np.full((_CAPTION, tile.shape[1], 3), _BACKGROUND, np.uint8)
    cv2.putText(strip, text, (2, _CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, tile])


__all__ = ["write_sheet"]
