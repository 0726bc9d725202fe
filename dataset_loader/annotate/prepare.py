"""Pre-annotating a folder of pictures and writing the tasks, most doubtful pictures first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataset_loader.annotate.boxes import read_boxes
from dataset_loader.annotate.coco_tasks import coco_tasks
from dataset_loader.annotate.corrections import COCO, CVAT, LABEL_STUDIO
from dataset_loader.annotate.cvat import write_cvat
from dataset_loader.annotate.cvat_labels import cvat_labels
from dataset_loader.annotate.images import check_stems, list_images
from dataset_loader.annotate.label_studio import (
    LOCAL_FILES,
    write_label_studio,
    write_label_studio_config,
)
from dataset_loader.annotate.predict import look_at
from dataset_loader.annotate.ranking import write_ranking
from dataset_loader.annotate.records import (
    ImageRecord,
    Options,
    claim_folder,
    identify,
    read_record,
    stamp_of,
    write_record,
)
from dataset_loader.annotate.tasks import TaskImage, build_tasks, by_doubt
from spinepose_hf.errors import BoxError, DatasetError, ImageError
from spinepose_hf.inference.detectors.load import DETECTOR_VARIABLE
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.output.json_file import write_json
from spinepose_hf.weights import embedded_onnx

FORMATS: Final = (COCO, CVAT, LABEL_STUDIO)
COCO_FILE: Final = "annotations.json"
CVAT_FILE: Final = "cvat_annotations.xml"
CVAT_LABELS_FILE: Final = "cvat_labels.json"
LABEL_STUDIO_FILE: Final = "label_studio_tasks.json"
LABEL_STUDIO_CONFIG_FILE: Final = "label_studio_config.xml"
RANKING_FILE: Final = "ranking.csv"
EMBEDDED: Final = "embedded"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What `prepare` did.

    Attributes:
        images: pictures that could be used.
        computed: of these, how many this call looked at; the others were done before.
        people: persons found.
        empty: pictures in which nobody was found.
        selected: pictures in the tasks.
        skipped: one line for each picture that could not be used.
        written: the files.
    """

    images: int
    computed: int
    people: int
    empty: int
    selected: int
    skipped: tuple[str, ...]
    written: tuple[Path, ...]


def prepare(
    images: Path,
    out: Path,
    *,
    model: str | None = None,
    detector: str = "auto",
    boxes: Path | None = None,
    formats: Sequence[str] = FORMATS,
    top: int | None = None,
    threshold: float = 0.3,
    image_prefix: str = LOCAL_FILES,
    device: str = "auto",
    progress: Progress | None = None,
) -> Summary:
    """Label pictures with the model and write tasks for annotators.

    A run that was stopped continues when it is called again with the same options; pictures that were added
    or changed since are looked at, others are not.

    Args:
        images: folder of the pictures; its sub-folders count.
        out: folder of the tasks; new, empty, or one of the same options.
        model: see `SpinePoseEstimator`; None for the embedded weights.
        detector: see `SpinePoseEstimator`; "none" finds one person a picture.
        boxes: COCO JSON with the boxes of the people; the detector is not used then.
        formats: of `FORMATS`. COCO is written in any case: `merge` needs it.
        top: only the pictures that rank so high go into the tasks; None for all.
        threshold: keypoint score from which a point is handed out as visible; below it is handed out as
            unlabelled.
        image_prefix: put before a picture's name in Label Studio's tasks.
        device: "cpu", "cuda" or "auto".
        progress: called with how many pictures are done and how many there are.

    Raises:
        DatasetError: a folder, an option or the boxes do not fit.
        SpinePoseError: what `SpinePoseEstimator` raises.
    """
    _check_formats(formats)
    if top is not None and top < 1:
        raise DatasetError(f"top {top} is not a number of pictures; give 1 or more")
    names = list_images(images)
    if CVAT in formats:
        check_stems(names)
    given = None if boxes is None else read_boxes(boxes, names)
    name = EMBEDDED if model is None else model
    finder = detector_name(detector) if boxes is None else str(boxes)
    options = Options(
        model=identify(name, embedded_onnx() if model is None else Path(model)),
        boxes=identify(finder, Path(finder)),
    )
    estimator = SpinePoseEstimator(model, device, detector if boxes is None else "none", threshold)
    claim_folder(out, options)

    records: list[ImageRecord] = []
    skipped: list[str] = []
    computed = 0
    for place, file_name in enumerate(names, start=1):
        stamp = stamp_of(images / file_name)
        record = read_record(out, file_name, stamp)
        if record is None:
            try:
                known = None if given is None else given[file_name]
                record = look_at(images, file_name, stamp, estimator, known)
            except ImageError as error:
                skipped.append(str(error))
            except BoxError as error:
                raise DatasetError(f"{boxes}: {file_name}: {error}") from error
            else:
                write_record(out, record)
                computed += 1
        if record is not None:
            records.append(record)
        if progress is not None:
            progress(place, len(names))
    if not records:
        raise DatasetError(f"none of the {len(names)} pictures in {images} can be used: {skipped[0]}")

    ranked = by_doubt(build_tasks(records, threshold))
    empty = sum(not image.people for image in ranked)
    selected = len(ranked) if top is None else min(top, len(ranked) - empty)
    if selected == 0:
        raise DatasetError(f"nobody was found in the {len(ranked)} pictures; give boxes or a detector")
    written = _write(out, ranked, selected, formats, name, image_prefix)
    return Summary(
        images=len(ranked),
        computed=computed,
        people=sum(len(image.people) for image in ranked),
        empty=empty,
        selected=selected,
        skipped=tuple(skipped),
        written=tuple(written),
    )


def detector_name(detector: str) -> str:
    """What finds the people when `detector` is asked for: "auto" means what the environment names."""
    return (os.environ.get(DETECTOR_VARIABLE) or "none") if detector == "auto" else detector


def _check_formats(formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise DatasetError(f"format {', '.join(unknown) or 'missing'!r}: give some of {', '.join(FORMATS)}")


def _write(
    out: Path,
    ranked: Sequence[TaskImage],
    selected: int,
    formats: Sequence[str],
    model: str,
    image_prefix: str,
) -> list[Path]:
    """Write all files; returns their paths."""
    chosen = ranked[:selected]
    info = {
        "description": "People labelled by a model, to be corrected by annotators",
        "generator": "spinepose-hf annotate prepare",
        "model": model,
    }
    written = [out / RANKING_FILE, out / COCO_FILE]
    write_ranking(ranked, selected, out / RANKING_FILE)
    write_json(coco_tasks(chosen, info), out / COCO_FILE)
    if CVAT in formats:
        write_cvat(chosen, out / CVAT_FILE)
        write_json(cvat_labels(), out / CVAT_LABELS_FILE)
        written += [out / CVAT_FILE, out / CVAT_LABELS_FILE]
    if LABEL_STUDIO in formats:
        write_label_studio(chosen, out / LABEL_STUDIO_FILE, image_prefix, model)
        write_label_studio_config(out / LABEL_STUDIO_CONFIG_FILE)
        written += [out / LABEL_STUDIO_FILE, out / LABEL_STUDIO_CONFIG_FILE]
    return written


__all__ = ["COCO_FILE", "FORMATS", "Summary", "prepare"]
