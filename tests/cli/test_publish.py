"""`spinepose publish` against a Hub: what arrives, what is refused, and what an interruption leaves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hub.conftest import client_environment, run_cli
from tests.hub_server.server import HubServer
from tests.lively import lively_network

MODEL = "saifkhichi96/spinepose"
CODE = {
    "configuration_spinepose.py",
    "geometry.py",
    "image_processing_spinepose.py",
    "loss_spinepose.py",
    "modeling_spinepose.py",
    "pipeline_spinepose.py",
    "simcc.py",
    "skeleton.py",
}
FILES = CODE | {
    "README.md",
    "config.json",
    "model.safetensors",
    "preprocessor_config.json",
    "requirements.txt",
}

Publish = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a trained model, with what a training leaves beside it."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    lively_network(image_size=(64, 64)).save_pretrained(folder)
    (folder / "optimizer.pt").write_bytes(b"private")
    (folder / "training.log").write_text("/home/someone/data")
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def publish(hub: HubServer, tiny: Path, tmp_path: Path) -> Publish:
    def run(
        *options: str, token: str | None = "hf_owner", repo: str = MODEL, endpoint: str = hub.endpoint
    ) -> subprocess.CompletedProcess[str]:
        environment = client_environment(endpoint, tmp_path / "hf", token)
        arguments = ("publish", "model", str(tiny), repo, "--no-onnx", "--licence", "mit", *options)
        return run_cli(environment, tmp_path, *arguments)

    return run


def files_on(hub: HubServer, revision: str = "main", kind: str = "models", name: str = MODEL) -> set[str]:
    return set(hub.repositories.get(kind, name).files(revision))


def error(done: subprocess.CompletedProcess[str]) -> str:
    """The line that tells what went wrong."""
    assert done.returncode == 1, done.stdout + done.stderr
    return next(line for line in done.stderr.splitlines() if line.startswith("error: "))


@pytest.mark.slow
def test_only_what_changed_is_sent_again(hub: HubServer, publish: Publish, tmp_path: Path) -> None:
    first = publish()
    assert first.returncode == 0, first.stderr
    assert files_on(hub) == FILES
    commit = re.search(r'revision="([0-9a-f]{40})"', first.stdout)
    assert commit is not None and hub.repositories.get("models", MODEL).commit_of("main") == commit[1]
    assert len(hub.traffic.uploaded) == 1

    hub.traffic.clear()
    again = publish()
    assert again.returncode == 0 and "up to date" in again.stdout
    assert (hub.traffic.uploaded, hub.traffic.committed) == ([], [])

    training = tmp_path / "training.md"
    training.write_text("Drawn stick figures.")
    changed = publish("--training", str(training))
    assert changed.returncode == 0
    assert (hub.traffic.uploaded, hub.traffic.committed) == ([], [["README.md"]])


@pytest.mark.slow
def test_branch_and_pull_request_leave_main_alone(hub: HubServer, publish: Publish) -> None:
    assert publish("--revision", "next").returncode == 0
    assert files_on(hub) == set() and files_on(hub, "next") == FILES
    proposed = publish("--create-pr")
    assert f"{hub.endpoint}/{MODEL}/discussions/1" in proposed.stdout
    assert files_on(hub) == set() and files_on(hub, "refs/pr/1") == FILES


@pytest.mark.slow
def test_private_repositories_stay_private(hub: HubServer, publish: Publish) -> None:
    assert publish("--private").returncode == 0
    assert hub.repositories.get("models", MODEL).private
    hub.repositories.create("models", "saifkhichi96/public", private=False)
    told = error(publish("--private", repo="saifkhichi96/public"))
    assert "exists and is public" in told
    assert files_on(hub, name="saifkhichi96/public") == set()


def test_dry_run_shows_everything_and_sends_nothing(hub: HubServer, publish: Publish) -> None:
    done = publish("--dry-run", token=None)
    assert done.returncode == 0, done.stderr
    listed = {line.split()[-1] for line in done.stdout.partition("\n\n")[0].splitlines()[:-1]}
    assert listed == FILES
    assert "pipeline_tag: keypoint-detection" in done.stdout and "Not a medical device" in done.stdout
    assert hub.traffic.requests == []


@pytest.mark.parametrize(
    ("token", "repo", "options", "message"),
    [
        pytest.param("hf_wrong", MODEL, (), "the Hub does not know you", id="wrong token"),
        pytest.param(None, MODEL, (), "the Hub does not know you", id="no token"),
        pytest.param("hf_reader", MODEL, (), "your token may only read", id="read token"),
        pytest.param("hf_other", MODEL, (), f"may not write to {MODEL}", id="another's repository"),
        pytest.param("hf_owner", "spinepose", (), "give owner/name", id="no owner"),
        pytest.param("hf_owner", "a b/c d", (), "give owner/name", id="impossible name"),
        pytest.param(
            "hf_owner", MODEL, ("--create-pr", "--revision", "x"), "--revision or --create-pr", id="both"
        ),
        pytest.param("hf_owner", MODEL, ("--evaluation", "none"), "is no evaluation", id="no evaluation"),
        pytest.param("hf_owner", MODEL, ("--training", "none.md"), "cannot read none.md", id="no text"),
    ],
)
def test_refusals_are_one_line_and_change_nothing(
    hub: HubServer,
    publish: Publish,
    token: str | None,
    repo: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    assert message in error(publish(*options, token=token, repo=repo))
    assert (hub.traffic.uploaded, hub.traffic.committed) == ([], [])


@pytest.mark.slow
def test_a_hub_that_dies_half_way_is_left_as_it_was(publish: Publish, hub: HubServer, tmp_path: Path) -> None:
    with HubServer(tmp_path / "frail", dies_at_upload=1) as frail:
        told = error(publish(endpoint=frail.endpoint))
    assert "give the same command again" in told
    with HubServer(tmp_path / "frail", port=frail.server_port) as revived:
        assert files_on(revived) == set()
        assert publish(endpoint=revived.endpoint).returncode == 0
        assert files_on(revived) == FILES


def test_nobody_there(publish: Publish) -> None:
    assert "give the same command again" in error(publish(endpoint="http://127.0.0.1:9"))
