"""How much memory is free, so that a file that cannot fit is refused before it is read."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

# A container's own limits: (limit, usage, statistics file, its line of file cache that can be dropped).
_CGROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def available_memory(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that this process can still take without swapping; None where the system does not tell.

    The smaller of what the machine has free and what a container's limit leaves.

    Args:
        proc: where Linux tells about the machine.
        cgroup: where Linux tells about the container.
    """
    known = [value for value in (_machine(proc), *_container(cgroup)) if value is not None]
    return min(known) if known else None


def _machine(proc: Path) -> int | None:
    table = _table(proc / "meminfo")
    if "MemAvailable:" in table:
        return table["MemAvailable:"] * 1024
    if find_spec("psutil") is None:
        return None
    import psutil

    return int(psutil.virtual_memory().available)


def _container(cgroup: Path) -> list[int]:
    left = []
    for limit_name, usage_name, statistics, cache in _CGROUPS:
        limit, usage = _number(cgroup / limit_name), _number(cgroup / usage_name)
        if limit is not None and usage is not None:
            left.append(max(0, limit - usage + _table(cgroup / statistics).get(cache, 0)))
    return left


def _number(path: Path) -> int | None:
    """The number that a file holds; None when there is no such file or it says `max`."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _table(path: Path) -> dict[str, int]:
    """A file of lines `name number ...`; empty when there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines]
    return {word[0]: int(word[1]) for word in words if len(word) >= 2 and word[1].isdigit()}


__all__ = ["available_memory"]
