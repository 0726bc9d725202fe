"""SpineTrack as a builder of `datasets`: a class for version 5, unchanged a loading script for version 3.

    SpineTrack(data_dir="spinetrack").download_and_prepare()                             # 3 and 5
    load_dataset(".../spinetrack.py", data_dir="spinetrack", trust_remote_code=True)     # 3

Version 3 scans a script's imports by line, so each stands in one line and names one module; it copies the
script alone, so the rest of this package must be installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import datasets

from dataset_loader.features import person_features, row_features
from dataset_loader.layout import CONFIGS, Part, plan_splits, rows_of
from dataset_loader.rows import Row, read_rows
from dataset_loader.sources import Source, open_source
from spinepose_hf.errors import DatasetError

BLOCK_SIZE: int = 128
"""Pictures a block, the unit that processes and workers of a loader share out."""

_VERSION = datasets.Version("1.0.0")
_HOMEPAGE = "https://huggingface.co/datasets/saifkhichi96/spinetrack"
_CITATION = """\
@inproceedings{khan2025spinepose,
  title = {Towards Unconstrained 2D Pose Estimation of the Human Spine},
  author = {Khan, Muhammad Saif Ullah and Krau{\\ss}, Stephan and Stricker, Didier},
  booktitle = {CVPR Workshops},
  year = {2025},
  note = {arXiv:2504.08110}
}"""


@dataclass(frozen=True)
class Block:
    """Some pictures of a part: places `start` to `stop` (not included) among its rows."""

    part: Part
    start: int
    stop: int


@dataclass
class SpineTrackConfig(datasets.BuilderConfig):  # type: ignore[misc]  # datasets ships no types
    """A configuration of `layout.CONFIGS`.

    Attributes:
        per_person: one row a person instead of one a picture.
    """

    per_person: bool = False

    def create_config_id(
        self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None
    ) -> str:
        """Name the cached copy after the state of the files too, so that changed files are read again."""
        if self.data_dir is not None:
            config_kwargs = {**config_kwargs, "state": open_source(self.data_dir).fingerprint}
        name: str = super().create_config_id(config_kwargs, custom_features)
        return name


class SpineTrack(datasets.GeneratorBasedBuilder):  # type: ignore[misc]  # datasets ships no types
    """People with 37 body and spine keypoints; see `layout` for configurations and splits.

    Args (of the constructor, all by name):
        data_dir: a folder that `sources.open_source` knows: the unzipped tree, the folder of the two official
            zips (read in place), or what `spinepose synthesize` wrote.
        config_name: one of `layout.CONFIGS`.
        per_person: one row a person (see `features.person_features`) instead of one a picture.
        cache_dir: where prepared Arrow files lie.
    """

    VERSION = _VERSION
    BUILDER_CONFIG_CLASS = SpineTrackConfig
    BUILDER_CONFIGS: ClassVar[list[SpineTrackConfig]] = [
        SpineTrackConfig(name=name, version=_VERSION, description=text) for name, text in CONFIGS.items()
    ]
    DEFAULT_CONFIG_NAME = "default"
    # Rows hold whole pictures: at 1000 a batch, the default, writing would take about a gigabyte.
    DEFAULT_WRITER_BATCH_SIZE = 64

    def _info(self) -> datasets.DatasetInfo:
        synthetic = self.config.name == "synthetic"
        make = person_features if self.config.per_person else row_features
        features = make(synthetic=synthetic)
        return datasets.DatasetInfo(
            description=f"SpineTrack. {self.config.description}. Keypoints: 37 x (x, y, visibility), pixels.",
            features=features,
            homepage=_HOMEPAGE,
            citation=_CITATION,
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        if self.config.data_dir is None:
            raise DatasetError(
                "SpineTrack needs data_dir: the folder with annotations/ and images/ (or their two zips)"
            )
        source = open_source(self.config.data_dir)
        return [
            datasets.SplitGenerator(
                name=split, gen_kwargs={"source": source, "blocks": make_blocks(source, parts)}
            )
            for split, parts in plan_splits(source, self.config.name).items()
        ]

    def _generate_examples(self, source: Source, blocks: list[Block]) -> Iterator[tuple[str, Row]]:
        synthetic, per_person = self.config.name == "synthetic", self.config.per_person
        for block in blocks:
            rows = rows_of(source, block.part)[block.start : block.stop].tolist()
            examples = read_rows(source, block.part, rows, synthetic=synthetic, per_person=per_person)
            for number, example in enumerate(examples):
                yield f"{block.part.name}-{block.start}-{number}", example


def make_blocks(source: Source, parts: tuple[Part, ...]) -> list[Block]:
    """Cut parts into blocks of at most `BLOCK_SIZE` pictures."""
    return [
        Block(part, start, min(start + BLOCK_SIZE, count))
        for part in parts
        for count in [len(rows_of(source, part))]
        for start in range(0, count, BLOCK_SIZE)
    ]
