"""What each process of a multi-process test runs: `python one_process.py ARGUMENTS.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from spinepose_hf.training.trainer import SpinePoseTrainer
from tests.training.blobs import PLAIN, arguments, read_blobs, tiny_model


def run(settings: dict[str, Any]) -> None:
    """Train on the data of `blobs`, evaluate, and write what this process saw into the output folder."""
    data, output = Path(settings["data"]), Path(settings["output_dir"])
    changes = {name: value for name, value in settings.items() if name not in ("data", "output_dir")}
    persons = read_blobs(data)
    args = arguments(output, freeze_norm=True, ddp_find_unused_parameters=False, **changes)
    # An odd number of persons to score cannot be shared out evenly.
    trainer = SpinePoseTrainer(tiny_model(), args, [persons], None, {"blobs": persons[:13]}, PLAIN)
    trainer.train()
    metrics = trainer.evaluate()
    seen = {"history": trainer.state.log_history, "metrics": metrics, "processes": args.world_size}
    (output / f"seen-{args.process_index}.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()))
