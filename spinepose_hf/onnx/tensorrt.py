"""A recipe for a TensorRT engine: the ONNX file, the script that builds the engine, and how to use both.

Engines belong to one GPU, one version of TensorRT and one driver, so they are built where they shall run.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import Final, Literal

from spinepose_hf.errors import OutputError
from spinepose_hf.files import atomic_folder, atomic_path
from spinepose_hf.onnx.export import INPUTS, OUTPUTS, Graph

RecipePrecision = Literal["fp32", "fp16"]

SCRIPT: Final = "build_engine.sh"
MODEL: Final = "model.onnx"

_USUAL_PERSONS = 4
"""The number of people that TensorRT makes fastest."""

_SCRIPT = """\
#!/bin/sh
# Builds {engine} from {model} for the GPU of this machine.
# Further arguments go to trtexec, such as --device=1 or --timingCacheFile=cache.
set -eu
cd "$(dirname "$0")"
command -v trtexec > /dev/null || {{
    echo "trtexec is not on the PATH; it comes with TensorRT (often in /usr/src/tensorrt/bin)" >&2
    exit 1
}}
trtexec \\
    --onnx={model} \\
    --saveEngine={engine}.part \\
{flags}    --minShapes={input}:{least} \\
    --optShapes={input}:{usual} \\
    --maxShapes={input}:{most} \\
    "$@"
mv {engine}.part {engine}
"""

_FLAGS: Final[dict[RecipePrecision, tuple[str, ...]]] = {
    # Otherwise TensorRT takes TF32 where the GPU has it, which has no more digits than float16.
    "fp32": ("--stronglyTyped", "--noTF32"),
    # Not --fp16, which would leave it to TensorRT to take the decoding to half precision too.
    "fp16": ("--stronglyTyped",),
}

_README = """\
# SpinePose for TensorRT

`{model}` is the {graph} graph in {precision}; `sh {script}` builds `{engine}` from it with `trtexec`.

* Build on the GPU that shall run it: an engine fits one GPU architecture and one version of TensorRT.
* TensorRT 10 or newer. Every tensor keeps the type that the ONNX file gives it (`--stronglyTyped`): {types}
* Input `{input}` ({layout}), 1 to {most} people a batch, fastest around {usual}. Other limits: change the
  three shapes in `{script}`.
* Outputs: {outputs}.

**The engine was not built where this recipe was written**, there being no TensorRT: the ONNX file was
compared with PyTorch, the script was not run. Before you trust the engine, compare its answers with those of
`{model}` in ONNX Runtime: `trtexec --loadEngine={engine} --shapes={input}:{one}
--loadInputs={input}:crop.bin --exportOutput=answers.json`, where `crop.bin` holds the raw bytes of one input.

{note}
"""

_TYPES: Final[dict[RecipePrecision, str]] = {
    "fp32": "all of it is float32, and TF32 is off.",
    "fp16": "the network is float16; normalisation, attention and decoding are float32.",
}

_INT8_NOTE = (
    "There is no int8 recipe: the int8 files of `spinepose export` have unsigned activations, which CPUs\n"
    "want, and TensorRT takes symmetric signed ones only."
)


def write_recipe(
    onnx_file: Path,
    out: str | os.PathLike[str],
    *,
    graph: Graph,
    precision: RecipePrecision,
    input_size_hw: tuple[int, int],
    max_batch: int,
) -> None:
    """Write the recipe as a folder, or as an archive where `out` ends with .zip.

    Args:
        onnx_file: the network, in the types that the engine shall compute in.
        out: where to write. A recipe that is there already is replaced.
        graph: what the file holds.
        precision: its types.
        input_size_hw: height and width of a crop.
        max_batch: most people at once.

    Raises:
        OutputError: it cannot be written, or `out` is a folder of other things.
    """
    out = Path(out)
    texts = recipe_texts(graph, precision, input_size_hw, max_batch)
    if out.suffix == ".zip":
        with atomic_path(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                entry = zipfile.ZipInfo(f"{out.stem}/{name}")
                entry.external_attr = (0o755 if name == SCRIPT else 0o644) << 16
                archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
            archive.write(onnx_file, f"{out.stem}/{MODEL}")
        return
    check_recipe_folder(out)
    with atomic_folder(out) as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / SCRIPT).chmod(0o755)
        shutil.copyfile(onnx_file, folder / MODEL)


def check_recipe_folder(out: Path) -> None:
    """See that a recipe may be written to a folder: there is none, an empty one, or one with a recipe.

    Raises:
        OutputError: it holds something else, or is a file.
    """
    if out.is_file():
        raise OutputError(f"cannot write {out}: it is a file; give a folder or the name of a .zip")
    if out.is_dir() and any(out.iterdir()) and not (out / SCRIPT).is_file():
        raise OutputError(f"cannot write {out}: it is a folder of other things; give a new one")


def recipe_texts(
    graph: Graph, precision: RecipePrecision, input_size_hw: tuple[int, int], max_batch: int
) -> dict[str, str]:
    """The script and the README of a recipe, by file name. Arguments are those of `write_recipe`."""
    height, width = input_size_hw
    deploy = graph == "deploy"
    crop = f"{height}x{width}x3" if deploy else f"3x{height}x{width}"
    usual = min(_USUAL_PERSONS, max_batch)
    words = {
        "model": MODEL,
        "engine": "model.engine",
        "script": SCRIPT,
        "graph": graph,
        "precision": precision,
        "input": INPUTS[graph],
        "outputs": ", ".join(f"`{name}`" for name in OUTPUTS[graph]),
        "types": _TYPES[precision],
        "note": _INT8_NOTE,
    }
    script = _SCRIPT.format(
        **words,
        flags="".join(f"    {flag} \\\n" for flag in _FLAGS[precision]),
        least=f"1x{crop}",
        usual=f"{usual}x{crop}",
        most=f"{max_batch}x{crop}",
    )
    layout = f"N x {height} x {width} x 3, uint8 RGB" if deploy else f"N x 3 x {height} x {width}, float32"
    readme = _README.format(**words, layout=layout, usual=usual, most=max_batch, one=f"1x{crop}")
    return {SCRIPT: script, "README.md": readme}


__all__ = [
    "MODEL",
    "SCRIPT",
    "RecipePrecision",
    "check_recipe_folder",
    "recipe_texts",
    "write_recipe",
]
