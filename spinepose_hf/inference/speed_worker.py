"""A process that holds one runtime and takes its times when it is told to.

    python -m spinepose_hf.inference.speed_worker

Reads a line of JSON at a time from stdin and answers each with one on stdout. The first is the setting,
`{"model", "device", "runtime", "precision", "threads"}`, answered with the seconds of loading and the file
that is run. Each that follows is a slice, `{"batch", "seconds"}`, answered with the milliseconds of each run.
It ends when stdin does. A process of its own for every runtime makes memory and threads those of this one
alone, and lets it load from the first import on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

_MOST_RUNS = 1000


def main() -> None:
    """Serve until stdin ends."""
    # Libraries print to stdout too; only our answers shall arrive there.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

        def answer(content: dict[str, Any]) -> None:
            answers.write(json.dumps(content) + "\n")
            answers.flush()

        setting = json.loads(sys.stdin.readline())
        begin = time.perf_counter()
        from spinepose_hf.errors import SpinePoseError

        try:
            from spinepose_hf.inference.runtimes.load import load_runtime

            runtime = load_runtime(**setting)
        except SpinePoseError as error:
            answer({"error": type(error).__name__, "message": str(error)})
            return
        load_seconds = time.perf_counter() - begin
        file = getattr(runtime, "path", None)  # torch runs folders
        answer({"load_seconds": load_seconds, "file": None if file is None else str(file)})
        for line in sys.stdin:
            order = json.loads(line)
            answer(take_times(runtime, order["batch"], order["seconds"]))


def take_times(runtime: Any, batch: int, seconds: float) -> dict[str, Any]:
    """Run on crops of noise for some time.

    Args:
        runtime: a `PoseRuntime`.
        batch: crops a run.
        seconds: at least one run is timed, also if it lasts longer.

    Returns:
        milliseconds: by the wall clock, of each run but the first, which finds other processes' data in the
            caches. cpu_milliseconds: of all threads, the mean of these runs. peak_memory: bytes or None.
    """
    import numpy as np

    from spinepose_hf.inference.machine import peak_memory

    crops = np.random.default_rng(0).integers(0, 256, (batch, *runtime.input_size, 3), np.uint8)
    runtime(crops)
    spent: list[float] = []
    begin, cpu = time.perf_counter(), time.process_time()
    now = begin
    while not spent or (now - begin < seconds and len(spent) < _MOST_RUNS):
        runtime(crops)
        before, now = now, time.perf_counter()
        spent.append(1000 * (now - before))
    return {
        "milliseconds": spent,
        "cpu_milliseconds": 1000 * (time.process_time() - cpu) / len(spent),
        "peak_memory": peak_memory(),
    }


if __name__ == "__main__":
    main()


__all__ = ["main", "take_times"]
