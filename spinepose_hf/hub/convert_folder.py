"""From a file of somebody else's to a complete Hub folder, checked against that file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spinepose_hf.errors import OutputError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_folder
from spinepose_hf.hub.convert_source import SourceFile

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation


@dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
        folder: a model folder, as `from_pretrained` takes it.
        num_keypoints: K.
        image_size: (height, width) of the crops.
        parameters: number of weights.
        licence: of the weights; "unknown" where nobody said.
        difference: for an ONNX file, the largest difference of two logits as a share of the largest one; None
            for a checkpoint, whose tensors are taken as they are.
    """

    folder: Path
    num_keypoints: int
    image_size: tuple[int, int]
    parameters: int
    licence: str
    difference: float | None


def convert_to_folder(
    source: SourceFile,
    folder: str | os.PathLike[str],
    *,
    licence: str | None = None,
    onnx: bool = False,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Conversion:
    """Write a complete Hub folder: weights, configuration, processor, code, card, and ONNX files if wanted.

    The folder gets its name when all is written and checked, so that nothing is left of what fails.

    Args:
        source: a checkpoint in the original's layout, or an ONNX file of SimCC logits.
        folder: what to write.
        licence: of the weights; None: that of the official files where the source is one.
        onnx: also write float32 ONNX files to `onnx/`.
        overwrite: replace a model folder that is there.
        tell: is called with a line before each step.

    Raises:
        ModelError: the source cannot be read, is another network, or the result answers otherwise.
        OutputError: the folder is there already, or cannot be written.
        MissingExtraError: a package that is needed is not installed.
    """
    require_extra("torch", ("torch", "transformers", "yaml"), "converting a model")
    if onnx:
        from spinepose_hf.onnx.export import require_onnx

        require_onnx()
    target = Path(folder)
    _check_target(target, overwrite)
    known = licence or official_licence(source)
    tell("reading the weights")
    network, difference = read_network(source.path)
    with atomic_folder(target) as temporary:
        tell("writing weights, code and processor")
        files = _write(network, source, temporary, known, onnx, tell)
        _write_card(network, source, temporary, known, target.name, files)
    return Conversion(
        folder=target,
        num_keypoints=network.config.num_keypoints,
        image_size=tuple(network.config.image_size),
        parameters=_parameters(network),
        licence=known,
        difference=difference,
    )


def read_network(path: Path) -> tuple[SpinePoseForPoseEstimation, float | None]:
    """Read a network from a file, and check it against the file.

    Returns:
        The network in evaluation mode, and for an ONNX file how far it is off; see `Conversion.difference`.

    Raises:
        ModelError: see `convert_to_folder`.
    """
    from spinepose_hf.hub.convert import convert_checkpoint
    from spinepose_hf.hub.convert_check import check_against_onnx, check_runs
    from spinepose_hf.hub.onnx_weights import network_from_onnx

    if path.suffix.lower() == ".onnx":
        network = network_from_onnx(path)
        return network, check_against_onnx(network, path)
    network = convert_checkpoint(path, num_keypoints=None).float()
    check_runs(network, path)
    return network, None


def official_licence(source: SourceFile) -> str:
    """The licence of an official file, known by its repository or its name; "unknown" for any other."""
    from spinepose_hf.hub.original import OFFICIAL_LICENCE, OFFICIAL_REPO, is_official_name
    from spinepose_hf.onnx.metadata import UNKNOWN_LICENCE

    official = source.repo_id == OFFICIAL_REPO or is_official_name(source.path.name)
    return OFFICIAL_LICENCE if official else UNKNOWN_LICENCE


def _write(
    network: SpinePoseForPoseEstimation,
    source: SourceFile,
    folder: Path,
    licence: str,
    onnx: bool,
    tell: Callable[[str], None],
) -> tuple[tuple[str, str], ...]:
    """Write all but the card; return the ONNX files with what each is."""
    from spinepose_hf.hub.publish_model import ONNX_FILES, write_code, write_weights
    from spinepose_hf.model.skeleton import KEYPOINT_NAMES
    from spinepose_hf.onnx.exporter import export_model

    write_weights(network, str(source.path), folder)
    write_code(folder)
    if not onnx:
        return ()
    ours = network.config.keypoint_names == KEYPOINT_NAMES
    written = []
    # What the exported files name as their source.
    network.name_or_path = source.path.name
    for name, graph, precision, what in ONNX_FILES:
        # Int8 is calibrated on pictures of one's own choice; the deploy graph is for SpinePose's keypoints.
        if precision == "fp32" and (graph == "plain" or ours):
            tell(f"exporting onnx/{name}")
            export_model(network, folder / "onnx" / name, graph=graph, precision=precision, licence=licence)
            written.append((name, what))
    return tuple(written)


def _write_card(
    network: SpinePoseForPoseEstimation,
    source: SourceFile,
    folder: Path,
    licence: str,
    name: str,
    onnx: tuple[tuple[str, str], ...],
) -> None:
    """Write README.md; whoever publishes the folder fills in the owner's name."""
    from spinepose_hf.hub.card import CardFacts, model_card

    version = f"commit {source.commit}" if source.commit else f"SHA-256 {_digest(source.path)}"
    facts = CardFacts(
        repo_id=f"owner/{name}",
        licence=licence,
        parameters=_parameters(network),
        image_size=tuple(network.config.image_size),
        box_padding=float(network.config.box_padding),
        num_keypoints=network.config.num_keypoints,
        source=f"{source.origin}, {version}, by `spinepose convert`",
        base_model=source.repo_id,
        onnx=onnx,
    )
    (folder / "README.md").write_text(model_card(facts), encoding="utf-8")


def _parameters(network: SpinePoseForPoseEstimation) -> int:
    return sum(weight.numel() for weight in network.parameters())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir():
        raise OutputError(f"cannot write {target}: it is a file; give the name of a folder")
    if not overwrite:
        raise OutputError(f"{target} is there already; give another folder, or --overwrite")
    if not (target / "config.json").is_file():
        raise OutputError(f"{target} is no model folder, and is not replaced; give another folder")


__all__ = ["Conversion", "convert_to_folder", "official_licence", "read_network"]
