"""A data set on the Hub whose repository holds the official zips instead of Parquet files."""

from __future__ import annotations

import logging
from pathlib import Path

from spinepose_hf.errors import DatasetError

logger = logging.getLogger(__name__)

ZIPS: tuple[str, ...] = ("annotations.zip", "images.zip")
_CARD = "README.md"


def download_zips(repo_id: str) -> Path | None:
    """Download the official zips of a dataset repository, once, into the Hub's cache.

    `datasets` alone would take such a repository for a folder of pictures and lose the annotations.

    Args:
        repo_id: as "owner/name".

    Returns:
        The folder with both zips, or None when the repository lists Parquet configurations in its card, has
        no such zips, or cannot be reached and is not in the cache.

    Raises:
        DatasetError: there is no such repository, or the download broke off.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        card = Path(snapshot_download(repo_id, repo_type="dataset", allow_patterns=[_CARD])) / _CARD
        if _lists_configs(card):
            return None
        folder = Path(snapshot_download(repo_id, repo_type="dataset", allow_patterns=list(ZIPS)))
    except LocalEntryNotFoundError:
        logger.info("%s is neither reachable nor in the cache of the Hub", repo_id)
        return None
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DatasetError(
            f"cannot load {repo_id} from the Hub: {reason}; check the id, your access and the network"
        ) from error
    return folder if all((folder / name).is_file() for name in ZIPS) else None


def _lists_configs(card: Path) -> bool:
    from huggingface_hub import DatasetCard

    if not card.is_file():
        return False
    return bool(DatasetCard(card.read_text(encoding="utf-8")).data.get("configs"))


__all__ = ["ZIPS", "download_zips"]
