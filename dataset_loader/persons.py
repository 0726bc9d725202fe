"""Persons one by one: a view of a loaded data set, and crops straight from annotation files and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dataset_loader.coco import CocoIndex
from dataset_loader.columns import Floats, Integers
from dataset_loader.features import JSON_COLUMNS
from dataset_loader.sources import checked_member
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import BOX_PADDING, crop_persons, xywh_to_xyxy

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict

    Loaded = TypeVar("Loaded", Dataset, DatasetDict, IterableDataset, IterableDatasetDict)

SMALLEST_BOX: float = 2.0
"""Boxes that are less high or wide than this inside the picture, in pixels, show nothing."""

# Few pictures a batch: rows hold whole pictures, and a picture's bytes are repeated for each of its people.
_BATCH = 16


def person_view(dataset: Loaded) -> Loaded:
    """Turn rows of pictures with `people` into rows of one person, as `features.person_features` has them.

    A streaming data set stays lazy; another one is copied once, with each picture's bytes for each person.

    Columns that only lead back to the JSON (`features.JSON_COLUMNS`) are left out.

    Args:
        dataset: what `load_spinetrack` or `datasets.load_dataset` gave.

    Raises:
        DatasetError: it has no column `people`.
    """
    if isinstance(dataset, dict):
        splits: Any = type(dataset)({name: person_view(split) for name, split in dataset.items()})
        return splits
    from datasets import Dataset, Features, Image

    rows: Any = dataset
    if "people" not in (rows.features or ()):
        found = ", ".join(rows.features) if rows.features else "unknown ones"
        raise DatasetError(f"rows of pictures have a column `people`; these have {found}")
    pictures = "image" in rows.features
    # The encoded bytes pass as they are: decoding them here would encode them anew. First of all, because a
    # stream takes the types it has when its next step is added.
    if pictures:
        rows = rows.cast_column("image", Image(decode=False))
    rows = rows.remove_columns([name for name in JSON_COLUMNS if name in rows.features])
    encoded = _flat_features(rows.features)
    final = Features({**encoded, "image": Image()}) if pictures else encoded
    options = {"batched": True, "batch_size": _BATCH, "remove_columns": list(rows.features)}
    view: Any
    if isinstance(dataset, Dataset):
        view = rows.map(_flatten, features=encoded, **options)
        view = view.cast_column("image", Image()) if pictures else view
    else:
        # A stream that is mapped to types keeps them; only one without takes those of a cast.
        view = rows.map(_flatten, **options).cast(final)
    persons: Loaded = view
    return persons


def _flat_features(features: Features) -> Features:
    from datasets import Features

    people = features["people"]
    person = dict(getattr(people, "feature", None) or people[0])
    picture = {name: feature for name, feature in features.items() if name != "people"}
    camera = {"camera": picture.pop("camera")} if "camera" in picture else {}
    return Features({**picture, "person_id": person.pop("id"), **person, **camera})


def _flatten(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    from dataset_loader.rows import person_rows

    count = len(batch["people"])
    pictures = ({name: values[i] for name, values in batch.items()} for i in range(count))
    rows = [row for picture in pictures for row in person_rows(picture)]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


class PictureCrops(NamedTuple):
    """The persons of one picture.

    Attributes:
        image_row: row of the picture in the index.
        persons: (n,) rows of the persons in the index.
        crops: (n, height, width, 3) uint8 RGB.
        matrices: (n, 2, 3) image pixels -> crop pixels; `geometry.transform` moves keypoints with them.
    """

    image_row: int
    persons: Integers
    crops: NDArray[np.uint8]
    matrices: Floats


def usable_persons(index: CocoIndex) -> NDArray[np.bool_]:
    """(N,) whether a person is no crowd, has a labelled keypoint, and a box of some size in the picture."""
    boxes = clipped_boxes(index)
    sized = (boxes[:, 2:] - boxes[:, :2] >= SMALLEST_BOX).all(axis=1)
    labelled = (index.keypoints[..., 2] > 0).any(axis=1)
    usable: NDArray[np.bool_] = sized & labelled & (index.iscrowd == 0)
    return usable


def clipped_boxes(index: CocoIndex) -> Floats:
    """(N, 4) boxes as xyxy, their corners moved into the picture."""
    widths, heights = index.widths[index.image_rows], index.heights[index.image_rows]
    # What `geometry.clip_boxes` does for one picture, for all at once.
    largest = np.stack([widths, heights, widths, heights], axis=1) - 1.0
    return np.clip(xywh_to_xyxy(index.boxes), 0.0, largest)


def iterate_crops(
    index: CocoIndex,
    images: str | Path | Callable[[int], bytes],
    input_size: tuple[int, int],
    *,
    persons: NDArray[np.bool_] | None = None,
    padding: float = BOX_PADDING,
) -> Iterator[PictureCrops]:
    """Decode each picture once and cut out its people, in file order.

    Boxes are clipped to the picture, padded and brought to the crop's aspect, as training, evaluation and
    inference do.

    Args:
        index: the annotations.
        images: the folder of the pictures, or a function from the row of a picture to its encoded bytes (for
            zips: `functools.partial(rows.read_picture, source, part, index)`).
        input_size: (height, width) of the crops.
        persons: (N,) which persons; None takes `usable_persons`. Pictures without any are not read.
        padding: how much larger than its box a crop is, per side.

    Yields:
        One item a picture.

    Raises:
        DatasetError: a picture is missing, is no image, or has another size than the annotations say; names
            file and image id.
    """
    read = images if callable(images) else _folder_reader(index, Path(images))
    wanted = usable_persons(index) if persons is None else persons
    boxes = clipped_boxes(index)
    for row in range(len(index.image_ids)):
        people = index.persons_of(row)
        people = people[wanted[people]]
        if len(people):
            pixels = _decode(read(row), index, row)
            crops, matrices = crop_persons(pixels, boxes[people], input_size, padding)
            yield PictureCrops(row, people, _bgr_to_rgb(crops), matrices)


def _folder_reader(index: CocoIndex, folder: Path) -> Callable[[int], bytes]:
    def read(row: int) -> bytes:
        path = folder / checked_member(index.file_names[row], index.name)
        try:
            return path.read_bytes()
        except OSError as error:
            image_id = index.image_ids[row]
            raise DatasetError(
                f"{index.name}: cannot read {path} of image {image_id}: {error.strerror}"
            ) from error

    return read


def _decode(encoded: bytes, index: CocoIndex, row: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR, upright, of the annotated size."""
    import cv2

    buffer = np.frombuffer(encoded, np.uint8)
    pixels: NDArray[np.uint8] | None = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if len(buffer) else None
    where = f"{index.name}: {index.file_names[row]} of image {index.image_ids[row]}"
    if pixels is None:
        raise DatasetError(f"{where} is not an image that can be read; replace it")
    annotated = (int(index.heights[row]), int(index.widths[row]))
    if pixels.shape[:2] != annotated:
        width, height = pixels.shape[1], pixels.shape[0]
        raise DatasetError(f"{where} is {width}x{height} pixels, annotated as {annotated[1]}x{annotated[0]}")
    return pixels


def _bgr_to_rgb(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    # One tall picture: turning the small crops is cheaper than turning the photo.
    tall = crops.reshape(-1, crops.shape[2], 3)
    rgb: NDArray[np.uint8] = cv2.cvtColor(tall, cv2.COLOR_BGR2RGB)
    return rgb.reshape(crops.shape)


__all__ = ["PictureCrops", "clipped_boxes", "iterate_crops", "person_view", "usable_persons"]
