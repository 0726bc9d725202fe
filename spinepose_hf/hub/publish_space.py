"""The app as it lies on the Hub: a Space with pinned requirements and a pinned model.

A Space installs its requirements before its own files are there, so the package cannot be installed from
them; its source lies beside the app instead, without what only training and evaluation need.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import PublishError
from spinepose_hf.extras import require_extra
from spinepose_hf.hub.publish_errors import told_by_the_hub

SPACE_FILES: Final = ("app.py", "README.md", "requirements.txt")
"""What a folder must hold to become a Space."""

PINNED_FILE: Final = "model.json"
"""Which model of the Hub the app loads, read by app.py."""

# Subpackages that the app does not import.
_LEFT_OUT: Final = frozenset({"training", "evaluation", "cli", "__pycache__"})
_SOURCES: Final = frozenset({".py", ".css", ".js", ".typed"})


@dataclass(frozen=True)
class PinnedModel:
    """A model of the Hub at one commit.

    Attributes:
        repo_id: as "owner/name".
        revision: the commit's id.
    """

    repo_id: str
    revision: str


def pin_model(repo_id: str, revision: str | None = None) -> PinnedModel:
    """Ask the Hub for the commit that a branch or tag of a model stands at.

    Raises:
        PublishError: there is no such model or revision, or it has no ONNX file for the app.
    """
    from huggingface_hub import HfApi

    with told_by_the_hub(repo_id):
        info = HfApi(library_name="spinepose-hf").model_info(repo_id, revision=revision)
    files = {one.rfilename for one in info.siblings or ()}
    missing = {"onnx/spinepose.onnx", "onnx/spinepose_int8.onnx"} - files
    if missing:
        raise PublishError(
            f"{repo_id} has no {' and no '.join(sorted(missing))}, which the app runs; publish the model "
            "with `spinepose publish model` first"
        )
    return PinnedModel(repo_id, str(info.sha))


def build_space(source: Path, folder: Path, model: PinnedModel | None = None) -> None:
    """Write everything of a Space into a new folder.

    Args:
        source: folder with app.py, README.md and requirements.txt.
        folder: must not exist yet.
        model: what the app loads; None: the weights in the package, which then go with it.

    Raises:
        PublishError: a file is missing, or the page's Gradio is another than the one installed here, with
            which the app was tried.
        MissingExtraError: yaml is not installed.
    """
    require_extra("data", ("yaml",), "publishing a Space")
    for name in SPACE_FILES:
        if not (source / name).is_file():
            raise PublishError(f"{source} has no {name}; give the folder `space` of the repository")
    _check_gradio(source)
    folder.mkdir(parents=True)
    for name in SPACE_FILES:
        shutil.copyfile(source / name, folder / name)
    copy_package(folder / "spinepose_hf", with_weights=model is None)
    if model is not None:
        pinned = {"model": model.repo_id, "revision": model.revision}
        (folder / PINNED_FILE).write_text(json.dumps(pinned, indent=2) + "\n", encoding="utf-8")
    card = folder / "README.md"
    card.write_text(_with_model(card.read_text(encoding="utf-8"), model), encoding="utf-8")


def copy_package(folder: Path, *, with_weights: bool) -> None:
    """Copy this package's source as far as the app needs it.

    Args:
        folder: must not exist yet.
        with_weights: also the embedded weights.
    """
    import spinepose_hf

    package = Path(str(spinepose_hf.__file__)).parent
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if not path.is_file() or _LEFT_OUT.intersection(inside.parts):
            continue
        wanted = ("app", "samples", "weights") if with_weights else ("app", "samples")
        if path.suffix in _SOURCES or inside.parts[0] in wanted:
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _check_gradio(source: Path) -> None:
    stated = str(_split(source / "README.md")[0].get("sdk_version", ""))
    try:
        installed = version("gradio")
    except PackageNotFoundError:
        return
    if stated != installed:
        raise PublishError(
            f"{source / 'README.md'} says sdk_version {stated or 'nothing'}, but the app was tried here with "
            f"Gradio {installed}; make them the same"
        )


def _with_model(card: str, model: PinnedModel | None) -> str:
    """The card with the model that the app loads, and with none where it brings its own weights."""
    import yaml

    front, text = _parts(card)
    if model is None:
        for key in ("models", "preload_from_hub"):
            front.pop(key, None)
    else:
        front["models"] = [model.repo_id]
        files = "onnx/spinepose.onnx,onnx/spinepose_int8.onnx"
        front["preload_from_hub"] = [f"{model.repo_id} {files} {model.revision}"]
    lines = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{lines}---\n{text}"


def _split(path: Path) -> tuple[dict[str, Any], str]:
    return _parts(path.read_text(encoding="utf-8"))


def _parts(card: str) -> tuple[dict[str, Any], str]:
    import yaml

    _, front, text = card.split("---\n", 2) if card.startswith("---\n") else ("", "", card)
    return yaml.safe_load(front) or {}, text


__all__ = ["PINNED_FILE", "SPACE_FILES", "PinnedModel", "build_space", "copy_package", "pin_model"]
