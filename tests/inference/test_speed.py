"""Timing a model: figures that add up, settings that refuse, processes that end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.machine import peak_memory, this_machine
from spinepose_hf.inference.speed import Setting, SpeedReport, measure_speed, runtimes_for, weight_bytes
from spinepose_hf.weights import embedded_model, embedded_onnx


@pytest.fixture(scope="module")
def report(toy_pose: Path) -> SpeedReport:
    """The toy network in onnxruntime, and in torch, which does not run ONNX files."""
    settings = [Setting(str(toy_pose), "onnxruntime", threads=1), Setting(str(toy_pose), "torch")]
    return measure_speed(settings, [1, 3], device="cpu", seconds=0.02)


def test_figures_add_up(report: SpeedReport, toy_pose: Path) -> None:
    assert [(speed.setting.runtime, speed.batch) for speed in report.speeds] == [
        ("onnxruntime", 1),
        ("onnxruntime", 3),
    ]
    for speed in report.speeds:
        assert 0 < speed.p10_ms <= speed.median_ms <= speed.p90_ms
        assert speed.persons_per_second == pytest.approx(1000 * speed.batch / speed.median_ms)
        assert speed.runs >= 1 and speed.cpu_ms >= 0 and 0 < speed.load_seconds < 60
        assert speed.file_bytes == toy_pose.stat().st_size
        assert speed.peak_memory is None or 1e7 < speed.peak_memory < 2e9
    assert not report.interrupted


def test_settings_that_cannot_run_are_told(report: SpeedReport, toy_pose: Path) -> None:
    ((setting, error),) = report.refusals
    assert setting == Setting(str(toy_pose), "torch")
    assert isinstance(error, ModelError) and "torch does not run" in str(error)


def test_json(report: SpeedReport) -> None:
    document = json.loads(json.dumps(report.to_dict()))
    assert document["speeds"][0]["runtime"] == "onnxruntime"
    assert document["speeds"][0]["model"] == report.speeds[0].setting.model
    assert document["speeds"][1]["persons_per_second"] == report.speeds[1].persons_per_second
    assert document["refusals"][0]["reason"] == str(report.refusals[0].error)
    assert document["machine"]["versions"]["onnxruntime"]


def test_all_refuse(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx does not exist"):
        measure_speed([Setting(str(tmp_path / "none.onnx"), "onnxruntime")], [1], device="cpu")


def test_an_interruption_keeps_what_there_is(toy_pose: Path) -> None:
    steps: list[str] = []

    def progress(stage: str, done: int, total: int) -> None:
        steps.append(stage)
        if steps.count("measuring") == 2:
            raise KeyboardInterrupt

    settings = [Setting(str(toy_pose), "onnxruntime", threads=count) for count in (1, 2)]
    report = measure_speed(settings, [1, 2], device="cpu", seconds=9, progress=progress)
    assert report.interrupted
    assert [speed.batch for speed in report.speeds] == [1, 1]
    assert steps == ["loading", "loading", "measuring", "measuring"]


@pytest.mark.parametrize(
    ("model", "installed", "expected"),
    [
        ("embedded", ("onnxruntime", "openvino", "torch"), ("onnxruntime", "openvino", "torch")),
        ("embedded", ("onnxruntime",), ("onnxruntime",)),
        ("a.onnx", ("onnxruntime", "openvino", "torch"), ("onnxruntime", "openvino")),
        ("a.xml", ("onnxruntime", "openvino"), ("openvino",)),
        ("a.xml", ("onnxruntime",), ("openvino",)),
        ("{folder}", ("onnxruntime", "torch"), ("onnxruntime",)),
        ("name/model", ("onnxruntime", "torch"), ("torch",)),
    ],
)
def test_runtimes_of_a_kind_of_model(
    model: str,
    installed: tuple[str, ...],
    expected: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "model.onnx").touch()
    monkeypatch.setattr(
        "spinepose_hf.inference.speed.find_spec", lambda name: name if name in installed else None
    )
    assert runtimes_for(model.format(folder=tmp_path)) == expected


def test_sizes_of_weights(tmp_path: Path) -> None:
    folder = embedded_model()
    shared = (folder / "model.safetensors").stat().st_size
    assert weight_bytes(embedded_onnx()) == embedded_onnx().stat().st_size + shared
    assert weight_bytes(embedded_onnx("int8")) == embedded_onnx("int8").stat().st_size
    assert weight_bytes(folder) == (folder / "model.safetensors").stat().st_size
    (tmp_path / "a.xml").write_bytes(b"12")
    assert weight_bytes(tmp_path / "a.xml") is None
    (tmp_path / "a.bin").write_bytes(b"345")
    assert weight_bytes(tmp_path / "a.xml") == 5
    assert weight_bytes(Path("name/model")) is None


def test_machine() -> None:
    machine = this_machine()
    assert machine.processor and machine.architecture
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert {"python", "spinepose-hf", "numpy"} <= set(machine.versions)
    assert "no such package" not in machine.versions


def test_peak_memory_only_rises() -> None:
    before = peak_memory()
    block = bytearray(80_000_000)
    block[::4096] = b"1" * len(block[::4096])
    after = peak_memory()
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert after >= before > 1e7 and after > 8e7
