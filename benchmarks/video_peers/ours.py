"""Our side of the video benchmark: one task a process, through the public API.

    python ours.py '{"task": "clip", "network": "t-deploy.onnx", ...}'

The last line it prints is a JSON object with what was measured.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.model.geometry import crop_persons

Task = dict[str, Any]

# Seconds for which the bare network runs, before and after the clip.
_BARE_SECONDS = 1.5


def estimator_for(task: Task) -> SpinePoseEstimator:
    """An estimator as the task wants it; without a network, the one that users get."""
    return SpinePoseEstimator(task.get("network"), device="cpu", detector=task.get("detector") or "none")


def clip(task: Task) -> Task:
    """Frames per second from opening the clip to the last result; loading and two frames are not counted.

    With given boxes, also what the bare network does on ready crops of as many people.
    """
    estimator = estimator_for(task)
    first, boxes = load_image(task["photo"]), task.get("boxes")
    for _ in range(2):
        estimator.estimate(first, boxes, color="rgb")
    bare = [] if boxes is None else [bare_rate(estimator.runtime, len(boxes), first, boxes)]
    start = time.perf_counter()
    count = people = 0
    stream = estimator.stream(task["clip"], boxes=boxes, **task.get("options", {}))
    with stream:
        for frame in stream:
            count += 1
            people += len(frame.people)
    seconds = time.perf_counter() - start
    if boxes is not None:
        bare.append(bare_rate(estimator.runtime, len(boxes), first, boxes))
    return {
        "frames": count,
        "fps": count / seconds,
        "people": people / count,
        "detections": stream.detections,
        "bare_fps": float(np.mean(bare)) if bare else None,
        "stages": {name: 1e3 * busy / count for name, busy in stream.times.seconds.items()},
    }


def bare_rate(runtime: PoseRuntime, count: int, image: Any, boxes: Any) -> float:
    """Batches of `count` ready crops that the network alone does in a second."""
    crops, _ = crop_persons(image, boxes, runtime.input_size)
    runtime(crops)
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < _BARE_SECONDS or done < 3:
        runtime(crops)
        done += 1
    assert len(crops) == count
    return done / elapsed


def detect(task: Task) -> Task:
    """Boxes of the people in every frame of a clip."""
    estimator = estimator_for(task)
    from spinepose_hf.inference.media.source import open_source

    with open_source(task["clip"]) as source:
        return {"boxes": [estimator.detector(frame.image).boxes.round(1).tolist() for frame in source]}


def crop(task: Task) -> Task:
    """Milliseconds a person of cutting out; what is left of normalising lies in the network."""
    size = estimator_for(task).runtime.input_size
    image, boxes = load_image(task["photo"]), task["boxes"]
    times = []
    for _ in range(task["repeats"]):
        start = time.perf_counter()
        crop_persons(image, boxes, size)
        times.append(1e3 * (time.perf_counter() - start) / len(boxes))
    return {"ms": float(np.median(times))}


def photo(task: Task) -> Task:
    """The people of one photo."""
    people = estimator_for(task).estimate(load_image(task["photo"]), task["boxes"], color="rgb")
    return {"keypoints": people.keypoints.tolist()}


def memory(task: Task) -> Task:
    """Peak memory in MB after a clip whose results are looked at and dropped."""
    count = 0
    with estimator_for(task).stream(task["clip"], boxes=task["boxes"]) as stream:
        for frame in stream:
            count += len(frame.people) > 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"frames": count, "mb": peak / (2**20 if sys.platform == "darwin" else 2**10)}


def versions(task: Task) -> Task:
    """Of all that matters for speed."""
    names = ("spinepose-hf", "onnxruntime", "opencv-python-headless", "av", "numpy")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


def cadence(task: Task) -> Task:
    """What is lost by not searching every frame; see `cadence.py`."""
    from cadence import measure_cadence

    return measure_cadence(task)


TASKS: dict[str, Callable[[Task], Task]] = {
    "cadence": cadence,
    "clip": clip,
    "crop": crop,
    "detect": detect,
    "memory": memory,
    "photo": photo,
    "versions": versions,
}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    asked = json.loads(sys.argv[1])
    print(json.dumps(TASKS[asked["task"]](asked)))

__all__ = ["TASKS"]
