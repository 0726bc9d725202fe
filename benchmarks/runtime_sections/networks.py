"""The networks of the table: the embedded one of size t, and larger ones with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.weights import EMBEDDED, embedded_model, embedded_onnx


class NetworkFiles(NamedTuple):
    """One network in every form.

    Attributes:
        size: its letter.
        trained: whether its accuracy means anything.
        folder: for torch.
        float_file: deploy graph in float32.
        half_file: the same in float16.
        int8_files: the same in int8, by the runtime that it is made for.
    """

    size: str
    trained: bool
    folder: Path
    float_file: Path
    half_file: Path
    int8_files: dict[str, Path]


def network_files(size: str, folder: Path, crops: NDArray[np.uint8], half: bool) -> NetworkFiles:
    """Make the files that are missing in `folder`; whoever wants others puts them there under these names."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = size == "t"
    files = NetworkFiles(
        size,
        trained,
        embedded_model() if trained else folder / f"{size}_random",
        embedded_onnx("fp32") if trained else folder / f"{size}_random.onnx",
        folder / f"{size}_fp16.onnx",
        {runtime: folder / f"{size}_int8_{runtime}.onnx" for runtime in ("onnxruntime", "openvino")},
    )
    if not trained:
        make_random(files)
    if half and not files.half_file.is_file():
        from spinepose_hf.onnx.exporter import export_model

        export_model(EMBEDDED if trained else str(files.folder), files.half_file, precision="fp16")
    for runtime, path in files.int8_files.items():
        if not path.is_file():
            from spinepose_hf.onnx.quantize import check_target, quantize

            print(f"  int8 of size {size} for {runtime} ...", flush=True)
            quantize(files.float_file, path, crops, runtime=check_target(runtime))
    return files


def make_random(files: NetworkFiles) -> None:
    """Write a network with random weights, whose speed is that of trained ones."""
    import torch

    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
    from spinepose_hf.onnx.export import export_deploy

    if not (files.folder / "config.json").is_file():
        torch.manual_seed(0)
        SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(files.size)).save_pretrained(files.folder)
    if not files.float_file.is_file():
        network = SpinePoseForPoseEstimation.from_pretrained(files.folder).eval()
        export_deploy(network, files.float_file, half_weights=False)
