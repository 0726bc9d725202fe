"""Speed of the video engine, as ratios to spinepose 2.1.0, to rtmlib 0.0.16 and to the bare network.

    python benchmarks/video.py            # about an hour on two cores
    python benchmarks/video.py --quick    # few short rounds: only to see that all of it works

Prints one table of ratios, the time of each stage, the machine and the versions. Needs the extras `onnx` and,
without sample clips, `synth`. The peers come from the package index into `.venv-peers`, which is made if it
is not there; they get our networks as ONNX files and our boxes, through their own public classes. Every
figure is taken in a process of its own, which chooses its threads as it does by default; peers and ours take
turns, and a ratio is formed within a round. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

from video_peers.bench import ROOT, SHARED, Bench, prepared, say
from video_peers.environment import PEERS
from video_peers.report import ratio_table, stage_table
from video_peers.sections import SECTIONS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round, a one-minute clip for memory")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=150, help="frames of the 1080p clip")
    parser.add_argument("--long-seconds", type=int, default=600, help="of the long clip, for memory")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--detector", help="ONNX file of a person detector with outputs dets and labels")
    parser.add_argument("--samples", type=Path, default=SHARED / "samples", help="folder of sample clips")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "video-benchmark")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.frames, arguments.long_seconds = 1, 24, 60
    bench = prepared(
        arguments.folder,
        arguments.samples,
        arguments.detector,
        arguments.rounds,
        arguments.frames,
        arguments.long_seconds,
    )
    for section in arguments.sections:
        say(f"{section} ...")
        SECTIONS[section](bench)
    print(report(bench))


def report(bench: Bench) -> str:
    """The page."""
    parts = [ratio_table(bench.ratios)]
    if bench.stages:
        parts.append("Time in each stage of ours; stages overlap.")
        parts.append(stage_table(bench.stages))
    parts.append("\n".join(f"- {note}" for note in (*bench.notes, machine(bench), *both_versions(bench))))
    return "\n\n".join(parts)


def machine(bench: Bench) -> str:
    """Where this was measured."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = lines[0].split(":", 1)[1].strip() if lines else name
    return (
        f"{name}, {os.cpu_count()} cores, load at the end {os.getloadavg()[0]:.1f}; {bench.rounds} rounds of "
        f"{bench.frames} frames; medians, and least to greatest ratio in brackets."
    )


def both_versions(bench: Bench) -> list[str]:
    """A line for us and one for the peers."""
    ours, theirs = bench.ours("versions"), bench.theirs("versions")
    return [
        "Ours: " + ", ".join(f"{name} {number}" for name, number in ours.items()) + ".",
        f"Peers ({', '.join(PEERS)}): " + ", ".join(f"{name} {v}" for name, v in theirs.items()) + ".",
    ]


if __name__ == "__main__":
    main()
