"""Blocks that a step frees are there for the next one without asking the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# How many pages the system must hand out for three steps of a network with activations of 50 MB each.
SCRIPT = """
import resource, sys
import torch
from spinepose_hf.training.memory import keep_freed_memory

def steps(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        network(picture).sum().backward()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

changed = keep_freed_memory() if sys.argv[1] == "keep" else False
torch.set_num_threads(1)
network = torch.nn.Sequential(torch.nn.Conv2d(1, 16, 1), torch.nn.SiLU(), torch.nn.Conv2d(16, 16, 1))
picture = torch.ones(16, 1, 256, 192)
steps(5)
print(int(changed), steps(3))
"""


def measured(mode: str, **environment: str) -> tuple[bool, int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    changed, pages = done.stdout.split()
    return changed == "1", int(pages)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_freed_blocks_are_used_again() -> None:
    _, given_back = measured("plain")
    if given_back < 10_000:
        pytest.skip("this machine gives large pages to everybody, so that there is nothing to save")
    changed, kept = measured("keep")
    assert changed
    assert kept < given_back / 10, (kept, given_back)


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"MALLOC_TRIM_THRESHOLD_": "131072"}, id="by its own variable"),
        pytest.param({"GLIBC_TUNABLES": "glibc.malloc.mmap_max=65536"}, id="by tunables"),
    ],
)
def test_what_the_user_has_set_stays(environment: dict[str, str]) -> None:
    assert measured("keep", **environment)[0] is False
