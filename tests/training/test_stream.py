"""Data sets that are read while training, shared out to processes and loader workers."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from dataset_loader.parquet.convert import MIN_SHARD_BYTES, convert
from spinepose_hf.training.collator import PoseCollator
from spinepose_hf.training.data import PersonCrops
from spinepose_hf.training.recipe import DataSource, recipe_from_mapping
from spinepose_hf.training.run import run_recipe
from spinepose_hf.training.stream import PersonStream, StreamedCrops, open_streams
from tests.training.blobs import tiny_model, write_blobs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of one person each, read in several shards."""
    folder = tmp_path_factory.mktemp("stream") / "people"
    write_blobs(folder, count=300)
    return folder


@pytest.fixture(scope="module")
def stream(folder: Path) -> PersonStream:
    (stream,) = open_streams([DataSource(dataset=str(folder), streaming=True)])
    return stream


def drawn(stream: PersonStream, count: int, rank: int = 0, processes: int = 1) -> list[tuple[int, int]]:
    crops = StreamedCrops([stream], [1], PersonCrops([], (64, 64)), 3, rank, processes)
    return [(crop["annotation_id"], crop["seed"]) for crop in islice(crops, count)]


def test_a_round_reads_each_person_once(stream: PersonStream) -> None:
    # Every 20th picture of 300 validates.
    ids = Counter(person for person, _ in drawn(stream, 285))
    assert len(ids) == 285 and max(ids.values()) == 1


def test_processes_share_a_round(stream: PersonStream) -> None:
    parts = [[person for person, _ in drawn(stream, 100, rank, 2)] for rank in range(2)]
    assert not set(parts[0]) & set(parts[1])


def test_loader_workers_share_a_round(stream: PersonStream) -> None:
    crops = StreamedCrops([stream], [1], PersonCrops([], (64, 64)), 3)
    loader: DataLoader[object] = DataLoader(crops, batch_size=10, num_workers=2, collate_fn=PoseCollator())
    batches = list(islice(loader, 10))
    ids = [i for batch in batches for i in batch["annotation_id"].tolist()]  # type: ignore[index]
    assert len(set(ids)) == 100


def test_the_same_order_and_views_again(stream: PersonStream) -> None:
    assert drawn(stream, 20) == drawn(stream, 20)


def test_a_recipe_trains_on_a_stream(folder: Path, tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path / "start")
    parquet = tmp_path / "parquet"
    convert(folder, parquet, shard_bytes=MIN_SHARD_BYTES)
    recipe = recipe_from_mapping(
        {
            "model": str(tmp_path / "start"), "output": str(tmp_path / "run"), "workers": 0, "bf16": False,
            "train": {
                "local": {"dataset": str(folder), "streaming": True},
                "parquet": {"dataset": str(parquet), "streaming": True, "share": 2},
            },
            "stages": [{"steps": 3, "batch": 4, "warmup": 1, "weak_last": 1}],
        }
    )  # fmt: skip
    assert (run_recipe(recipe) / "stage_done.json").is_file()
