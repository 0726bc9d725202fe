"""Turn a trained model folder into the package's embedded weights.

    python recipes/release.py runs/embedded/stage3 spinepose_hf/weights --calibration data/v3_train

Writes `spinepose_t/` (float16 safetensors, the configuration and the processor's), `spinepose_t.onnx`, the
deploy graph of the very same rounded weights, and `spinepose_t_int8.onnx`, its int8 form for CPUs. Both
graphs are compared with torch first.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from spinepose_hf.files import atomic_path
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.onnx.calibration import CALIBRATION_CROPS, calibration_crops
from spinepose_hf.onnx.export import describe, export_deploy
from spinepose_hf.onnx.metadata import FilePrecision
from spinepose_hf.onnx.provenance import EMBEDDED_LICENCE, EMBEDDED_SOURCE, weights_digest
from spinepose_hf.onnx.quantize import quantize
from spinepose_hf.onnx.verify import TOLERANCES, onnx_run, sample_crops, torch_reference, verify


def main() -> None:
    """Write all forms of the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path, help="folder of the trained model")
    parser.add_argument("weights", type=Path, help="folder to write to")
    parser.add_argument(
        "--calibration", type=Path, help="labelled people for int8; default: people rendered for it"
    )
    arguments = parser.parse_args()

    model = SpinePoseForPoseEstimation.from_pretrained(arguments.trained).half()
    folder = arguments.weights / "spinepose_t"
    write_folder(model, folder)
    files = write_graphs(model.float().eval(), arguments.weights, arguments.calibration)
    for path in (*sorted(folder.iterdir()), *files):
        print(f"{path.stat().st_size / 1e6:7.2f} MB  {path}")


def write_folder(model: Any, folder: Path) -> None:
    """Write the model for transformers, in half precision."""
    model.save_pretrained(folder)
    SpinePoseImageProcessor(size={"height": 256, "width": 192}).save_pretrained(folder)
    # Half precision is for storage: transformers shall compute in float32 unless its user says otherwise.
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    with atomic_path(folder / "config.json") as path:
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for code in folder.glob("*.py"):
        # The package brings the code; a publisher copies it beside the weights.
        code.unlink()


def write_graphs(model: Any, weights: Path, calibration: Path | None) -> tuple[Path, Path]:
    """Write the deploy graph and its int8 form, if both answer what torch does."""
    metadata = replace(
        describe(model.config, "deploy"),
        source=EMBEDDED_SOURCE,
        source_sha256=weights_digest(model),
        licence=EMBEDDED_LICENCE,
    )
    size = metadata.input_size_hw
    people = calibration_crops(calibration, CALIBRATION_CROPS, size)
    reference = torch_reference(model, np.concatenate([sample_crops(size), people]))
    files = weights / "spinepose_t.onnx", weights / "spinepose_t_int8.onnx"
    with TemporaryDirectory() as folder:
        made = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        export_deploy(model, made[0], half_weights=True, metadata=metadata)
        quantize(made[0], made[1], people)
        precisions: tuple[FilePrecision, FilePrecision] = ("fp32", "int8")
        for path, precision in zip(made, precisions, strict=True):
            agreement = verify(onnx_run(path), "deploy", reference, TOLERANCES[precision], precision)
            print(f"{precision}: {agreement.within:.1%} of {agreement.keypoints} keypoints as in torch")
        for path, file in zip(made, files, strict=True):
            with atomic_path(file) as temporary:
                temporary.write_bytes(path.read_bytes())
    return files


if __name__ == "__main__":
    main()
