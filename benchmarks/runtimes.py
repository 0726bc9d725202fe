"""What the network, its threads, the crops and the detector's stages cost on this machine.

    python benchmarks/runtimes.py [--detector rtmdet.onnx] [--peer FOLDER] [--rounds 15]

Prints milliseconds by the wall clock and of CPU time, each the quarter of rounds that other load disturbed
least; candidates take turns, so that load hits all alike. `--peer` names a folder that holds the package
spinepose 2.1.0 (`pip install --no-deps --target FOLDER spinepose==2.1.0`): its crop and normalisation are run
beside ours (goal: at most 0.2 of them).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

import spinepose_hf
from spinepose_hf.inference.detectors.base import tidy_detections
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.load import DETECTOR_VARIABLE
from spinepose_hf.inference.detectors.pixels import RTMDET_INPUT, letterbox_tensor, shrink
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.threads import inference_threads, usable_cores
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.weights import embedded_onnx

Work = Callable[[], Any]
_SIZE = (256, 192)
_HD = (1080, 1920)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector", default=os.environ.get(DETECTOR_VARIABLE), help="RTMDet as .onnx")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    print_machine()
    time_runtimes(arguments.rounds)
    time_new_sizes()
    time_threads(arguments.rounds, arguments.detector)
    time_crops(arguments.rounds, arguments.peer)
    if arguments.detector:
        time_detector(arguments.rounds, arguments.detector)


def print_machine() -> None:
    """Print what the figures depend on."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{platform.machine()}, {usable_cores()} cores for this process, {inference_threads()} threads{load}"
    )
    print("  ".join(f"{name} {installed(name)}" for name in ("onnxruntime", "openvino", "torch", "numpy")))
    print(f"opencv {cv2.__version__}")


def installed(name: str) -> str:
    """The version of a package, or a dash."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def measure(candidates: dict[str, Work], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by wall clock and of CPU time of each candidate, which take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
    for turn in range(rounds + 2):
        for name, work in candidates.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 2:  # the first rounds warm up
                times[name].append(spent)
    quarters = {name: np.percentile(spent, 25, axis=0) * 1000 for name, spent in times.items()}
    return {name: (float(wall), float(cpu)) for name, (wall, cpu) in quarters.items()}


def random_crops(count: int) -> np.ndarray:
    """Crops of nobody."""
    return np.random.default_rng(0).integers(0, 256, (count, *_SIZE, 3), np.uint8)


def time_runtimes(rounds: int) -> None:
    """The embedded network in every library that is installed."""
    names = ["onnxruntime", *(n for n in ("openvino", "torch") if importlib.util.find_spec(n) is not None)]
    runtimes = {name: load_runtime(None, "cpu", name) for name in names}
    print("\nembedded network        ms a batch (CPU ms)")
    for count in (1, 4, 8):
        crops = random_crops(count)
        found = measure({name: partial(run, crops) for name, run in runtimes.items()}, rounds)
        for name, (wall, cpu) in found.items():
            print(f"  {name:12s} batch {count}   {wall:7.1f} ({cpu:6.1f})   {wall / count:6.1f} a person")


def time_new_sizes() -> None:
    """Why OpenVINO runs crop by crop: what a batch of a size it has not met costs it."""
    if importlib.util.find_spec("openvino") is None:
        return
    import openvino

    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": inference_threads()}
    request = openvino.compile_model(embedded_onnx(), "CPU", properties).create_infer_request()
    print("\nOpenVINO with batches   ms of the first run of a size, and of the second")
    for count in (1, 2, 3, 4, 8):
        spent = []
        for _ in range(2):
            begin = time.perf_counter()
            request.infer([random_crops(count)])
            spent.append(1000 * (time.perf_counter() - begin))
        print(f"  batch {count}   {spent[0]:7.1f} {spent[1]:7.1f}")


def time_threads(rounds: int, detector: str | None) -> None:
    """Threads and whether they spin while they wait, alone and beside a thread that decodes pictures."""
    cores = usable_cores()
    pose = {
        (count, spin): open_with(embedded_onnx(), count, spin)
        for count in sorted({1, max(1, cores // 2), cores})
        for spin in (False, True)
    }
    print("\nthreads                 ms alone | beside a decoding thread, and what that decodes a second")
    for batch in (1, 4, 8):
        feed = {"crops": random_crops(batch)}
        for (count, spin), session in pose.items():
            print_thread_row(f"pose batch {batch}", count, spin, partial(session.run, None, feed), rounds)
    if detector:
        for count, spin in pose:
            session = open_with(Path(detector), count, spin)
            picture = {session.get_inputs()[0].name: np.zeros((1, 3, 416, 416), np.float32)}
            print_thread_row("detector 416", count, spin, partial(session.run, None, picture), rounds)


def print_thread_row(title: str, count: int, spin: bool, work: Work, rounds: int) -> None:
    """Measure one setting, alone and with company."""
    alone, _ = measure({title: work}, rounds)[title]
    with decoding() as decoded:
        begin = time.perf_counter()
        beside, _ = measure({title: work}, rounds)[title]
        rate = len(decoded) / (time.perf_counter() - begin)
    kind = "spinning" if spin else "sleeping"
    print(f"  {title:13s} {count} {kind}   {alone:7.1f} | {beside:7.1f}  {rate:6.0f} pictures/s")


def open_with(path: Path, threads: int, spin: bool) -> onnxruntime.InferenceSession:
    """A session on the CPU with these threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@contextmanager
def decoding() -> Iterator[list[None]]:
    """A thread that decodes a photo again and again, as one that reads a video does; it counts them."""
    photo = np.fromfile(Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg", np.uint8)
    stop = threading.Event()
    decoded: list[None] = []

    def decode() -> None:
        while not stop.is_set():
            cv2.imdecode(photo, cv2.IMREAD_COLOR)
            decoded.append(None)

    thread = threading.Thread(target=decode)
    thread.start()
    try:
        yield decoded
    finally:
        stop.set()
        thread.join()


def hd_picture() -> np.ndarray:
    """The sample photo at 1080p."""
    photo = cv2.imread(str(Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg"))
    return np.ascontiguousarray(cv2.resize(photo, _HD[::-1])[:, :, ::-1])


def time_crops(rounds: int, peer: Path | None) -> None:
    """Eight people of one 1080p picture: crops as the network takes them."""
    image = hd_picture()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    print("\ncrop path               ms a person (CPU ms), one OpenCV thread")
    for height in (250, 400, 800):
        boxes = np.array([[100 + 200 * i, 50, 100 + 200 * i + height / 4, 50 + height] for i in range(8)])
        candidates: dict[str, Work] = {"spinepose-hf": partial(crop_persons, image, boxes, _SIZE)}
        if peer is not None:
            candidates["spinepose"] = partial(peer_crops, load_peer(peer), image, boxes)
        found = measure(candidates, 4 * rounds)
        for name, (wall, cpu) in found.items():
            print(f"  {height} px high  {name:12s} {wall / 8:7.3f} ({cpu / 8:6.3f})")
        if peer is not None:
            ratio = found["spinepose-hf"][1] / found["spinepose"][1]
            print(f"  {height} px high  ratio        {ratio:7.3f}  (goal: at most 0.2)")
    cv2.setNumThreads(threads)


def load_peer(folder: Path) -> Any:
    """The peer's module that cuts crops, without the rest of its package."""
    path = folder / "spinepose" / "tools" / "pose_estimation" / "pre_processings.py"
    spec = importlib.util.spec_from_file_location("peer_pre_processings", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there; see --help")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peer_crops(peer: Any, image: np.ndarray, boxes: np.ndarray) -> None:
    """What spinepose 2.1.0 does with each box before its network runs: rtmpose.py:67, base_tool.py:209."""
    mean, std = np.array((123.675, 116.28, 103.53)), np.array((58.395, 57.12, 57.375))
    for box in boxes:
        center, scale = peer.bbox_xyxy2cs(np.array(box), padding=1.25)
        crop, _ = peer.top_down_affine(_SIZE[::-1], scale, center, image)
        normalised = (crop - mean) / std
        np.ascontiguousarray(normalised[None].transpose(0, 3, 1, 2).astype(np.float32, copy=False))


def time_detector(rounds: int, path: str) -> None:
    """The stages of finding people in a 1080p picture with RTMDet at 416 px."""
    image, size = hd_picture(), RTMDET_INPUT.size
    graph = DetectorGraph(path, "cpu")
    tensor, factor = letterbox_tensor(image, size, RTMDET_INPUT)
    dets, _ = graph.run(tensor, ("dets", "labels"))
    inner = (round(_HD[0] * factor), round(_HD[1] * factor))
    stages: dict[str, Work] = {
        "shrink": partial(shrink, image, inner),
        "shrink, pad, normalise": partial(letterbox_tensor, image, size, RTMDET_INPUT),
        "network": partial(graph.run, tensor, ("dets", "labels")),
        "boxes": partial(tidy_detections, dets[0, :, :4] / factor, dets[0, :, 4], _HD, 0.4),
    }
    print("\ndetector, 1080p to 416  ms (CPU ms)")
    for name, (wall, cpu) in measure(stages, rounds).items():
        print(f"  {name:23s} {wall:7.2f} ({cpu:6.2f})")


if __name__ == "__main__":
    main()
