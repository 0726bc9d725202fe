"""Pictures and boxes in, the network's crops out; and back, from logits to keypoints in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import BatchFeature
from transformers.image_processing_utils import BaseImageProcessor

from .geometry import (
    BOX_PADDING,
    box_center_scale,
    crop_persons,
    matrix_scale,
    to_image,
    warp_matrix,
    xywh_to_xyxy,
)
from .simcc import confidence, decode, spread
from .skeleton import PIXEL_MEAN, PIXEL_STD

_CHANNELS = (1, 3, 4)


class SpinePoseImageProcessor(BaseImageProcessor):  # type: ignore[misc]
    """Cut people out of pictures for a SpinePose network and read its answer.

    It needs NumPy and Pillow only; OpenCV cuts the crops where it is installed, and faster.

    Args:
        size: {"height", "width"} of the crops.
        box_padding: how much larger than its box a crop is.
        do_normalize: whether to subtract the mean and divide by the standard deviation.
        rescale_factor: factor on pixel values before that.
        image_mean: RGB, of rescaled pixels.
        image_std: RGB, of rescaled pixels.
        simcc_split_ratio: bins a pixel of the network's answer.
        simcc_sigma: standard deviation (x, y) of the network's training targets, in bins.

    Example:
        ```python
        inputs = processor(image, boxes=[[[x, y, width, height]]], return_tensors="pt")
        people = processor.post_process_pose_estimation(model(**inputs), boxes=[[[x, y, width, height]]])
        people[0][0]["keypoints"].shape  # (37, 2)
        ```
    """

    model_input_names = ("pixel_values",)

    def __init__(
        self,
        size: dict[str, int] | None = None,
        box_padding: float = BOX_PADDING,
        do_normalize: bool = True,
        rescale_factor: float = 1 / 255,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        simcc_split_ratio: float = 2.0,
        simcc_sigma: Sequence[float] = (4.9, 5.66),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = dict(size) if size is not None else {"height": 256, "width": 192}
        self.box_padding = box_padding
        self.do_normalize = do_normalize
        self.rescale_factor = rescale_factor
        self.image_mean = list(image_mean) if image_mean is not None else _unit(PIXEL_MEAN)
        self.image_std = list(image_std) if image_std is not None else _unit(PIXEL_STD)
        self.simcc_split_ratio = simcc_split_ratio
        self.simcc_sigma = list(simcc_sigma)

    @classmethod
    def from_config(cls, config: Any) -> SpinePoseImageProcessor:
        """The processor that belongs to a network's `SpinePoseConfig`."""
        height, width = config.image_size
        return cls(
            size={"height": height, "width": width},
            box_padding=config.box_padding,
            simcc_split_ratio=config.simcc_split_ratio,
            simcc_sigma=config.simcc_sigma,
        )

    def __call__(self, images: Any, boxes: Any = None, **kwargs: Any) -> BatchFeature:
        """See `preprocess`."""
        return self.preprocess(images, boxes=boxes, **kwargs)

    def preprocess(self, images: Any, boxes: Any = None, return_tensors: str | None = None) -> BatchFeature:
        """Cut out and normalise every person.

        Args:
            images: one picture or a list: PIL images, NumPy arrays (H, W), (H, W, 1), (H, W, 3) RGB or
                (H, W, 4) RGBA, or torch tensors with channels first. uint8, uint16, or floats 0..1.
            boxes: for each picture a list of boxes (x, y, width, height) in pixels, as COCO and ViTPose have
                them; for a single picture the inner list will do. None takes the whole pictures. A box may
                leave its picture: what lies outside is black.
            return_tensors: "pt" for torch tensors, "np" for NumPy.

        Returns:
            `pixel_values` (N, 3, height, width) float32, the boxes of all pictures in order.

        Raises:
            TypeError: something that is not a picture.
            ValueError: a picture of impossible shape or values; boxes that do not fit the pictures; a box
                that is not finite or has no area.
        """
        listed = _image_list(images)
        pictures = [to_rgb(image) for image in listed]
        if boxes is None:
            boxes = [[_whole(picture.shape[0], picture.shape[1])] for picture in pictures]
        crops = [
            crop_persons(picture, picture_boxes, self._input_size, self.box_padding)[0]
            for picture, picture_boxes in zip(pictures, boxes_xyxy(boxes, len(pictures)), strict=True)
        ]
        pixels = np.concatenate(crops).astype(np.float32) * np.float32(self.rescale_factor)
        if self.do_normalize:
            mean, std = np.array(self.image_mean, np.float32), np.array(self.image_std, np.float32)
            pixels = (pixels - mean) / std
        pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        return BatchFeature(data={"pixel_values": pixels}, tensor_type=return_tensors)

    def post_process_pose_estimation(
        self,
        outputs: Any,
        boxes: Any = None,
        threshold: float | None = None,
        target_sizes: Any = None,
    ) -> list[list[dict[str, torch.Tensor]]]:
        """Keypoints in the pictures, from the network's logits.

        Args:
            outputs: what the network answered; `simcc_x` (N, K, Wx) and `simcc_y` (N, K, Wy) are read.
            boxes: the boxes given to `preprocess`; None where none were given.
            threshold: keep only keypoints that score more.
            target_sizes: (height, width) of each picture. Needed where `boxes` is None; with boxes, it means
                that these are fractions of the pictures.

        Returns:
            A list a picture of a dict a person: `keypoints` (K, 2) x, y in picture pixels; `scores` (K,)
            0..1; `labels` (K,) keypoint ids; `sigmas` (K,) standard deviations in picture pixels; `bbox` (4,)
            the box as left, top, right, bottom.

        Raises:
            ValueError: boxes that do not fit the outputs or are impossible; neither boxes nor sizes.
        """
        boxes = _boxes_in_pixels(boxes, target_sizes)
        per_image = boxes_xyxy(boxes, len(boxes))
        simcc_x, simcc_y = _numpy(outputs["simcc_x"]), _numpy(outputs["simcc_y"])
        flat = np.concatenate([np.zeros((0, 4)), *per_image])
        if len(flat) != len(simcc_x):
            raise ValueError(f"{len(flat)} boxes were given for the network's {len(simcc_x)} answers")

        centers, scales = box_center_scale(flat, self._input_size, self.box_padding)
        matrices = np.zeros((len(flat), 2, 3))
        for index, (center, scale) in enumerate(zip(centers, scales, strict=True)):
            matrices[index] = warp_matrix(center, scale, self._input_size)
        in_crops, _ = decode(simcc_x, simcc_y, self.simcc_split_ratio)
        keypoints = to_image(in_crops, matrices)
        sigma_x, sigma_y = self.simcc_sigma
        scores = confidence(simcc_x, simcc_y, (sigma_x, sigma_y))
        sigmas = spread(simcc_x, simcc_y, self.simcc_split_ratio) / matrix_scale(matrices)[:, None]

        people = []
        for person, box in enumerate(flat):
            kept = (
                np.arange(scores.shape[1])
                if threshold is None
                else np.flatnonzero(scores[person] > threshold)
            )
            people.append(
                {
                    "keypoints": torch.tensor(keypoints[person, kept], dtype=torch.float32),
                    "scores": torch.tensor(scores[person, kept]),
                    "labels": torch.tensor(kept),
                    "sigmas": torch.tensor(sigmas[person, kept], dtype=torch.float32),
                    "bbox": torch.tensor(box, dtype=torch.float32),
                }
            )
        ends = np.cumsum([len(image_boxes) for image_boxes in per_image])
        return [people[end - len(part) : end] for end, part in zip(ends, per_image, strict=True)]

    @property
    def _input_size(self) -> tuple[int, int]:
        return self.size["height"], self.size["width"]


def to_rgb(image: Any) -> npt.NDArray[np.uint8]:
    """Any picture that `SpinePoseImageProcessor.preprocess` takes, as (H, W, 3) uint8 RGB.

    Raises:
        TypeError: not a picture.
        ValueError: a picture of impossible shape or values.
    """
    if hasattr(image, "convert") and hasattr(image, "getbands"):
        # Pillow clips deep greys (modes I;16, I, F) to 255 when it converts them; arrays are scaled.
        image = np.asarray(image if image.mode[0] in "IF" else image.convert("RGB"))
    channels_first = isinstance(image, torch.Tensor)
    if isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
    if not isinstance(image, np.ndarray):
        raise TypeError(f"expected a PIL image, a NumPy array or a torch tensor, not {type(image).__name__}")
    pixels = _uint8(image)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(f"a picture needs two or three dimensions and at least one pixel, not {image.shape}")
    first, last = pixels.shape[0] in _CHANNELS, pixels.shape[2] in _CHANNELS
    if first and (channels_first or not last) and image.ndim == 3:
        pixels = pixels.transpose(1, 2, 0)
    elif not last:
        raise ValueError(f"a picture needs 1, 3 or 4 channels, not the shape {image.shape}")
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    rgb: npt.NDArray[np.uint8] = np.ascontiguousarray(pixels[..., :3])
    return rgb


def boxes_xyxy(boxes: Any, num_images: int) -> list[npt.NDArray[np.float64]]:
    """Check boxes given as (x, y, width, height) a picture and return them as left, top, right, bottom.

    Args:
        boxes: for each picture a list of boxes; for a single picture the inner list will do.
        num_images: how many pictures there are.

    Returns:
        A (N, 4) array a picture.

    Raises:
        ValueError: another number of pictures; not four numbers; a box that is not finite or has no area.
    """
    if num_images == 1 and len(boxes) and np.ndim(boxes[0]) == 1 and len(boxes[0]) == 4:
        boxes = [boxes]
    if len(boxes) != num_images:
        raise ValueError(f"boxes for {len(boxes)} pictures were given for {num_images}")
    checked = []
    for image, image_boxes in enumerate(boxes):
        xywh = [np.asarray(_numpy(box), dtype=np.float64) for box in image_boxes]
        for index, box in enumerate(xywh):
            if box.shape != (4,) or not np.isfinite(box).all() or box[2] <= 0 or box[3] <= 0:
                raise ValueError(
                    f"box {index} of picture {image} must be four finite numbers x, y, width, height "
                    f"with a positive width and height, not {box.tolist()}"
                )
        checked.append(xywh_to_xyxy(np.reshape(xywh, (-1, 4))))
    return checked


def _boxes_in_pixels(boxes: Any, target_sizes: Any) -> Any:
    if target_sizes is None:
        if boxes is None:
            raise ValueError("without boxes the pictures' sizes are needed: pass target_sizes")
        return boxes
    sizes = [(int(height), int(width)) for height, width in target_sizes]
    if boxes is None:
        return [[_whole(height, width)] for height, width in sizes]
    if len(boxes) != len(sizes):
        raise ValueError(f"boxes for {len(boxes)} pictures were given with the sizes of {len(sizes)}")
    return [
        [_numpy(box) * np.array([width, height, width, height]) for box in image_boxes]
        for image_boxes, (height, width) in zip(boxes, sizes, strict=True)
    ]


def _image_list(images: Any) -> list[Any]:
    if isinstance(images, list | tuple):
        return list(images)
    if isinstance(images, np.ndarray | torch.Tensor) and images.ndim == 4:
        return list(images)
    return [images]


def _uint8(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels
    if np.issubdtype(pixels.dtype, np.uint16):
        upper: npt.NDArray[np.uint8] = (pixels >> 8).astype(np.uint8)
        return upper
    if np.issubdtype(pixels.dtype, np.floating):
        # Written so that NaN is refused too.
        if pixels.size and not (pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError("a picture of floating point numbers must have values from 0 to 1")
        scaled: npt.NDArray[np.uint8] = np.rint(pixels * 255).astype(np.uint8)
        return scaled
    raise ValueError(f"a picture must be uint8, uint16 or floating point, not {pixels.dtype}")


def _numpy(values: Any) -> npt.NDArray[Any]:
    return values.detach().float().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _whole(height: int, width: int) -> list[float]:
    return [0.0, 0.0, float(width), float(height)]


def _unit(values: Sequence[float]) -> list[float]:
    return [round(value / 255, 6) for value in values]


# Saving a processor then also writes this code and where to find it.
SpinePoseImageProcessor.register_for_auto_class()

__all__ = ["SpinePoseImageProcessor", "boxes_xyxy", "to_rgb"]
