"""Small labels with text: rendered once, kept, and found a free place in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from spinepose_hf.output.canvas import Color

Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom in px; right and bottom lie outside."""

# Rounded corners are drawn this much larger and scaled down.
_SUPERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class TagStyle:
    """How a tag looks.

    Attributes:
        fill: RGB of its ground.
        ink: RGB of its text.
        opacity: of its ground, 0 to 1; the text is opaque.
        bar: RGB of a bar on its left, which tells what it belongs to; None draws none.
    """

    fill: Color
    ink: Color
    opacity: float = 1.0
    bar: Color | None = None


@lru_cache(maxsize=512)
def render_tag(text: str, size: int, style: TagStyle) -> NDArray[np.uint8]:
    """Render a tag.

    Args:
        text: one line.
        size: of the font in px.
        style: how it looks.

    Returns:
        (h, w, 4) uint8 RGB and coverage, read-only. Tags of one font size are equally high.
    """
    font = _font(size)
    pad, bar = max(2, round(0.35 * size)), max(2, round(0.25 * size)) if style.bar else 0
    height = round(1.3 * size) + 2
    width = round(font.getlength(text)) + 2 * pad + bar
    enlarged = width * _SUPERSAMPLING, height * _SUPERSAMPLING
    ground = Image.new("L", enlarged, 0)
    ImageDraw.Draw(ground).rounded_rectangle(
        (0, 0, enlarged[0] - 1, enlarged[1] - 1), radius=0.25 * height * _SUPERSAMPLING, fill=255
    )
    coverage = np.asarray(ground.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    picture = Image.new("RGB", (width, height), style.fill)
    brush = ImageDraw.Draw(picture)
    ink = Image.new("L", (width, height), 0)
    if style.bar:
        brush.rectangle((0, 0, bar - 1, height), fill=style.bar)
        ImageDraw.Draw(ink).rectangle((0, 0, bar - 1, height), fill=255)
    place = (bar + pad, height / 2)
    brush.text(place, text, style.ink, font, anchor="lm")
    ImageDraw.Draw(ink).text(place, text, 255, font, anchor="lm")
    opacity = np.maximum(style.opacity, np.asarray(ink, np.float32) / 255) * coverage
    tag = np.dstack([np.asarray(picture), np.rint(255 * opacity).astype(np.uint8)])
    tag.flags.writeable = False
    return tag


class TagLayout:
    """Finds places for tags that leave neither the picture nor room for an overlap.

    Args:
        picture_size: (height, width) in px.
    """

    def __init__(self, picture_size: tuple[int, ...]) -> None:
        self.height, self.width = picture_size[:2]
        self.taken: list[Rectangle] = []

    def claim(self, tag_size: tuple[int, ...], corners: Iterable[tuple[float, float]]) -> Rectangle | None:
        """Take the first free place for a tag of (height, width) px.

        Args:
            tag_size: (height, width) in px.
            corners: wished places of its left upper corner, best first; each is moved into the picture.

        Returns:
            The place, which is taken from now on, or None where every one is taken or the tag does not fit
            into the picture.
        """
        height, width = tag_size[:2]
        if height > self.height or width > self.width:
            return None
        for x, y in corners:
            left = int(min(max(round(x), 0), self.width - width))
            top = int(min(max(round(y), 0), self.height - height))
            place = (left, top, left + width, top + height)
            if not any(_overlap(place, other) for other in self.taken):
                self.taken.append(place)
                return place
        return None


def font_size(person_height: float, picture_size: tuple[int, ...]) -> int:
    """Return the font's size in px for a person of this height in a picture of (height, width) px.

    It follows the person within what is legible in the picture, in steps, so that it rests in a video.
    """
    side = min(picture_size[:2])
    least, most = max(10.0, 0.017 * side), max(11.0, 0.03 * side)
    wished = min(max(0.05 * person_height, least), most)
    step = np.sqrt(np.sqrt(2.0))
    return round(float(step ** round(np.log(wished) / np.log(step))))


def readable_ink(fill: Color) -> Color:
    """Return black or white, whichever stands out from `fill` (contrast ratio of WCAG 2.1)."""
    linear = [_linear(channel / 255) for channel in fill]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # Equal contrast with black and white: (L + 0.05)^2 = 1.05 * 0.05.
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _overlap(first: Rectangle, second: Rectangle) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


__all__ = ["Rectangle", "TagLayout", "TagStyle", "font_size", "readable_ink", "render_tag"]
