"""The comparisons of the video benchmark; each adds its ratios, stage times and notes."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from video_peers.bench import PARTS, Bench, Boxes, Measured, completed, measured, say
from video_peers.report import Ratio

COUNTS = (1, 4, 8)
SIZES = ("t", "s")

_WITH_RF_DETR = (
    "spinepose's detector is RF-DETR small at 512 px from transformers with random weights: it runs on every "
    "frame and costs what the trained one costs, but the boxes are those of our detector."
)
_WITHOUT_RF_DETR = (
    "transformers here has no RF-DETR, so spinepose's detector costs nothing: the ratio is too low."
)


def fixed_boxes(found: Sequence[Boxes], count: int) -> Boxes:
    """`count` boxes that stay where they are: the largest of the first frame, else parts of the panels."""
    known = sorted(found[0], key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:count] if found else []
    made = [
        [640.0 * (n % 3) + 150 + 12 * n, 100.0 + 12 * n, 640.0 * (n % 3) + 450, 1000.0] for n in range(count)
    ]
    return [*known, *made[len(known) :]]


def same_boxes(bench: Bench) -> None:
    """The same network and boxes on every frame: against the peers, and against the bare network."""
    for size in SIZES:
        for count in COUNTS:
            boxes = fixed_boxes(bench.boxes, count)
            ours: list[Measured] = []
            rates: dict[str, list[float]] = defaultdict(list)
            for number in range(bench.rounds):
                order = ["spinepose", "ours", "rtmlib"]
                for who in order if number % 2 == 0 else reversed(order):
                    if who == "ours":
                        ours.append(run_ours(bench, bench.network(size, "deploy"), boxes))
                        continue
                    task = {"peer": who, "network": bench.network(size, "plain"), "boxes": [boxes]}
                    rates[who].append(bench.theirs("clip", clip=bench.clip["clip"], **task)["fps"])
            fps = [result["fps"] for result in ours]
            case = f"{size}, {count} {'person' if count == 1 else 'people'}"
            for who, goal in (("spinepose", 1.5), ("rtmlib", None)):
                bench.ratios.append(Ratio(f"end to end / {who}: {case}", fps, rates[who], "fps", goal))
            bare = [result["bare_fps"] for result in ours]
            bench.ratios.append(Ratio(f"end to end / bare network: {case}", fps, bare, "fps", 0.9))
            bench.stages[f"given boxes: {case}"] = median_stages(ours)
            say(bench.ratios[-3].row())


def run_ours(
    bench: Bench, network: str | None, boxes: Boxes | None = None, clip: str = "clip", **options: Any
) -> Measured:
    """Our clip task; with given boxes smoothed by One Euro, as the peer smooths."""
    given = {"boxes": boxes, "options": {"smooth": "one-euro"}} if boxes else {"options": options}
    return bench.ours(
        "clip",
        network=network,
        clip=bench.clip[clip],
        photo=bench.clip["photo"],
        detector=None if boxes else bench.detector,
        **given,
    )


def defaults(bench: Bench) -> None:
    """What users get who choose nothing."""
    if bench.detector is None:
        bench.notes.append("The defaults were not compared: that needs a detector, give one by `--detector`.")
        return
    _compare_defaults(bench, "solo", bench.solo_boxes)
    _compare_defaults(bench, "clip", bench.boxes)
    bench.notes += [
        "Networks s and m have random weights; m gives the answers of t, computed beside it, on both sides.",
        _WITH_RF_DETR if bench.rf_detr else _WITHOUT_RF_DETR,
    ]


def _compare_defaults(bench: Bench, clip: str, boxes: list[Boxes]) -> None:
    people = statistics.mean(len(frame) for frame in boxes)
    network = bench.network("m", "deploy")
    kinds: dict[str, tuple[str | None, dict[str, Any], float | None]] = {
        "our defaults (network t) / spinepose's (network m)": (None, {}, 5.0),
        "both with network m, else defaults": (network, {}, 5.0),
        "both with network m, a detector on every frame": (network, {"detect_every": 1}, None),
    }
    ours: dict[str, list[Measured]] = defaultdict(list)
    theirs: list[float] = []
    task = {"clip": bench.clip[clip], "boxes": boxes, "network": bench.network("m", "plain")}
    rf_detr = bench.network("rf-detr", "small") if bench.rf_detr else None
    for _ in range((bench.rounds + 1) // 2):
        theirs.append(bench.theirs("clip", peer="spinepose", detector=rf_detr, **task)["fps"])
        for kind, (ours_network, options, _) in kinds.items():
            ours[kind].append(run_ours(bench, ours_network, clip=clip, **options))
    for kind, (_, _, goal) in kinds.items():
        name = f"{kind}: {people:.1f} people"
        bench.ratios.append(Ratio(name, [result["fps"] for result in ours[kind]], theirs, "fps", goal))
        bench.stages[name] = median_stages(ours[kind])
        say(bench.ratios[-1].row())
    one = ours["both with network m, else defaults"][0]
    bench.notes.append(
        f"Defaults, {people:.1f} people: our detector ran {one['detections']} times in {one['frames']} "
        "frames."
    )


def crop(bench: Bench) -> None:
    """Cutting people out of a frame."""
    boxes = fixed_boxes(bench.boxes, max(COUNTS))
    task = {"photo": bench.clip["photo"], "repeats": 20 * bench.rounds}
    ours, theirs = [], []
    for _ in range(bench.rounds):
        theirs.append(bench.theirs("crop", network=bench.network("t", "plain"), boxes=[boxes], **task)["ms"])
        ours.append(bench.ours("crop", network=bench.network("t", "deploy"), boxes=boxes, **task)["ms"])
    name = "crop path a person / spinepose's crop and normalising"
    bench.ratios.append(Ratio(name, ours, theirs, "ms", 0.2, at_most=True))


def cold_start(bench: Bench) -> None:
    """From the start of a process to the result of one photo, with the files in the system's cache."""
    boxes = fixed_boxes(bench.boxes, 1)
    photo, deploy, plain = bench.clip["photo"], bench.network("t", "deploy"), bench.network("t", "plain")
    written = {"picture": str(bench.folder / "photo.jpg"), "json": str(bench.folder / "photo.json")}
    told = [*cli(), "-q", "-i", photo, "-o", written["picture"], "-s", written["json"]]
    # What our command is told, and the peer's network and detector.
    cases: dict[str, tuple[list[str], str, str | None]] = {
        "t, box given": (["--model", deploy, "--boxes", ",".join(map(str, boxes[0]))], plain, None)
    }
    if bench.detector and bench.rf_detr:
        rf_detr, search = bench.network("rf-detr", "small"), ["--detector", bench.detector]
        cases["t, each with its detector"] = (["--model", deploy, *search], plain, rf_detr)
        cases["defaults (t / m), each with its detector"] = (search, bench.network("m", "plain"), rf_detr)
    for case, (options, network, detector) in cases.items():
        command = [*told, *options]
        task = {"photo": photo, "boxes": [boxes], "network": network, "detector": detector, **written}
        ours, theirs = [], []
        for number in range(bench.rounds + 1):
            for path in written.values():
                Path(path).unlink(missing_ok=True)
            seconds = timed(lambda command=command: completed(command))
            their_seconds = timed(lambda task=task: bench.theirs("command", **task))
            # The first round fills the cache.
            if number:
                ours.append(seconds)
                theirs.append(their_seconds)
        name = f"cold start to picture and JSON of one photo, command / spinepose's: {case}"
        bench.ratios.append(Ratio(name, ours, theirs, "s", 0.33, at_most=True))
    found = bench.ours("photo", photo=photo, boxes=boxes, network=deploy)
    known = bench.theirs("photo", photo=photo, boxes=[boxes], network=plain)
    bench.notes.append(
        "Both give the same answers: with the same colour order, keypoints of the photo differ by "
        f"{distance(found, known):.2f} px in the median."
    )


def cli() -> list[str]:
    """Our command."""
    script = Path(sys.executable).with_name("spinepose")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "spinepose_hf.cli.main"]


def distance(ours: Measured, theirs: Measured) -> float:
    """Median distance of keypoints, in pixels."""
    pairs = zip(ours["keypoints"][0], theirs["keypoints"][0], strict=True)
    return statistics.median(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a, b in pairs)


def cadence(bench: Bench) -> None:
    """What is lost by searching now and then only."""
    if bench.detector is None:
        bench.notes.append("What the cadence costs was not measured: that needs a detector.")
        return
    samples = Path(bench.clip["samples"])
    labels = samples / "coco" / "person_keypoints.json"
    found = bench.ours(
        "cadence",
        detector=bench.detector,
        clips=[str(path) for path in sorted((samples / "video").glob("*.mp4"))],
        labels=str(labels) if labels.is_file() else None,
        frames=min(bench.frames, 60),
        folder=str(bench.folder / "clips"),
    )
    kind = "photos" if labels.is_file() else "rendered pictures"
    bench.notes.append(
        f"AP lost by the detector's cadence: {found['ap_every'] - found['ap']:+.4f} (goal ≤ 0.01): body AP "
        f"{found['ap_every']:.4f} with a detector on every frame and {found['ap']:.4f} by default, on "
        f"{found['pictures']} labelled {kind} before which a camera sways."
    )
    if "agreement" in found:
        bench.notes.append(
            "The sample clips have no labels. With the every-frame result taken for the truth, the default "
            f"has an AP of {found['agreement']:.4f} on {found['clips']} clips, {found['frames']} frames, "
            "unsmoothed."
        )


def memory(bench: Bench) -> None:
    """Peak memory of a long and a short clip, a third as large as the 1080p clip."""
    long = bench.folder / "clips" / f"long-{bench.long_seconds}.mp4"
    wish = {"small": bench.clip["small"], "target": str(long), "seconds": bench.long_seconds}
    measured([sys.executable, str(PARTS / "clips.py"), json.dumps(wish)])
    boxes = [[value / 3 for value in box] for box in fixed_boxes(bench.boxes, 1)]
    task = {"network": bench.network("t", "deploy"), "boxes": boxes}
    shorts = [bench.ours("memory", clip=bench.clip["small"], **task)["mb"] for _ in range(3)]
    peak = bench.ours("memory", clip=str(long), **task)["mb"]
    name = f"peak memory, {bench.long_seconds} s clip / 10 s clip"
    bench.ratios.append(Ratio(name, [peak], [statistics.median(shorts)], "MB", 1.1, at_most=True))


def timed(work: Any) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_stages(results: Sequence[Measured]) -> dict[str, float]:
    """Milliseconds of each stage, the median over rounds."""
    return {
        name: statistics.median(result["stages"].get(name, 0.0) for result in results)
        for name in results[0]["stages"]
    }


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "same-boxes": same_boxes,
    "defaults": defaults,
    "crop": crop,
    "cold-start": cold_start,
    "cadence": cadence,
    "memory": memory,
}

__all__ = ["SECTIONS", "fixed_boxes"]
