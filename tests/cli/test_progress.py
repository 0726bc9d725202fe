"""How far long work is, as a terminal and as a log see it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from spinepose_hf.cli import progress
from spinepose_hf.cli.progress import progress_bars


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_a_log_gets_a_line_every_half_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars("photos", "camera [0]") as tell:
        for _ in range(70):
            clock.now += 1
            tell("photos", 2, 1417)
        clock.now += 40
        tell("camera [0]", 5, None)
    assert capsys.readouterr().err.splitlines() == [
        "photos: 60 of 1417",
        "photos: 120 of 1417",
        "camera [0]: 5",
    ]


def test_short_work_is_silent_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars("photos") as tell:
        tell("photos", 3, 3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_a_terminal_gets_a_bar() -> None:
    import pty

    code = (
        "from spinepose_hf.cli.progress import progress_bars\n"
        "with progress_bars('photos') as tell:\n    tell('photos', 3, 4)\n"
    )
    master, slave = pty.openpty()
    done = subprocess.run([sys.executable, "-c", code], stderr=slave, timeout=120, check=False)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    assert done.returncode == 0
    assert "photos" in shown
    assert "75%" in shown
