"""The detector that is taken where the user names none: D-FINE nano, from the Hub or its local cache.

Of the small detectors that transformers itself knows under Apache-2.0, as their authors publish them (COCO
val2017): D-FINE nano (640 px, arXiv:2410.13842) has 42.8 AP with 4 M parameters and 7 GFLOPs in a file of
15 MB; RF-DETR nano (384 px, arXiv:2511.09554) has 48.4 AP with 30.5 M parameters. RF-DETR finds more, but is
several times the download and arithmetic, which is what counts on a CPU, and transformers 4.57 lacks it.
People large enough for a pose are easy for both: D-FINE nano it is. Whoever wants more names
"Roboflow/rf-detr-nano".
"""

from __future__ import annotations

import logging
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

DEFAULT_DETECTOR = "ustc-community/dfine-nano-coco"
DEFAULT_TITLE = "D-FINE nano"

_FILES = ("config.json", "preprocessor_config.json", "model.safetensors")

# A hub that does not answer at once keeps nobody waiting who did not ask for it.
_PATIENCE_S = 3.0

_BETTER = "name one, such as an .onnx file, as detector or in SPINEPOSE_DETECTOR"

logger = logging.getLogger(__name__)


class DefaultDetector(NamedTuple):
    """What became of the search for the default detector.

    Attributes:
        folder: where its files lie, or None where it cannot be had.
        reason: where it came from, or why there is none and what to do about it.
    """

    folder: Path | None
    reason: str


@cache
def find_default_detector() -> DefaultDetector:
    """Look for the default detector: installed libraries, local cache, then the Hub, for 3 seconds at most.

    The answer is kept, so that a process asks the Hub once. The Hub is not asked where HF_HUB_OFFLINE is set.
    """
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        return DefaultDetector(
            None,
            f"{DEFAULT_TITLE} needs {' and '.join(missing)}: pip install 'spinepose-hf[torch]'; or {_BETTER}",
        )
    from huggingface_hub import constants, try_to_load_from_cache

    paths = [try_to_load_from_cache(DEFAULT_DETECTOR, name) for name in _FILES]
    if all(isinstance(path, str) for path in paths):
        return DefaultDetector(Path(str(paths[0])).parent, "from the local cache of the Hugging Face Hub")
    if constants.HF_HUB_OFFLINE:
        return DefaultDetector(
            None, f"{DEFAULT_TITLE} is not in the local cache and HF_HUB_OFFLINE is set; better: {_BETTER}"
        )
    if (problem := _unreachable()) is not None:
        where = f"{constants.ENDPOINT} {problem}"
        return DefaultDetector(
            None, f"{DEFAULT_TITLE} is not in the local cache and {where}; better: {_BETTER}"
        )
    return _download()


def _unreachable() -> str | None:
    """Ask the Hub about the model; return what is wrong where that fails or takes too long."""
    from huggingface_hub import HfApi

    problems: list[str] = []

    def ask() -> None:
        try:
            # A download, unlike this, is tried again and again for half a minute.
            HfApi().model_info(DEFAULT_DETECTOR, timeout=_PATIENCE_S)
        except _hub_errors() as error:
            problems.append(f"cannot be reached ({type(error).__name__})")

    # In a thread, because no timeout of the client covers the search for the host's address.
    attempt = threading.Thread(target=ask, name="ask the Hub", daemon=True)
    attempt.start()
    attempt.join(_PATIENCE_S)
    if attempt.is_alive():
        return f"does not answer within {_PATIENCE_S:g} s"
    return problems[0] if problems else None


def _download() -> DefaultDetector:
    from huggingface_hub import snapshot_download

    logger.info("downloading the detector %s (%s, 15 MB)", DEFAULT_TITLE, DEFAULT_DETECTOR)
    try:
        folder = snapshot_download(DEFAULT_DETECTOR, allow_patterns=list(_FILES))
    except _hub_errors() as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return DefaultDetector(
            None, f"the download of {DEFAULT_TITLE} failed ({lines[0]}); try again, or {_BETTER}"
        )
    return DefaultDetector(Path(folder), "from the Hugging Face Hub")


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises: errors of the system, and of the HTTP library that it uses."""
    from huggingface_hub.errors import HfHubHTTPError

    libraries = [base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception)]
    return OSError, ValueError, *libraries


__all__ = ["DEFAULT_DETECTOR", "DEFAULT_TITLE", "DefaultDetector", "find_default_detector"]
