"""The one OpenVINO core of this process."""

from __future__ import annotations

import threading
from typing import Any

from spinepose_hf.extras import require_extra

_lock = threading.Lock()
_cores: list[Any] = []


def openvino_core() -> Any:
    """Return the `openvino.Core` that all models of this process share; it is never let go of.

    OpenVINO's CPU plugin (seen in 2026.4) gives the thread that loads it a signal stack of its own, and takes
    it away when the last core is let go of, in whatever thread that happens. When it is another thread than
    the first (a video's, say), the first keeps a signal stack that is gone, and its next signal, a Ctrl-C or
    the end of a child process, ends the whole process with a segmentation fault.

    Raises:
        MissingExtraError: openvino is not installed.
    """
    require_extra("openvino", ("openvino",), "the runtime openvino")
    import openvino

    with _lock:
        if not _cores:
            _cores.append(openvino.Core())
        return _cores[0]


__all__ = ["openvino_core"]
