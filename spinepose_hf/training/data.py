"""Person records from COCO keypoint files, and the crops that the trainer learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from dataset_loader.coco import CocoIndex, read_coco
from dataset_loader.persons import clipped_boxes, usable_persons
from dataset_loader.schema import SPINETRACK, KeypointSchema
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import BOX_PADDING, box_center_scale, matrix_scale, warp_matrix
from spinepose_hf.training.augmentation import (
    AugmentationOptions,
    body_halves,
    cut_off_frame,
    inside_frame,
    occlude,
    photometric,
    random_warp,
    warp_keypoints,
)
from spinepose_hf.training.sampler import Draw

_JPEG_MAGIC: Final = b"\xff\xd8"


class Picture(Protocol):
    """Where a picture's encoded bytes come from; a `Path` is one."""

    def read_bytes(self) -> bytes:
        """The encoded file."""


@dataclass(frozen=True)
class PersonRecord:
    """One labelled person with K keypoints.

    Attributes:
        image: the picture: a path, or a place in an archive or a table.
        box: (4,) xyxy in image pixels, clipped to the image.
        keypoints: (K, 2) image pixels; 0 where not labelled.
        visibility: (K,) 0 not labelled, 1 hidden, 2 visible.
        annotation_id: id in the annotation file.
        image_id: id in the annotation file.
        area: person area in square pixels, for OKS.
    """

    image: Picture
    box: NDArray[np.float64]
    keypoints: NDArray[np.float32]
    visibility: NDArray[np.float32]
    annotation_id: int
    image_id: int
    area: float


def read_persons(annotations: Path, images: Path, schema: KeypointSchema = SPINETRACK) -> list[PersonRecord]:
    """Read the labelled persons of a COCO keypoint file.

    Args:
        annotations: the JSON file. Its category's `keypoints` names say which points it holds.
        images: the folder that the file names are relative to.
        schema: the skeleton that the records shall have; points that the file does not know are unlabelled.

    Returns:
        Records in file order, without crowds, empty boxes and persons without a labelled point.

    Raises:
        DatasetError: the file is missing, is not such a file, or holds no usable person.
    """
    index = read_coco(annotations)
    return person_records(index, [images / name for name in index.file_names], schema)


def person_records(
    index: CocoIndex,
    pictures: Sequence[Picture],
    schema: KeypointSchema = SPINETRACK,
    rows: NDArray[np.int64] | None = None,
) -> list[PersonRecord]:
    """The usable persons of an annotation file, with the points of `schema`.

    Args:
        index: the annotations.
        pictures: the picture of each row of the index.
        schema: the skeleton that the records shall have.
        rows: only the persons of these pictures; None for all.

    Raises:
        DatasetError: no person has a box and a labelled keypoint, or the skeletons share no point.
    """
    index = index.converted(schema)
    boxes, usable = clipped_boxes(index), usable_persons(index)
    if rows is not None:
        usable &= np.isin(index.image_rows, rows)
    # A missing area, or one of zero, is the box's.
    areas = np.where(index.areas > 0, index.areas, index.boxes[:, 2] * index.boxes[:, 3])
    records = [
        PersonRecord(
            image=pictures[index.image_rows[person]],
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
        raise DatasetError(f"{index.name} holds no person with a box and a labelled keypoint")
    return records


class Crop(TypedDict):
    """One training example: a crop, its labels in pixels of the network's input size, and whose it is."""

    crops: torch.Tensor
    labels: torch.Tensor
    image_id: int
    annotation_id: int
    seed: int


class View(NamedTuple):
    """What is seen of a person.

    Attributes:
        seed: of the draw, negative for the plain crop.
        matrix: 2x3, from image pixels to pixels of the network's input.
        mirrored: whether it mirrors.
        frame: (4,) xyxy where the picture is made to end, or None for its own edges.
        border: what `cv2.warpAffine` shall show outside the image.
        rng: decides the changes of pixels; None for no change.
        options: probabilities and ranges of these.
    """

    seed: int
    matrix: NDArray[np.float64]
    mirrored: bool
    frame: NDArray[np.float64] | None
    border: dict[str, Any]
    rng: np.random.Generator | None
    options: AugmentationOptions


class PersonCrops(Dataset[Crop]):
    """Crops of persons, augmented when drawn with a seed, plain when drawn by index.

    Args:
        records: the persons.
        input_size: (height, width) of the network's input; labels are in its pixels.
        crop_size: (height, width) to render at; smaller than `input_size` for a fast first stage.
        options: augmentation of seeded draws.
        schema: the skeleton of the records.
        box_padding: how much larger than its box a plain crop is, per side; views vary around it.
    """

    def __init__(
        self,
        records: Sequence[PersonRecord],
        input_size: tuple[int, int],
        crop_size: tuple[int, int] | None = None,
        options: AugmentationOptions | None = None,
        schema: KeypointSchema = SPINETRACK,
        *,
        box_padding: float = BOX_PADDING,
    ) -> None:
        self.records = list(records)
        self.input_size = input_size
        self.crop_size = crop_size or input_size
        self.box_padding = box_padding
        self.options = options or AugmentationOptions()
        self._weak_options = self.options.weakened()
        self.schema = schema
        self._flip_index = schema.flip_index
        self._halves = body_halves(schema.keypoints)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, key: int | Draw) -> Crop:
        """A view of a person, by a draw or, without augmentation, by its place in the records.

        Returns:
            `crops` (h, w, 3) uint8 RGB, `labels` (K, 3): x, y in input pixels and weight 0 or 1, the ids of
            the annotation file, and the view's `seed` (-1 for a plain crop).
        """
        if isinstance(key, Draw):
            return self.render(self.records[key.person], key)
        return self.render(self.records[key], Draw(key, -1))

    def labels(self, place: int) -> NDArray[np.float32]:
        """(K, 3) labels of the plain crop of a record: x, y in input pixels and weight 0 or 1."""
        record = self.records[place]
        return self._labels(record, self._plain_matrix(record), False, None)

    def _plain_matrix(self, record: PersonRecord) -> NDArray[np.float64]:
        centers, scales = box_center_scale(record.box[None], self.input_size, self.box_padding)
        return warp_matrix(centers[0], scales[0], self.input_size)

    def _labels(
        self,
        record: PersonRecord,
        matrix: NDArray[np.float64],
        mirrored: bool,
        frame: NDArray[np.float64] | None,
    ) -> NDArray[np.float32]:
        shown = record.visibility
        if frame is not None:
            # Nobody labels what the picture does not show.
            shown = shown * inside_frame(record.keypoints, frame)
        points, visibility = warp_keypoints(record.keypoints, shown, matrix, mirrored, self._flip_index)
        return np.concatenate([points, np.minimum(visibility, 1)[:, None]], axis=1)

    def render(self, record: PersonRecord, draw: Draw) -> Crop:
        """Read a person's picture and cut one view of it; a negative seed gives the plain crop."""
        view = self.view(record, draw)
        # At the full input size a plain crop is sampled from the full image, as the deployed path does.
        exact = view.rng is None and self.crop_size == self.input_size
        scale = float(matrix_scale(view.matrix)) * self.crop_size[0] / self.input_size[0]
        image, reduction = _decode(record, 1.0 if exact else scale)
        return self.cut(image, reduction, record, view)

    def view(self, record: PersonRecord, draw: Draw) -> View:
        """Draw what is seen of a person, before its picture is read."""
        import cv2

        if draw.seed < 0:
            plain = self._plain_matrix(record)
            return View(
                draw.seed, plain, False, None, {"borderMode": cv2.BORDER_CONSTANT}, None, self.options
            )
        rng = np.random.default_rng(draw.seed)
        options = self._weak_options if draw.weak else self.options
        box, visible, frame = record.box, record.visibility > 0, None
        if options.cut_off and rng.random() < options.cut_off:
            frame = cut_off_frame(box, record.keypoints, visible, rng)
        if frame is not None:
            box = np.concatenate([np.maximum(box[:2], frame[:2]), np.minimum(box[2:], frame[2:])])
            visible &= inside_frame(record.keypoints, frame)
        matrix, mirrored = random_warp(
            box,
            record.keypoints,
            visible,
            self.input_size,
            options,
            rng,
            self._halves,
            padding=self.box_padding,
        )
        # Beyond a cut nothing is shown, as in inference; repeating the picture would mirror the person.
        border = _random_border(rng) if frame is None else {"borderMode": cv2.BORDER_CONSTANT}
        return View(draw.seed, matrix, mirrored, frame, border, rng, options)

    def cut(self, image: NDArray[np.uint8], reduction: int, record: PersonRecord, view: View) -> Crop:
        """Cut a view out of BGR pixels that were reduced by `reduction`."""
        import cv2

        # The loader's processes share the cores with the network.
        cv2.setNumThreads(0)
        matrix = _for_reduced(view.matrix * (self.crop_size[0] / self.input_size[0]), reduction)
        if view.frame is not None:
            image, matrix = _framed(image, matrix, view.frame / reduction)
        if self.crop_size != self.input_size:
            image, matrix = _shrink_for(image, matrix)
        crop = cv2.warpAffine(image, matrix, self.crop_size[::-1], flags=cv2.INTER_LINEAR, **view.border)
        if view.rng is not None:
            crop = occlude(crop, image, view.options, view.rng)
        # Turning the crop instead of the picture is some ten times less to turn.
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
        if view.rng is not None:
            crop = photometric(crop, view.options, view.rng)
        return {
            "crops": torch.from_numpy(crop),
            "labels": torch.from_numpy(self._labels(record, view.matrix, view.mirrored, view.frame)),
            "image_id": record.image_id,
            "annotation_id": record.annotation_id,
            "seed": view.seed,
        }


def _decode(record: PersonRecord, scale: float) -> tuple[NDArray[np.uint8], int]:
    """BGR pixels of a record's picture and by how much they were reduced.

    A JPEG can be decoded at a half, a quarter or an eighth of its size for about as much less time; that is
    done where the crop has no more pixels than that.

    Args:
        record: whose picture.
        scale: crop pixels per image pixel.
    """
    import cv2

    where = f"the image {record.image} of annotation {record.annotation_id}"
    try:
        encoded = record.image.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {where}: {error.strerror or error}") from error
    reduction, flag = 1, cv2.IMREAD_COLOR
    if encoded.startswith(_JPEG_MAGIC):
        for factor, reduced in (
            (8, cv2.IMREAD_REDUCED_COLOR_8),
            (4, cv2.IMREAD_REDUCED_COLOR_4),
            (2, cv2.IMREAD_REDUCED_COLOR_2),
        ):
            if scale * factor <= 1:
                reduction, flag = factor, reduced
                break
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), flag) if encoded else None
    if image is None:
        raise DatasetError(f"cannot read {where}: it is not an image that is known; replace it")
    return image, reduction


def _for_reduced(matrix: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """A matrix from image pixels, for the image reduced by `factor`."""
    # Pixel x of the reduced image covers the old pixels around factor * x + (factor - 1) / 2.
    offset = matrix[:, :2].sum(1, keepdims=True) * ((factor - 1) / 2)
    return np.concatenate([matrix[:, :2] * factor, offset + matrix[:, 2:]], 1)


def _framed(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], frame: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of an image in a frame (4,) xyxy, which may reach beyond it, and the matrix from there."""
    height, width = image.shape[:2]
    left, top = np.ceil(np.clip(frame[:2], 0, (width - 1, height - 1))).astype(int)
    right, bottom = np.ceil(np.clip(frame[2:], (left + 1, top + 1), (width, height))).astype(int)
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return image[top:bottom, left:right], moved


def _shrink_for(
    image: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Halve an image as often as the warp would skip pixels, so that small crops do not alias."""
    import cv2

    factor = float(matrix_scale(matrix))
    while factor < 0.4 and min(image.shape[:2]) >= 64:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA)
        matrix = _for_reduced(matrix, 2)
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


__all__ = ["Crop", "Draw", "PersonCrops", "PersonRecord", "Picture", "person_records", "read_persons"]
