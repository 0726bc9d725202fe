"""A model as it lies on the Hub: weights, the code that reads them, processor, ONNX files and card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import PublishError
from spinepose_hf.extras import require_extra
from spinepose_hf.hub.card import CardFacts, model_card, read_evaluation
from spinepose_hf.onnx.export import Graph
from spinepose_hf.onnx.metadata import UNKNOWN_LICENCE, FilePrecision

ONNX_FILES: Final[tuple[tuple[str, Graph, FilePrecision, str], ...]] = (
    ("model.onnx", "plain", "fp32", "normalised pixels to SimCC logits, for Optimum"),
    ("model_quantized.onnx", "plain", "int8", "the same in int8, for CPUs"),
    ("spinepose.onnx", "deploy", "fp32", "uint8 RGB crops to keypoints, scores and sigmas, all in one"),
    ("spinepose_int8.onnx", "deploy", "int8", "the same in int8, for CPUs"),
)
"""Name, graph, precision and description. The first two names are those that other libraries look for."""

REQUIREMENTS: Final = "numpy\npillow\nsafetensors\ntorch>=2.6\ntransformers>=4.57\n"


@dataclass(frozen=True)
class ModelParts:
    """What goes into a published model besides its weights.

    Attributes:
        licence: of the weights; None: what the model's card says, where it has one.
        evaluations: folders that `spinepose evaluate` wrote.
        training: a Markdown file about the training data.
        datasets: repositories of the Hub that it was trained on.
        onnx: whether ONNX files are made.
        calibration: for int8, COCO keypoint annotations or a folder of photos; None: rendered people.
    """

    licence: str | None = None
    evaluations: Sequence[Path] = ()
    training: Path | None = None
    datasets: Sequence[str] = ()
    onnx: bool = True
    calibration: Path | None = None


def build_model(
    model: str,
    folder: Path,
    repo_id: str,
    parts: ModelParts,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Write everything that is published of a model into a new folder.

    Args:
        model: "embedded", a model folder, a Hub id, or a checkpoint in the original's layout.
        folder: must not exist yet.
        repo_id: where it will be published; the card says so.
        parts: what goes with it.
        tell: is called with a line before each step.

    Raises:
        ModelError: the model cannot be loaded or exported.
        PublishError: nobody said under which licence the weights are; an evaluation or a text is missing.
        MissingExtraError: a package that is needed is not installed.
    """
    require_extra("torch", ("torch", "transformers", "yaml"), "publishing a model")
    from spinepose_hf.onnx.export import require_onnx
    from spinepose_hf.onnx.provenance import load_source

    if parts.onnx:
        require_onnx()
    # Whatever is missing is told before the work, not after it.
    evaluations = tuple(read_evaluation(path) for path in parts.evaluations)
    training = _text(parts.training)
    notes = _notes(model)
    tell("loading the model")
    network, origin = load_source(model, parts.licence)
    if origin.licence == UNKNOWN_LICENCE:
        raise PublishError(
            f"nobody said under which licence {model} is; say so with --licence, e.g. cc-by-nc-4.0"
        )
    folder.mkdir(parents=True)
    tell("writing weights, code and processor")
    write_weights(network, model, folder)
    write_code(folder)
    onnx = _export(model, folder / "onnx", origin.licence, parts.calibration, tell) if parts.onnx else ()
    version = f"commit {origin.commit}" if origin.commit else f"SHA-256 of the weights {origin.sha256}"
    facts = CardFacts(
        repo_id=repo_id,
        licence=origin.licence,
        parameters=sum(weight.numel() for weight in network.parameters()),
        image_size=tuple(network.config.image_size),
        box_padding=float(network.config.box_padding),
        num_keypoints=network.config.num_keypoints,
        source=f"{origin.source}, {version}",
        base_model=origin.source if origin.commit and origin.source != repo_id else None,
        datasets=tuple(parts.datasets),
        training=training or notes.get("Data"),
        evaluations=evaluations,
        measured=notes.get("Measured"),
        limits=notes.get("Limits", ""),
        onnx=onnx,
    )
    (folder / "README.md").write_text(model_card(facts), encoding="utf-8")


def write_weights(network: Any, model: str, folder: Path) -> None:
    """Write weights, configuration and processor; weights of a folder keep the precision they have."""
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
    from spinepose_hf.weights import EMBEDDED, embedded_model

    network.save_pretrained(folder)
    source = embedded_model() if model == EMBEDDED else Path(model)
    stored = source / "model.safetensors"
    if stored.is_file():
        shutil.copyfile(stored, folder / stored.name)
    processor = source / "preprocessor_config.json"
    if processor.is_file():
        SpinePoseImageProcessor.from_pretrained(source).save_pretrained(folder)
    else:
        SpinePoseImageProcessor.from_config(network.config).save_pretrained(folder)


def write_code(folder: Path) -> None:
    """Copy the code that a user without this package needs, and write where the pipeline is to be found."""
    from spinepose_hf import model as code
    from spinepose_hf.model.pipeline_spinepose import SpinePosePipeline

    for file in Path(str(code.__file__)).parent.glob("*.py"):
        if file.name != "__init__.py":
            shutil.copyfile(file, folder / file.name)
    (folder / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["custom_pipelines"] = {
        task: {
            **known,
            "impl": f"pipeline_spinepose.{known['impl'].__name__}",
            "pt": [auto_class.__name__ for auto_class in known["pt"]],
        }
        for task, known in SpinePosePipeline._registered_impl.items()
    }
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def _export(
    model: str, folder: Path, licence: str, calibration: Path | None, tell: Callable[[str], None]
) -> tuple[tuple[str, str], ...]:
    from spinepose_hf.onnx.exporter import export_model

    for name, graph, precision, _ in ONNX_FILES:
        tell(f"exporting onnx/{name}")
        seen = calibration if precision == "int8" else None
        export_model(
            model, folder / name, graph=graph, precision=precision, calibration=seen, licence=licence
        )
    return tuple((name, what) for name, _, _, what in ONNX_FILES)


def _text(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PublishError(f"cannot read {file} ({error}); give a Markdown file") from error


def _notes(model: str) -> dict[str, str]:
    """What comes with the embedded weights, by heading; of other models nothing is known."""
    from spinepose_hf.weights import EMBEDDED, embedded_model

    if model != EMBEDDED:
        return {}
    text = (embedded_model().parent / "README.md").read_text(encoding="utf-8")
    # The last section ends with a line about the licence, which the card tells in its own place.
    sections = dict(part.partition("\n")[::2] for part in text.partition("\nLicence:")[0].split("\n## ")[1:])
    return {heading: content.strip() for heading, content in sections.items()}


__all__ = ["ONNX_FILES", "REQUIREMENTS", "ModelParts", "build_model", "write_code", "write_weights"]
