"""`spinepose convert` and the Hub: what cannot be had is one line, and leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.conftest import client_environment, run_cli
from tests.hub_server.server import HubServer

OPEN, CLOSED = "saifkhichi96/open", "saifkhichi96/closed"

# Arguments: repository, whether it is private.
_PUT = """
import sys
from huggingface_hub import CommitOperationAdd, HfApi
api = HfApi()
api.create_repo(sys.argv[1], private=sys.argv[2] == "private")
files = [CommitOperationAdd(path_in_repo="net.pth", path_or_fileobj=b"no network")]
api.create_commit(sys.argv[1], files, commit_message="files")
"""


@pytest.fixture(scope="module")
def filled(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> HubServer:
    """A Hub with a repository for all and one for its owner."""
    environment = client_environment(hub.endpoint, tmp_path_factory.mktemp("owner"))
    for name, kind in ((OPEN, "public"), (CLOSED, "private")):
        subprocess.run([sys.executable, "-c", _PUT, name, kind], env=environment, check=True, timeout=60)
    return hub


@pytest.mark.parametrize(
    ("token", "source", "message"),
    [
        pytest.param("hf_wrong", f"{OPEN}:net.pth", "the Hub does not know your token", id="wrong token"),
        pytest.param("hf_wrong", f"{CLOSED}:net.pth", "does not know your token", id="wrong token, private"),
        pytest.param(None, f"{CLOSED}:net.pth", f"no repository {CLOSED} that you may see", id="stranger"),
        pytest.param("hf_other", f"{CLOSED}:net.pth", "run `hf auth login` if it is yours", id="another"),
        pytest.param("hf_owner", f"{OPEN}:other.pth", f"{OPEN} has no file other.pth", id="no such file"),
        pytest.param("hf_owner", f"{OPEN}@v9:net.pth", f"{OPEN} has no revision v9", id="no such revision"),
        pytest.param("hf_owner", f"{OPEN}@:net.pth", "names no revision after the @", id="empty revision"),
        pytest.param("hf_owner", f"hf://{OPEN}@/net.pth", "names no revision after the @", id="the same, hf"),
    ],
)
def test_refusals(filled: HubServer, tmp_path: Path, token: str | None, source: str, message: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    environment = client_environment(filled.endpoint, tmp_path / "hf", token)
    done = run_cli(environment, here, "convert", source, "-o", "made")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert message in line
    assert "Traceback" not in done.stderr and (token is None or token not in done.stderr)
    assert list(here.iterdir()) == []
