"""Training on data sets that are read while training, each process and loader worker its own shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from dataset_loader.load import load_spinetrack
from dataset_loader.persons import SMALLEST_BOX
from dataset_loader.schema import KeypointSchema, convert_keypoints
from spinepose_hf.compat import shuffled_stream
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import clip_boxes, xywh_to_xyxy
from spinepose_hf.training.data import Crop, PersonCrops, PersonRecord
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sampler import Draw
from spinepose_hf.training.sources import table_schema

# Persons that wait in memory, encoded, to be drawn in random order.
_SHUFFLE_BUFFER = 512


@dataclass(frozen=True, eq=False)
class PersonStream:
    """Rows of one person each, as `features.person_features` has them.

    Attributes:
        name: for messages.
        rows: a `datasets.IterableDataset` whose column `image` is not decoded.
        schema: what its keypoints are.
        min_keypoints: persons with fewer labelled points are left out.
    """

    name: str
    rows: Any
    schema: KeypointSchema
    min_keypoints: int = 1


def open_streams(sources: Sequence[DataSource]) -> list[PersonStream]:
    """Open data sets for reading while training.

    Raises:
        DatasetError: one is missing, or does not name its keypoints.
    """
    from datasets import Image

    streams = []
    for source in sources:
        rows: Any = load_spinetrack(
            source.dataset, source.config, source.split, streaming=True, per_person=True
        )
        schema = table_schema(rows.features, source.dataset)
        rows = rows.cast_column("image", Image(decode=False))
        streams.append(PersonStream(source.dataset, rows, schema, source.min_keypoints))
    return streams


@dataclass(frozen=True)
class EncodedPicture:
    """A picture whose encoded bytes are in memory."""

    content: bytes

    def read_bytes(self) -> bytes:
        """The encoded file."""
        return self.content


class StreamedCrops(IterableDataset[Crop]):
    """An endless mix of streams, as augmented crops.

    The shards of each stream are shared out to the processes, and then to each one's loader workers, so that
    no person is read twice in a round. Order and views depend on the seed and on these numbers.

    Args:
        streams: what to read.
        shares: share of the draws that each stream gets.
        crops: renders the views; its own records are not used.
        seed: of order and views.
        rank: of this process.
        processes: how many there are.
        weak_from: the draw, counted over all processes, from which on views are weak; None for never.
    """

    def __init__(
        self,
        streams: Sequence[PersonStream],
        shares: Sequence[float],
        crops: PersonCrops,
        seed: int,
        rank: int = 0,
        processes: int = 1,
        weak_from: int | None = None,
    ) -> None:
        self.streams, self.crops, self.seed = list(streams), crops, seed
        self.shares = np.asarray(shares, np.float64) / np.sum(shares)
        self.rank, self.processes, self.weak_from = rank, processes, weak_from

    def __iter__(self) -> Iterator[Crop]:
        worker = get_worker_info()
        number, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        rng = np.random.default_rng((self.seed, self.rank, number))
        persons = [self._persons(stream) for stream in self.streams]
        readers = self.processes * workers
        drawn = 0
        while True:
            record = next(persons[int(rng.choice(len(persons), p=self.shares))])
            weak = self.weak_from is not None and drawn * readers >= self.weak_from
            drawn += 1
            yield self.crops.render(record, Draw(0, int(rng.integers(2**63)), weak))

    def _persons(self, stream: PersonStream) -> Iterator[PersonRecord]:
        """Usable persons of this process's and worker's part, round after round."""
        from datasets.distributed import split_dataset_by_node

        shuffled = shuffled_stream(stream.rows, self.seed, _SHUFFLE_BUFFER)
        part = split_dataset_by_node(shuffled, rank=self.rank, world_size=self.processes)
        for epoch in range(2**31):
            part.set_epoch(epoch)
            found = False
            for row in part:
                record = stream_record(row, stream, self.crops.schema)
                if record is not None:
                    found = True
                    yield record
            if not found:
                raise DatasetError(
                    f"{stream.name}: process {self.rank} of {self.processes} finds no person in its part of "
                    f"the stream ({stream.rows.num_shards} shards); use fewer processes or loader workers, "
                    "or leave out streaming"
                )


def stream_record(
    row: Mapping[str, Any], stream: PersonStream, schema: KeypointSchema
) -> PersonRecord | None:
    """The person of a row in the points of `schema`; None for a crowd, an empty box or too few labels."""
    box = clip_boxes(xywh_to_xyxy(np.asarray(row["bbox"])[None]), (row["height"], row["width"]))[0]
    points = convert_keypoints(row["keypoints"], stream.schema, schema)
    labelled = int((points[:, 2] > 0).sum())
    if row["iscrowd"] or (box[2:] - box[:2] < SMALLEST_BOX).any() or labelled < max(stream.min_keypoints, 1):
        return None
    _, _, width, height = row["bbox"]
    return PersonRecord(
        image=EncodedPicture(row["image"]["bytes"]),
        box=box,
        keypoints=points[:, :2].astype(np.float32),
        visibility=points[:, 2].astype(np.float32),
        annotation_id=int(row["person_id"]),
        image_id=int(row["image_id"]),
        area=float(row["area"] or width * height),
    )


__all__ = ["EncodedPicture", "PersonStream", "StreamedCrops", "open_streams", "stream_record"]
