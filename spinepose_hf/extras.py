"""Asking for an optional dependency with a clear answer when it is not there."""

from __future__ import annotations

from importlib.util import find_spec

from spinepose_hf.errors import MissingExtraError


def require_extra(extra: str, modules: tuple[str, ...], purpose: str) -> None:
    """Check, without importing anything, that `modules` are installed.

    Args:
        extra: the extra of this package that brings them.
        modules: top-level module names.
        purpose: what they are needed for, to begin the error line.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{purpose} needs {' and '.join(missing)}; run: pip install 'spinepose-hf[{extra}]'"
        )


__all__ = ["require_extra"]
