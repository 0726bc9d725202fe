"""Generate a synthetic dataset: chunks of images made by worker processes, resumable after any kill.

A chunk of 32 images is the unit of work and is drawn from (seed, chunk index) alone, so the number of
workers changes nothing. Folder layout:

    OUT/options.json      what was asked for; another request into the same folder is refused
    OUT/images/*.jpg      written as they come
    OUT/chunks/*.json     one record a finished chunk, atomic; a run continues after the finished chunks
    OUT/annotations.json  COCO keypoints, atomic, written when all chunks are there
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dataset_loader.synthetic.options import Options, Sources, claim_folder
from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path

CHUNK_SIZE = 32
JPEG_QUALITY = (70, 95)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Chunk:
    """Images first .. first + count - 1 of a dataset."""

    index: int
    count: int

    @property
    def first(self) -> int:
        """Id of the first image."""
        return self.index * CHUNK_SIZE


def plan(count: int) -> list[Chunk]:
    """The chunks that hold `count` images; only the last may be short."""
    return [Chunk(i, min(CHUNK_SIZE, count - i * CHUNK_SIZE)) for i in range(-(-count // CHUNK_SIZE))]


def image_name(image_id: int) -> str:
    """File name of an image."""
    return f"{image_id:08d}.jpg"


def record_path(out: Path, chunk: Chunk) -> Path:
    """Where the record of a finished chunk lies."""
    return out / "chunks" / f"{chunk.index:06d}.json"


def render_chunk(out: Path, options: Options, sources: Sources, chunk: Chunk) -> int:
    """Write the images of one chunk and then its record; returns how many images that were."""
    import cv2
    import numpy as np

    from dataset_loader.synthetic.annotate import image_record
    from dataset_loader.synthetic.shots import shots

    cv2.setNumThreads(1)
    rng = np.random.default_rng([options.seed, chunk.index])
    photos, motions = sources.load()
    stream = shots(rng, (options.width, options.height), options.people, photos, motions)
    images: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for image_id, shot in zip(range(chunk.first, chunk.first + chunk.count), stream, strict=False):
        name = image_name(image_id)
        quality = int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1))
        encoded = cv2.imencode(".jpg", shot.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        (out / "images" / name).write_bytes(encoded.tobytes())
        images.append(image_record(image_id, name, shot.camera))
        people += [{"image_id": image_id} | person for person in shot.people]
    with atomic_path(record_path(out, chunk)) as temporary:
        temporary.write_text(json.dumps({"images": images, "annotations": people}))
    return chunk.count


def read_record(out: Path, chunk: Chunk) -> dict[str, Any] | None:
    """The record of a chunk cut to its wanted length, or None when it must still be made."""
    path = record_path(out, chunk)
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise DatasetError(f"damaged chunk record {path}: {error}; delete it and run again") from error
    if len(record["images"]) < chunk.count:
        return None
    end = chunk.first + chunk.count
    return {
        "images": record["images"][: chunk.count],
        "annotations": [person for person in record["annotations"] if person["image_id"] < end],
    }


def write_annotations(out: Path, options: Options, count: int) -> None:
    """Join all records into one COCO file, atomically; annotations are numbered from 1."""
    from dataset_loader.synthetic.annotate import person_category

    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for chunk in plan(count):
        record = read_record(out, chunk)
        if record is None:
            raise DatasetError(f"chunk {chunk.index} of {out} is missing; run the same command again")
        images += record["images"]
        annotations += record["annotations"]
    annotations = [{"id": number} | person for number, person in enumerate(annotations, start=1)]
    coco = {
        "info": {
            "description": "Synthetic people with 37 body and spine keypoints",
            "generator": "spinepose-hf synthesize",
            "version": options.version,
            "options": asdict(options) | {"count": count},
        },
        "licenses": [],
        "categories": [person_category()],
        "images": images,
        "annotations": annotations,
    }
    with atomic_path(out / "annotations.json") as temporary, temporary.open("w") as stream:
        json.dump(coco, stream)


def is_finished(out: Path, count: int) -> bool:
    """Whether annotations.json already holds exactly `count` images."""
    path = out / "annotations.json"
    if not path.is_file():
        return False
    try:
        return bool(json.loads(path.read_text())["info"]["options"]["count"] == count)
    except (ValueError, KeyError, TypeError):
        return False  # it is rebuilt from the chunk records


def generate(
    out: Path,
    count: int,
    options: Options,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    sources: Sources | None = None,
) -> int:
    """Make a dataset of `count` images in `out`, or what is missing of it.

    Args:
        out: the folder; new, empty, or one of the same options.
        count: how many images the dataset shall hold; more than before extends it.
        options: seed, size, people, and the checksums of `sources`.
        workers: how many processes; the images do not depend on it.
        progress: called with the number of images newly ready (also for those found ready at the start).
        sources: the user's own photos and motion files.

    Returns:
        How many images this call rendered.

    Raises:
        DatasetError: bad count or workers, a folder of other options, or an unusable photo or motion file.
        MissingExtraError: embreex is not installed.
    """
    if count < 1 or workers < 1:
        raise DatasetError(f"count {count} and workers {workers} must be at least 1")
    from dataset_loader.synthetic.raycast import require_embreex

    require_embreex()
    own = sources or Sources()
    if own.digests() != (options.backgrounds, options.motion):
        raise DatasetError("the photos or motion files are not those of the options; make the options anew")
    claim_folder(out, options)
    report = progress or (lambda _: None)
    chunks = plan(count)
    missing = [chunk for chunk in chunks if read_record(out, chunk) is None]
    report(count - sum(chunk.count for chunk in missing))
    rendered = 0
    for finished in _render_all(out, options, own, missing, workers):
        rendered += finished
        report(finished)
    if not is_finished(out, count):
        write_annotations(out, options, count)
    return rendered


def _render_all(
    out: Path, options: Options, sources: Sources, chunks: list[Chunk], workers: int
) -> Iterator[int]:
    """Render chunks in worker processes, yielding image counts as chunks finish.

    One worker is a process too: it then computes with the same single-threaded NumPy, hence the same pixels.
    """
    if not chunks:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(chunks)), context, initializer=_end_with_parent) as pool:
        with single_threaded_children():
            futures = [pool.submit(render_chunk, out, options, sources, chunk) for chunk in chunks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def single_threaded_children() -> Iterator[None]:
    """Keep NumPy of the processes started inside to one thread; more would only fight each other."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """End this worker when its parent is killed; it would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
