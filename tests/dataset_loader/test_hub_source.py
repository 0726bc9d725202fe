"""Loading from a Hub, which a small server plays, in a process of its own that may use the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset_loader.load import load_spinetrack
from tests.dataset_loader.hub_stub import serve_datasets
from tests.dataset_loader.miniature import Miniature

pytest.importorskip("datasets")

PROGRAM = """
import json, sys
from dataset_loader import load_spinetrack
from spinepose_hf.errors import DatasetError
answers = []
for repo, config, streaming in json.loads(sys.argv[1]):
    try:
        rows = load_spinetrack(repo, config, "validation", streaming=streaming, cache_dir=sys.argv[2])
        answers.append([[row["image_id"], list(row["image"].size), row["people"]] for row in rows])
    except DatasetError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def hub(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("hub")
    shutil.copytree(miniature.zips, root / "someone" / "zips")
    (root / "someone" / "zips" / "README.md").write_text("---\nlicense: other\n---\n")
    parquet = root / "someone" / "parquet"
    (parquet / "data").mkdir(parents=True)
    load_spinetrack(miniature.tree, split="validation").to_parquet(parquet / "data" / "validation-0.parquet")
    listed = "- config_name: default\n  data_files:\n  - split: validation\n    path: data/validation-*\n"
    (parquet / "README.md").write_text(f"---\nconfigs:\n{listed}---\n")
    with serve_datasets(root) as address:
        yield address


def ask(hub: str, cache: Path, *questions: tuple[str, str, bool]) -> list[Any]:
    environment = {
        **os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(cache / "home"), "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(questions), str(cache / "arrow")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.slow
def test_parquet_and_zips_on_the_hub(hub: str, miniature: Miniature, tmp_path: Path) -> None:
    rows = load_spinetrack(miniature.tree, split="validation", cache_dir=tmp_path / "local")
    expected = [[row["image_id"], list(row["image"].size), row["people"]] for row in rows]
    parquet, streamed, zips, streamed_zips, no_config, nobody = ask(
        hub,
        tmp_path,
        ("someone/parquet", "default", False),
        ("someone/parquet", "default", True),
        ("someone/zips", "default", False),
        ("someone/zips", "unreal", True),
        ("someone/parquet", "unreal", False),
        ("nobody/nothing", "default", False),
    )
    assert parquet == streamed == zips == streamed_zips == expected
    assert no_config == "someone/parquet has no configuration 'unreal'; it has default"
    assert nobody.startswith("cannot load nobody/nothing from the Hub") and "\n" not in nobody
