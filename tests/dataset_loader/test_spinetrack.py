"""The builder: as a class on the installed `datasets`, as a loading script on version 3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataset_loader.features import keypoint_names
from dataset_loader.layout import flat_part
from dataset_loader.load import load_spinetrack
from dataset_loader.schema import SPINETRACK
from dataset_loader.sources import open_source
from spinepose_hf.cli.main import app
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature, write_miniature

datasets = pytest.importorskip("datasets")

from dataset_loader.spinetrack import BLOCK_SIZE, SpineTrack, make_blocks  # noqa: E402 needs datasets


class TestBuilder:
    def test_as_a_class(self, miniature: Miniature, tmp_path: Path) -> None:
        builder = SpineTrack(data_dir=str(miniature.tree), cache_dir=str(tmp_path))
        builder.download_and_prepare()
        rows = builder.as_dataset("validation")
        assert len(rows) == 4 and rows.info.config_name == "default"
        assert keypoint_names(rows.features) == SPINETRACK.keypoints
        assert "37 x (x, y, visibility)" in rows.info.description

    def test_writes_parquet(self, miniature: Miniature, tmp_path: Path) -> None:
        builder = SpineTrack(
            data_dir=str(miniature.zips), config_name="unreal", cache_dir=str(tmp_path / "c")
        )
        builder.download_and_prepare(str(tmp_path / "out"), file_format="parquet")
        assert sorted(path.suffix for path in (tmp_path / "out").glob("*train*")) == [".parquet"]

    def test_several_processes(self, miniature: Miniature, tmp_path: Path) -> None:
        options = {"data_dir": str(miniature.zips), "config_name": "default"}
        one = SpineTrack(**options, cache_dir=str(tmp_path / "1"))
        two = SpineTrack(**options, cache_dir=str(tmp_path / "2"))
        one.download_and_prepare()
        two.download_and_prepare(num_proc=2)
        assert one.as_dataset("train")["image_id"][:] == two.as_dataset("train")["image_id"][:]

    def test_needs_data_dir(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="needs data_dir"):
            SpineTrack(cache_dir=str(tmp_path)).download_and_prepare()

    def test_blocks_cover_every_picture_once(self, tmp_path: Path) -> None:
        count = 2 * BLOCK_SIZE + 5
        images = [{"id": 20 * i, "file_name": f"{i}.jpg", "width": 9, "height": 9} for i in range(count)]
        content = {"images": images, "annotations": [], "categories": [SPINETRACK.to_category()]}
        (tmp_path / "annotations.json").write_text(json.dumps(content))
        blocks = make_blocks(open_source(tmp_path), (flat_part(False), flat_part(False)))
        covered = [row for block in blocks for row in range(block.start, block.stop)]
        assert covered == [*range(count)] * 2
        assert max(block.stop - block.start for block in blocks) == BLOCK_SIZE


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    """Prepare 64 and 1024 pictures of 0.5 MB in a process each: 480 MB more of data, no more memory."""
    code = """
import json, resource, sys
from pathlib import Path
from dataset_loader.schema import SPINETRACK
from dataset_loader.spinetrack import SpineTrack
folder, count = Path(sys.argv[1]), int(sys.argv[2])
(folder / "images").mkdir(parents=True)
import io
from PIL import Image
stream = io.BytesIO()
Image.new("RGB", (9, 9)).save(stream, "JPEG")
blob = stream.getvalue() + bytes(500_000)
images = [{"id": 20 * i, "file_name": f"{i}.jpg", "width": 9, "height": 9} for i in range(count)]
for image in images:
    (folder / "images" / image["file_name"]).write_bytes(blob)
content = {"images": images, "annotations": [], "categories": [SPINETRACK.to_category()]}
(folder / "annotations.json").write_text(json.dumps(content))
builder = SpineTrack(data_dir=str(folder), config_name="synthetic", cache_dir=str(folder / "cache"))
builder.download_and_prepare()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = [
        int(run_python(sys.executable, code, [str(tmp_path / str(count)), str(count)]).splitlines()[-1])
        for count in (64, 1024)
    ]
    assert peaks[1] < peaks[0] + 100, f"peak memory in MB with 64 and 1024 pictures: {peaks}"


OLD_VERSION = """
import json, sys
import datasets
script, folder, cache, config, streaming, per_person = sys.argv[1:]
loaded = datasets.load_dataset(
    script, config, data_dir=folder, cache_dir=cache, trust_remote_code=True,
    streaming=streaming == "1", per_person=per_person == "1",
)
rows = {}
for split, of_split in loaded.items():
    rows[split] = [{**row, "image": list(row["image"].size)} for row in of_split]
print(json.dumps({"version": datasets.__version__, "rows": rows}))
"""


@pytest.mark.slow
class TestOldVersion:
    """`datasets` 3 runs the file as a loading script; its rows must be those of the installed version."""

    @pytest.fixture
    def old_python(self) -> str:
        path = os.environ.get("SPINEPOSE_DATASETS3_PYTHON")
        if not path:
            pytest.skip("needs SPINEPOSE_DATASETS3_PYTHON, an interpreter with datasets 3 and this package")
        return path

    @pytest.mark.parametrize(
        ("form", "config", "streaming", "per_person"),
        [
            ("tree", "default", False, False),
            ("zips", "default", True, False),
            ("zips", "unreal", False, True),
            ("flat", "synthetic", False, False),
        ],
    )
    def test_same_rows(
        self,
        form: str,
        config: str,
        streaming: bool,
        per_person: bool,
        old_python: str,
        miniature: Miniature,
        root: Path,
        tmp_path: Path,
    ) -> None:
        folder = str(getattr(miniature, form))
        script = str(root / "dataset_loader" / "spinetrack.py")
        flags = [str(int(streaming)), str(int(per_person))]
        printed = run_python(
            old_python, OLD_VERSION, [script, folder, str(tmp_path / "old"), config, *flags], root
        )
        old = json.loads(printed.splitlines()[-1])
        assert old["version"].startswith("3.")

        builder = SpineTrack(
            data_dir=folder, config_name=config, per_person=per_person, cache_dir=str(tmp_path / "new")
        )
        builder.download_and_prepare()
        new = {
            split: [{**row, "image": list(row["image"].size)} for row in rows]
            for split, rows in builder.as_dataset().items()
        }
        assert old["rows"] == new


@pytest.mark.slow
def test_generated_people_in_the_official_layout(tmp_path: Path) -> None:
    """What `spinepose synthesize` makes, dealt over the four official files and zipped, loads everywhere."""
    pytest.importorskip("embreex")
    flat = tmp_path / "generated"
    options = ["--count", "24", "--out", str(flat), "--size", "96x128", "--seed", "5"]
    assert CliRunner().invoke(app, ["synthesize", *options]).exit_code == 0
    generated = write_miniature(tmp_path / "miniature", flat)
    content = json.loads((flat / "annotations.json").read_text())
    expected = {person["id"]: person for person in content["annotations"]}

    splits = load_spinetrack(generated.zips, cache_dir=tmp_path / "cache")
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 18, "validation": 6}
    people = [p for rows in splits.values() for row in rows for p in row["people"]]
    assert sorted(person["id"] for person in people) == sorted(expected)
    for person in people:
        wanted = expected[person["id"]]
        assert [v for point in person["keypoints"] for v in point] == wanted["keypoints"]
        assert person["bbox"] == wanted["bbox"]

    streamed = load_spinetrack(flat, "synthetic", "train", streaming=True, per_person=True)
    for row in streamed:
        wanted = expected[row["person_id"]]
        assert row["keypoints_3d"] == wanted["keypoints_3d"]
        assert row["spine"] == wanted["spine"] and row["pose"] == wanted["pose"]


def run_python(python: str, code: str, arguments: list[str], root: Path | None = None) -> str:
    """What a program of another interpreter prints."""
    environment: dict[str, Any] = {**os.environ, "HF_HUB_OFFLINE": "1"}
    if root is not None:
        environment["PYTHONPATH"] = str(root)
    done = subprocess.run(
        [python, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
