"""From a model's name to a file that runs elsewhere, proven against torch before it is there at all."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.export import OPSET, Graph, check_opset, describe, require_onnx, write_graph
from spinepose_hf.onnx.metadata import FileMetadata, FilePrecision
from spinepose_hf.onnx.openvino_ir import convert_to_ir, ir_run, require_openvino, save_ir
from spinepose_hf.onnx.tensorrt import RecipePrecision, check_recipe_folder, write_recipe
from spinepose_hf.onnx.verify import (
    TOLERANCES,
    Agreement,
    Reference,
    onnx_run,
    sample_crops,
    torch_reference,
    verify,
)

if TYPE_CHECKING:
    from spinepose_hf.onnx.provenance import Provenance

FileFormat = Literal["onnx", "openvino", "tensorrt-engine-recipe"]
FILE_FORMATS: tuple[FileFormat, ...] = ("onnx", "openvino", "tensorrt-engine-recipe")

_SUFFIXES: Final[dict[FileFormat, tuple[str, ...]]] = {
    "onnx": (".onnx",),
    "openvino": (".xml",),
    "tensorrt-engine-recipe": (".zip", ""),
}

# Of the user's own crops, this many are compared beside the bundled ones.
_CHECKED_CROPS = 16


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes:
        path: the file, or the folder of a recipe.
        size: of all that was written, in bytes.
        seconds: that it took.
        agreement: how the written file compares with torch; of a recipe, its ONNX file.
        metadata: what the file says about itself.
    """

    path: Path
    size: int
    seconds: float
    agreement: Agreement
    metadata: FileMetadata


def export_model(
    model: Any,
    out: str | os.PathLike[str],
    *,
    format: FileFormat = "onnx",
    graph: Graph = "deploy",
    precision: FilePrecision = "fp32",
    opset: int = OPSET,
    calibration: str | os.PathLike[str] | None = None,
    licence: str | None = None,
    max_batch: int = 16,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> ExportReport:
    """Export a network, and compare the file with torch on crops of real pictures before it gets its name.

    Args:
        model: "embedded", a model folder, a Hub id, a checkpoint in the original's layout, or a
            `SpinePoseForPoseEstimation`, which is not changed.
        out: an .onnx file; for "openvino" an .xml file, the .bin goes beside it; for a recipe a folder or a
            .zip file.
        format: "onnx", "openvino" or "tensorrt-engine-recipe".
        graph: "deploy" (uint8 RGB crops -> keypoints, scores, sigmas) or "plain" (normalised pixels -> SimCC
            logits).
        precision: "fp32"; "fp16": half the size and for GPUs, decoding stays in float32 (OpenVINO: stored so,
            the device chooses what it computes in); "int8": for CPUs, ONNX and OpenVINO only; "bf16":
            OpenVINO only, where it is what the file shall be run with, its weights being float32.
        opset: version of ONNX's operators.
        calibration: for int8, COCO keypoint annotations or a folder of photos; None: rendered people. Some of
            its crops are compared with torch too.
        licence: of the weights; None: what the model's card says, where it has one.
        max_batch: for a recipe, the most people at once.
        overwrite: replace what is there.
        tell: is called with a line before each step.

    Raises:
        ModelError: the model cannot be loaded or exported so, or the file does not answer what torch does.
        OutputError: `out` is there already, cannot be written, or has another format's suffix.
        MissingExtraError: a package that the export needs is not installed.
        DatasetError: nothing to calibrate on.
    """
    start = time.perf_counter()
    path = Path(out)
    _check_request(path, format, precision, calibration, max_batch)
    check_opset(opset)
    _check_output(path, format, overwrite)
    require_onnx()
    if format == "openvino":
        require_openvino()
    tell("loading the model")
    network, origin = _load(model, licence)
    _check_skeleton(network.config, graph)
    metadata = _metadata(network.config, graph, precision, origin)
    crops = _calibration(calibration, network.config.image_size, tell) if precision == "int8" else None
    tell("running it in torch")
    reference = torch_reference(network, _checked_crops(network.config.image_size, crops))
    with tempfile.TemporaryDirectory(prefix="spinepose-export-") as folder:
        job = _Job(Path(folder), graph, opset, metadata, reference, tell)
        made, agreement = _write_onnx(network, job, format, crops)
        if format == "openvino":
            agreement = _write_openvino(made, path, job)
        elif format == "onnx":
            with atomic_path(path) as temporary:
                shutil.copyfile(made, temporary)
        else:
            write_recipe(
                made,
                path,
                graph=graph,
                precision=_recipe_precision(precision),
                input_size_hw=metadata.input_size_hw,
                max_batch=max_batch,
            )
    return ExportReport(path, _size(path, format), time.perf_counter() - start, agreement, metadata)


class _Job(NamedTuple):
    """What every step of one export needs."""

    folder: Path
    graph: Graph
    opset: int
    metadata: FileMetadata
    reference: Reference
    tell: Callable[[str], None]

    def compare(self, path: Path, precision: FilePrecision) -> Agreement:
        """Compare an ONNX file with torch."""
        self.tell(f"comparing {precision} with torch")
        return verify(onnx_run(path), self.graph, self.reference, TOLERANCES[precision], precision)


def _write_onnx(
    network: Any, job: _Job, format: FileFormat, crops: NDArray[np.uint8] | None
) -> tuple[Path, Agreement]:
    """The ONNX file that is wanted, or that the other format is made from, and how it compares with torch."""
    from spinepose_hf.onnx.half import folded_network, half_network

    half = job.metadata.precision == "fp16" and format != "openvino"
    computed: FilePrecision = "fp16" if half else "fp32"
    job.tell(f"tracing the {job.graph} graph in {computed}")
    path = job.folder / "model.onnx"
    made = half_network(network) if half else folded_network(network)
    write_graph(made, path, job.graph, job.opset, replace(job.metadata, precision=computed))
    agreement = job.compare(path, computed)
    if crops is None:
        return path, agreement
    from spinepose_hf.onnx.quantize import quantize

    job.tell(f"quantizing on {len(crops)} crops")
    quantized = job.folder / "quantized.onnx"
    quantize(path, quantized, crops, runtime="openvino" if format == "openvino" else "onnxruntime")
    return quantized, job.compare(quantized, "int8")


def _write_openvino(source: Path, path: Path, job: _Job) -> Agreement:
    job.tell("converting to OpenVINO")
    precision = job.metadata.precision or "fp32"
    model = convert_to_ir(source, job.metadata)
    tried = job.folder / "tried.xml"
    save_ir(model, tried, compress_to_fp16=precision == "fp16")
    job.tell(f"comparing OpenVINO's {precision} with torch")
    agreement = verify(
        ir_run(tried, precision), job.graph, job.reference, TOLERANCES[precision], f"OpenVINO's {precision}"
    )
    save_ir(model, path, compress_to_fp16=precision == "fp16")
    return agreement


def _check_request(
    path: Path,
    format: FileFormat,
    precision: FilePrecision,
    calibration: str | os.PathLike[str] | None,
    max_batch: int,
) -> None:
    suffixes = _SUFFIXES[format]
    if path.suffix not in suffixes:
        wanted = " or ".join(suffix or "no suffix (a folder)" for suffix in suffixes)
        raise OutputError(f"cannot write {path} as {format}: the name must end in {wanted}")
    if precision == "bf16" and format != "openvino":
        raise ModelError(
            "bf16 is only for --format openvino, where it is what a float32 file is run with; "
            "the other formats have no bf16 network: choose fp16 for GPUs, int8 for CPUs"
        )
    if precision == "int8" and format == "tensorrt-engine-recipe":
        raise ModelError(
            "int8 is not for a TensorRT recipe: its activations are unsigned, which CPUs want and TensorRT "
            "refuses; choose fp16"
        )
    if calibration is not None and precision != "int8":
        raise ModelError(f"a calibration set is only for int8, not for {precision}; leave it out")
    if max_batch < 1:
        raise ModelError(f"a largest batch of {max_batch} holds nobody; give at least 1")


def _check_output(path: Path, format: FileFormat, overwrite: bool) -> None:
    """See that `path` can be written before minutes are spent."""
    if format == "tensorrt-engine-recipe" and not path.suffix:
        check_recipe_folder(path)
        taken = path.is_dir() and any(path.iterdir())
    elif path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give a file name")
    else:
        files = (path, path.with_suffix(".bin")) if format == "openvino" else (path,)
        taken = any(file.exists() for file in files)
    if taken and not overwrite:
        raise OutputError(f"{path} is there already; give another name, or --overwrite to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _load(model: Any, licence: str | None) -> tuple[Any, Provenance]:
    from spinepose_hf.onnx.provenance import load_source, network_provenance

    if isinstance(model, str | os.PathLike):
        network, origin = load_source(model, licence)
    else:
        network, origin = model, network_provenance(model, licence)
    return copy.deepcopy(network).cpu().float().eval(), origin


def _check_skeleton(config: Any, graph: Graph) -> None:
    if graph == "deploy" and config.keypoint_names != KEYPOINT_NAMES:
        raise ModelError(
            f"the model has {config.num_keypoints} keypoints that are not SpinePose's {len(KEYPOINT_NAMES)}, "
            "which is all that runs as a deploy graph; export the plain graph (--graph plain)"
        )


def _metadata(config: Any, graph: Graph, precision: FilePrecision, origin: Provenance) -> FileMetadata:
    return replace(
        describe(config, graph, precision),
        licence=origin.licence,
        source=origin.source,
        source_commit=origin.commit,
        source_sha256=origin.sha256,
    )


def _calibration(
    source: str | os.PathLike[str] | None, input_size_hw: tuple[int, int], tell: Callable[[str], None]
) -> NDArray[np.uint8]:
    from spinepose_hf.onnx.calibration import calibration_crops

    tell("cutting out people to calibrate on")
    return calibration_crops(source, input_size=input_size_hw)


def _checked_crops(input_size_hw: tuple[int, int], more: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    crops = sample_crops(input_size_hw)
    return crops if more is None else np.concatenate([crops, more[:_CHECKED_CROPS]])


def _recipe_precision(precision: FilePrecision) -> RecipePrecision:
    return "fp16" if precision == "fp16" else "fp32"


def _size(path: Path, format: FileFormat) -> int:
    if format == "openvino":
        return path.stat().st_size + path.with_suffix(".bin").stat().st_size
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)


__all__ = ["FILE_FORMATS", "ExportReport", "FileFormat", "export_model"]
