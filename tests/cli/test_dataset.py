"""`spinepose dataset` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from tests.dataset_loader.checking.faults import FAULTS, sound_document
from tests.dataset_loader.miniature import Miniature, write_miniature

RUNNER = CliRunner()
WIDE = {"COLUMNS": "200"}


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    return write_miniature(tmp_path_factory.mktemp("miniature"))


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    document = sound_document()
    for name in ("no area", "visibility 3", "unknown image"):
        FAULTS[name].change(document)
    path = tmp_path / "persons.json"
    path.write_text(json.dumps(document))
    return path


def test_check_of_a_sound_set(miniature: Miniature) -> None:
    result = RUNNER.invoke(app, ["dataset", "check", str(miniature.zips)], env=WIDE)
    assert result.exit_code == 0
    assert "person_keypoints_val2017.json" in result.stdout
    assert "0 errors, 0 warnings" in result.stdout
    assert result.stderr == ""


def test_check_tells_ids_and_exits_with_1(faulty: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = RUNNER.invoke(
        app, ["dataset", "check", str(faulty), "--no-images", "--json", str(report)], env=WIDE
    )
    assert result.exit_code == 1
    assert f"error: {faulty}, image 1, annotation 12: nose has visibility 3" in result.stdout
    assert f"error: {faulty}, image 9, annotation 13: image 9 is not listed" in result.stdout
    assert f"warning: {faulty}, image 1, annotation 12: has no area" in result.stdout
    assert "2 errors, 1 warnings" in result.stdout
    content = json.loads(report.read_text())
    assert [line["rule"] for line in content["summary"]] == [
        "annotation-orphan",
        "visibility",
        "area-missing",
    ]
    assert len(content["findings"]) == 3


def test_check_looks_at_pictures(faulty: Path) -> None:
    result = RUNNER.invoke(app, ["dataset", "check", str(faulty)], env=WIDE)
    assert result.exit_code == 1
    assert "'1.jpg' is not in" in result.stdout


def test_limit_shortens_the_list(faulty: Path) -> None:
    result = RUNNER.invoke(app, ["dataset", "check", str(faulty), "--limit", "0"], env=WIDE)
    assert "annotation 12" not in result.stdout
    assert "4 errors, 1 warnings" in result.stdout


def test_fix_writes_a_copy_and_tells_why(faulty: Path, tmp_path: Path) -> None:
    fixed, report = tmp_path / "fixed.json", tmp_path / "report.json"
    arguments = ["dataset", "check", str(faulty), "--no-images", "--fix", str(fixed), "--json", str(report)]
    result = RUNNER.invoke(app, arguments, env=WIDE)
    assert result.exit_code == 0
    assert "fixed: annotation dropped, because of error:" in result.stdout
    assert "repaired copy:" in result.stdout and "(3 changes)" in result.stdout
    assert len(json.loads(report.read_text())["fixed"][str(fixed)]) == 3
    again = RUNNER.invoke(app, ["dataset", "check", str(fixed), "--no-images"], env=WIDE)
    assert again.exit_code == 0
    assert "0 errors, 0 warnings" in again.stdout


def test_stats(miniature: Miniature, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    arguments = [
        "dataset",
        "stats",
        str(miniature.tree),
        "--json",
        str(figures),
        "--out",
        str(tmp_path / "plots"),
    ]
    result = RUNNER.invoke(app, arguments, env=WIDE)
    assert result.exit_code == 0
    assert "real-yoga" in result.stdout and "neck_03" in result.stdout
    assert json.loads(figures.read_text())["images"] == 16
    assert (tmp_path / "plots" / "visibility.png").is_file()


def test_convert_and_restore(miniature: Miniature, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["dataset", "convert", str(miniature.tree), str(out), "--shard-size", "2MB"]
    first = RUNNER.invoke(app, arguments, env=WIDE)
    assert first.exit_code == 0
    assert f"4 Parquet files written to {out}" in first.stdout
    assert "finished already" in RUNNER.invoke(app, arguments, env=WIDE).stdout
    back = RUNNER.invoke(app, ["dataset", "restore", str(out), str(tmp_path / "back")], env=WIDE)
    assert back.exit_code == 0
    name = "person_keypoints_val2017.json"
    restored = json.loads((tmp_path / "back" / name).read_text())
    assert restored == json.loads((miniature.tree / "annotations" / name).read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["check", "none.json"], "none.json does not exist", id="check: no such file"),
        pytest.param(["stats", "none.json"], "none.json does not exist", id="stats: no such file"),
        pytest.param(["convert", "none", "out"], "none does not exist", id="convert: no such folder"),
        pytest.param(
            ["convert", ".", "out", "--shard-size", "big"], "is not a size", id="convert: wrong size"
        ),
        pytest.param(["restore", ".", "a.json"], "give a converted data set", id="restore: no conversion"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = RUNNER.invoke(app, ["dataset", *arguments], env=WIDE)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1
    assert message in result.stderr
