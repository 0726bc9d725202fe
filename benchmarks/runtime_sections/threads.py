"""Threads, whether they spin while they wait, and what a new number of people costs OpenVINO."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from runtime_sections.turns import SAMPLE, Work, measure, random_crops

from spinepose_hf.inference.threads import inference_threads, usable_cores
from spinepose_hf.weights import embedded_onnx


def time_new_sizes() -> None:
    """Why OpenVINO runs crop by crop: what a batch of a size it has not met costs it."""
    if importlib.util.find_spec("openvino") is None:
        return
    import openvino

    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": inference_threads()}
    request = openvino.compile_model(embedded_onnx("fp32"), "CPU", properties).create_infer_request()
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
        (count, spin): open_with(embedded_onnx("fp32"), count, spin)
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
    photo = np.fromfile(SAMPLE, np.uint8)
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
