"""What a visitor is told when something goes wrong: one plain sentence, never a traceback."""

from __future__ import annotations

import functools
import inspect
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from spinepose_hf.errors import SpinePoseError

logger = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])


def plain_errors(handler: Handler) -> Handler:
    """Wrap an event handler, also one that yields: our own errors are shown as they are, others by a number.

    The number is logged with the traceback, so that whoever runs the app can find what a visitor reports.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def generate(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:  # the last door before the visitor: whatever comes is told or rethrown
                raise _told(error) from error

        return cast(Handler, generate)

    @functools.wraps(handler)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:  # the last door before the visitor, as above
            raise _told(error) from error

    return cast(Handler, call)


def _told(error: Exception) -> Exception:
    import gradio

    told: Exception
    if isinstance(error, gradio.Error):
        told = error
        return told
    if isinstance(error, SpinePoseError):
        text, title = str(error), "That did not work"
        # A sentence begins large, a file's name as it is.
        text = text if "." in text.split(" ", 1)[0] else text[:1].upper() + text[1:]
    else:
        number, title = secrets.token_hex(3), "Our mistake"
        logger.error("error %s", number, exc_info=error)
        text = (
            f"Something went wrong here that should not. Try again; if it comes back, report number {number}."
        )
    told = gradio.Error(text, title=title, print_exception=False)
    return told


__all__ = ["plain_errors"]
