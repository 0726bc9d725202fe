"""OpenVINO's own format: an .xml with the graph and a .bin with the weights, made from an ONNX file.

What the file says about itself lies in the .xml as runtime information under the path ("spinepose", key), the
keys being those of `FileMetadata`; `openvino.Model.get_rt_info(("spinepose", "format"))` reads one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.inference.runtimes.openvino_core import openvino_core
from spinepose_hf.onnx.metadata import PREFIX, FileMetadata, FilePrecision
from spinepose_hf.onnx.verify import Run

RT_INFO: Final = "spinepose"
"""First part of the path of every entry; the second is the key."""


def require_openvino() -> None:
    """See that OpenVINO is installed.

    Raises:
        MissingExtraError: it is not.
    """
    require_extra("openvino", ("openvino",), "the export to OpenVINO")


def convert_to_ir(source: Path, metadata: FileMetadata) -> Any:
    """Make an OpenVINO model of an ONNX file.

    Args:
        source: the ONNX file.
        metadata: what the new file says about itself.

    Returns:
        An `openvino.Model`.

    Raises:
        ModelError: OpenVINO cannot convert it.
    """
    import onnx
    import openvino

    proto = onnx.load(source)
    # OpenVINO would keep them under another path, where they might contradict the new ones.
    del proto.metadata_props[:]
    with TemporaryDirectory(prefix="spinepose-openvino-") as folder:
        bare = Path(folder) / "model.onnx"
        onnx.save_model(proto, bare)
        try:
            model = openvino.convert_model(bare)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(f"OpenVINO cannot convert the network ({reason})") from error
    for key, text in metadata.entries().items():
        model.set_rt_info(text, [RT_INFO, key.removeprefix(PREFIX)])
    return model


def save_ir(model: Any, path: str | os.PathLike[str], compress_to_fp16: bool) -> None:
    """Write an OpenVINO model. The .bin is there before the .xml, so that no .xml lacks its weights.

    Args:
        model: an `openvino.Model`.
        path: of the .xml; the .bin goes beside it.
        compress_to_fp16: store float32 weights as float16; the device still computes in what it likes best or
            is told.

    Raises:
        OutputError: the path cannot be written.
    """
    import openvino

    path = Path(path)
    with TemporaryDirectory(prefix="spinepose-openvino-") as folder:
        made = Path(folder) / "model.xml"
        openvino.save_model(model, made, compress_to_fp16=compress_to_fp16)
        # An older .xml beside a newer .bin would read as nonsense.
        with atomic_path(path) as xml:
            path.unlink(missing_ok=True)
            with atomic_path(path.with_suffix(".bin")) as weights:
                weights.write_bytes(made.with_suffix(".bin").read_bytes())
            xml.write_bytes(made.read_bytes())


def ir_run(path: Path, precision: FilePrecision) -> Run:
    """An OpenVINO file on the CPU, in float32, or in bfloat16 where the file is for that and the CPU has it.

    Args:
        path: of the .xml.
        precision: what the file is for.
    """
    core = openvino_core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    hint = "bf16" if precision == "bf16" and "BF16" in able else "f32"
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": hint})

    def run(values: NDArray[Any]) -> Mapping[str, NDArray[np.float32]]:
        answer = compiled([values])
        return {node.any_name: np.array(answer[node]) for node in compiled.outputs}

    return run


__all__ = ["RT_INFO", "convert_to_ir", "ir_run", "require_openvino", "save_ir"]
