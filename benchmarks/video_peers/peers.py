"""The peers' side of the video benchmark. Runs in their own environment, through their own public classes.

    python peers.py '{"task": "clip", "peer": "spinepose", ...}'

The last line it prints is a JSON object with what was measured. Pictures are BGR, as the peers read them.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Task = dict[str, Any]


def spinepose_solution(task: Task) -> type:
    """The estimator class of spinepose, with our files instead of those that it would download."""
    from spinepose import SpinePoseEstimator

    class LocalFiles(SpinePoseEstimator):  # type: ignore[misc]
        """Finds its weights on this machine; searches where a detector is given, but sees the boxes of the
        task, so that both sides of the benchmark see the same people."""

        MODE: ClassVar[dict[str, dict[str, Any]]] = {
            "medium": {
                "det_rfdetr": task.get("detector") or task["empty"],
                "det_rfdetr_input_size": (512, 512),
                "pose": task["network"],
                "pose_input_size": (192, 256),
            }
        }
        frame = 0

        def detect(self, image: Image) -> NDArray[np.float64]:
            if task.get("detector"):
                super().detect(image)
            boxes = np.asarray(task["boxes"][self.frame % len(task["boxes"])], dtype=np.float64)
            self.frame += 1
            return boxes.reshape(-1, 4)

    return LocalFiles


def spinepose_step(task: Task) -> Callable[[Image], Any]:
    """spinepose's video loop body: detection, poses, tracking and One Euro smoothing."""
    from spinepose import PoseTracker

    # As its `infer_video` makes it.
    return PoseTracker(  # type: ignore[no-any-return]
        spinepose_solution(task),
        mode="medium",
        detector="rfdetr",
        max_detections=10,
        smoothing=True,
        smoothing_freq=task["rate"],
    )


def rtmlib_step(task: Task) -> Callable[[Image], Any]:
    """rtmlib's pose network on the boxes of the task; it has no smoothing."""
    from rtmlib import RTMPose

    network = RTMPose(task["network"], model_input_size=(192, 256), backend="onnxruntime", device="cpu")
    boxes = task["boxes"]
    numbers = iter(range(10**9))
    return lambda image: network(image, bboxes=boxes[next(numbers) % len(boxes)])


STEPS = {"spinepose": spinepose_step, "rtmlib": rtmlib_step}


def frames(path: str) -> Iterator[Image]:
    """The frames of a clip, as spinepose reads them."""
    capture = cv2.VideoCapture(path)
    while True:
        found, image = capture.read()
        if not found:
            break
        yield image
    capture.release()


def clip(task: Task) -> Task:
    """Frames per second from opening the clip to the last result; loading and two frames are not counted."""
    step = STEPS[task["peer"]](task)
    first = next(frames(task["clip"]))
    for _ in range(2):
        step(first)
    if task["peer"] == "spinepose":
        step.reset()  # type: ignore[attr-defined]
        step.solution.frame = 0  # type: ignore[attr-defined]
    start = time.perf_counter()
    count = people = 0
    for image in frames(task["clip"]):
        keypoints, _ = step(image)
        count += 1
        people += len(keypoints)
    seconds = time.perf_counter() - start
    return {"frames": count, "fps": count / seconds, "people": people / count}


def crop(task: Task) -> Task:
    """Milliseconds a person of cutting out and normalising."""
    network = spinepose_solution(task)(mode="medium", detector="rfdetr").pose_model
    image, boxes = cv2.imread(task["photo"]), task["boxes"][0]
    times = []
    for _ in range(task["repeats"]):
        start = time.perf_counter()
        for box in boxes:
            network.preprocess(image, box)
        times.append(1e3 * (time.perf_counter() - start) / len(boxes))
    return {"ms": float(np.median(times))}


def photo(task: Task) -> Task:
    """The people of one photo, from RGB as our network sees it, to compare answers."""
    estimator = spinepose_solution(task)(mode="medium", detector="rfdetr")
    keypoints, _ = estimator(cv2.imread(task["photo"])[..., ::-1])
    return {"keypoints": keypoints.tolist()}


def command(task: Task) -> Task:
    """spinepose's own command on one photo; the caller times the whole process."""
    from spinepose import inference

    inference.SpinePoseEstimator = spinepose_solution(task)
    sys.argv = ["spinepose", "-i", task["photo"], "-o", task["picture"], "-s", task["json"]]
    inference.main()
    return {}


def versions(task: Task) -> Task:
    """Of all that matters for speed."""
    names = ("spinepose", "rtmlib", "onnxruntime", "opencv-python-headless", "numpy")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


TASKS: dict[str, Callable[[Task], Task]] = {
    "clip": clip,
    "command": command,
    "crop": crop,
    "photo": photo,
    "versions": versions,
}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(TASKS[asked["task"]](asked)))

__all__ = ["TASKS"]
