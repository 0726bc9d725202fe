"""A converted data set on the Hub: sent in two steps, shown at once, and nothing of an older one is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataset_loader.parquet.convert import convert
from tests.dataset_loader.miniature import write_miniature
from tests.hub.conftest import client_environment, run_cli
from tests.hub_server.server import HubServer

NAME = "saifkhichi96/spinetrack"

Publish = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    convert(write_miniature(folder / "source").tree, folder / "converted")
    return folder / "converted"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    def run(hub: HubServer, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
        environment = client_environment(hub.endpoint, tmp_path / "hf")
        return run_cli(environment, tmp_path, "publish", "dataset", str(folder), NAME, *options)

    return run


def local(folder: Path) -> set[str]:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return names - {"conversion.json"}


def on_hub(hub: HubServer) -> set[str]:
    return set(hub.repositories.get("datasets", NAME).files("main"))


@pytest.mark.slow
def test_the_card_comes_last_and_stale_shards_go(
    hub: HubServer, publish: Publish, converted: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(converted, older)
    shard = next(older.glob("data/unreal/train-*.parquet"))
    shutil.copy(shard, shard.with_name("train-00000-of-00009.parquet"))
    assert publish(hub, older).returncode == 0
    assert on_hub(hub) == local(older)
    first, last = hub.traffic.committed
    assert all(name.startswith("data/") for name in first) and "README.md" in last

    hub.traffic.clear()
    done = publish(hub, converted)
    assert done.returncode == 0, done.stderr
    assert on_hub(hub) == local(converted)
    stale = "data/unreal/train-00000-of-00009.parquet"
    assert (hub.traffic.uploaded, hub.traffic.committed) == ([], [[stale]])

    again = publish(hub, converted)
    assert "up to date" in again.stdout


@pytest.mark.slow
def test_an_interrupted_upload_is_continued(publish: Publish, converted: Path, tmp_path: Path) -> None:
    with HubServer(tmp_path / "frail", dies_at_upload=2) as frail:
        broken = publish(frail, converted)
    assert broken.returncode == 1 and "give the same command again" in broken.stderr
    with HubServer(tmp_path / "frail", port=frail.server_port) as revived:
        assert "README.md" not in on_hub(revived)
        assert publish(revived, converted).returncode == 0
        assert on_hub(revived) == local(converted)


def test_dry_run(hub: HubServer, publish: Publish, converted: Path) -> None:
    done = publish(hub, converted, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert (
        "data/unreal/train-00000-of-00001.parquet" in done.stdout and "pretty_name: SpineTrack" in done.stdout
    )
    assert "conversion.json" not in done.stdout
    assert hub.traffic.requests == []


@pytest.mark.parametrize("lost", ["README.md", "data"])
def test_an_unfinished_conversion_is_refused(
    hub: HubServer, publish: Publish, converted: Path, tmp_path: Path, lost: str
) -> None:
    folder = tmp_path / "unfinished"
    shutil.copytree(converted, folder)
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = publish(hub, folder)
    assert done.returncode == 1 and "no complete data set" in done.stderr
    assert hub.traffic.requests == []
