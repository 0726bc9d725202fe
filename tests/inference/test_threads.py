"""Threads follow the user's word, then the cores that the process really has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spinepose_hf.errors import DeviceError
from spinepose_hf.inference.threads import THREADS_VARIABLE, inference_threads, usable_cores


@pytest.mark.parametrize(
    ("asked", "variable", "expected"),
    [
        pytest.param(3, None, 3, id="asked"),
        pytest.param(3, "5", 3, id="asked beats the variable"),
        pytest.param(None, "5", 5, id="variable"),
        pytest.param(None, "64", 64, id="the user may go beyond the default's limit"),
        pytest.param(None, "", min(usable_cores(), 8), id="empty variable"),
    ],
)
def test_who_decides(
    asked: int | None, variable: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(THREADS_VARIABLE, variable)
    assert inference_threads(asked) == expected


@pytest.mark.parametrize(
    ("asked", "variable", "message"),
    [
        pytest.param(0, None, "at least 1", id="none"),
        pytest.param(-2, None, "at least 1", id="negative"),
        pytest.param(None, "many", f"{THREADS_VARIABLE} is 'many'", id="word"),
        pytest.param(None, "-1", f"{THREADS_VARIABLE} is '-1'", id="negative variable"),
        pytest.param(None, "0", "at least 1", id="zero variable"),
    ],
)
def test_refuses(
    asked: int | None, variable: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv(THREADS_VARIABLE, variable)
    with pytest.raises(DeviceError, match=message):
        inference_threads(asked)


def machine(folder: Path, siblings: dict[int, str], files: dict[str, str]) -> tuple[Path, Path]:
    """Lay out what Linux shows of CPUs and of a control group."""
    for cpu, others in siblings.items():
        path = folder / "cpus" / f"cpu{cpu}" / "topology" / "thread_siblings_list"
        path.parent.mkdir(parents=True)
        path.write_text(others + "\n", encoding="ascii")
    for name, content in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n", encoding="ascii")
    return folder / "groups", folder / "cpus"


EIGHT = {cpu: f"{cpu % 4},{cpu % 4 + 4}" for cpu in range(8)}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux shows which CPUs share a core")
@pytest.mark.parametrize(
    ("siblings", "files", "expected"),
    [
        pytest.param({}, {}, 8, id="nothing known"),
        pytest.param({cpu: str(cpu) for cpu in range(8)}, {}, 8, id="one thread a core"),
        pytest.param(EIGHT, {}, 4, id="two threads a core"),
        pytest.param(EIGHT, {"cpu.max": "max 100000"}, 4, id="no limit"),
        pytest.param(EIGHT, {"cpu.max": "250000 100000"}, 2, id="two and a half CPUs"),
        pytest.param(EIGHT, {"cpu.max": "50000 100000"}, 1, id="half a CPU"),
        pytest.param(EIGHT, {"cpu.max": "9900000 100000"}, 4, id="limit above the machine"),
        pytest.param(
            EIGHT,
            {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"},
            3,
            id="limit of the older kind",
        ),
        pytest.param(
            EIGHT,
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            4,
            id="no limit of the older kind",
        ),
    ],
)
def test_cores(
    tmp_path: Path,
    siblings: dict[int, str],
    files: dict[str, str],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    assert usable_cores(*machine(tmp_path, siblings, files)) == expected
