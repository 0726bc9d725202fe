"""What training costs beside the network: a step against bare forward and backward, and a view of a person.

    python benchmarks/train_step.py [COCO.json IMAGES] [--size s] [--batch 16] [--steps 12]

Prints `step / bare` (goal: at most 1.1 with one loader process) and the milliseconds that a random view of a
person costs, with and without reading its picture (goal: at most 2 without). Without arguments it trains on
the package's sample photo. Bare is forward, losses and backward of the same module on one batch in memory;
a step adds the loader, the optimiser, the average and the Trainer. On a CPU, bare is also measured with freed
memory given back to the system, as any process does that does not call `keep_freed_memory`, as recipes do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

import spinepose_hf
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import NUM_KEYPOINTS
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.data import PersonCrops, PersonRecord, read_persons
from spinepose_hf.training.memory import keep_freed_memory
from spinepose_hf.training.precision import computes_bfloat16
from spinepose_hf.training.sampler import Draw
from spinepose_hf.training.trainer import SpinePoseTrainer

_WARM_UP = 3


class StepClock(TrainerCallback):  # type: ignore[misc]
    """Notes when each step ends, so that it holds the wait for the loader too."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("annotations", type=Path, nargs="?")
    parser.add_argument("images", type=Path, nargs="?")
    parser.add_argument("--size", default="s")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)

    persons = read_persons(arguments.annotations, arguments.images) if arguments.images else sample_persons()
    time_views(persons)
    trainer, clock = make_trainer(persons, arguments)
    given_back = time_bare(trainer, arguments)
    if trainer.args.device.type == "cpu":
        keep_freed_memory()
    # Before and after the run, because other load on the machine comes and goes.
    bare = [time_bare(trainer, arguments)]
    trainer.train()
    bare.append(time_bare(trainer, arguments))
    step = quiet(np.diff(clock.ends)[_WARM_UP:])
    print(f"bare forward and backward  {min(bare):7.3f} s a batch of {arguments.batch}")
    print(f"  freed memory given back  {given_back:7.3f} s")
    print(f"step                       {step:7.3f} s")
    print(f"step / bare                {step / min(bare):7.3f}  (goal: at most 1.1)")


def sample_persons() -> list[PersonRecord]:
    """One person in the middle of the package's sample photo, many times."""
    path = Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg"
    points = np.random.default_rng(0).uniform(100, 300, (NUM_KEYPOINTS, 2)).astype(np.float32)
    box = np.array([80.0, 40.0, 320.0, 460.0])
    seen = np.full(NUM_KEYPOINTS, 2, np.float32)
    return [PersonRecord(path, box, points, seen, i, i, 60000.0) for i in range(64)]


def time_views(persons: list[PersonRecord]) -> None:
    """Print the milliseconds of a random view, and of its parts."""
    import cv2

    some = persons[:: max(len(persons) // 100, 1)][:100]
    crops = PersonCrops(some, (256, 192))
    decoded = {id(p.image): cv2.imdecode(np.fromfile(str(p.image), np.uint8), 1) for p in some}
    whole = median_ms(lambda i: crops.render(some[i], Draw(i, i)), len(some))
    in_memory = median_ms(
        lambda i: crops.cut(decoded[id(some[i].image)], 1, some[i], crops.view(some[i], Draw(i, i))),
        len(some),
    )
    print(f"crop and augment           {in_memory:7.2f} ms a person  (goal: at most 2)")
    print(f"  with reading the picture {whole:7.2f} ms")


def quiet(seconds: Any) -> float:
    """The quarter of the times that other load on the machine disturbed least."""
    return float(np.percentile(seconds, 25))


def median_ms(work: Callable[[int], Any], count: int) -> float:
    """Median milliseconds of `work(0)` to `work(count - 1)`, after one round that is not counted."""
    times = []
    for timed in (False, True):
        for i in range(count):
            start = time.perf_counter()
            work(i)
            if timed:
                times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def make_trainer(
    persons: list[PersonRecord], arguments: argparse.Namespace
) -> tuple[SpinePoseTrainer, StepClock]:
    """A trainer as recipes make them, and a clock in it."""
    model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(arguments.size))
    args = SpinePoseTrainingArguments(
        output_dir=tempfile.mkdtemp(prefix="spinepose-bench-"),
        max_steps=arguments.steps + _WARM_UP,
        per_device_train_batch_size=arguments.batch,
        learning_rate=1e-4,
        use_cpu=not torch.cuda.is_available(),
        bf16=computes_bfloat16("cuda" if torch.cuda.is_available() else "cpu"),
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        dataloader_num_workers=arguments.workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        dataloader_persistent_workers=arguments.workers > 0,
    )
    clock = StepClock()
    return SpinePoseTrainer(model, args, [persons], callbacks=[clock]), clock


def time_bare(trainer: SpinePoseTrainer, arguments: argparse.Namespace) -> float:
    """Seconds of forward, losses and backward on one batch in memory."""
    device = trainer.args.device
    dataset = trainer.train_dataset
    picked = [dataset[Draw(i % len(dataset), i)] for i in range(arguments.batch)]
    crops, labels = (torch.stack([crop[name] for crop in picked]).to(device) for name in ("crops", "labels"))
    module = trainer.module.train()
    times = []
    for _ in range(arguments.steps // 2 + _WARM_UP):
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=trainer.args.bf16):
            loss = module(crops=crops, labels=labels)["loss"]
        loss.backward()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
        module.zero_grad()
    return quiet(times[_WARM_UP:])


if __name__ == "__main__":
    main()
