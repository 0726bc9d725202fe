"""Bad uploads and requests that no page of ours makes, over plain HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.space_load import IMAGE, VIDEO, Abuse, abuse, unclear, warm_up
from tests.space.app_server import AppServer, first_answer
from tests.space.app_users import API, Upload, Users
from tests.space.bad_uploads import bad_uploads

RESTING_MIB = 30
"""How far 200 bad uploads may raise the memory of a server that has borne as many before.

The first round fills what libraries keep (Gradio's records of a few hundred requests, the allocator's blocks,
the video decoder), some 150 MiB; whoever loses memory with an upload loses it in the second round as well."""

PEAK_MIB = 700
"""The most that bad uploads may take for a moment; the bombs among them would take gigabytes."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def users(app_server: AppServer) -> Users:
    return Users(app_server.url)


class TestBadUploads:
    @pytest.fixture(scope="class")
    def told(self, app_server: AppServer, users: Users, photo: Path) -> Abuse:
        """The answers to 200 bad uploads."""
        warm_up(users, Upload.of(photo))
        return abuse(app_server, users, bad_uploads())

    @pytest.fixture(scope="class")
    def told_again(self, told: Abuse, app_server: AppServer, users: Users) -> Abuse:
        """The answers to 200 more."""
        return abuse(app_server, users, bad_uploads())

    def test_each_is_answered_by_a_clear_message(self, told: Abuse) -> None:
        assert len(told.pairs) == 200
        faults = told.faults()
        assert not faults, "\n".join(sorted(set(faults)))

    def test_the_server_lives_and_answers_a_good_picture(
        self, told: Abuse, app_server: AppServer, users: Users, photo: Path
    ) -> None:
        assert app_server.alive
        answer = users.ask(IMAGE, Upload.of(photo))
        assert answer.data is not None, answer.message

    def test_they_take_bounded_memory(self, told: Abuse) -> None:
        assert told.memory.peak - told.memory.before < PEAK_MIB, told.memory

    def test_further_ones_take_none_for_good(self, told_again: Abuse) -> None:
        memory = told_again.memory
        assert memory.after - memory.before < RESTING_MIB, memory

    def test_no_file_left_its_folder(self, told: Abuse, app_server: AppServer) -> None:
        around = app_server.temporary.parent
        assert sorted(path.name for path in around.iterdir()) == ["home", "log.txt", "tmp"]
        assert [
            path for path in around.rglob("*taken*") if path.is_file() and "gradio" not in str(path)
        ] == []

    def test_names_come_back_without_paths(self, told: Abuse) -> None:
        for upload, answer in told.pairs:
            if upload.kind.startswith("name") and answer.data is not None:
                assert "../" not in json.dumps(answer.data), upload.kind
                assert "<script" not in json.dumps(answer.data), upload.kind


def file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(file("/etc/passwd"), id="a file of the server"),
        pytest.param(file("../../../../etc/passwd"), id="a path upwards"),
        pytest.param(file("http://127.0.0.1:9/photo.jpg"), id="an address inside"),
        pytest.param(file("http://169.254.169.254/latest/meta-data"), id="an address of the host"),
        pytest.param(file("file:///etc/passwd"), id="a file's address"),
        pytest.param("a text", id="a text"),
        pytest.param(17, id="a number"),
        pytest.param([[]], id="a list"),
        pytest.param({"path": None}, id="no path"),
        pytest.param(None, id="nothing"),
    ],
)
@pytest.mark.parametrize("endpoint", [IMAGE, VIDEO])
def test_values_that_are_no_upload_are_refused(
    app_server: AppServer, users: Users, endpoint: str, value: Any
) -> None:
    answer = users.ask_with(endpoint, value)
    assert answer.data is None
    assert "root:" not in answer.message
    assert app_server.alive


def test_nothing_given_is_answered_by_a_clear_message(app_server: AppServer, users: Users) -> None:
    for endpoint in (IMAGE, VIDEO):
        answer = users.ask_with(endpoint, None)
        assert answer.data is None and not unclear(answer.message, app_server), answer.message


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/file=/etc/passwd",
        f"{API}/file=../../../../etc/passwd",
        f"{API}/file=..%2f..%2f..%2fetc%2fpasswd",
        f"{API}/file=http://127.0.0.1:9/",
        "static/..%2f..%2f..%2f..%2fetc/passwd",
    ],
)
def test_files_of_the_server_cannot_be_had(app_server: AppServer, path: str) -> None:
    answer = first_answer(app_server, path)
    assert answer.status_code in (403, 404), answer.text[:200]
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("endpoint", "name", "megabytes"),
    [
        pytest.param(IMAGE, "large.jpg", 30, id="a picture"),
        pytest.param(VIDEO, "large.mp4", 230, id="a video"),
    ],
)
def test_a_file_over_the_limit_is_refused(
    app_server: AppServer, users: Users, photo: Path, endpoint: str, name: str, megabytes: int
) -> None:
    content = photo.read_bytes()
    answer = users.ask(endpoint, Upload(name, content + bytes((megabytes << 20) - len(content))))
    assert answer.data is None
    assert not unclear(answer.message, app_server), answer.message
    assert "MB" in answer.message or "size" in answer.message, answer.message
