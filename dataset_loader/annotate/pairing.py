"""Which prepared picture a corrected one is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dataset_loader.annotate.labelled import LabelledImage
from spinepose_hf.errors import DatasetError


def pair_images(
    before: Sequence[LabelledImage], after: Sequence[LabelledImage], path: Path
) -> dict[str, LabelledImage]:
    """Find the corrected picture of each prepared one that somebody saw.

    Args:
        before: the prepared pictures.
        after: the corrected ones. A tool may have dropped the folders of a name, or put others before it.
        path: the file of `after`, for messages.

    Returns:
        The corrected pictures by the names of the prepared ones.

    Raises:
        DatasetError: a picture is unknown, has another size or stands twice, or there is none.
    """
    exact = {image.file_name: image for image in before}
    by_last: dict[str, list[LabelledImage]] = {}
    for image in before:
        by_last.setdefault(PurePosixPath(image.file_name).name, []).append(image)
    pairs: dict[str, LabelledImage] = {}
    for image in after:
        name = image.file_name
        alike = [exact[name]] if name in exact else _alike(name, by_last)
        if len(alike) != 1:
            what = (
                "could be several of the prepared pictures"
                if alike
                else "is not one of the prepared pictures"
            )
            raise DatasetError(f"{path}: image {name!r} {what}; are these the corrections of these tasks?")
        original = alike[0]
        # (0, 0) stands for a size that the file does not tell.
        if image.size not in ((0, 0), original.size):
            raise DatasetError(
                f"{path}: {name} has {image.size[0]}x{image.size[1]} px there and "
                f"{original.size[0]}x{original.size[1]} in the tasks; was the picture changed?"
            )
        if original.file_name in pairs:
            raise DatasetError(f"{path} holds {original.file_name} twice; export each picture once")
        pairs[original.file_name] = image
    if not pairs:
        raise DatasetError(f"{path} holds no picture that anybody annotated")
    return pairs


def _alike(name: str, by_last: dict[str, list[LabelledImage]]) -> list[LabelledImage]:
    """The prepared pictures whose name ends like `name`, folder by folder, as far as the shorter one goes."""
    return [
        image
        for image in by_last.get(PurePosixPath(name).name, [])
        if image.file_name.endswith(f"/{name}") or name.endswith(f"/{image.file_name}")
    ]


__all__ = ["pair_images"]
