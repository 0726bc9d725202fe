"""Tables, model cards, plots."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from PIL import Image

from spinepose_hf.evaluation.compare import compare
from spinepose_hf.evaluation.evaluate import Evaluation, run_evaluation
from spinepose_hf.evaluation.network import load_network
from spinepose_hf.evaluation.source import open_eval_set
from spinepose_hf.evaluation.tables import markdown, model_index
from tests.lively import lively_network


@pytest.fixture(scope="module")
def evaluation(photo_set: Path) -> Evaluation:
    network = load_network(lively_network(image_size=(64, 64)), device="cpu")
    return run_evaluation(network, open_eval_set(photo_set), samples=10)


def test_markdown_tables_are_whole(evaluation: Evaluation) -> None:
    text = markdown(compare(evaluation, evaluation, samples=10))
    for title in ("Groups of keypoints", "Against", "Spine angles", "Keypoints", "Scores"):
        assert f"## {title}" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        assert len({line.count("|") for line in table}) == 1, table[0]
    assert text.count("| spine_03 (T12/L1) |") == 1
    assert "nan" not in text and "None" not in text


def test_model_index_is_read_by_the_hub(evaluation: Evaluation) -> None:
    from huggingface_hub import ModelCardData
    from huggingface_hub.repocard_data import model_index_to_eval_results

    text = model_index(evaluation.report, "mine")
    assert text.startswith("---\n") and text.endswith("\n---\n")
    content = yaml.safe_load(text.strip("-\n"))
    name, results = model_index_to_eval_results(content["model-index"])
    assert name == "mine" and isinstance(ModelCardData(**content), ModelCardData)
    figures = {result.metric_name: result.metric_value for result in results}
    assert set(figures) == {f"{f} {g}" for f in ("AP", "AR") for g in ("body", "feet", "spine", "all")}
    expected = evaluation.report.groups["spine"].figures["AR"]
    assert figures["AR spine"] == pytest.approx(100 * (expected or 0), abs=0.01)


def test_plots_are_pictures(evaluation: Evaluation, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from spinepose_hf.evaluation.plots import write_plots

    files = write_plots(evaluation.report, evaluation, tmp_path)
    assert [f.name for f in files] == [
        "keypoints.png", "oks_curves.png", "reliability.png", "spine_angles.png", "worst.png",
    ]  # fmt: skip
    for file in files:
        with Image.open(file) as picture:
            assert min(picture.size) > 400
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20
