"""A folder becomes one commit on the Hub: everything of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dataset_loader.byte_size import readable_size
from spinepose_hf.errors import PublishError
from spinepose_hf.hub.publish_errors import told_by_the_hub
from spinepose_hf.hub.upload_filter import files_to_publish

RepoType = Literal["model", "dataset", "space"]


@dataclass(frozen=True)
class Target:
    """Where to publish.

    Attributes:
        repo_id: as "owner/name"; made when missing.
        repo_type: kind of repository.
        revision: branch, made when missing; None for the main one.
        private: whether a repository that is made is private; one that exists must be so already.
        create_pr: propose the commit as a pull request instead.
    """

    repo_id: str
    repo_type: RepoType = "model"
    revision: str | None = None
    private: bool = False
    create_pr: bool = False

    def __post_init__(self) -> None:
        if self.create_pr and self.revision is not None:
            raise PublishError(
                "a pull request is made against the main branch; give --revision or --create-pr"
            )
        if self.repo_id.count("/") != 1:
            raise PublishError(f"{self.repo_id!r} is no name for a repository; give owner/name")


@dataclass(frozen=True)
class Published:
    """What has become of a publication.

    Attributes:
        url: of the commit, or of the pull request.
        commit: its id, to load exactly this with `revision=`.
        changed: whether there was anything new.
    """

    url: str
    commit: str
    changed: bool


def publish_built(
    target: Target,
    build: Callable[[Path], None],
    title: str,
    preview: Callable[[Mapping[str, Path]], None] | None = None,
) -> Published | None:
    """Build a folder, send it in one commit, and delete it.

    Args:
        target: where.
        build: writes everything that is published into a folder, which does not exist yet.
        title: of the commit.
        preview: is called with the files, by their path in the repository, and nothing is sent.

    Returns:
        What has become of it; None after a preview.

    Raises:
        PublishError: see `open_repository`, `files_to_publish` and `commit_files`.
        SpinePoseError: what `build` raises.
    """
    # Whoever may not write learns it before the files are made.
    api = None if preview is not None else open_repository(target)
    with tempfile.TemporaryDirectory(prefix="spinepose-publish-") as temporary:
        folder = Path(temporary) / target.repo_type
        build(folder)
        files = files_to_publish(folder)
        if preview is not None:
            preview(files)
            return None
        return commit_files(api, target, files, title)


def open_repository(target: Target) -> Any:
    """Make the repository and the branch where they are missing, and return a client of the Hub.

    Args:
        target: what is published to. A Space that is made runs with Gradio.

    Raises:
        PublishError: without a token or the right to write, without a connection; or the repository is
            public and should be private.
    """
    from huggingface_hub import HfApi

    api = HfApi(library_name="spinepose-hf")
    with told_by_the_hub(target.repo_id):
        # A public repository tells itself to strangers too, so the token is asked for first.
        token = api.whoami().get("auth", {}).get("accessToken", {})
        if token.get("role") == "read":
            raise PublishError(
                f"your token may only read; publishing {target.repo_id} takes one that may write"
            )
        api.create_repo(
            target.repo_id,
            repo_type=target.repo_type,
            private=target.private or None,
            exist_ok=True,
            space_sdk="gradio" if target.repo_type == "space" else None,
        )
        info = api.repo_info(target.repo_id, repo_type=target.repo_type)
        if target.revision is not None:
            api.create_branch(
                target.repo_id, branch=target.revision, repo_type=target.repo_type, exist_ok=True
            )
    if target.private and not info.private:
        raise PublishError(
            f"{target.repo_id} exists and is public; make it private in its settings, or drop --private"
        )
    return api


def commit_files(
    api: Any,
    target: Target,
    files: Mapping[str, Path],
    message: str,
    removed: Collection[str] = (),
) -> Published:
    """Send what differs from the Hub in one commit. Big files go first, the commit names them all at once.

    A run that broke off changes nothing that others see; repeated, it sends only what has not arrived.

    Args:
        api: what `open_repository` returned.
        target: where.
        files: by their path in the repository.
        message: title of the commit.
        removed: paths in the repository that go with it.

    Raises:
        PublishError: the Hub refuses, or the connection breaks.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    steps: list[Any] = [CommitOperationDelete(path_in_repo=name) for name in sorted(removed)]
    steps += [CommitOperationAdd(path_in_repo=name, path_or_fileobj=path) for name, path in files.items()]
    with told_by_the_hub(target.repo_id):
        before = api.repo_info(target.repo_id, repo_type=target.repo_type, revision=target.revision).sha
        done = api.create_commit(
            target.repo_id,
            steps,
            commit_message=message,
            repo_type=target.repo_type,
            revision=target.revision,
            create_pr=target.create_pr,
        )
    return Published(done.pr_url or done.commit_url, done.oid, done.oid != before)


def tree(files: Mapping[str, Path]) -> str:
    """A listing with sizes, a line a file."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    lines = [f"{readable_size(size):>10}  {name}" for name, size in sizes.items()]
    return "\n".join([*lines, f"{readable_size(sum(sizes.values())):>10}  in {len(sizes)} files"])


__all__ = ["Published", "RepoType", "Target", "commit_files", "open_repository", "publish_built", "tree"]
