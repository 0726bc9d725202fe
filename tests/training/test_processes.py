"""Two processes train as one does on twice the batch, and score each person once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training import one_process
from tests.training.blobs import logged_losses, write_blobs


def two_processes(settings: dict[str, Any], folder: Path, root: Path) -> None:
    """Run `one_process` twice at a time, as a user would start it."""
    path = folder / "arguments.json"
    path.write_text(json.dumps(settings))
    script = str(root / "tests" / "training" / "one_process.py")
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, script, str(path)],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_two_processes_train_as_one_on_twice_the_batch(root: Path, tmp_path: Path) -> None:
    write_blobs(tmp_path / "data")
    data, seen = str(tmp_path / "data"), {}
    one, two = tmp_path / "one", tmp_path / "two"
    one_process.run({"data": data, "output_dir": str(one), "per_device_train_batch_size": 8})
    two_processes({"data": data, "output_dir": str(two), "per_device_train_batch_size": 4}, tmp_path, root)
    for name, path in (("one", one / "seen-0"), ("first", two / "seen-0"), ("second", two / "seen-1")):
        seen[name] = json.loads(path.with_suffix(".json").read_text())
    assert [seen[name]["processes"] for name in seen] == [1, 2, 2]

    losses = {name: logged_losses(seen[name]["history"]) for name in seen}
    assert len(losses["one"]) == 6 and losses["one"][5] < losses["one"][0] - 0.01
    assert losses["first"] == pytest.approx(losses["one"], abs=1e-4)
    terms = {name: [e["loss_position"] for e in seen[name]["history"] if "loss" in e] for name in seen}
    assert terms["first"] == terms["second"] == pytest.approx(terms["one"], abs=1e-4)

    # The same metrics as one process finds: no person is scored twice, and none is left out.
    assert seen["first"]["metrics"] == seen["second"]["metrics"]
    for name, value in seen["one"]["metrics"].items():
        assert seen["first"]["metrics"][name] == pytest.approx(value, abs=2e-3), name
