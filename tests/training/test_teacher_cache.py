"""Remembered answers: the same ones, for the same crops of the same teacher only, whatever is killed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor

from spinepose_hf.training import teacher_cache
from spinepose_hf.training.teacher_cache import CachedTeacher, crop_keys


class CountingTeacher:
    """Answers with means of the crop and counts what it is asked."""

    columns = ((0, 0), (2, 1))

    def __init__(self, digest: str = "a" * 64) -> None:
        self.digest = digest
        self.asked: list[int] = []

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        self.asked.append(len(crops))
        mean = crops.float().mean((1, 3))[:, None] / 3
        return mean.repeat(1, 2, 1), mean.repeat(1, 2, 2) + 1


def crops(*seeds: int, size: tuple[int, int] = (4, 6)) -> Tensor:
    return torch.stack(
        [
            torch.randint(
                0, 256, (*size, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
            )
            for seed in seeds
        ]
    )


@contextmanager
def small_files(monkeypatch: pytest.MonkeyPatch, size: int) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(teacher_cache, "_SEGMENT", size)
        yield


def test_asks_once_for_each_crop_and_answers_alike(tmp_path: Path) -> None:
    teacher = CountingTeacher()
    cached = CachedTeacher(teacher, tmp_path)
    first = cached.logits(crops(1, 2))
    again = cached.logits(crops(2, 3, 1))
    assert teacher.asked == [2, 1]
    assert cached.columns == teacher.columns and cached.digest == teacher.digest
    torch.testing.assert_close(first[0], teacher.logits(crops(1, 2))[0], rtol=1e-3, atol=1e-3)
    for axis in range(2):
        # Bit for bit, so that a resumed run repeats the one that was stopped.
        assert torch.equal(again[axis][[2, 0]], first[axis])
        assert again[axis].dtype == torch.float32


def test_another_process_knows_what_was_written(tmp_path: Path) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path)
    answers = cached.logits(crops(1, 2))
    cached.flush()
    teacher = CountingTeacher()
    later = CachedTeacher(teacher, tmp_path)
    assert len(later) == 2
    known = later.logits(crops(2, 1))
    assert teacher.asked == []
    assert torch.equal(known[0][[1, 0]], answers[0]) and torch.equal(known[1][[1, 0]], answers[1])


def test_a_killed_process_loses_only_what_it_had_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_files(monkeypatch, 2):
        cached = CachedTeacher(CountingTeacher(), tmp_path)
        for seed in range(5):
            cached.logits(crops(seed))
    # Never flushed: four of five lie in two whole files.
    assert len(list(cached.folder.glob("*.safetensors"))) == 2
    assert len(CachedTeacher(CountingTeacher(), tmp_path)) == 4


def test_processes_share_a_folder(tmp_path: Path) -> None:
    several = [CachedTeacher(CountingTeacher(), tmp_path) for _ in range(2)]
    several[0].logits(crops(1, 2))
    several[1].logits(crops(2, 3))
    for cached in several:
        cached.flush()
    teacher = CountingTeacher()
    later = CachedTeacher(teacher, tmp_path)
    # Both computed one of them; either answer will do.
    assert len(later) == 3
    known = later.logits(crops(1, 2, 3))
    assert teacher.asked == []
    assert torch.equal(known[0][:2], several[0].logits(crops(1, 2))[0])


def test_teachers_do_not_mix(tmp_path: Path) -> None:
    cached = CachedTeacher(CountingTeacher("a" * 64), tmp_path)
    cached.logits(crops(1))
    cached.flush()
    assert len(CachedTeacher(CountingTeacher("b" * 64), tmp_path)) == 0


def test_a_key_is_the_picture_and_its_size() -> None:
    one = crops(1)
    changed = one.clone()
    changed[0, 3, 5, 2] ^= 1
    keys = {crop_keys(c)[0] for c in (one, changed, one.reshape(1, 6, 4, 3), crops(2))}
    assert len(keys) == 4
    assert crop_keys(one) == crop_keys(one.clone())


def test_a_damaged_file_is_left_out_and_computed_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path)
    cached.logits(crops(1))
    cached.flush()
    path = next(cached.folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:60])
    teacher = CountingTeacher()
    with caplog.at_level(logging.WARNING):
        CachedTeacher(teacher, tmp_path).logits(crops(1))
    assert teacher.asked == [1] and "damaged" in caplog.text


def test_random_views_that_never_come_back_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path, patience=6)
    with caplog.at_level(logging.WARNING):
        for seed in range(5):
            cached.logits(crops(seed))
        assert not caplog.text
        for seed in range(5, 10):
            cached.logits(crops(seed))
    assert caplog.text.count("hardly ever come back") == 1


def test_views_that_come_back_are_not_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path, patience=6)
    for seed in range(10):
        cached.logits(crops(seed % 5))
    assert not caplog.text


@pytest.mark.parametrize("reason", ["limit", "no folder"])
def test_training_goes_on_when_nothing_more_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    folder = tmp_path
    if reason == "no folder":
        folder = tmp_path / "file"
        folder.write_text("in the way")
    teacher = CountingTeacher()
    with small_files(monkeypatch, 1):
        cached = CachedTeacher(teacher, folder, limit_gigabytes=1e-9)
        first = cached.logits(crops(1))
        second = cached.logits(crops(2))
        assert torch.equal(cached.logits(crops(1))[0], first[0])
        assert torch.equal(cached.logits(crops(2))[0], second[0])
    assert "takes no more" in caplog.text
    assert teacher.asked == ([1, 1, 1] if reason == "limit" else [1, 1, 1, 1])
