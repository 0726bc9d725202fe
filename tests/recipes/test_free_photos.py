"""Listed pictures out of repositories: those listed, byte for byte, out of real repositories."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from recipes import free_photos
from recipes.free_photos import Listed
from spinepose_hf.errors import DatasetError

# What may be learned from without asking, in the list's words.
FREE = {
    *("public domain", "CC0-1.0", "CC-BY", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0"),
    *("CC-BY-SA-2.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "etalab-2.0", "MIT", "Apache-2.0"),
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def host(tmp_path: Path) -> str:
    """Two repositories that serve parts of themselves, as a public host does: one has dropped a picture."""
    for name in ("club/site", "town/site"):
        folder = tmp_path / "host" / name
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet")
        git(folder, "config", "uploadpack.allowFilter", "true")
        git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
        (folder / "img").mkdir()
        for picture in ("run.jpg", "old.jpg", "not listed.PNG"):
            (folder / "img" / picture).write_bytes(f"{name} {picture}".encode() * 50)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "pictures")
        git(folder, "rm", "--quiet", "img/old.jpg")
        git(folder, "commit", "--quiet", "-m", "tidy")
    return (tmp_path / "host").as_uri()


def listed(host: str, repository: str, picture: str, path: str) -> Listed:
    folder = Path(host.removeprefix("file://")) / repository
    content = git(folder, "rev-parse", f"HEAD~1:img/{picture}")
    return Listed(repository, content, "CC0-1.0", path)


def test_pictures_of_now_and_of_the_history(host: str, tmp_path: Path) -> None:
    run = listed(host, "club/site", "run.jpg", "img/run.jpg")
    old = listed(host, "town/site", "old.jpg", "")
    told: list[str] = []
    assert free_photos.copy_pictures([run, old], tmp_path / "out", host, told.append) == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.jpg")} == {
        f"{run.content[:12]}.jpg": b"club/site run.jpg" * 50,
        f"{old.content[:12]}.jpg": b"town/site old.jpg" * 50,
    }
    assert told == ["[1/2] club/site: 1 pictures", "[2/2] town/site: 1 pictures"]
    assert free_photos.read_list(tmp_path / "out" / free_photos.COPIED) == [run, old]


def test_a_repository_is_asked_for_its_pictures_once(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    # One file a process of git, whose first lines say how it was called.
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(traces))
    pictures = [
        listed(host, "club/site", name, f"img/{name}") for name in ("run.jpg", "old.jpg", "not listed.PNG")
    ]
    assert free_photos.copy_pictures(pictures, tmp_path / "out", host, lambda _: None) == []
    calls = [
        event["argv"]
        for trace in traces.iterdir()
        for event in map(json.loads, trace.read_text(encoding="utf-8").splitlines())
        if event["event"] == "start"
    ]
    assert len([call for call in calls if "fetch" in call]) == 1
    assert len([call for call in calls if "cat-file" in call]) == len(pictures)


def test_what_is_there_is_not_asked_for_again(host: str, tmp_path: Path) -> None:
    run = listed(host, "club/site", "run.jpg", "img/run.jpg")
    free_photos.copy_pictures([run], tmp_path, host, lambda _: None)
    told: list[str] = []
    assert free_photos.copy_pictures([run], tmp_path, "file:///nowhere", told.append) == [] and not told


def test_what_is_gone_is_said_and_left_out(host: str, tmp_path: Path) -> None:
    run = listed(host, "club/site", "run.jpg", "img/run.jpg")
    rewritten = Listed("club/site", "0" * 40, "CC0-1.0", "img/gone.jpg")
    deleted = Listed("club/gone", "1" * 40, "CC0-1.0", "img/gone.jpg")
    told: list[str] = []
    missing = free_photos.copy_pictures([run, rewritten, deleted], tmp_path / "out", host, told.append)
    assert missing == [rewritten, deleted]
    assert told[0].startswith("[1/2] club/site: 1 pictures; the others cannot be had: fatal: ")
    assert told[1].startswith("[2/2] club/gone: 0 pictures; the others cannot be had: fatal: ")
    assert [path.name for path in (tmp_path / "out").glob("*.jpg")] == [run.file_name]
    assert free_photos.read_list(tmp_path / "out" / free_photos.COPIED) == [run]


def test_without_network_nothing_is_taken_for_done(tmp_path: Path) -> None:
    gone = Listed("club/gone", "1" * 40, "CC0-1.0", "img/gone.jpg")
    with pytest.raises(DatasetError, match="not one of 1 pictures could be had from file:///nowhere"):
        free_photos.copy_pictures([gone], tmp_path / "out", "file:///nowhere", lambda _: None)
    assert not (tmp_path / "out").exists()


def test_the_list_of_the_repository() -> None:
    rows = free_photos.read_list()
    assert len(rows) > 1000
    assert max(Counter(row.file_name for row in rows).values()) == 1
    assert {part for row in rows for part in row.licence.split(" and ")} == FREE
    assert all(len(row.content) == 40 and row.repository.count("/") == 1 for row in rows)
    named = [row for row in rows if row.repository.startswith("openstax/")]
    assert named and all(row.credit for row in named)
    assert not [row for row in rows if "-NC" in row.credit.upper() or "NONCOMMERCIAL" in row.credit.upper()]


def test_the_page_names_every_repository_of_the_list() -> None:
    page = free_photos.PICTURE_LIST.with_name("free_photos.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| \S+/\S+ \|", line)]
    assert {row[0]: int(row[2]) for row in rows} == Counter(one.repository for one in free_photos.read_list())
