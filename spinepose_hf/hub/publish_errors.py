"""What can go wrong between this machine and the Hub, told in one line with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spinepose_hf.errors import PublishError
from spinepose_hf.hub.http_status import http_status


@contextmanager
def told_by_the_hub(repo_id: str) -> Iterator[None]:
    """Turn what `huggingface_hub` raises inside the block into a `PublishError`."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    # Its errors derive from those of the HTTP library it uses, which differs by version and whose errors of
    # connections come through as they are (they are OSErrors in older ones).
    http_error: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except HFValidationError as error:
        raise PublishError(f"{repo_id!r} is no name for a repository; give owner/name") from error
    except LocalTokenNotFoundError as error:
        raise PublishError(_UNKNOWN) from error
    except (http_error, OSError, RuntimeError, ValueError) as error:
        raise PublishError(_line(_root(error), repo_id)) from error


_UNKNOWN = "the Hub does not know you; log in with `hf auth login`, or set HF_TOKEN to a token that may write"
_AGAIN = "give the same command again: what has arrived is not sent twice, and nothing was changed so far"


def _root(error: BaseException) -> BaseException:
    """Uploads wrap what stopped them."""
    while isinstance(error, RuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _line(error: BaseException, repo_id: str) -> str:
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    reason = " ".join(str(error).split()) or type(error).__name__
    status = http_status(error)
    if status == 401:
        return _UNKNOWN
    if status == 403:
        return f"your token may not write to {repo_id}; use one that may, or propose it with --create-pr"
    if isinstance(error, RepositoryNotFoundError):
        return f"there is no repository {repo_id} that your token may see"
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no such revision"
    if status is not None and status < 500:
        return f"the Hub refused {repo_id}: {reason}"
    if isinstance(error, ValueError):
        return f"cannot publish {repo_id}: {reason}"
    return f"the upload to {repo_id} broke off ({reason}); {_AGAIN}"


__all__ = ["told_by_the_hub"]
