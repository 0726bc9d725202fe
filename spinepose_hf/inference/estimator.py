"""The estimator: a picture in, its people with 37 keypoints out."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from spinepose_hf.inference.boxes import check_boxes
from spinepose_hf.inference.detectors.base import Detector
from spinepose_hf.inference.detectors.load import load_detector
from spinepose_hf.inference.detectors.self_locating import MIN_CONFIDENT, SelfLocator
from spinepose_hf.inference.images import ColorOrder, as_rgb
from spinepose_hf.inference.onnx_session import check_device
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.runtimes.mirrored import MirroredPose, has_sides
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.pose import People

if TYPE_CHECKING:
    from spinepose_hf.inference.media.source import Source
    from spinepose_hf.inference.stream import PoseStream, StreamOptions

logger = logging.getLogger(__name__)

ImageLike = NDArray[Any] | Image.Image


class SpinePoseEstimator:
    """Estimates the 37 keypoints of each person in a picture.

    Example:
        ```python
        estimator = SpinePoseEstimator()
        keypoints, scores = estimator.predict(cv2.imread("photo.jpg"))  # (N, 37, 2), (N, 37)
        picture = estimator.visualize(image, keypoints, scores)

        for frame in estimator.stream("squat.mp4"):
            print(frame.time, frame.people.ids)
        ```

    Args:
        model: None for the weights inside the package; an .onnx file; a transformers folder; or a Hub id,
            with a branch, tag or commit if need be ("owner/name@v1"). It may also be a runtime that is
            already loaded.
        device: "cpu", "cuda", or "auto" (CUDA where it works, else the CPU; the choice is logged); see
            `load_runtime` for more.
        detector: where boxes come from when `predict` is given none: "auto", "none", an .onnx file, a
            transformers folder or Hub id (see `load_detector`), or any callable that is a `Detector`.
        threshold: score from which a keypoint counts as seen: in drawings, and where the network locates the
            person itself. Lower shows more and errs more.
        runtime: the library that runs the network: "auto", "onnxruntime", "torch" or "openvino".
        threads: of the network; None chooses for this machine.
        precision: in which number format the network is computed: "auto", "fp32", "bf16", "fp16" or "int8";
            see `load_runtime`.
        flip: look at each person mirrored too: more exact, in twice the time; see `MirroredPose`. None: where
            the names of the model's keypoints have sides.

    Raises:
        ModelError: the model cannot be loaded, is of another precision, or cannot be mirrored.
        DetectorError: the detector cannot be loaded.
        DeviceError: the device is not there.
        MissingExtraError: an optional dependency is needed for this model or detector.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | PoseRuntime | None = None,
        device: str = "auto",
        detector: str | os.PathLike[str] | Detector = "auto",
        threshold: float = 0.3,
        *,
        runtime: str = "auto",
        threads: int | None = None,
        precision: str = "auto",
        flip: bool | None = False,
    ) -> None:
        known_device = check_device(device)
        self.threshold = threshold
        self._once: PoseRuntime = (
            load_runtime(model, known_device, runtime, threads, precision)
            if model is None or isinstance(model, str | os.PathLike)
            else model
        )
        if flip is None:
            flip = has_sides(self._once)
        self.runtime: PoseRuntime = MirroredPose(self._once) if flip else self._once
        self._device, self._threads = known_device, threads
        self._detector: Detector | None = None
        self._box_source = ""
        # The automatic choice may load a large library: not before it is needed, which given boxes prevent.
        if not isinstance(detector, str | os.PathLike):
            self._detector, self._box_source = detector, f"from {type(detector).__name__}"
        elif detector != "auto":
            self._load_detector(detector)
        self._announced: set[str] = set()

    @property
    def detector(self) -> Detector:
        """Where boxes come from when none are given.

        Raises:
            DetectorError: the one that was chosen automatically cannot be loaded.
        """
        return self._load_detector("auto") if self._detector is None else self._detector

    def _load_detector(self, name: str | os.PathLike[str]) -> Detector:
        # To find somebody one look is enough: the search takes longer than the pose.
        detector, self._box_source = load_detector(name, self._once, self._device, threads=self._threads)
        self._detector = detector
        return detector

    def __call__(
        self, image: ImageLike, boxes: ArrayLike | None = None, *, color: ColorOrder | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same as `predict`."""
        return self.predict(image, boxes, color=color)

    def predict(
        self, image: ImageLike, boxes: ArrayLike | None = None, *, color: ColorOrder | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Estimate keypoints, in the original package's form.

        Args:
            image: an array as `cv2.imread` gives it (BGR), or a PIL image.
            boxes: (N, 4) x1, y1, x2, y2 of the people, in px. None: the estimator finds them.
            color: "rgb" if the array is RGB.

        Returns:
            keypoints (N, 37, 2) in image px and scores (N, 37), 0 to 1. N is 0 if nobody was found.

        Raises:
            ImageError: the image cannot be used.
            BoxError: a box cannot be used.
        """
        people = self.estimate(image, boxes, color=color)
        # The caller may do with them what he likes: the result type's arrays are read-only.
        return people.keypoints.copy(), people.scores.copy()

    def estimate(
        self, image: ImageLike, boxes: ArrayLike | None = None, *, color: ColorOrder | None = None
    ) -> People:
        """Estimate keypoints with scores, uncertainties and boxes. Arguments and errors as in `predict`."""
        rgb = as_rgb(image, color)
        size = (rgb.shape[0], rgb.shape[1])
        if boxes is None:
            found = self.detector(rgb)
            self._announce(self._box_source)
            person_boxes, box_scores = found.boxes, found.scores
        else:
            self._announce("given by the user")
            person_boxes = check_boxes(boxes, size)
            box_scores = np.ones(len(person_boxes))
        keypoints, scores, sigmas = poses_in_boxes(rgb, person_boxes, self.runtime)
        people = People(
            boxes=person_boxes.astype(np.float32),
            keypoints=keypoints,
            scores=scores,
            sigmas=sigmas,
            image_size=size,
            box_scores=box_scores.astype(np.float32),
            keypoint_names=self.runtime.keypoint_names,
        )
        if boxes is None and isinstance(self.detector, SelfLocator):
            # Where the network was its own detector, its last look may still say that nobody is there.
            seen = (people.scores >= self.detector.threshold).sum(axis=1)
            people = people.select(seen >= MIN_CONFIDENT)
        return people

    def stream(
        self,
        path: str | int | os.PathLike[str] | Source,
        boxes: ArrayLike | None = None,
        options: StreamOptions | None = None,
        **changes: Any,
    ) -> PoseStream:
        """Follow the people of a video, a camera, a folder or a picture, frame by frame.

        Iterate over the result; leaving a `with` block, or the loop's end, closes the source. Memory does not
        grow with its length.

        Example:
            ```python
            with estimator.stream("squat.mp4", detect_every=5, smooth="none") as stream:
                for frame in stream:
                    frame.people.keypoints, frame.people.ids, frame.time, frame.image
            ```

        Args:
            path: a picture, a video, a folder of pictures, a pattern (`shots/*.jpg`), the number of a camera
                (0), or an address (http, https, rtsp); or a source that `open_source` opened, which has its
                own start, end and stride.
            boxes: (N, 4) x1, y1, x2, y2 in px, if the people stay in the same places: then nothing is
                searched for.
            options: see `StreamOptions`.
            **changes: fields of `StreamOptions` to change.

        Raises:
            VideoError: the source cannot be opened. Errors of its frames are raised by the iteration.
            ImageError: a single picture that cannot be read.
            BoxError: a box cannot be used.
            TypeError: there is no such option.
        """
        from dataclasses import replace

        from spinepose_hf.inference.stream import StreamOptions, open_stream

        if boxes is None:
            # Loaded here, where the user waits for the beginning and not in the middle.
            _ = self.detector
        self._announce(self._box_source if boxes is None else "given by the user")
        return open_stream(self, path, replace(options or StreamOptions(), **changes), boxes)

    def visualize(
        self,
        image: ImageLike,
        keypoints: ArrayLike,
        scores: ArrayLike,
        *,
        color: ColorOrder | None = None,
        spine_only: bool = False,
    ) -> NDArray[np.uint8]:
        """Draw people on a copy of the picture.

        Args:
            image: as in `predict`; it is not changed.
            keypoints: (N, 37, 2) in image px.
            scores: (N, 37).
            color: "rgb" if the array is RGB.
            spine_only: draw the nine points of the spine and nothing else.

        Returns:
            (H, W, 3) uint8 in the colour order of `image`: BGR for an array, unless `color` says RGB; RGB
            for a PIL image.

        Raises:
            ImageError: the image cannot be used.
        """
        from spinepose_hf.output.drawing import draw_people

        drawn = draw_people(
            as_rgb(image, color), keypoints, scores, spine_only=spine_only, threshold=self.threshold
        )
        if isinstance(image, Image.Image) or color == "rgb":
            return drawn
        return np.ascontiguousarray(drawn[:, :, ::-1])

    def _announce(self, box_source: str) -> None:
        """Log where the boxes come from, once for each source."""
        if box_source not in self._announced:
            self._announced.add(box_source)
            logger.info("boxes: %s", box_source)


__all__ = ["ImageLike", "SpinePoseEstimator"]
