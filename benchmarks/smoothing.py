"""What each smoothing method leaves of the jitter, what it does to the movement, and what it costs.

    python benchmarks/smoothing.py [--jitter 1.5 3.5] [--rate 30] [--choose]

A jointed figure 400 px tall moves for a minute in ways that are known exactly: it stands; it walks and bends
its back; it swings a hand at 2 Hz over 100 px to each side. To its points comes white jitter: 3.5 px is what
the embedded network shows along the spine of a walking person of that size, good networks show less. Printed
are the jitter that is left, how far the smoothed truth lies from the truth (bias), the error in all, the loss
of height and the lag of the swing, and the error of points for which the network guesses for 0.2 s, 30 px
beside and with a low score; then the time that a frame of 8 people takes, beside one filter object for each
coordinate. `--choose` prints the error for a range of settings.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.smoothing.base import Smoother
from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.make import make_smoother
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.one_euro import OneEuro, OneEuroState, one_euro_series
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.series import SeriesFilter, smooth_series
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS, SPINE_CHAIN
from spinepose_hf.pose import People

Floats = NDArray[np.float64]
Smooth = Callable[[Floats, Floats, Floats], Floats]

SIZE = 400.0
SECONDS = 60
PEOPLE = 8
SWING_HZ, SWING_PX = 2.0, 100.0
_ROUNDS = 7
WRIST = KEYPOINT_INDEX["left_wrist"]


def figure(times: Floats) -> Floats:
    """Points (T, 37, 2) of the figure: a third of the time each it stands, walks and bends, and swings."""
    third = SECONDS / 3
    walks = (times >= third) & (times < 2 * third)
    swings = times >= 2 * third
    rng = np.random.default_rng(7)
    rest = rng.uniform((-60, 0), (60, SIZE), (NUM_KEYPOINTS, 2))
    chain = list(SPINE_CHAIN)
    points = np.broadcast_to(rest, (len(times), NUM_KEYPOINTS, 2)).copy()
    # The back: links of 22 px whose directions turn by a bend that comes and goes, with a constant S-curve.
    bend = 0.09 + 0.16 * np.where(walks, np.sin(2 * np.pi * 0.7 * (times - third)) ** 2, 0.0)
    links = np.arange(len(chain) - 1)
    turn = bend[:, None] * links + 0.25 * np.sin(links * 1.2) - np.pi / 2
    steps = 22 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    points[:, chain] = np.array([0.0, 230.0])
    points[:, chain[1:]] += np.cumsum(steps, axis=1)
    # Walking: the whole body goes to and fro, limbs swing at 1.8 Hz, feet land with a sharp stop.
    phase = 2 * np.pi * 0.9 * (times - third)
    travel = np.where(walks, 150 * np.sin(0.4 * (times - third)), 0.0)
    points[..., 0] += travel[:, None]
    for side, first in ((1, "left"), (-1, "right")):
        stride = np.where(walks, np.sin(phase * 2 + side * np.pi / 2), 0.0)
        for name, reach, lift in (("knee", 25, 6), ("ankle", 55, 18), ("heel", 55, 18), ("elbow", 15, 3)):
            index = KEYPOINT_INDEX[f"{first}_{name}"]
            points[:, index, 0] += reach * stride
            points[:, index, 1] -= lift * np.maximum(stride, 0) ** 2
    swing = SWING_PX * np.sin(2 * np.pi * SWING_HZ * (times - 2 * third))
    points[:, WRIST, 0] += np.where(swings, swing, 0.0)
    points += np.array([500.0, 300.0])
    return points


def methods() -> dict[str, Smooth]:
    """Every method at its defaults, over a whole series."""

    def zero_phase(smooth: SeriesFilter) -> Smooth:
        return lambda points, scores, times: smooth_series(points, scores, times, smooth)

    return {
        "none": lambda points, scores, times: points,
        "one-euro": lambda points, scores, times: one_euro_series(
            points, scores, times, np.full(len(times), SIZE), OneEuro()
        ),
        "butterworth": zero_phase(Butterworth()),
        "savgol": zero_phase(SavitzkyGolay()),
        "median": zero_phase(Median()),
    }


def quality(name: str, smooth: Smooth, times: Floats, jitter: float) -> str:
    """One row of the table."""
    truth = figure(times)
    noise = np.random.default_rng(1).normal(0, jitter, truth.shape)
    sure = np.ones(truth.shape[:2])
    clean, found = smooth(truth, sure, times), smooth(truth + noise, sure, times)
    still, moving, swinging = parts(times)
    left = found - clean
    ratio = wave(clean[:, WRIST, 0], times, swinging) / wave(truth[:, WRIST, 0], times, swinging)
    lag = round(1000 * -np.angle(ratio) / (2 * np.pi * SWING_HZ), 1) + 0.0  # not "-0.0"
    scores = sure.copy()
    missing = round(0.2 / (times[1] - times[0])) - 1
    for start in np.flatnonzero(moving)[10 : -10 - missing : 31]:
        scores[start : start + missing] = 0
    wild = np.random.default_rng(2).normal(0, 30, noise.shape) * (scores == 0)[..., None]
    filled = smooth(truth + noise + wild, scores, times)
    return (
        f"{name:<12}{100 * left[still].std() / jitter:8.0f}{100 * left[moving].std() / jitter:8.0f}"
        f"{rms(clean - truth, moving):12.2f}{rms(found - truth, moving):9.2f}"
        f"{100 * (1 - abs(ratio)):12.1f}{lag:9.1f}"
        f"{rms(filled - truth, scores == 0):12.2f}"
    )


def parts(times: Floats) -> list[NDArray[np.bool_]]:
    """Which frames show the figure standing, walking and swinging, without the second around each change."""
    third = SECONDS / 3
    return [(times > i * third + 1) & (times < (i + 1) * third - 1) for i in range(3)]


def wave(series: Floats, times: Floats, which: NDArray[np.bool_]) -> complex:
    """Size and phase of the swing in a series."""
    return complex((series * np.exp(-2j * np.pi * SWING_HZ * times))[which].mean())


def rms(errors: Floats, which: NDArray[np.bool_]) -> float:
    """Root of the mean square of both coordinates, in px."""
    return float(np.sqrt(np.square(errors[which]).mean()))


class LowPass:
    """First-order low-pass of one number."""

    def __init__(self) -> None:
        self.value: float | None = None

    def __call__(self, value: float, follow: float) -> float:
        """Return the next value, smoothed."""
        self.value = value if self.value is None else follow * value + (1.0 - follow) * self.value
        return self.value


class PlainOneEuro:
    """One Euro filter of one number out of two low-passes, as its authors wrote it: the yardstick."""

    def __init__(self, min_cutoff: float, beta: float) -> None:
        self.min_cutoff, self.beta = min_cutoff, beta
        self.low_pass, self.slope = LowPass(), LowPass()
        self.time = -1.0

    def __call__(self, value: float, now: float) -> float:
        """Return the next value, smoothed."""
        elapsed = now - self.time
        self.time = now
        last = self.low_pass.value
        slope = 0.0 if last is None else (value - last) / elapsed
        speed = abs(self.slope(slope, self.follow(elapsed, 1.0)))
        return self.low_pass(value, self.follow(elapsed, self.min_cutoff + self.beta * speed))

    @staticmethod
    def follow(elapsed: float, cutoff: float) -> float:
        """Part of the way to the new value."""
        return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * elapsed))


def frame_ms(work: Callable[[int], object], count: int) -> float:
    """Median over the rounds of the milliseconds of a call, `count` calls a round."""
    rounds = []
    for attempt in range(_ROUNDS):
        start = time.process_time()
        for index in range(count):
            work(attempt * count + index)
        rounds.append(1000 * (time.process_time() - start) / count)
    return statistics.median(rounds)


def crowd(times: Floats, jitter: float) -> list[People]:
    """Frames of 8 figures beside each other."""
    truth = figure(times)
    rng = np.random.default_rng(3)
    frames = []
    for index, now in enumerate(times):
        points = truth[index] + np.arange(PEOPLE)[:, None, None] * 30 + rng.normal(0, jitter, (PEOPLE, 37, 2))
        boxes = np.concatenate([points.min(axis=1) - 10, points.max(axis=1) + 10], axis=1)
        sure = np.full(points.shape[:2], 0.8)
        frames.append(
            People(boxes, points, sure, sure * 4, (1080, 1920), ids=np.arange(PEOPLE), frame=index, time=now)
        )
    return frames


def cost(jitter: float) -> None:
    """Print the time of a frame of each method."""
    frames = crowd(np.arange(_ROUNDS * 200) / 30, jitter)
    arrays = [people.keypoints.astype(np.float64) for people in frames]
    plain = [[(PlainOneEuro(1.0, 0.01), PlainOneEuro(1.0, 0.01)) for _ in range(37)] for _ in range(PEOPLE)]

    def one_by_one(index: int) -> list[Floats]:
        now, points = index / 30, arrays[index % len(arrays)]
        return [
            np.array([np.array([x(p[0], now), y(p[1], now)]) for (x, y), p in zip(own, person, strict=True)])
            for own, person in zip(plain, points, strict=True)
        ]

    state, settings, sizes = OneEuroState(PEOPLE, NUM_KEYPOINTS), OneEuro(), np.full(PEOPLE, SIZE)
    slow = frame_ms(one_by_one, 40)
    quick = frame_ms(
        lambda index: state.advance(arrays[index % len(arrays)], index / 30, sizes, settings, 0.25), 400
    )
    print(f"milliseconds of a processor for a frame of {PEOPLE} people with {NUM_KEYPOINTS} points")
    print(f"{'one filter object a coordinate':<44}{slow:8.3f}")
    print(f"{'one-euro, the arrays alone':<44}{quick:8.3f}   {slow / quick:.0f} times faster")
    # Checking and freezing a result costs the same whoever makes it.
    made = frame_ms(lambda index: frames[0].replace(keypoints=arrays[1]), 400)
    print(f"{'making one People, smoothed or not':<44}{made:8.3f}")
    for name in ("one-euro", "butterworth", "savgol", "median"):
        smoother = make_smoother(name)
        taken = frame_ms(_pushing(smoother, frames), 200)
        held = f"   holds {smoother.delay:.2f} s back" if smoother.delay else ""
        print(f"{f'{name}, People in and out':<44}{taken:8.3f}{held}")


def _pushing(smoother: Smoother, frames: list[People]) -> Callable[[int], object]:
    return lambda index: smoother.push(frames[index])


def choose(times: Floats, jitter: float) -> None:
    """Print the error in all of each part of the clip for a range of settings."""
    truth = figure(times)
    noisy = truth + np.random.default_rng(1).normal(0, jitter, truth.shape)
    sure, sizes = np.ones(truth.shape[:2]), np.full(len(times), SIZE)
    still_part, walking_part, swing_part = parts(times)
    rows: dict[str, Floats] = {}
    for cutoff in (3, 4, 5, 6, 7, 8, 10):
        rows[f"butterworth {cutoff} Hz"] = smooth_series(noisy, sure, times, Butterworth(cutoff))
    for window, order in (
        (0.17, 2),
        (0.23, 2),
        (0.3, 2),
        (0.37, 2),
        (0.37, 4),
        (0.43, 4),
        (0.5, 4),
        (0.57, 4),
    ):
        rows[f"savgol {window} s, order {order}"] = smooth_series(
            noisy, sure, times, SavitzkyGolay(window, order)
        )
    for window in (0.1, 0.17, 0.23):
        rows[f"median {window} s"] = smooth_series(noisy, sure, times, Median(window))
    for least in (0.5, 1.0, 2.0):
        for beta in (5.0, 10.0, 20.0, 40.0, 80.0):
            for speed in (1.0, 3.0, 6.0, 12.0):
                settings = OneEuro(least, beta, speed)
                name = f"one-euro {least} Hz, beta {beta:g}, speed {speed:g} Hz"
                rows[name] = one_euro_series(noisy, sure, times, sizes, settings)
    print(f"{'RMS error in px':<44}{'still':>8}{'walking':>9}{'swing':>8}")
    for name, found in rows.items():
        still, walking = (rms(found - truth, part) for part in (still_part, walking_part))
        swing = rms((found - truth)[:, WRIST], swing_part)
        print(f"{name:<44}{still:8.2f}{walking:9.2f}{swing:8.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jitter", type=float, nargs="+", default=[1.5, 3.5], help="px at 400 px height")
    parser.add_argument("--rate", type=float, default=30.0, help="frames a second")
    parser.add_argument("--choose", action="store_true", help="compare settings instead")
    arguments = parser.parse_args()
    times = np.arange(round(SECONDS * arguments.rate)) / arguments.rate
    for jitter in arguments.jitter:
        print(f"jitter {jitter:g} px, {arguments.rate:g} frames a second")
        if arguments.choose:
            choose(times, jitter)
            continue
        print(f"{'':<12}{'jitter left, %':^16}{'walking, RMS px':^21}{'2 Hz swing':^21}{'gaps':>12}")
        print(
            f"{'method':<12}{'still':>8}{'moving':>8}{'bias':>12}{'in all':>9}{'loss %':>12}{'lag ms':>9}",
            end="",
        )
        print(f"{'RMS px':>12}")
        for name, smooth in methods().items():
            print(quality(name, smooth, times, jitter))
        print()
    if not arguments.choose:
        cost(arguments.jitter[0])


if __name__ == "__main__":
    main()
