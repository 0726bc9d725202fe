"""Fill `vendor/`: what the page needs and no repository should hold.

    python space/web/build.py [--model FILE]

Fetches ONNX Runtime Web with npm (pinned, its digest checked), and writes the model, a sample photo and the
package's tables (keypoints, colours, constants, definitions of the angles) beside it, so that the page and
the package cannot drift apart. After that `space/web` is a self-contained static folder.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.extras import require_extra
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.weights import embedded_onnx

VERSION: Final = "1.30.0"
INTEGRITY: Final = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
"""Of the package that npm delivers; `npm view onnxruntime-web@VERSION dist.integrity` shows it."""

RUNTIME_FILES: Final = (
    # On the CPU.
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    # On the graphics card; fetched by the browser only where the user asks for it.
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
# npm's package holds no licence file. The Python package of the same project, version and licence does.
LICENCE_FILES: Final = {
    "LICENSE": "onnxruntime.LICENSE.txt",
    "ThirdPartyNotices.txt": "onnxruntime.NOTICES.txt",
}
EMBEDDED_NOTE: Final = (
    "No human labelled a spine for the embedded weights: leans can be used, regional angles not yet. Better "
    "weights, built in with --model, give better angles."
)
SAMPLE_FILES: Final = ("walking.jpg", "walking.LICENSE.txt")

HERE: Final = Path(__file__).resolve().parent


class BuildError(SpinePoseError):
    """The page's files cannot be put together."""


def build(folder: Path, model: Path) -> None:
    """Fill `folder` with everything that the page needs. It is replaced as a whole, or not at all.

    Raises:
        BuildError: npm is missing or fails, or delivers something else than what is pinned.
        ModelError: `model` is no deploy graph of this skeleton.
        MissingExtraError: `model` has its weights elsewhere, and onnx is not installed.
    """
    from spinepose_hf.inference.runtimes.onnx import OnnxPose

    # Opening it checks it.
    padding = OnnxPose(model, "cpu").box_padding
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".vendor-") as name:
        made = Path(name) / "made"
        made.mkdir()
        _unpack_runtime(fetch_runtime(Path(name)), made)
        _copy_licences(made)
        copy_model(model, made / "spinepose.onnx")
        samples = Path(_package_folder()) / "samples"
        for sample in SAMPLE_FILES:
            shutil.copyfile(samples / sample, made / sample)
        tables = page_tables(padding) | {"note": EMBEDDED_NOTE if model == embedded_onnx() else ""}
        text = json.dumps(tables, ensure_ascii=False, indent=1)
        (made / "tables.js").write_text(f"export const TABLES = {text};\n", encoding="utf-8")
        if folder.exists():
            folder.rename(Path(name) / "old")
        made.rename(folder)


def copy_model(model: Path, target: Path) -> None:
    """Copy an ONNX file; the page reads one file, so weights that lie elsewhere, as the embedded, go inside.

    Raises:
        MissingExtraError: that needs the package onnx, which is not installed.
    """
    if not external_files(model):
        shutil.copyfile(model, target)
        return
    require_extra("onnx", ("onnx",), "putting the weights into the model's file")
    from spinepose_hf.onnx.shared_weights import write_whole

    write_whole(model, target)


def fetch_runtime(folder: Path) -> Path:
    """Fetch the pinned package with npm into `folder` and return its file.

    Raises:
        BuildError: npm is missing or fails, or the file's digest is not the pinned one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("npm is not installed, which fetches onnxruntime-web; install Node.js with npm")
    command = [npm, "pack", f"onnxruntime-web@{VERSION}", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    package = folder / f"onnxruntime-web-{VERSION}.tgz"
    if done.returncode or not package.is_file():
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise BuildError(f"npm could not fetch onnxruntime-web {VERSION}: {lines[-1]}")
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise BuildError(f"onnxruntime-web {VERSION} is not the file that is pinned (sha512-{digest})")
    return package


def page_tables(box_padding: float) -> dict[str, Any]:
    """The package's tables as the page reads them, keypoints by their number; for a network's crops."""
    # Constants with an underscore are private because nobody else should tune them; the page must not either.
    from spinepose_hf.evaluation.instances import SCORE_THRESHOLD
    from spinepose_hf.inference.detectors import self_locating
    from spinepose_hf.inference.runtimes import mirrored
    from spinepose_hf.measure import view
    from spinepose_hf.measure.people import LARGEST_ANGLE_SIGMA
    from spinepose_hf.measure.uncertainty import SPINE_CORRELATION
    from spinepose_hf.model.skeleton import (
        FLIP_INDEX,
        KEYPOINT_INDEX,
        KEYPOINT_NAMES,
        LINKS,
        SPINE_CHAIN,
        VERTEBRAE,
    )
    from spinepose_hf.output import drawing, overlay

    def cues(rows: tuple[Any, ...]) -> list[dict[str, Any]]:
        groups = [([KEYPOINT_INDEX[n] for n in r.plus], [KEYPOINT_INDEX[n] for n in r.minus]) for r in rows]
        return [
            {"plus": plus, "minus": minus, "reach": row.reach, "error": row.error}
            for (plus, minus), row in zip(groups, rows, strict=True)
        ]

    return {
        "version": metadata.version("spinepose-hf"),
        "runtimeVersion": VERSION,
        "keypointNames": KEYPOINT_NAMES,
        "links": LINKS,
        "spineChain": SPINE_CHAIN,
        "vertebrae": list(VERTEBRAE.values()),
        "boxPadding": box_padding,
        "instanceThreshold": SCORE_THRESHOLD,
        "locating": {
            "stableIou": self_locating.STABLE_IOU,
            "minConfident": self_locating.MIN_CONFIDENT,
            "sure": self_locating.SURE,
            "bodyMargins": self_locating._BODY_MARGINS,
            "windowStep": self_locating._WINDOW_STEP,
            "maxWindows": self_locating._MAX_WINDOWS,
            "closer": self_locating._CLOSER,
            "closerCandidates": self_locating._CLOSER_CANDIDATES,
            "samePerson": self_locating._SAME_PERSON,
            "rounding": self_locating._ROUNDING,
        },
        "mirror": {"order": FLIP_INDEX, "far": mirrored.FAR},
        "view": {
            "cosine": cues(view._COSINE),
            "sine": cues(view._SINE),
            "greatestCue": view._GREATEST_CUE,
            "halfWidth": view.HALF_WIDTH,
            "leastConfidence": view.LEAST_CONFIDENCE,
            "centres": {str(name): centre for name, centre in view._CENTRES.items()},
        },
        "spineCorrelation": SPINE_CORRELATION,
        "largestAngleSigma": LARGEST_ANGLE_SIGMA,
        "angles": _angles(),
        "drawing": {
            "left": drawing.LEFT,
            "right": drawing.RIGHT,
            "middle": drawing.MIDDLE,
            "spineBottom": drawing.SPINE_BOTTOM,
            "spineTop": drawing.SPINE_TOP,
            "outline": drawing.OUTLINE,
            "shadow": drawing.SHADOW,
            "limbShare": drawing._LIMB_SHARE,
            "limbMin": drawing._LIMB_MIN,
            "limbMaxShare": drawing._LIMB_MAX_SHARE,
            "faceRadius": drawing._FACE_RADIUS,
            "curveSteps": drawing._CURVE_STEPS,
            "tagDistance": overlay._DISTANCE,
        },
        "tags": [
            {"key": key, "name": name, "points": [KEYPOINT_INDEX[point] for point in points]}
            for key, (name, points) in overlay.ANGLES.items()
        ],
    }


def _angles() -> list[dict[str, Any]]:
    """The angles of the spine: what the page needs of each `Definition`."""
    from spinepose_hf.measure.angles import REGIONS
    from spinepose_hf.measure.spine import SPINE
    from spinepose_hf.measure.table import sigma_column, state_column
    from spinepose_hf.model.skeleton import KEYPOINT_INDEX

    rows = []
    for definition in SPINE:
        if definition.unit != "deg":
            continue
        # A region's formula is a turn between two links; the others are functions of the same name here.
        links = [[definition.points.index(p) for p in link] for link in REGIONS.get(definition.name, ())]
        right = definition.shown.right
        rows.append(
            {
                "key": definition.key,
                "sigmaColumn": sigma_column(definition.key),
                "stateColumn": state_column(definition.key),
                "name": definition.name.replace("_", " "),
                "meaning": definition.meaning,
                "points": [KEYPOINT_INDEX[name] for name in definition.points],
                "facingLeft": definition.facing_left and [KEYPOINT_INDEX[n] for n in definition.facing_left],
                "formula": "turn" if links else definition.formula.__name__,
                "links": links,
                "right": None if right is None else sorted(right),
                "shortened": sorted(definition.shown.shortened),
                "words": definition.shown.words,
                "sign": definition.sign.value,
            }
        )
    return rows


def _unpack_runtime(package: Path, folder: Path) -> None:
    with tarfile.open(package) as archive:
        for name in RUNTIME_FILES:
            member = archive.extractfile(f"package/dist/{name}")
            if member is None:
                raise BuildError(f"onnxruntime-web {VERSION} has no dist/{name}")
            (folder / name).write_bytes(member.read())


def _copy_licences(folder: Path) -> None:
    import onnxruntime

    for source, name in LICENCE_FILES.items():
        shutil.copyfile(Path(onnxruntime.__file__).parent / source, folder / name)


def _package_folder() -> Path:
    import spinepose_hf

    return Path(str(spinepose_hf.__file__)).parent


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Fill space/web/vendor: runtime, model and tables.")
    parser.add_argument("--model", type=Path, default=embedded_onnx(), help="a deploy graph (.onnx)")
    parser.add_argument("--out", type=Path, default=HERE / "vendor", help="the folder to fill")
    arguments = parser.parse_args()
    try:
        build(arguments.out, arguments.model)
    except SpinePoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    print(f"{arguments.out}: {len(list(arguments.out.iterdir()))} files, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

__all__ = ["INTEGRITY", "VERSION", "BuildError", "build", "copy_model", "fetch_runtime", "page_tables"]
