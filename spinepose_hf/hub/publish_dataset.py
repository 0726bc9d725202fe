"""A converted data set on the Hub: many gigabytes, sent so that an interruption costs little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dataset_loader.parquet.convert import RECORD
from spinepose_hf.errors import PublishError
from spinepose_hf.hub.publish import Published, Target, commit_files
from spinepose_hf.hub.publish_errors import told_by_the_hub
from spinepose_hf.hub.upload_filter import files_to_publish

CARD = "README.md"
SHARDS = "data/"


def dataset_files(folder: Path) -> dict[str, Path]:
    """The files of a data set that are published, by their path in the repository.

    Args:
        folder: what `spinepose dataset convert` wrote, complete.

    Raises:
        PublishError: it is something else, or not complete; or see `files_to_publish`.
    """
    files = files_to_publish(folder)
    shards = [name for name in files if name.startswith(SHARDS) and name.endswith(".parquet")]
    # The card is what a conversion writes last.
    if CARD not in files or not shards:
        raise PublishError(
            f"{folder} is no complete data set in Parquet; give a folder that `spinepose dataset convert` "
            "has finished"
        )
    # It serves to continue the conversion here, and says nothing to others.
    return {name: path for name, path in files.items() if name != RECORD}


def send_dataset(api: Any, target: Target, folder: Path, files: dict[str, Path]) -> Published:
    """Send the Parquet files so that an interruption can be continued; then show them, in one commit.

    The last commit brings the card, which says which files are the data, and takes away shards of an earlier
    conversion that it no longer names.

    Args:
        api: what `open_repository` returned.
        target: where; a pull request gets everything in one commit.
        folder: of the data set.
        files: what `dataset_files` returned.

    Raises:
        PublishError: the Hub refuses, or the connection breaks.
    """
    title = "Publish the data set"
    with told_by_the_hub(target.repo_id):
        there = api.list_repo_files(target.repo_id, repo_type="dataset", revision=target.revision)
    stale = [name for name in there if name.startswith(SHARDS) and name not in files]
    if not target.create_pr:
        _send_shards(api, target, folder, [name for name in files if name.startswith(SHARDS)])
    return commit_files(api, target, files, title, removed=stale)


def _send_shards(api: Any, target: Target, folder: Path, names: list[str]) -> None:
    with told_by_the_hub(target.repo_id):
        if hasattr(api, "upload_large_folder"):
            api.upload_large_folder(
                repo_id=target.repo_id,
                folder_path=folder,
                repo_type="dataset",
                revision=target.revision,
                allow_patterns=names,
                print_report=False,
            )
            return
        # Later versions of huggingface_hub have given its ways to the plain method.
        api.upload_folder(
            repo_id=target.repo_id,
            folder_path=folder,
            repo_type="dataset",
            revision=target.revision,
            allow_patterns=names,
            commit_message="Send Parquet files",
        )


__all__ = ["dataset_files", "send_dataset"]
