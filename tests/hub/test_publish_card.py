"""The card is read by the Hub's own library, and says what there is to say and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinepose_hf.errors import PublishError
from spinepose_hf.hub.card import CardFacts, model_card, read_evaluation

FACTS = CardFacts(
    repo_id="me/pose",
    licence="mit",
    parameters=3_700_000,
    image_size=(256, 192),
    box_padding=1.15,
    num_keypoints=37,
    source="x",
)


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    """What `spinepose evaluate` writes, as far as a card reads it."""
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps({"dataset": "/data/people"}))
    (folder / "report.md").write_text("# /home/me/run on /data/people\n\n## Groups\n\n| AP |\n")
    (folder / "model_index.yaml").write_text(
        "---\nmodel-index:\n- name: run\n  results:\n"
        "  - task:\n      type: keypoint-detection\n    dataset:\n      name: people\n      type: people\n"
        "    metrics:\n    - type: ap\n      value: 41.5\n      name: AP spine\n---\n"
    )
    return folder


def test_evaluations_become_the_model_index(evaluation: Path) -> None:
    from huggingface_hub import ModelCard

    facts = CardFacts(**{**vars(FACTS), "evaluations": (read_evaluation(evaluation),)})
    text = model_card(facts)
    (result,) = ModelCard(text).data.eval_results
    assert (result.metric_name, result.metric_value, result.dataset_name) == ("AP spine", 41.5, "people")
    assert ModelCard(text).data.model_name == "pose"
    assert "### On people\n\n#### Groups" in text
    assert "/home" not in text and "/data" not in text


def test_what_the_hub_sorts_by() -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(model_card(FACTS)).data
    assert (data.pipeline_tag, data.library_name, data.license) == (
        "keypoint-detection",
        "transformers",
        "mit",
    )
    assert data.eval_results is None


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("CC-BY-NC-4.0", {"license": "cc-by-nc-4.0"}),
        ("My Own 1.0", {"license": "other", "license_name": "my-own-1.0"}),
    ],
)
def test_licences_as_the_hub_writes_them(licence: str, expected: dict[str, str]) -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(model_card(CardFacts(**{**vars(FACTS), "licence": licence}))).data.to_dict()
    assert {key: data[key] for key in data if key.startswith("license")} == expected


@pytest.mark.parametrize(
    ("fields", "present", "absent"),
    [
        pytest.param({}, "did not say what it was trained on", "Without torch", id="bare"),
        pytest.param({"training": "Drawn people."}, "Drawn people.", "did not say what", id="training"),
        pytest.param(
            {"onnx": (("a.onnx", "an A"),)}, "| `onnx/a.onnx` | an A |", "\n- onnx\n- onnx", id="onnx"
        ),
        pytest.param({"num_keypoints": 17}, "17 keypoints", "nine points", id="another skeleton"),
        pytest.param({}, "RGB: a person's box, 1.15 times as large", "1.25", id="crops"),
        pytest.param({"measured": "AP 1"}, "AP 1", "Not measured", id="measured elsewhere"),
    ],
)
def test_it_says_what_there_is(fields: dict[str, object], present: str, absent: str) -> None:
    text = model_card(CardFacts(**{**vars(FACTS), **fields}))
    assert present in text and absent not in text
    assert "$" not in text and "Not a medical device" in text


def test_no_evaluation(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="is no evaluation"):
        read_evaluation(tmp_path)
