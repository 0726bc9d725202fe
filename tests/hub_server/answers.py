"""The JSON that the Hub answers with, from repositories."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from tests.hub_server.repositories import Blob, Refused, Repository

LFS_SUFFIXES = frozenset(
    (
        ".arrow",
        ".bin",
        ".gz",
        ".h5",
        ".npy",
        ".npz",
        ".onnx",
        ".parquet",
        ".pt",
        ".pth",
        ".safetensors",
        ".zip",
    )
)
POINTER_SIZE = 134


def upload_mode(path: str, size: int, sample: bytes) -> str:
    """How the Hub wants a file: as text in git, or as a big file by LFS."""
    big = size > 10_000_000 or b"\0" in sample or PurePosixPath(path).suffix in LFS_SUFFIXES
    return "lfs" if big else "regular"


def entry(path: str, blob: Blob) -> dict[str, Any]:
    """A file in a listing."""
    shown: dict[str, Any] = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path}
    if blob.sha256:
        shown["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": POINTER_SIZE}
    return shown


def tree(repository: Repository, revision: str, folder: str, recursive: bool) -> list[dict[str, Any]]:
    """The files and folders inside `folder`, "" for the top."""
    prefix = f"{folder}/" if folder else ""
    files = {path: blob for path, blob in repository.files(revision).items() if path.startswith(prefix)}
    if folder and not files:
        raise Refused(404, "EntryNotFound", f"{folder} does not exist on {revision!r}")
    listed: dict[str, dict[str, Any]] = {}
    for path, blob in sorted(files.items()):
        parts = path[len(prefix) :].split("/")
        for depth in range(1, len(parts)):
            parent = prefix + "/".join(parts[:depth])
            if recursive or depth == 1:
                listed[parent] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": parent}
        if recursive or len(parts) == 1:
            listed[path] = entry(path, blob)
    return list(listed.values())


def paths_info(repository: Repository, revision: str, paths: list[str]) -> list[dict[str, Any]]:
    """What is known about some paths; those that do not exist are left out."""
    files = repository.files(revision)
    found = []
    for path in paths:
        if path in files:
            found.append(entry(path, files[path]))
        elif any(name.startswith(path.rstrip("/") + "/") for name in files):
            found.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": path})
    return found


def info(repository: Repository, revision: str) -> dict[str, Any]:
    """What `model_info`, `dataset_info` and `space_info` read."""
    oid = repository.commit_of(revision)
    commit = repository.commits[oid]
    return {
        "_id": oid[:24],
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.name.partition("/")[0],
        "sha": oid,
        "lastModified": commit.date,
        "createdAt": min(known.date for known in repository.commits.values()),
        "private": repository.private,
        "disabled": False,
        "gated": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [
            {
                "rfilename": path,
                "size": blob.size,
                "blobId": blob.oid,
                **(
                    {"lfs": {"sha256": blob.sha256, "size": blob.size, "pointerSize": POINTER_SIZE}}
                    if blob.sha256
                    else {}
                ),
            }
            for path, blob in sorted(commit.files.items())
        ],
    }


def refs(repository: Repository) -> dict[str, Any]:
    """Branches, tags and pull requests."""

    def under(start: str) -> list[dict[str, str]]:
        return [
            {"name": ref.removeprefix(start), "ref": ref, "targetCommit": oid}
            for ref, oid in repository.refs.items()
            if ref.startswith(start)
        ]

    return {
        "branches": under("refs/heads/"),
        "tags": under("refs/tags/"),
        "converts": [],
        "pullRequests": under("refs/pr/"),
    }


def history(repository: Repository, revision: str) -> list[dict[str, Any]]:
    """The commits behind a revision, newest first."""
    listed = []
    oid: str | None = repository.commit_of(revision)
    while oid is not None:
        commit = repository.commits[oid]
        listed.append({"id": oid, "title": commit.title, "message": "", "date": commit.date, "authors": []})
        oid = commit.parent
    return listed


def card_problems(text: str, kind: str) -> list[dict[str, str]]:
    """What the Hub refuses in the YAML of a README; a subset of its rules."""
    import yaml

    if not text.startswith("---\n"):
        return []
    try:
        data = yaml.safe_load(text.split("---\n")[1])
    except yaml.YAMLError as error:
        return [{"message": f"YAML: {error}"}]
    if not isinstance(data, dict):
        return [{"message": "YAML metadata must be a mapping"}]
    problems = []
    if not isinstance(data.get("license", ""), str | list):
        problems.append("license must be a string")
    for result in [r for index in data.get("model-index", []) for r in index["results"]]:
        for part, needed in (("task", "type"), ("dataset", "type"), ("dataset", "name")):
            if needed not in result.get(part, {}):
                problems.append(f"model-index: {part}.{needed} is required")
        if any(not {"type", "value"} <= set(metric) for metric in result.get("metrics", [{}])):
            problems.append("model-index: a metric needs type and value")
    if kind == "space" and "sdk" not in data:
        problems.append("sdk is required")
    return [{"message": problem} for problem in problems]


__all__ = [
    "LFS_SUFFIXES",
    "card_problems",
    "entry",
    "history",
    "info",
    "paths_info",
    "refs",
    "tree",
    "upload_mode",
]
