"""How fast models run here: runtimes, precisions, threads and batches, which take turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spinepose_hf import errors
from spinepose_hf.errors import ModelError, SpinePoseError
from spinepose_hf.inference.machine import Machine, this_machine
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.load import Runtime
from spinepose_hf.inference.runtimes.precision import Precision
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.weights import EMBEDDED, embedded_model

SLICE_SECONDS = 0.25
"""How long one candidate runs before it is the next one's turn."""

_WEIGHTS = ("*.safetensors", "*.bin", "*.pth")


class Setting(NamedTuple):
    """One way to run a model.

    Attributes:
        model: as in `load_runtime`, or "embedded".
        runtime: the library.
        precision: see `runtimes.precision`.
        threads: see `inference_threads`.
    """

    model: str
    runtime: Runtime
    precision: Precision = "auto"
    threads: int | None = None


@dataclass(frozen=True)
class Speed:
    """What was measured of a setting with one batch size.

    Attributes:
        setting: what was run.
        batch: persons a run.
        runs: how many the figures are of.
        median_ms: milliseconds a run by the wall clock.
        p10_ms: of a tenth of the runs, or less.
        p90_ms: of nine tenths, or less.
        cpu_ms: milliseconds a run of all threads together, the mean.
        load_seconds: in a fresh process, from the first import to a runtime that is ready.
        peak_memory: bytes of a process that does only this, all batch sizes; None where unknown.
        file_bytes: size of the weights that are run; None for what is not known to be on this disk.
    """

    setting: Setting
    batch: int
    runs: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    cpu_ms: float
    load_seconds: float
    peak_memory: int | None
    file_bytes: int | None

    @property
    def persons_per_second(self) -> float:
        """Persons a second at the median."""
        return 1000 * self.batch / self.median_ms


class Refusal(NamedTuple):
    """A setting that cannot be run, and why."""

    setting: Setting
    error: SpinePoseError


@dataclass(frozen=True)
class SpeedReport:
    """What was measured.

    Attributes:
        device: as asked for.
        machine: where.
        speeds: in the order of settings, then batch sizes.
        refusals: settings that could not be run.
        interrupted: Ctrl-C came first, and the figures are of fewer runs than were wanted.
    """

    device: str
    machine: Machine
    speeds: list[Speed]
    refusals: list[Refusal]
    interrupted: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: times in ms and s, memory and files in bytes."""
        return {
            "device": self.device,
            "machine": asdict(self.machine),
            "interrupted": self.interrupted,
            "speeds": [
                {
                    **speed.setting._asdict(),
                    **{name: entry for name, entry in asdict(speed).items() if name != "setting"},
                    "persons_per_second": speed.persons_per_second,
                }
                for speed in self.speeds
            ],
            "refusals": [{**setting._asdict(), "reason": str(error)} for setting, error in self.refusals],
        }


def measure_speed(
    settings: Sequence[Setting],
    batches: Sequence[int],
    *,
    device: Device = "auto",
    seconds: float = 2.0,
    progress: Callable[[str, int, int], None] | None = None,
) -> SpeedReport:
    """Time models on crops of noise.

    Every setting has a process of its own. They run one at a time, a quarter of a second each, turn by turn,
    so that other load of the machine hits all alike.

    Args:
        settings: what to compare.
        batches: numbers of persons that run together.
        device: as in `load_runtime`.
        seconds: for each setting and batch size.
        progress: told "loading" or "measuring", steps done since the last time, and all of them.

    Returns:
        What was measured; after Ctrl-C what there is until then.

    Raises:
        SpinePoseError: no setting can be run; of the first.
    """
    tell = progress or (lambda stage, done, total: None)
    slices = max(1, round(seconds / SLICE_SECONDS))
    workers: dict[Setting, _Worker] = {}
    refusals: list[Refusal] = []
    answers: dict[tuple[Setting, int], list[dict[str, Any]]] = {}
    interrupted = False
    with ExitStack() as stack:
        try:
            for setting in settings:
                try:
                    workers[setting] = stack.enter_context(_started(setting, device))
                except SpinePoseError as error:
                    refusals.append(Refusal(setting, error))
                tell("loading", 1, len(settings))
            if refusals and not workers:
                raise refusals[0].error
            turns = slices * len(workers) * len(batches)
            for _ in range(slices):
                for batch in batches:
                    for setting, worker in workers.items():
                        found = worker.ask({"batch": batch, "seconds": min(seconds, SLICE_SECONDS)})
                        answers.setdefault((setting, batch), []).append(found)
                        tell("measuring", 1, turns)
        except KeyboardInterrupt:
            interrupted = True
    speeds = [
        _speed(setting, batch, worker, answers[setting, batch])
        for setting, worker in workers.items()
        for batch in batches
        if (setting, batch) in answers
    ]
    return SpeedReport(device, this_machine(), speeds, refusals, interrupted)


def runtimes_for(model: str | os.PathLike[str]) -> tuple[Runtime, ...]:
    """The runtimes that are installed and run this kind of model."""
    path = Path(model)
    # A folder may hold nothing but an exported file.
    exported = path.is_dir() and weight_bytes(path) is None and any(path.glob("*.onnx"))
    suffix = ".onnx" if exported else path.suffix
    kinds: tuple[Runtime, ...]
    if str(model) == EMBEDDED:
        kinds = ("onnxruntime", "openvino", "torch")
    elif suffix == ".onnx":
        kinds = ("onnxruntime", "openvino")
    else:
        kinds = ("openvino",) if suffix == ".xml" else ("torch",)
    there = tuple(name for name in kinds if find_spec(name) is not None)
    # Where none is, the one that is missing says how to install it.
    return there or kinds[:1]


def weight_bytes(path: Path) -> int | None:
    """The size of a model with the weights beside its file, or of a folder's weights; None without any."""
    if path.is_dir():
        sizes = [file.stat().st_size for pattern in _WEIGHTS for file in path.glob(pattern)]
        return sum(sizes) if sizes else None
    parts = [path]
    if path.suffix == ".xml":
        parts.append(path.with_suffix(".bin"))
    elif path.suffix == ".onnx":
        parts += external_files(path)
    return sum(part.stat().st_size for part in parts) if all(part.is_file() for part in parts) else None


class _Worker:
    """A process of `speed_worker`, which has loaded its runtime."""

    def __init__(self, process: subprocess.Popen[str], title: str, log: Any) -> None:
        self._process, self._title, self._log = process, title, log
        self.load_seconds = 0.0
        self.file_bytes: int | None = None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it has ended, which the missing answer will tell
            pass
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            last = (self._log.read().strip().splitlines() or ["no message"])[-1]
            raise ModelError(f"{self._title} ended while it ran (exit code {self._process.wait()}; {last})")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return answer


@contextmanager
def _started(setting: Setting, device: str) -> Iterator[_Worker]:
    """A process that has loaded its model; it ends with the block."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spinepose_hf.inference.speed_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # Ctrl-C is for this process, which ends the others when it has what they found.
            start_new_session=True,
        )
        try:
            worker = _Worker(process, setting.runtime, log)
            order = {**setting._asdict(), "device": device}
            if setting.model == EMBEDDED:
                order["model"] = None
            loaded = worker.ask(order)
            worker.load_seconds = loaded["load_seconds"]
            folder = embedded_model() if setting.model == EMBEDDED else Path(setting.model)
            worker.file_bytes = weight_bytes(Path(loaded["file"]) if loaded["file"] else folder)
            yield worker
        finally:
            process.kill()
            process.communicate()


def _speed(setting: Setting, batch: int, worker: _Worker, answers: list[dict[str, Any]]) -> Speed:
    spent = [one for answer in answers for one in answer["milliseconds"]]
    low, median, high = (float(value) for value in np.percentile(spent, (10, 50, 90)))
    cpu = sum(answer["cpu_milliseconds"] * len(answer["milliseconds"]) for answer in answers) / len(spent)
    return Speed(
        setting,
        batch,
        len(spent),
        median_ms=median,
        p10_ms=low,
        p90_ms=high,
        cpu_ms=cpu,
        load_seconds=worker.load_seconds,
        peak_memory=answers[-1]["peak_memory"],
        file_bytes=worker.file_bytes,
    )


__all__ = [
    "SLICE_SECONDS",
    "Refusal",
    "Setting",
    "Speed",
    "SpeedReport",
    "measure_speed",
    "runtimes_for",
    "weight_bytes",
]
