"""Person records from COCO keypoint files, and the crops that the trainer learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from dataset_loader.coco import read_coco
from dataset_loader.persons import clipped_boxes, usable_persons
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import box_center_scale, matrix_scale, warp_matrix
from spinepose_hf.training.augmentation import (
    AugmentationOptions,
    occlude,
    photometric,
    random_warp,
    warp_keypoints,
)


@dataclass(frozen=True)
class PersonRecord:
    """One labelled person.

    Attributes:
        image: path of the picture.
        box: (4,) xyxy in image pixels, clipped to the image.
        keypoints: (37, 2) image pixels; 0 where not labelled.
        visibility: (37,) 0 not labelled, 1 hidden, 2 visible.
        annotation_id: id in the annotation file.
        image_id: id in the annotation file.
        area: person area in square pixels, for OKS.
    """

    image: Path
    box: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    visibility: NDArray[np.float32]
    annotation_id: int
    image_id: int
    area: float


def read_persons(annotations: Path, images: Path) -> list[PersonRecord]:
    """Read the labelled persons of a COCO keypoint file whose names are among our 37.

    Args:
        annotations: the JSON file. Its category's `keypoints` names say which points it holds.
        images: the folder that the file names are relative to.

    Returns:
        Records in file order, without crowds, empty boxes and persons without a labelled point; points that
        the file does not know have visibility 0.

    Raises:
        DatasetError: the file is missing, is not such a file, or holds no usable person.
    """
    index = read_coco(annotations).converted(SPINETRACK)
    boxes, usable = clipped_boxes(index), usable_persons(index)
    # A missing area, or one of zero, is the box's.
    areas = np.where(index.areas > 0, index.areas, index.boxes[:, 2] * index.boxes[:, 3])
    records = [
        PersonRecord(
            image=images / index.file_names[index.image_rows[person]],
            box=boxes[person],
            keypoints=index.keypoints[person, :, :2].astype(np.float32),
            visibility=index.keypoints[person, :, 2].astype(np.float32),
            annotation_id=int(index.person_ids[person]),
            image_id=int(index.image_ids[index.image_rows[person]]),
            area=float(areas[person]),
        )
        for person in np.flatnonzero(usable)
    ]
    if not records:
        raise DatasetError(f"{annotations} holds no person with a box and a labelled keypoint")
    return records


class Draw(NamedTuple):
    """What the sampler asks the dataset for: a person (a place in its records) and the seed of the view."""

    person: int
    seed: int


class Crop(TypedDict):
    """One training example: a crop and its labels in pixels of the network's full input size."""

    crops: torch.Tensor
    labels: torch.Tensor


class PersonCrops(Dataset[Crop]):
    """Crops of persons, augmented when drawn with a seed, plain when drawn by index.

    Args:
        records: the persons.
        input_size: (height, width) of the network's input; labels are in its pixels.
        crop_size: (height, width) to render at; smaller than `input_size` for a fast first stage.
        options: augmentation of seeded draws.
    """

    def __init__(
        self,
        records: Sequence[PersonRecord],
        input_size: tuple[int, int],
        crop_size: tuple[int, int] | None = None,
        options: AugmentationOptions | None = None,
    ) -> None:
        self.records = list(records)
        self.input_size = input_size
        self.crop_size = crop_size or input_size
        self.options = options or AugmentationOptions()

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, key: int | Draw) -> Crop:
        """Return `crops` (h, w, 3) uint8 RGB and `labels` (37, 3): x, y in input pixels, weight 0 or 1."""
        import cv2

        # The loader's processes share the cores with the network.
        cv2.setNumThreads(0)
        record = self.records[key.person if isinstance(key, Draw) else key]
        bgr = cv2.imread(str(record.image), cv2.IMREAD_COLOR)
        if bgr is None:
            raise DatasetError(f"cannot read the image {record.image} of annotation {record.annotation_id}")
        image = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

        visible = record.visibility > 0
        border: dict[str, Any] = {"borderMode": cv2.BORDER_CONSTANT}
        rng = np.random.default_rng(key.seed) if isinstance(key, Draw) else None
        if rng is None:
            centers, scales = box_center_scale(record.box[None], self.input_size)
            matrix, mirrored = warp_matrix(centers[0], scales[0], self.input_size), False
        else:
            matrix, mirrored = random_warp(
                record.box, record.keypoints, visible, self.input_size, self.options, rng
            )
            border = _random_border(rng)

        source, to_crop = image, matrix
        if self.crop_size != self.input_size:
            source, to_crop = _shrink_for(image, matrix * (self.crop_size[0] / self.input_size[0]))
        crop = cv2.warpAffine(source, to_crop, self.crop_size[::-1], flags=cv2.INTER_LINEAR, **border)
        keypoints, visibility = warp_keypoints(record.keypoints, record.visibility, matrix, mirrored)
        if rng is not None:
            crop = photometric(occlude(crop, image, self.options, rng), self.options, rng)
        labels = np.concatenate([keypoints, np.minimum(visibility, 1)[:, None]], axis=1)
        return {"crops": torch.from_numpy(crop), "labels": torch.from_numpy(labels)}


def _shrink_for(
    image: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Halve an image as often as the warp would skip pixels, so that crops below the input size do not alias.

    At the input size itself training samples bilinearly from the full image, as the deployed path does.
    """
    import cv2

    factor = float(matrix_scale(matrix))
    while factor < 0.4 and min(image.shape[:2]) >= 64:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA)
        # Pixel (x, y) of the half image covers the old pixels around (2x + 0.5, 2y + 0.5).
        matrix = np.concatenate(
            [matrix[:, :2] * 2, (matrix[:, :2] * 0.5).sum(1, keepdims=True) + matrix[:, 2:]], 1
        )
        factor *= 2
    return image, matrix


def _random_border(rng: np.random.Generator) -> dict[str, Any]:
    """What lies outside the image: mostly black as in inference, else more of the picture or a colour."""
    import cv2

    kind = rng.random()
    if kind < 0.4:
        return {"borderMode": cv2.BORDER_CONSTANT}
    if kind < 0.6:
        return {"borderMode": cv2.BORDER_REPLICATE}
    if kind < 0.8:
        return {"borderMode": cv2.BORDER_REFLECT_101}
    return {"borderMode": cv2.BORDER_CONSTANT, "borderValue": rng.integers(0, 256, 3).tolist()}


class MixedSampler(Sampler[Draw]):
    """An endless deterministic mix of several datasets laid end to end.

    Draw i depends on (seed, i) alone, so a run that is resumed sees what it would have seen.

    Args:
        sizes: number of persons of each dataset.
        weights: share of the draws that each dataset gets.
        length: number of draws.
        seed: of order and of views.
    """

    def __init__(self, sizes: Sequence[int], weights: Sequence[float], length: int, seed: int) -> None:
        self.sizes, self.length, self.seed = list(sizes), length, seed
        self.shares = np.asarray(weights, np.float64) / np.sum(weights)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng(self.seed)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        orders: list[Iterator[int]] = [iter(()) for _ in self.sizes]
        for _ in range(self.length):
            which = int(rng.choice(len(self.sizes), p=self.shares))
            index = next(orders[which], None)
            if index is None:
                orders[which] = iter(rng.permutation(self.sizes[which]).tolist())
                index = next(orders[which])
            yield Draw(int(starts[which]) + index, int(rng.integers(2**63)))
