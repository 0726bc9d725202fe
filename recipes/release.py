"""Turn a trained model folder into the package's embedded weights.

    python recipes/release.py runs/embedded/stage3 spinepose_hf/weights --calibration data/v3_train

Writes `spinepose_t/` (float16 safetensors, the configuration and the processor's), `spinepose_t.onnx`, the
deploy graph, which reads the very same weights from `spinepose_t/model.safetensors`, and
`spinepose_t_int8.onnx`, its int8 form for CPUs. Both graphs are compared with torch before anything is
replaced.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from spinepose_hf.files import atomic_path
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.onnx.calibration import CALIBRATION_CROPS, calibration_crops
from spinepose_hf.onnx.export import describe, export_deploy
from spinepose_hf.onnx.metadata import FilePrecision
from spinepose_hf.onnx.provenance import EMBEDDED_LICENCE, EMBEDDED_SOURCE, weights_digest
from spinepose_hf.onnx.quantize import quantize
from spinepose_hf.onnx.shared_weights import share_weights
from spinepose_hf.onnx.verify import TOLERANCES, onnx_run, sample_crops, torch_reference, verify

FOLDER: Final = "spinepose_t"


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
    with TemporaryDirectory() as name:
        made = Path(name)
        write_folder(model, made / FOLDER)
        write_graphs(model.float().eval(), made, arguments.calibration)
        # All forms belong together: none is replaced before the last is known to be right.
        for path in sorted(each for each in made.rglob("*") if each.is_file()):
            target = arguments.weights / path.relative_to(made)
            with atomic_path(target) as temporary:
                shutil.copyfile(path, temporary)
            print(f"{target.stat().st_size / 1e6:7.2f} MB  {target}")


def write_folder(model: Any, folder: Path) -> None:
    """Write the model for transformers, in half precision."""
    model.save_pretrained(folder)
    SpinePoseImageProcessor.from_config(model.config).save_pretrained(folder)
    # Half precision is for storage: transformers shall compute in float32 unless its user says otherwise.
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    with atomic_path(folder / "config.json") as path:
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for code in folder.glob("*.py"):
        # The package brings the code; a publisher copies it beside the weights.
        code.unlink()


def write_graphs(model: Any, folder: Path, calibration: Path | None) -> None:
    """Write the deploy graph and its int8 form beside the model's folder, if both answer what torch does."""
    metadata = replace(
        describe(model.config, "deploy"),
        source=EMBEDDED_SOURCE,
        source_sha256=weights_digest(model),
        licence=EMBEDDED_LICENCE,
    )
    size = metadata.input_size_hw
    people = calibration_crops(calibration, CALIBRATION_CROPS, size)
    reference = torch_reference(model, np.concatenate([sample_crops(size), people]))
    files: dict[FilePrecision, Path] = {
        "fp32": folder / f"{FOLDER}.onnx",
        "int8": folder / f"{FOLDER}_int8.onnx",
    }
    export_deploy(model, files["fp32"], half_weights=True, metadata=metadata)
    share_weights(files["fp32"], folder / FOLDER / "model.safetensors")
    quantize(files["fp32"], files["int8"], people)
    for precision, path in files.items():
        agreement = verify(onnx_run(path), "deploy", reference, TOLERANCES[precision], precision)
        print(f"{precision}: {agreement.within:.1%} of {agreement.keypoints} keypoints as in torch")


if __name__ == "__main__":
    main()
