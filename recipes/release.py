"""Turn a trained model folder into the package's embedded weights.

    python recipes/release.py runs/embedded/stage3 spinepose_hf/weights

Writes `spinepose_t/` (float16 safetensors, the configuration and the processor's) and `spinepose_t.onnx`, the
deploy graph of the very same rounded weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from spinepose_hf.files import atomic_path
from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.onnx.export import export_deploy


def main() -> None:
    """Write both forms of the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, help="folder of the trained model")
    parser.add_argument("weights", type=Path, help="folder to write to")
    arguments = parser.parse_args()

    model = SpinePoseForPoseEstimation.from_pretrained(arguments.trained).half()
    folder = arguments.weights / "spinepose_t"
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
    export_deploy(model.to(torch.float32).eval(), arguments.weights / "spinepose_t.onnx", half_weights=True)
    for path in (*sorted(folder.iterdir()), arguments.weights / "spinepose_t.onnx"):
        print(f"{path.stat().st_size / 1e6:7.2f} MB  {path}")


if __name__ == "__main__":
    main()
