"""Checking a data set as it lies on disk: annotation files and the headers of their pictures."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_loader.checking.content import check_content, usable_images
from dataset_loader.checking.findings import RULES, FileCount, Finding, Report
from dataset_loader.checking.repair import Change, repair
from dataset_loader.json_file import check_memory, parse_json
from dataset_loader.layout import PARTS, Part, flat_part
from dataset_loader.members import Members, find_picture
from dataset_loader.picture_header import picture_size
from dataset_loader.schema import SPINETRACK, KeypointSchema
from dataset_loader.sources import FolderStore, Store, open_source
from spinepose_hf.errors import DatasetError, ImageError, OutputError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path

_ROUNDS = 4
"""A repair can uncover what the fault hid, and rarely more than once."""

Advance = Callable[[int, int], None]
"""Called with the number of pictures looked at since the last call, and the number of the file's pictures."""


@dataclass(frozen=True)
class Target:
    """One annotation file to check.

    Attributes:
        name: for the report.
        annotations: where it is.
        member: its name there.
        images: where its pictures are.
        folder: their folder there; "" when file names start at `images`.
        schema: the skeleton it must have; None for the one that it names.
    """

    name: str
    annotations: Store
    member: str
    images: Store
    folder: str
    schema: KeypointSchema | None


def find_targets(path: Path, images: Path | None = None) -> list[Target]:
    """The annotation files that a path means.

    Args:
        path: a COCO JSON, SpineTrack as a tree or with its two zips, or a folder of `spinepose synthesize`.
        images: folder of the pictures of a JSON. None looks where the layouts have them, `images/PART` or
            `images`, and else beside the JSON.

    Raises:
        DatasetError: there is nothing of the kind.
    """
    if path.is_file() and path.suffix != ".zip":
        folder = images or _images_beside(path)
        if not folder.is_dir():
            raise DatasetError(f"{folder} is not a folder of pictures; check --images")
        return [Target(str(path), FolderStore(path.parent), path.name, FolderStore(folder), "", None)]
    if images is not None:
        raise DatasetError(f"{path} has its own pictures; --images goes with a single JSON file")
    source = open_source(path)
    parts: list[Part] = [flat_part()] if source.flat else list(PARTS.values())
    targets = [
        Target(part.annotations, source.annotations, part.annotations, source.images, part.images, SPINETRACK)
        for part in parts
    ]
    if not any(source.annotations.find(target.member) for target in targets):
        raise DatasetError(f"{path} holds none of {', '.join(target.member for target in targets)}")
    return targets


def _images_beside(path: Path) -> Path:
    part = path.stem.removeprefix("person_keypoints_")
    for folder in (path.parent.parent / "images" / part, path.parent / "images"):
        if folder.is_dir():
            return folder
    return path.parent


def check(targets: list[Target], *, pixels: bool = True, advance: Advance | None = None) -> Report:
    """Check annotation files and the headers of their pictures.

    Args:
        targets: see `find_targets`.
        pixels: False leaves the pictures alone.
        advance: see `Advance`.

    Raises:
        DatasetError: an archive that cannot be trusted or opened, or a JSON that memory cannot hold.
    """
    report = Report()
    for target in targets:
        if target.annotations.find(target.member) is None:
            report.findings.append(Finding("file-missing", "is not there", target.name))
            continue
        content, findings = _read(target)
        if content is not None:
            findings += _check_all(content, target, pixels=pixels, advance=advance)
        report.files.append(FileCount(target.name, *_counts(content)))
        report.findings += findings
    return report


def fix(targets: list[Target], out: Path, *, pixels: bool = True) -> dict[Path, list[Change]]:
    """Write repaired copies of annotation files.

    Args:
        targets: see `find_targets`.
        out: a file for a single JSON; else a folder, in which files keep their names.
        pixels: as in `check`.

    Returns:
        The files written, and what was changed in each.

    Raises:
        DatasetError: something that only a human can set right.
        OutputError: `out` is the input, or cannot be written.
        MissingExtraError: orjson is not installed.
    """
    require_extra("data", ("orjson",), "repairing an annotation file")
    import orjson

    copies: dict[Path, list[Change]] = {}
    present = [target for target in targets if target.annotations.find(target.member) is not None]
    for target in present:
        copy = out if target.schema is None else out / target.member
        original = target.annotations.path / target.member
        if copy.exists() and original.exists() and copy.samefile(original):
            raise OutputError(f"{copy} is the file to repair, which is never changed; name another")
        content, findings = _read(target)
        changes: list[Change] = []
        for _ in range(_ROUNDS):
            if content is not None:
                findings += _check_all(content, target, pixels=pixels)
            if content is None or not any(f.repairable or f.severity == "error" for f in findings):
                break
            content, done = repair(content, findings)
            changes += done
            findings = []
        if content is None:
            raise DatasetError(f"this cannot be repaired, correct it by hand: {findings[0]}")
        with atomic_path(copy) as temporary:
            temporary.write_bytes(orjson.dumps(content))
        copies[copy] = changes
    return copies


def _read(target: Target) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The content of an annotation file, None when it cannot be read, and what is wrong with it as JSON."""
    found = target.annotations.find(target.member)
    if found is not None:
        check_memory(target.annotations.size(found), target.name)
    try:
        raw = target.annotations.read(target.member)
    except DatasetError as error:
        return None, [Finding("file-unreadable", str(error), target.name)]
    try:
        return parse_json(raw, target.name), []
    except DatasetError as error:
        content, constants = _parse_with_constants(raw)
        if not isinstance(content, dict) or not constants:
            return None, [Finding("json-invalid", str(error), target.name)]
    what = f"{constants[0]} occurs {len(constants)} times" if len(constants) > 1 else f"{constants[0]} occurs"
    return content, [Finding("json-not-finite", what, target.name)]


def _parse_with_constants(raw: bytes) -> tuple[Any, list[str]]:
    """What Python's own parser makes of JSON with NaN and Infinity, and which of them it met."""
    constants: list[str] = []

    def meet(word: str) -> float:
        constants.append(word)
        return float(word)

    try:
        return json.loads(raw, parse_constant=meet), constants
    except (ValueError, RecursionError):
        return None, constants


def _counts(content: dict[str, Any] | None) -> tuple[int, int]:
    sections = [] if content is None else [content.get("images"), content.get("annotations")]
    images, people = [len(section) if isinstance(section, list) else 0 for section in sections] or (0, 0)
    return images, people


def _check_all(
    content: dict[str, Any], target: Target, *, pixels: bool, advance: Advance | None = None
) -> list[Finding]:
    findings = check_content(content, target.name, target.schema)
    if pixels and isinstance(content.get("images"), list):
        findings += _check_pictures(content["images"], target, advance)
    # Pictures first: what is dropped with them needs no repair of its own.
    order = {rule: place for place, rule in enumerate(RULES)}
    return sorted(
        findings, key=lambda finding: (order[finding.rule] >= order["category-missing"], finding.row)
    )


def _check_pictures(images: list[Any], target: Target, advance: Advance | None) -> Iterator[Finding]:
    with Members(target.images) as members:
        for row, image in usable_images(images):
            breach = _check_picture(image, target, members)
            if breach:
                yield Finding(*breach, target.name, image["id"], row=row)
            if advance is not None:
                advance(1, len(images))


def _check_picture(image: dict[str, Any], target: Target, members: Members) -> tuple[str, str] | None:
    name = image["file_name"]
    images, folder = target.images, target.folder
    found = find_picture(images, folder, name) if folder else images.find(name)
    if found is None:
        return "image-missing", f"{name!r} is not in {target.images.path / target.folder}"
    try:
        with members.open_found(found) as stream:
            width, height = picture_size(stream)
    except (DatasetError, zipfile.BadZipFile) as error:
        return "image-unreadable", str(error)
    except ImageError as error:
        return "image-unreadable", f"{name!r} is not a picture that can be read ({error})"
    if (width, height) == (image["width"], image["height"]):
        return None
    turned = "; it seems to be turned" if (height, width) == (image["width"], image["height"]) else ""
    stated = f"{image['width']}x{image['height']}"
    return "image-size", f"{name!r} is {width}x{height}, the file says {stated}{turned}"


__all__ = ["Target", "check", "find_targets", "fix"]
