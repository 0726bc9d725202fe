"""Recognising, by its content, what a file of corrections is, and reading it."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Final

from dataset_loader.annotate.coco_labels import read_coco_labels
from dataset_loader.annotate.cvat_export import read_cvat
from dataset_loader.annotate.label_studio_export import read_label_studio
from dataset_loader.annotate.labelled import LabelledImage
from dataset_loader.annotate.reading import parse_export, read_export
from spinepose_hf.errors import DatasetError

CVAT: Final = "cvat"
LABEL_STUDIO: Final = "label-studio"
COCO: Final = "coco"


def read_corrections(path: Path) -> tuple[str, list[LabelledImage]]:
    """Read what people corrected, from any of the three formats or a zip with one of them.

    Args:
        path: CVAT for images 1.1 (XML), Label Studio's JSON, or COCO keypoints (CVAT's export, or the
            prepared file edited by hand).

    Returns:
        The format's name, and the pictures that people saw.

    Raises:
        DatasetError: the file is none of them, is cut off, or does not fit our 37 points.
    """
    content = read_export(path)
    # Some editors put a byte order mark first; it is no part of the text.
    content = content.removeprefix(BOM_UTF8)
    if content.lstrip().startswith(b"<"):
        return CVAT, read_cvat(content, path)
    document = parse_export(content, path)
    if isinstance(document, list):
        return LABEL_STUDIO, read_label_studio(document, path)
    if "data" in document:
        return LABEL_STUDIO, read_label_studio([document], path)
    if "images" in document:
        return COCO, read_coco_labels(document, path)
    raise DatasetError(
        f"{path} is none of CVAT for images 1.1 (XML), Label Studio JSON and COCO keypoints JSON; "
        "export one of these"
    )


__all__ = ["COCO", "CVAT", "LABEL_STUDIO", "read_corrections"]
