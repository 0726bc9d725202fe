"""Runtime by precision by batch by size: milliseconds, file size, accuracy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from runtime_sections.accuracy import average_precision
from runtime_sections.networks import NetworkFiles, network_files

from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.speed import Setting, Speed, measure_speed
from spinepose_hf.onnx.calibration import calibration_crops

BATCHES = (1, 4, 8)


@dataclass(frozen=True)
class TableOptions:
    """What the table holds.

    Attributes:
        sizes: letters of the networks.
        device: where they run.
        seconds: for each figure.
        folder: where the networks' files are made and kept.
        calibration: for int8: COCO annotations or a folder of photos; None for rendered people.
        annotations: COCO keypoint annotations that AP is measured on; None for no AP.
        images: their pictures.
        pictures: how many of them.
    """

    sizes: tuple[str, ...]
    device: Device
    seconds: float
    folder: Path
    calibration: Path | None
    annotations: Path | None
    images: Path | None
    pictures: int


def print_table(options: TableOptions) -> None:
    """Measure and print a table in Markdown, and what could not be run."""
    crops = calibration_crops(options.calibration, 128)
    lines = [
        f"| size | runtime | precision | {' | '.join(f'ms, {n}' for n in BATCHES)} | persons/s, best "
        "| load, s | memory, MB | file, MB | AP | spine AP |",
        "|" + "---|" * (9 + len(BATCHES)),
    ]
    notes: list[str] = []
    for size in options.sizes:
        files = network_files(size, options.folder, crops, half=options.device != "cpu")
        settings = settings_of(files, options.device)
        report = measure_speed(
            settings, BATCHES, device=options.device, seconds=options.seconds, progress=told(size)
        )
        notes += [f"{size} {one.runtime} {one.precision}: {error}" for one, error in report.refusals]
        for setting in dict.fromkeys(speed.setting for speed in report.speeds):
            rows = [speed for speed in report.speeds if speed.setting == setting]
            lines.append(row(files, rows, accuracy(files, setting, options)))
        if report.interrupted:
            notes.append("interrupted")
            break
    print("\n" + "\n".join([*lines, *(f"- {note}" for note in notes)]))


def settings_of(files: NetworkFiles, device: str) -> list[Setting]:
    """Every meaningful way to run a network. Half precision is none on CPUs, which have no such units."""
    found = [Setting(str(files.float_file), "onnxruntime", "fp32")]
    if device == "cpu":
        found.append(Setting(str(files.int8_files["onnxruntime"]), "onnxruntime", "int8"))
        if find_spec("openvino") is not None:
            found += [Setting(str(files.float_file), "openvino", "fp32")]
            found += [Setting(str(files.float_file), "openvino", "bf16")]
            found += [Setting(str(files.int8_files["openvino"]), "openvino", "int8")]
    else:
        found.append(Setting(str(files.half_file), "onnxruntime", "fp16"))
    if find_spec("torch") is not None:
        found.append(Setting(str(files.folder), "torch", "fp32"))
    return found


def accuracy(files: NetworkFiles, setting: Setting, options: TableOptions) -> dict[str, float] | None:
    """AP by group, or None where there is nothing to measure it on."""
    if not files.trained or options.annotations is None:
        return None
    images = options.images or options.annotations.parent / "images"
    runtime = load_runtime(setting.model, options.device, setting.runtime, setting.threads, setting.precision)
    return average_precision(runtime, str(setting), options.annotations, images, options.pictures)


def row(files: NetworkFiles, speeds: list[Speed], scores: dict[str, float] | None) -> str:
    """A line of the table."""
    best = max(speed.persons_per_second for speed in speeds)
    first, setting = speeds[0], speeds[0].setting
    cells = [
        files.size if files.trained else f"{files.size} (random weights)",
        setting.runtime,
        setting.precision,
        *(f"{speed.median_ms:.1f}" for speed in speeds),
        f"{best:.0f}",
        f"{first.load_seconds:.2f}",
        "–" if first.peak_memory is None else f"{first.peak_memory / 1e6:.0f}",
        "–" if first.file_bytes is None else f"{first.file_bytes / 1e6:.1f}",
        *("–" if scores is None else f"{scores[group]:.3f}" for group in ("all", "spine")),
    ]
    return f"| {' | '.join(cells)} |"


def told(size: str) -> Callable[[str, int, int], None]:
    """Progress on one line, where somebody looks."""
    done: dict[str, int] = {}

    def tell(stage: str, more: int, total: int) -> None:
        done[stage] = done.get(stage, 0) + more
        if sys.stdout.isatty():
            print(f"\r  size {size}: {stage} {done[stage]}/{total}   ", end="", flush=True)

    return tell


__all__ = ["BATCHES", "TableOptions", "print_table"]
