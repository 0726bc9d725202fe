"""What all sections of the video benchmark use: its materials, and processes that measure."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from video_peers.environment import peers_python
from video_peers.report import Ratio

ROOT = Path(__file__).resolve().parents[2]
PARTS = Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared"

Boxes = list[list[float]]
Measured = Mapping[str, Any]


@dataclass
class Bench:
    """What all sections use, and what they found."""

    folder: Path
    python: Path
    rounds: int
    frames: int
    long_seconds: int
    detector: str | None
    clip: Measured
    boxes: list[Boxes]
    solo_boxes: list[Boxes]
    rf_detr: bool
    ratios: list[Ratio] = field(default_factory=list)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def network(self, size: str, kind: str) -> str:
        """Path of a network: `kind` deploy for us, plain for the peers."""
        return str(self.folder / "networks" / f"{size}-{kind}.onnx")

    def ours(self, task: str, **options: Any) -> Measured:
        """What one of our processes measures."""
        return measured([sys.executable, str(PARTS / "ours.py"), json.dumps({"task": task, **options})])

    def theirs(self, task: str, **options: Any) -> Measured:
        """What a process of the peers' measures."""
        common = {"task": task, "rate": 30, "empty": str(self.folder / "networks" / "empty.onnx")}
        return measured([str(self.python), str(PARTS / "peers.py"), json.dumps({**common, **options})])


def prepared(
    folder: Path, samples: Path, given_detector: str | None, rounds: int, frames: int, long_seconds: int
) -> Bench:
    """Make the peers' environment, the networks, the clips and the boxes, where they are missing.

    Args:
        folder: where all that is made goes.
        samples: folder of sample clips; it need not be there.
        given_detector: an ONNX file; None takes what SPINEPOSE_DETECTOR names, or one beside the checkout.
        rounds: how often each figure is taken.
        frames: of the 1080p clip.
        long_seconds: of the long clip.
    """
    say("preparing: environment, networks, clips")
    python = peers_python(ROOT / ".venv-peers")
    networks = measured([sys.executable, str(PARTS / "networks.py"), str(folder / "networks")])
    videos = samples / "video"
    wish = {
        "samples": str(videos) if videos.is_dir() else None,
        "folder": str(folder / "clips"),
        "frames": frames,
    }
    clip = measured([sys.executable, str(PARTS / "clips.py"), json.dumps(wish)])
    detector = given_detector or os.environ.get("SPINEPOSE_DETECTOR") or beside("rtmdet_nano_person.onnx")
    bench = Bench(
        folder=folder,
        python=python,
        rounds=rounds,
        frames=frames,
        long_seconds=long_seconds,
        detector=detector,
        clip={**clip, "samples": str(samples)},
        boxes=[],
        solo_boxes=[],
        rf_detr=networks["rf_detr"],
    )
    bench.notes.append(f"Clip: {clip['origin']}.")
    if detector:
        bench.boxes = bench.ours("detect", detector=detector, clip=clip["clip"])["boxes"]
        bench.solo_boxes = bench.ours("detect", detector=detector, clip=clip["solo"])["boxes"]
    return bench


def beside(name: str) -> str | None:
    """A model in the folder `shared` beside the checkout, if it is there."""
    path = SHARED / "models" / name
    return str(path) if path.is_file() else None


def measured(command: Sequence[str]) -> Measured:
    """The JSON object in the last line that a command prints."""
    result: Measured = json.loads(completed(command).strip().splitlines()[-1])
    return result


def completed(command: Sequence[str]) -> str:
    """What a command prints; it chooses its own threads."""
    chosen = ("OMP_NUM_THREADS", "SPINEPOSE_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in chosen}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(command)}\n{done.stderr[-3000:]}")
    return done.stdout


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


__all__ = ["ROOT", "SHARED", "Bench", "Boxes", "Measured", "completed", "measured", "prepared", "say"]
