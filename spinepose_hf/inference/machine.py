"""What figures of speed depend on: the processor, its instructions, cores, and versions of libraries."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from spinepose_hf.inference.threads import usable_cores

LIBRARIES = ("onnxruntime", "openvino", "torch", "transformers", "numpy")
"""Those whose versions change how fast a network runs."""

# As Linux names what networks in int8 and bfloat16 gain from: VNNI of either kind, AMX, and those of ARM.
_INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
_VNNI = frozenset(("avx_vnni", "avx512_vnni"))
_ARM_INSTRUCTIONS = ("asimddp", "i8mm", "bf16")


@dataclass(frozen=True)
class Machine:
    """A machine, as far as speed goes.

    Attributes:
        processor: name of the CPU.
        architecture: such as x86_64 or arm64.
        instructions: those that networks gain from, where Linux tells.
        cores: physical cores that this process may use.
        gpus: names of NVIDIA's GPUs, where Linux tells.
        system: operating system.
        versions: of Python, this package and libraries that are installed.
    """

    processor: str
    architecture: str
    instructions: tuple[str, ...]
    cores: int
    gpus: tuple[str, ...]
    system: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """Describe the machine that this process runs on."""
    from spinepose_hf import __version__

    cpu = _fields(Path("/proc/cpuinfo"))
    found = set(f"{cpu.get('flags', '')} {cpu.get('Features', '')}".split())
    drivers = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return Machine(
        processor=cpu.get("model name") or platform.processor() or platform.machine(),
        architecture=platform.machine(),
        instructions=tuple(name for name in (*_INSTRUCTIONS, *_ARM_INSTRUCTIONS) if name in found),
        cores=usable_cores(),
        gpus=tuple(name for path in drivers if (name := _fields(path).get("Model"))),
        system=f"{platform.system()} {platform.release()}",
        versions={
            "python": platform.python_version(),
            "spinepose-hf": __version__,
            **{name: number for name in LIBRARIES if (number := installed_version(name)) is not None},
        },
    )


def multiplies_bytes() -> bool:
    """Tell whether this is an x86 CPU that is known to multiply and sum bytes in one instruction (VNNI).

    Without it int8 networks gain little, and onnxruntime's sums may overflow. False where nobody tells.
    """
    return not _VNNI.isdisjoint(_fields(Path("/proc/cpuinfo")).get("flags", "").split())


def installed_version(name: str) -> str | None:
    """The version of a distribution, or None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def peak_memory() -> int | None:
    """The most bytes of memory that this process has held since its program started; None if unknown."""
    # Not `getrusage` on Linux: there a child begins with the peak of the process that started it.
    if peak := _fields(Path("/proc/self/status")).get("VmHWM"):
        return int(peak.split()[0]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak_used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_used if platform.system() == "Darwin" else peak_used * 1024


def _fields(path: Path) -> dict[str, str]:
    """Read lines `name: text` of one of Linux's files about itself; {} where there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}


__all__ = ["LIBRARIES", "Machine", "installed_version", "multiplies_bytes", "peak_memory", "this_machine"]
