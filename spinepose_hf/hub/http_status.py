"""What a server answered, of an error that may have come from one."""

from __future__ import annotations


def http_status(error: BaseException) -> int | None:
    """The status of the Hub's answer, such as 401; None where the error is not an answer of the Hub."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError) and error.response is not None:
        return int(error.response.status_code)
    return None


__all__ = ["http_status"]
