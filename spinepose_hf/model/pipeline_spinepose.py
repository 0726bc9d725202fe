"""Pictures in, people out, in one call: the pipeline for the task "pose-estimation"."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import AutoModel, pipeline
from transformers.image_utils import load_image
from transformers.pipelines.base import Pipeline
from transformers.utils import logging

from .geometry import xyxy_to_xywh
from .image_processing_spinepose import to_rgb

# From a folder, transformers 4 copies only what this file names itself, and `to_rgb`'s file needs these too.
from .simcc import LOGIT_SCALE as LOGIT_SCALE  # isort: skip
from .skeleton import NUM_KEYPOINTS as NUM_KEYPOINTS  # isort: skip

logger = logging.get_logger(__name__)

TASK: str = "pose-estimation"
PEOPLE_AT_ONCE: int = 16
"""How many people go through the network together unless asked otherwise."""


class SpinePosePipeline(Pipeline):  # type: ignore[misc]
    """Find the keypoints of the people in pictures.

    SpinePose looks at one person at a time, so it needs to know where people are: give `boxes`, or a
    `detector`. With neither, each picture is taken for a picture of one person.

    Args:
        detector: finds people in a picture: a pipeline of the task "object-detection", its model's name on
            the Hub, or any function from a picture to what such a pipeline answers.

    `threshold` (keep only keypoints that score more) and `batch_size` (how many people go through the network
    together) may be given here or with each call.

    Example:
        ```python
        pose = pipeline("pose-estimation", model="saifkhichi96/spinepose", trust_remote_code=True)
        people = pose("photo.jpg", boxes=[[40, 30, 200, 420]])
        people[0]["keypoints"][people[0]["labels"].index("neck")]
        ```
    """

    _load_processor = False
    _load_image_processor = True
    _load_feature_extractor = False
    _load_tokenizer = False

    def __init__(self, *args: Any, detector: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not hasattr(self.image_processor, "post_process_pose_estimation"):
            raise ValueError(
                f"the task {TASK!r} needs a model with an image processor that reads poses, "
                f"not {type(self.image_processor).__name__}"
            )
        self.detector = self._find_detector(detector)

    def __call__(self, images: Any, boxes: Any = None, **kwargs: Any) -> Any:
        """Find the keypoints of the people in pictures.

        Args:
            images: one picture, a list, or a generator or data set of them: path, URL, PIL image, RGB array
                (H, W, 3) or tensor with channels first; or a dict with such an `image` and its `boxes`.
            boxes: of the people, as (x, y, width, height) in pixels: a list for one picture, a list of lists
                for several.
            **kwargs: `detector`, `threshold` and `batch_size` for this call.

        Returns:
            For one picture a list with a dict a person, in the order of the boxes; for a list a list of
            these; for a generator an iterator. A dict holds `keypoints` [[x, y], ...] in pixels of the
            picture, `scores` 0..1, `sigmas` (standard deviations in pixels), `labels` (names), and `bbox`
            [left, top, right, bottom].

        Raises:
            ValueError: boxes that do not fit the pictures or are impossible; something that is no picture.
        """
        batch_size = kwargs.pop("batch_size", None) or self._batch_size or PEOPLE_AT_ONCE
        if "detector" in kwargs:
            kwargs["detector"] = self._find_detector(kwargs["detector"])
        before, _, after = self._sanitize_parameters(**kwargs)
        before, after = {**self._preprocess_params, **before}, {**self._postprocess_params, **after}
        many = isinstance(images, list | tuple)
        if not many and not _is_stream(images):
            inputs = [{"image": images, "boxes": boxes} if boxes is not None else images]
            return next(self._people(inputs, batch_size, before, after))
        if boxes is not None:
            if many and len(images) != len(boxes):
                raise ValueError(f"boxes for {len(boxes)} pictures were given for {len(images)}")
            images = (
                {"image": image, "boxes": of_image} for image, of_image in zip(images, boxes, strict=True)
            )
        people = self._people(images, batch_size, before, after)
        return list(people) if many else people

    def preprocess(self, input_: Any, detector: Callable[[Any], Any] | None = None) -> dict[str, Any]:
        """Cut the people out of one picture.

        Returns:
            `pixel_values` (N, 3, height, width), and the N `boxes` (x, y, width, height).
        """
        given = input_ if isinstance(input_, dict) else {"image": input_}
        image, boxes = given["image"], given.get("boxes")
        if isinstance(image, str | os.PathLike):
            image = load_image(os.fspath(image))
        pixels = to_rgb(image)
        detector = detector or self.detector
        if boxes is None:
            boxes = _whole(pixels) if detector is None else _detected(detector(Image.fromarray(pixels)))
        inputs = self.image_processor(pixels, boxes=[boxes], return_tensors="pt")
        return {"pixel_values": inputs["pixel_values"].to(self.dtype), "boxes": boxes}

    def _forward(self, model_inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = self.model(pixel_values=model_inputs["pixel_values"])
        return {"simcc_x": outputs["simcc_x"], "simcc_y": outputs["simcc_y"]}

    def postprocess(
        self, model_outputs: dict[str, Any], threshold: float | None = None
    ) -> list[dict[str, Any]]:
        """The people of one picture, from the network's answers and their boxes."""
        people = self.image_processor.post_process_pose_estimation(
            model_outputs, boxes=[model_outputs["boxes"]], threshold=threshold
        )[0]
        names = self.model.config.id2label
        return [
            {
                **{key: values.tolist() for key, values in person.items()},
                "labels": [names[int(index)] for index in person["labels"]],
            }
            for person in people
        ]

    def _sanitize_parameters(
        self, detector: Any = None, threshold: float | None = None
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        before = {} if detector is None else {"detector": detector}
        return before, {}, {} if threshold is None else {"threshold": threshold}

    def _people(
        self, inputs: Iterable[Any], batch_size: int, before: dict[str, Any], after: dict[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        """One answer a picture; people of several pictures share batches."""
        waiting: list[dict[str, Any]] = []
        for input_ in inputs:
            waiting.append(self.preprocess(input_, **before))
            if sum(len(prepared["pixel_values"]) for prepared in waiting) >= batch_size:
                yield from self._answers(waiting, batch_size, after)
                waiting = []
        yield from self._answers(waiting, batch_size, after)

    def _answers(
        self, prepared: list[dict[str, Any]], batch_size: int, after: dict[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        if not prepared:
            return
        counts = [len(one["pixel_values"]) for one in prepared]
        crops = torch.cat([one["pixel_values"] for one in prepared])
        if len(crops) == 0:
            yield from ([] for _ in prepared)
            return
        parts = [self.forward({"pixel_values": part}) for part in torch.split(crops, batch_size)]
        simcc_x = torch.split(torch.cat([part["simcc_x"] for part in parts]), counts)
        simcc_y = torch.split(torch.cat([part["simcc_y"] for part in parts]), counts)
        for one, of_x, of_y in zip(prepared, simcc_x, simcc_y, strict=True):
            yield self.postprocess({"simcc_x": of_x, "simcc_y": of_y, "boxes": one["boxes"]}, **after)

    def _find_detector(self, detector: Any) -> Any:
        if isinstance(detector, str):
            return pipeline("object-detection", model=detector, device=self.device)
        return detector


def _is_stream(images: Any) -> bool:
    """Whether these are pictures to go through one by one; arrays and pictures are not, though iterable."""
    if isinstance(images, torch.utils.data.Dataset):
        return True
    return isinstance(images, Iterable) and not (
        isinstance(images, str | bytes | dict | os.PathLike | torch.Tensor)
        or hasattr(images, "__array_interface__")
    )


def _whole(pixels: npt.NDArray[np.uint8]) -> list[list[float]]:
    logger.warning_once(
        "Neither boxes nor a detector were given: each picture is taken for a picture of one person. For "
        "several people pass boxes=[[x, y, width, height], ...] or detector=<model for object detection>."
    )
    height, width = pixels.shape[:2]
    return [[0.0, 0.0, float(width), float(height)]]


def _detected(found: Iterable[dict[str, Any]]) -> list[list[float]]:
    """Boxes (x, y, width, height) of the people that a pipeline for object detection found."""
    corners = [
        [thing["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")]
        for thing in found
        if thing["label"] == "person"
    ]
    boxes: list[list[float]] = xyxy_to_xywh(np.reshape(corners, (-1, 4))).tolist()
    return boxes


# Saving a pipeline then also writes this code, and into config.json where to find it.
SpinePosePipeline._registered_impl = {TASK: {"impl": SpinePosePipeline, "pt": (AutoModel,), "type": "image"}}

__all__ = ["PEOPLE_AT_ONCE", "TASK", "SpinePosePipeline"]
