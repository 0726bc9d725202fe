"""The official SpinePose networks by size and version, converted once and kept.

The files are those of the Hub repository dfki-av/spinepose (SpinePose, arXiv 2504.08110; version 2: SIMSPINE,
arXiv 2602.20792). Nothing of them is part of this package.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.hub.convert_source import HubFileMissingError, SourceFile, from_hub

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

OFFICIAL_REPO: Final = "dfki-av/spinepose"

OFFICIAL_LICENCE: Final = "cc-by-nc-4.0"
"""Of the official weights and of whatever is converted from them."""

MODES: Final = {"small": "s", "medium": "m", "large": "l", "xlarge": "x"}
"""The original's names of the sizes."""

VERSIONS: Final = ("latest", "v2", "v1")

_DATASETS: Final = {"v1": "spinetrack", "v2": "simspine"}
_FOLDERS: Final = {"v1": "spinetrack/pytorch", "v2": "simspine/2d/pytorch"}
_NAME = re.compile(r"spinepose-[smlx]_32xb(256|128)-10e_(spinetrack|simspine)-(256x192|384x288)\.(onnx|pth)")

logger = logging.getLogger(__name__)
_told: set[str] = set()


def is_official_name(name: str) -> bool:
    """Tell whether a file has the name of an official one."""
    return _NAME.fullmatch(name) is not None


def official_files(mode: str = "medium", version: str = "latest") -> tuple[str, ...]:
    """The files of the official repository that hold a network, the better one first.

    A checkpoint has its batch norms apart, as training wants it; the largest network is published as ONNX
    file only.

    Args:
        mode: one of `MODES`.
        version: "v1", "v2", or "latest": the newest in which there is this size.

    Raises:
        ModelError: there is no such size or version.
    """
    if mode not in MODES:
        raise ModelError(f"no official model has the size {mode!r}; choose one of {', '.join(MODES)}")
    if version not in VERSIONS:
        raise ModelError(
            f"no official model has the version {version!r}; choose one of {', '.join(VERSIONS)}"
        )
    largest = mode == "xlarge"
    if largest and version == "v2":
        raise ModelError("there is no xlarge model of version v2; choose v1, or large")
    chosen = version if version != "latest" else "v1" if largest else "v2"
    recipe, size = ("32xb128", "384x288") if largest else ("32xb256", "256x192")
    stem = f"spinepose-{MODES[mode]}_{recipe}-10e_{_DATASETS[chosen]}-{size}"
    return (f"{stem}.onnx",) if largest else (f"{_FOLDERS[chosen]}/{stem}.pth", f"{stem}.onnx")


def original_folder(
    repo_id: str = OFFICIAL_REPO,
    mode: str = "medium",
    version: str = "latest",
    *,
    revision: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """A model folder with an official network, downloaded and converted at the first call.

    It is kept beside the Hub's cache (HF_ASSETS_CACHE), by the commit that it came from; without a connection
    what was used before is used again.

    Args:
        repo_id: the official repository, or a copy with the same files.
        mode: "small", "medium", "large" or "xlarge".
        version: "v1", "v2" or "latest".
        revision: of the repository.
        tell: is called with the line about the licence, once a process and network; None: it is logged.

    Raises:
        ModelError: no such network, or it cannot be downloaded or converted.
        MissingExtraError: a package that is needed is not installed.
    """
    require_extra("torch", ("torch", "transformers", "yaml"), "an official model")
    from huggingface_hub import cached_assets_path

    from spinepose_hf import __version__
    from spinepose_hf.hub.convert_folder import convert_to_folder

    source = _first_there(repo_id, official_files(mode, version), revision)
    _tell_licence(source.path.stem, tell)
    kept = cached_assets_path("spinepose-hf", repo_id.replace("/", "--"), f"converted-{__version__}")
    folder = kept / f"{source.path.stem}-{source.commit or 'unknown'}"
    if not (folder / "config.json").is_file():
        convert_to_folder(source, folder, licence=OFFICIAL_LICENCE)
    return folder


def from_original(
    repo_id: str = OFFICIAL_REPO,
    mode: str = "medium",
    version: str = "latest",
    *,
    revision: str | None = None,
    **arguments: Any,
) -> SpinePoseForPoseEstimation:
    """Load an official network, in evaluation mode. See `original_folder`.

    Args:
        repo_id: see `original_folder`, as `mode`, `version` and `revision`.
        mode: the size.
        version: of the weights.
        revision: of the repository.
        **arguments: further arguments of `from_pretrained`.

    Example:
        >>> from_original("dfki-av/spinepose", "medium")  # doctest: +SKIP
    """
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    folder = original_folder(repo_id, mode, version, revision=revision)
    model: SpinePoseForPoseEstimation = SpinePoseForPoseEstimation.from_pretrained(folder, **arguments)
    return model


def attach_from_original() -> None:
    """Give `SpinePoseForPoseEstimation` the static method `from_original`.

    The class travels with the weights and knows nothing of this package, so the package adds it.
    """
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    SpinePoseForPoseEstimation.from_original = staticmethod(from_original)


def _first_there(repo_id: str, files: tuple[str, ...], revision: str | None) -> SourceFile:
    """The first of several files that the repository holds."""
    for file in files[:-1]:
        try:
            return from_hub(repo_id, file, revision)
        except HubFileMissingError:
            logger.debug("%s has no %s", repo_id, file)
    return from_hub(repo_id, files[-1], revision)


def _tell_licence(name: str, tell: Callable[[str], None] | None) -> None:
    if name in _told:
        return
    _told.add(name)
    line = (
        f"{name}: weights by DFKI under {OFFICIAL_LICENCE.upper()}, not for commercial use; "
        "please cite SpinePose (arXiv 2504.08110)"
    )
    if tell is None:
        logger.warning(line)
    else:
        tell(line)


__all__ = [
    "MODES",
    "OFFICIAL_LICENCE",
    "OFFICIAL_REPO",
    "VERSIONS",
    "attach_from_original",
    "from_original",
    "is_official_name",
    "official_files",
    "original_folder",
]
