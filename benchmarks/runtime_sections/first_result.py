"""How long a photo waits: from the start of Python to the pose in a given box.

    python benchmarks/runtime_sections/first_result.py MODEL RUNTIME [CACHE]

is one such run. With a folder for OpenVINO's model cache the file goes to OpenVINO directly, which then reads
neither graph nor weights when it has compiled them before.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    """Find one person in the sample photo."""
    model, runtime, *cache = sys.argv[1:]
    import spinepose_hf
    from spinepose_hf.inference.images import load_image
    from spinepose_hf.model.geometry import crop_persons

    image = load_image(Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg")
    height, width = image.shape[:2]
    crops, _ = crop_persons(image, np.array([[0, 0, width, height]]), (256, 192))
    if cache:
        run_cached(model, cache[0], crops)
        return
    from spinepose_hf.inference.runtimes.load import load_runtime

    load_runtime(model, "cpu", runtime)(crops)


def run_cached(model: str, cache: str, crops: np.ndarray) -> None:
    """Run a file in OpenVINO as its cache serves it fastest: by its path."""
    import openvino

    from spinepose_hf.inference.threads import inference_threads

    properties = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": inference_threads(),
        "CACHE_DIR": cache,
    }
    openvino.Core().compile_model(model, "CPU", properties).create_infer_request().infer([crops])


def time_first_result(rounds: int, candidates: dict[str, tuple[str, str]]) -> None:
    """Print seconds from process start to process end, candidates by turns.

    Args:
        rounds: runs of each; one more warms up the disk.
        candidates: (model, runtime) by name; those of OpenVINO are run with its cache too.
    """
    with tempfile.TemporaryDirectory() as folder:
        commands = {name: list(pair) for name, pair in candidates.items()}
        for name, (model, runtime) in candidates.items():
            if runtime == "openvino":
                commands[f"{name}, cached"] = [model, runtime, str(Path(folder) / name.replace(" ", "_"))]
        spent: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds + 1):
            for name, arguments in commands.items():
                begin = time.perf_counter()
                subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True)
                spent[name].append(time.perf_counter() - begin)
    print("\none photo, box given    s from start to end of a process: median (least)")
    for name, times in spent.items():
        print(f"  {name:28s} {np.median(times[1:]):6.2f} ({min(times[1:]):.2f})")


if __name__ == "__main__":
    main()
