"""Loading from a Hub, which a small server plays, in a process of its own that may use the network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset_loader.load import load_spinetrack
from tests.dataset_loader.miniature import Miniature
from tests.hub.conftest import client_environment
from tests.hub_server.server import HubServer

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


PUT = """
import sys
from huggingface_hub import HfApi
for repo, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    HfApi().create_repo(repo, repo_type="dataset")
    HfApi().upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder)
"""


@pytest.fixture(scope="module")
def hub(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("hub")
    shutil.copytree(miniature.zips, root / "saifkhichi96" / "zips")
    (root / "saifkhichi96" / "zips" / "README.md").write_text("---\nlicense: other\n---\n")
    parquet = root / "saifkhichi96" / "parquet"
    (parquet / "data").mkdir(parents=True)
    load_spinetrack(miniature.tree, split="validation").to_parquet(parquet / "data" / "validation-0.parquet")
    listed = "- config_name: default\n  data_files:\n  - split: validation\n    path: data/validation-*\n"
    (parquet / "README.md").write_text(f"---\nconfigs:\n{listed}---\n")
    repositories = [
        word
        for name in ("zips", "parquet")
        for word in (f"saifkhichi96/{name}", str(root / "saifkhichi96" / name))
    ]
    with HubServer(tmp_path_factory.mktemp("hub-server")) as server:
        environment = client_environment(server.endpoint, tmp_path_factory.mktemp("publisher"))
        subprocess.run([sys.executable, "-c", PUT, *repositories], env=environment, check=True, timeout=100)
        yield server.endpoint


def ask(hub: str, cache: Path, *questions: tuple[str, str, bool]) -> list[Any]:
    environment = client_environment(hub, cache / "home", token=None)
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
        ("saifkhichi96/parquet", "default", False),
        ("saifkhichi96/parquet", "default", True),
        ("saifkhichi96/zips", "default", False),
        ("saifkhichi96/zips", "unreal", True),
        ("saifkhichi96/parquet", "unreal", False),
        ("nobody/nothing", "default", False),
    )
    assert parquet == streamed == zips == streamed_zips == expected
    assert no_config == "saifkhichi96/parquet has no configuration 'unreal'; it has default"
    assert nobody.startswith("cannot load nobody/nothing from the Hub") and "\n" not in nobody
