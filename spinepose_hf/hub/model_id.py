"""Names of models on the Hub: owner/name, or owner/name@revision for one branch, tag or commit."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from spinepose_hf.errors import ModelError

_MODEL_ID: Final = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?P<at>@(?P<revision>.*))?")


class ModelId(NamedTuple):
    """A repository of the Hub.

    Attributes:
        repo_id: as "owner/name".
        revision: branch, tag or commit; None for the newest.
    """

    repo_id: str
    revision: str | None


def parse_model_id(name: str) -> ModelId | None:
    """Read a name; None where it cannot be that of a repository.

    Raises:
        ModelError: nothing follows the @.
    """
    match = _MODEL_ID.fullmatch(name)
    if match is None:
        return None
    if match["at"] == "@":
        raise ModelError(
            f"{name!r} names no revision after the @; give a branch, tag or commit, or leave the @ away"
        )
    return ModelId(match["repo"], match["revision"])


__all__ = ["ModelId", "parse_model_id"]
