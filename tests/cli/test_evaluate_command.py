"""`spinepose evaluate` and `spinepose dataset sigmas`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinepose_hf.cli import main
from tests.dataset_loader.miniature import write_miniature
from tests.lively import lively_network

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Folders of two small networks."""
    folder = tmp_path_factory.mktemp("models")
    for seed in (0, 1):
        lively_network(seed, image_size=(64, 64)).save_pretrained(folder / f"m{seed}")
    return [str(folder / f"m{seed}") for seed in (0, 1)]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_miniature(tmp_path_factory.mktemp("people")).flat


def test_evaluate_writes_everything(models: list[str], people: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    command = ["evaluate", "--dataset", str(people), "--model", models[0], "--compare", models[1]]
    result = RUNNER.invoke(main.app, [*command, "--out", str(tmp_path), "--samples", "5", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {
        "report.json", "report.md", "model_index.yaml", "predictions.json", "keypoints.png",
        "oks_curves.png", "reliability.png", "spine_angles.png", "worst.png",
    }  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["model"] == models[0] and report["against"]["model"] == models[1]
    assert "against" in result.stdout and "calibration error" in result.stdout


def test_dataset_sigmas(people: Path, tmp_path: Path) -> None:
    first = people / "annotations.json"
    content = json.loads(first.read_text(encoding="utf-8"))
    for person in content["annotations"]:
        person["keypoints"] = [v + 1 if i % 3 == 0 else v for i, v in enumerate(person["keypoints"])]
    again = tmp_path / "again.json"
    again.write_text(json.dumps(content), encoding="utf-8")
    command = ["dataset", "sigmas", str(first), str(again), "--json", str(tmp_path / "sigmas.json")]
    result = RUNNER.invoke(main.app, command)
    assert result.exit_code == 0, result.output
    assert "8 pairs of labels" in result.stdout and "too few" in result.stdout
    written = json.loads((tmp_path / "sigmas.json").read_text(encoding="utf-8"))
    assert len(written["sigmas"]) == 37 and not any(written["measured"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "none.json", "--out", "out"], "none.json does not exist"),
        (["--dataset", "{people}", "--out", "out", "--model", "none.onnx"], "none.onnx"),
        (["--dataset", "{people}", "--out", "out", "--split", "test"], "no split 'test'"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = [argument.format(people=people) for argument in arguments]
    result = RUNNER.invoke(main.app, ["evaluate", *command, "--no-plots"])
    assert result.exit_code == 1
    assert message in result.stderr and len(result.stderr.splitlines()) == 1
