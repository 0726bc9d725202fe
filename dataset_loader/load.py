"""One call for SpineTrack, wherever and in whatever form it lies."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_loader.hub_source import download_zips
from spinepose_hf.errors import DatasetError
from spinepose_hf.extras import require_extra

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def load_spinetrack(
    source: str | os.PathLike[str],
    config: str = "default",
    split: str | None = None,
    streaming: bool = False,
    per_person: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Dataset | DatasetDict | IterableDataset | IterableDatasetDict:
    """Load SpineTrack, or a data set of its layout, as a `datasets` object.

    Args:
        source: a folder with `annotations/` and `images/`, a folder with the official `annotations.zip` and
            `images.zip` (read in place), a folder that `spinepose synthesize` wrote, a folder of Parquet
            files that `spinepose dataset convert` made, or the id of a data set on the Hub: of Parquet files
            (loaded or streamed by `datasets` alone) or of the official zips (downloaded once, 19 GB).
        config: `default`, `real-coco`, `real-yoga`, `unreal` or `synthetic`; see `layout`.
        split: `train` or `validation`; also slices such as `train[:10%]` when not streaming. None gives all.
        streaming: read rows when they are asked for, in as many shards as loader workers may want, instead of
            preparing an Arrow copy first.
        per_person: one row a person (the columns of `features.person_features`) instead of one a picture.
        cache_dir: where the Arrow copy is kept; None takes `datasets`' own place.

    Raises:
        DatasetError: the source is missing or damaged, or lacks the configuration or split.
        MissingExtraError: `datasets` is not installed.
    """
    require_extra("data", ("datasets",), "Loading SpineTrack")
    if streaming:
        _check_stream(split)
    path = Path(source)
    cache = None if cache_dir is None else str(cache_dir)
    if path.is_dir() and not has_parquet(path):
        return _load_local(path, config, split, streaming, per_person, cache)
    if not path.exists():
        if not _HUB_ID.fullmatch(str(source)):
            raise DatasetError(
                f"{source} does not exist; check the path, or give a Hub id such as owner/name"
            )
        zips = download_zips(str(source))
        if zips is not None:
            return _load_local(zips, config, split, streaming, per_person, cache)
    return _load_parquet(str(source), config, split, streaming, per_person, cache)


def has_parquet(folder: Path) -> bool:
    """Whether a folder holds Parquet files, outside its `images`."""
    if any(folder.glob("*.parquet")):
        return True
    return any(
        any(inner.rglob("*.parquet"))
        for inner in folder.iterdir()
        if inner.is_dir() and inner.name != "images"
    )


def _load_local(
    path: Path, config: str, split: str | None, streaming: bool, per_person: bool, cache: str | None
) -> Any:
    from dataset_loader.layout import plan_splits
    from dataset_loader.sources import open_source
    from dataset_loader.spinetrack import SpineTrack

    path = path.resolve()
    splits = plan_splits(open_source(path), config)
    if split is not None:
        _check_split(_split_name(split), list(splits), f"{path}, configuration {config},")
    builder = SpineTrack(data_dir=str(path), config_name=config, per_person=per_person, cache_dir=cache)
    if streaming:
        return builder.as_streaming_dataset(split)
    from datasets.exceptions import DatasetGenerationError

    try:
        builder.download_and_prepare()
    except DatasetGenerationError as error:
        # `datasets` wraps what a builder raises; the clear line is the cause.
        if isinstance(error.__cause__, DatasetError):
            raise DatasetError(str(error.__cause__)) from error
        raise
    return builder.as_dataset(split)


def _load_parquet(
    source: str, config: str, split: str | None, streaming: bool, per_person: bool, cache: str | None
) -> Any:
    import datasets
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError

    from dataset_loader.persons import person_view

    try:
        configs = datasets.get_dataset_config_names(source)
        if config not in configs:
            raise DatasetError(f"{source} has no configuration {config!r}; it has {', '.join(configs)}")
        if split is not None:
            names = datasets.get_dataset_split_names(source, config)
            _check_split(_split_name(split), names, f"{source}, configuration {config},")
        loaded = datasets.load_dataset(source, config, split=split, streaming=streaming, cache_dir=cache)
    except (DataFilesNotFoundError, DatasetNotFoundError, ConnectionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DatasetError(
            f"cannot load {source} from the Hub: {reason}; check the id or path, and the network"
        ) from error
    return person_view(loaded) if per_person else loaded


def _check_stream(split: str | None) -> None:
    if split is not None and _split_name(split) != split:
        raise DatasetError(f"a stream has whole splits, not {split!r}; use its take, skip or interleave")


def _split_name(split: str) -> str:
    """The name in `train[:10%]` or `train+validation`."""
    return re.split(r"[\[+]", split)[0]


def _check_split(split: str, known: list[str], where: str) -> None:
    if split not in (*known, "all"):
        raise DatasetError(f"{where} has no split {split!r}; it has {', '.join(known)}")


__all__ = ["has_parquet", "load_spinetrack"]
