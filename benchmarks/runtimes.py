"""What the network costs on this machine by runtime, precision, batch and size; its threads, crops, detector.

    python benchmarks/runtimes.py --annotations rendered/annotations.json [--detector rtmdet.onnx]
    python benchmarks/runtimes.py --quick          # few short rounds: only to see that all of it works

The first section is a table in Markdown. Size t is the embedded model, whose AP is measured on the first
pictures of `--annotations`, with ground-truth boxes and without a flip test; larger sizes have random weights
here, so only their speed means anything. int8 files are made with `--calibration`, and kept in `--folder`
with the others. Every figure is of a process of its own; candidates take turns, so that load hits all alike.

The other sections print milliseconds by the wall clock and of CPU time, each the quarter of rounds that other
load disturbed least. `--peer` names a folder that holds the package spinepose 2.1.0 (`pip install --no-deps
--target FOLDER spinepose==2.1.0`): its crop and normalisation are run beside ours (goal: at most 0.2).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from pathlib import Path

import cv2
from runtime_sections.crops import time_crops
from runtime_sections.detector import time_detector
from runtime_sections.first_result import time_first_result
from runtime_sections.table import TableOptions, print_table
from runtime_sections.threads import time_new_sizes, time_threads

from spinepose_hf.inference.detectors.load import DETECTOR_VARIABLE
from spinepose_hf.inference.machine import this_machine
from spinepose_hf.inference.threads import inference_threads
from spinepose_hf.weights import embedded_onnx

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("table", "start", "threads", "crops", "detector")


def main() -> None:
    """Measure and print."""
    arguments = parsed()
    print_machine()
    if "table" in arguments.sections:
        print_table(
            TableOptions(
                sizes=tuple(arguments.sizes),
                device=arguments.device,
                seconds=arguments.seconds,
                folder=arguments.folder,
                calibration=arguments.calibration,
                annotations=arguments.annotations,
                images=arguments.images,
                pictures=arguments.pictures,
            )
        )
    if "start" in arguments.sections:
        time_first_result(arguments.rounds, start_candidates(arguments.folder))
    if "threads" in arguments.sections:
        time_new_sizes()
        time_threads(arguments.rounds, arguments.detector)
    if "crops" in arguments.sections:
        time_crops(arguments.rounds, arguments.peer)
    if "detector" in arguments.sections and arguments.detector:
        time_detector(arguments.rounds, arguments.detector)


def parsed() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="size t, short rounds, few pictures")
    parser.add_argument("--sizes", nargs="+", choices=("t", "s", "m", "l"), default=["t", "s", "m"])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of the table")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each figure of the table")
    parser.add_argument("--annotations", type=Path, help="COCO keypoint JSON to measure AP on")
    parser.add_argument("--images", type=Path, help="its pictures; default: images beside it")
    parser.add_argument("--pictures", type=int, default=300, help="how many of them")
    parser.add_argument("--calibration", type=Path, help="for int8; default: rendered people")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "runtimes", help="for networks")
    parser.add_argument("--detector", default=os.environ.get(DETECTOR_VARIABLE), help="RTMDet as .onnx")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.sizes, arguments.seconds, arguments.rounds, arguments.pictures = ["t"], 0.25, 1, 20
    return arguments


def start_candidates(folder: Path) -> dict[str, tuple[str, str]]:
    """The embedded model in the runtimes of photos; in int8 where the table has made it."""
    names = ["onnxruntime", *(["openvino"] if importlib.util.find_spec("openvino") else [])]
    found: dict[str, tuple[str, str]] = {}
    for runtime in names:
        found[f"{runtime} fp32"] = (str(embedded_onnx("fp32")), runtime)
        int8 = folder / f"t_int8_{runtime}.onnx"
        if int8.is_file():
            found[f"{runtime} int8"] = (str(int8), runtime)
    return found


def print_machine() -> None:
    """Print what the figures depend on."""
    machine = this_machine()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{machine.processor}, {machine.cores} cores for this process, {inference_threads()} threads{load}")
    print("  ".join((*machine.gpus, *machine.instructions)))
    print("  ".join(f"{name} {number}" for name, number in machine.versions.items()))
    print(f"opencv {cv2.__version__}\n")


if __name__ == "__main__":
    main()
