"""Where a network comes from: its name without a local path, commit or digest of its weights, its licence.

What is said here is written into exported files.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.model_id import parse_model_id
from spinepose_hf.onnx.metadata import UNKNOWN_LICENCE
from spinepose_hf.weights import EMBEDDED, embedded_model

EMBEDDED_SOURCE: Final = f"spinepose-hf/{embedded_model().name}"
"""What files made of the weights inside the package name as their source."""

EMBEDDED_LICENCE: Final = "apache-2.0"
"""Of those weights, as the Hub writes it."""

_CHECKPOINTS: Final = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True)
class Provenance:
    """Where a network comes from.

    Attributes:
        source: a Hub id, or the name of a folder or file without its path.
        commit: of the Hub's repository, None for other models.
        sha256: `weights_digest`, None where there is a commit.
        licence: of the weights; "unknown" where nobody said.
    """

    source: str
    commit: str | None
    sha256: str | None
    licence: str


def load_source(model: str | os.PathLike[str], licence: str | None = None) -> tuple[Any, Provenance]:
    """Load a network, and find out where it comes from.

    Args:
        model: "embedded"; a folder that `save_pretrained` wrote; a Hub id, also with a revision
            ("owner/name@v1"); or a checkpoint in the original's layout.
        licence: of the weights; None: what the model's card says, where it has one.

    Returns:
        The `SpinePoseForPoseEstimation` in evaluation mode, and its provenance.

    Raises:
        ModelError: it cannot be loaded, or is an ONNX file already.
    """
    from spinepose_hf.hub.load import load_model

    name = str(embedded_model()) if str(model) == EMBEDDED else str(model)
    if Path(name).suffix in (".onnx", ".xml"):
        raise ModelError(
            f"{name} is exported already; give the model folder, Hub id or checkpoint that it was made from"
        )
    network = load_model(name, num_keypoints=None)
    network.eval()
    return network, _provenance(str(model), name, network, licence)


def network_provenance(network: Any, licence: str | None = None) -> Provenance:
    """What a network in memory says about where it comes from.

    Args:
        network: a `SpinePoseForPoseEstimation`.
        licence: of the weights.
    """
    name = str(getattr(network, "name_or_path", "")) or "unsaved model"
    commit = None if Path(name).exists() else _hub_commit(name)
    source = name if commit else Path(name).name
    return Provenance(source, commit, None if commit else weights_digest(network), licence or UNKNOWN_LICENCE)


def weights_digest(network: Any) -> str:
    """SHA-256 over a network's weights: names, shapes and values as float32, in the order of the names.

    It does not depend on how the weights are stored, as long as their values are the same.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().float().contiguous().numpy()
        digest.update(f"{name} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _provenance(model: str, name: str, network: Any, licence: str | None) -> Provenance:
    if model == EMBEDDED:
        return Provenance(EMBEDDED_SOURCE, None, weights_digest(network), licence or EMBEDDED_LICENCE)
    path = Path(name)
    if path.is_file() or path.suffix in _CHECKPOINTS:
        return Provenance(path.name, None, weights_digest(network), licence or UNKNOWN_LICENCE)
    if path.is_dir():
        said = licence or _card_licence(path / "README.md") or UNKNOWN_LICENCE
        return Provenance(path.resolve().name, None, weights_digest(network), said)
    repo_id, revision = parse_model_id(name) or (name, None)
    said = licence or _hub_licence(repo_id, revision) or UNKNOWN_LICENCE
    commit = _hub_commit(repo_id, revision)
    return Provenance(repo_id, commit, None if commit else weights_digest(network), said)


def _hub_commit(repo_id: str, revision: str | None = None) -> str | None:
    """The commit of a Hub's repository that was loaded just now, as the cache's folders are named.

    transformers 4 notes it in the configuration, 5 nowhere.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        path = try_to_load_from_cache(repo_id, "config.json", revision=revision)
    except HFValidationError:  # no name for a repository
        return None
    return Path(path).parent.name if isinstance(path, str) else None


def _hub_licence(repo_id: str, revision: str | None) -> str | None:
    """The licence in a repository's card; a card is a courtesy: without one, or a connection, None."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return _card_licence(Path(hf_hub_download(repo_id, "README.md", revision=revision)))
    except (OSError, ValueError, HfHubHTTPError):
        return None


def _card_licence(path: Path) -> str | None:
    """The licence in the YAML of a model's card, None where there is no card, or nothing in it."""
    import yaml
    from huggingface_hub import ModelCard

    try:
        card = ModelCard.load(path, ignore_metadata_errors=True)
    except (OSError, ValueError, yaml.YAMLError):
        return None
    said = card.data.to_dict().get("license_name") or card.data.to_dict().get("license")
    return None if said is None else str(said)


__all__ = [
    "EMBEDDED_LICENCE",
    "EMBEDDED_SOURCE",
    "Provenance",
    "load_source",
    "network_provenance",
    "weights_digest",
]
