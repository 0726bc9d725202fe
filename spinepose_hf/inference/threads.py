"""How many threads a network gets: as many as there are cores for this process, unless the user says."""

from __future__ import annotations

import os
from pathlib import Path

from spinepose_hf.errors import DeviceError

THREADS_VARIABLE = "SPINEPOSE_THREADS"
"""Environment variable that says how many threads each network uses."""

MAX_THREADS = 8
"""Small networks stop gaining, and on shared machines begin to lose, beyond a few threads."""

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_CPU_TOPOLOGY = Path("/sys/devices/system/cpu")


def inference_threads(asked: int | None = None) -> int:
    """Return the number of threads for one network.

    Two hardware threads of one core share its multiplier units, so cores are counted, not threads; and a
    container's share of the machine counts, not the machine.

    Args:
        asked: what the user asked for. None: the environment variable SPINEPOSE_THREADS, else the physical
            cores that this process may use, `MAX_THREADS` at most.

    Raises:
        DeviceError: the number is not a whole number above 0.
    """
    if asked is None and (text := os.environ.get(THREADS_VARIABLE, "").strip()):
        if not text.isdecimal():
            raise DeviceError(
                f"{THREADS_VARIABLE} is {text!r}; set it to a number of threads, such as 4, or unset it"
            )
        asked = int(text)
    if asked is None:
        return min(usable_cores(), MAX_THREADS)
    if asked < 1:
        raise DeviceError(f"{asked} threads were asked for; at least 1 is needed")
    return asked


def usable_cores(groups: Path = _CONTROL_GROUPS, topology: Path = _CPU_TOPOLOGY) -> int:
    """Return the number of physical cores that this process may use, at least 1.

    Args:
        groups: where Linux shows the limits of the process's control group.
        topology: where Linux shows which CPUs are hardware threads of one core.
    """
    if hasattr(os, "sched_getaffinity"):
        cpus = os.sched_getaffinity(0)
        cores = {_siblings(topology / f"cpu{cpu}" / "topology" / "thread_siblings_list", cpu) for cpu in cpus}
        count = len(cores)
    else:
        count = os.cpu_count() or 1
    quota = _quota(groups)
    return max(1, count if quota is None else min(count, int(quota)))


def _siblings(path: Path, cpu: int) -> str:
    text = _content(path)
    return str(cpu) if text is None else text


def _quota(groups: Path) -> float | None:
    """Return the CPUs that the control group grants, or None where it sets no limit."""
    if (limit := _content(groups / "cpu.max")) is not None:  # version 2: "200000 100000" or "max 100000"
        share, _, period = limit.partition(" ")
    else:
        share = _content(groups / "cpu" / "cpu.cfs_quota_us") or ""
        period = _content(groups / "cpu" / "cpu.cfs_period_us") or ""
    if not (share.isdecimal() and period.isdecimal() and int(period)):
        return None
    return int(share) / int(period)


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # not Linux, or hidden from this process
        return None


__all__ = ["MAX_THREADS", "THREADS_VARIABLE", "inference_threads", "usable_cores"]
