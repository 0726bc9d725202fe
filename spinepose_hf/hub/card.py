"""The card of a published model: README.md with the YAML that the Hub reads, from data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from spinepose_hf.errors import PublishError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS, VERTEBRAE

TAGS: Final = (
    "pose-estimation", "human-pose", "keypoints", "spine", "biomechanics", "simcc", "rtmpose", "custom_code",
)  # fmt: skip

# What the Hub knows by name; any other licence is "other" with a name.
_LICENCES: Final = frozenset(
    (
        "afl-3.0", "agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0",
        "cc-by-nc-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-4.0", "gpl-3.0",
        "lgpl-3.0", "mit", "mpl-2.0", "openrail", "unlicense",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Evaluated:
    """One evaluation, as `spinepose evaluate` wrote it to a folder.

    Attributes:
        dataset: what was measured on.
        results: entries of the card's `model-index`.
        text: the report in Markdown, without its title.
    """

    dataset: str
    results: tuple[dict[str, Any], ...]
    text: str


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
        repo_id: where the model is published.
        licence: of the weights.
        parameters: number of weights.
        image_size: (height, width) of the crops.
        box_padding: how much larger than a person's box the crop is, per side.
        num_keypoints: K.
        source: what the weights were published from, and its commit or digest.
        base_model: a repository of the Hub that they come from, or None.
        datasets: repositories of the Hub that it was trained on.
        training: Markdown about the training data; None where nobody said.
        evaluations: what was measured.
        measured: Markdown about what was measured otherwise.
        limits: further items of the list of limits, in Markdown.
        onnx: the ONNX files with what each is, by name.
    """

    repo_id: str
    licence: str
    parameters: int
    image_size: tuple[int, int]
    box_padding: float
    num_keypoints: int
    source: str
    base_model: str | None = None
    datasets: tuple[str, ...] = ()
    training: str | None = None
    evaluations: tuple[Evaluated, ...] = ()
    measured: str | None = None
    limits: str = ""
    onnx: tuple[tuple[str, str], ...] = ()


def read_evaluation(folder: Path) -> Evaluated:
    """Read what `spinepose evaluate --out FOLDER` wrote.

    Raises:
        PublishError: it is not such a folder.
    """
    import json

    import yaml

    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        front = yaml.safe_load((folder / "model_index.yaml").read_text(encoding="utf-8").strip().strip("-"))
        text = (folder / "report.md").read_text(encoding="utf-8")
        (index,) = front["model-index"]
        # The title names the model as it was called on the machine that measured it.
        return Evaluated(
            Path(report["dataset"]).name, tuple(index["results"]), text.partition("\n")[2].strip()
        )
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise PublishError(
            f"{folder} is no evaluation ({error}); give the folder that `spinepose evaluate --out` wrote"
        ) from error


def model_card(facts: CardFacts) -> str:
    """The whole README.md."""
    import yaml

    front = yaml.safe_dump(_front_matter(facts), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n\n{_body(facts)}"


def _front_matter(facts: CardFacts) -> dict[str, Any]:
    known = facts.licence.lower() in _LICENCES
    licence = (
        {"license": facts.licence.lower()}
        if known
        else {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", facts.licence.lower())}
    )
    results = [result for evaluation in facts.evaluations for result in evaluation.results]
    return {
        "language": ["en"],
        **licence,
        "library_name": "transformers",
        "pipeline_tag": "keypoint-detection",
        "tags": [*TAGS, *(["onnx"] if facts.onnx else [])],
        **({"datasets": list(facts.datasets)} if facts.datasets else {}),
        **({"base_model": facts.base_model} if facts.base_model else {}),
        **({"metrics": sorted({_metric(result) for result in results})} if results else {}),
        **(
            {"model-index": [{"name": facts.repo_id.partition("/")[2], "results": results}]}
            if results
            else {}
        ),
    }


def _metric(result: dict[str, Any]) -> str:
    return str(result["metrics"][0]["type"])


def _body(facts: CardFacts) -> str:
    height, width = facts.image_size
    spine = facts.num_keypoints == NUM_KEYPOINTS
    return Template(_TEXT).substitute(
        name=facts.repo_id.partition("/")[2],
        repo=facts.repo_id,
        keypoints=facts.num_keypoints,
        what="the body, the feet and nine points along the spine" if spine else "see `config.json`",
        parameters=f"{facts.parameters / 1e6:.1f} M",
        height=height,
        width=width,
        padding=f"{facts.box_padding:g}",
        source=facts.source,
        licence=facts.licence,
        points=_points() if spine else "",
        onnx=_onnx(facts.onnx, facts.repo_id),
        training=facts.training or "Whoever published this model did not say what it was trained on.",
        limits=facts.limits,
        evaluation=_evaluation(facts.evaluations, facts.measured),
    )


def _points() -> str:
    spine = ", ".join(f"`{name}` ({vertebra})" for name, vertebra in VERTEBRAE.items())
    return (
        f"The spine, from below: {spine}. The names of all points, in order, are `model.config.id2label`.\n"
    )


def _onnx(files: Sequence[tuple[str, str]], repo_id: str) -> str:
    if not files:
        return ""
    rows = "\n".join(f"| `onnx/{name}` | {what} |" for name, what in files)
    usage = Template(_ONNX).substitute(repo=repo_id)
    return f"### Without torch\n\n| file | what |\n|---|---|\n{rows}\n\n{usage}\n"


def _evaluation(evaluations: Sequence[Evaluated], measured: str | None) -> str:
    if not evaluations and measured is None:
        return (
            "Not measured, or whoever published this model did not say so. Measure it on your own pictures."
        )
    # Their headings go one level below this section's.
    parts = [f"### On {one.dataset}\n\n{re.sub(r'(?m)^#', '###', one.text)}" for one in evaluations]
    return "\n\n".join([*([] if measured is None else [measured]), *parts])


_ONNX: Final = """\
```python
import numpy as np, onnxruntime
from huggingface_hub import hf_hub_download

session = onnxruntime.InferenceSession(hf_hub_download("$repo", "onnx/spinepose.onnx"))
crops = np.zeros((1, *session.get_inputs()[0].shape[1:]), np.uint8)  # one RGB crop a person
keypoints, scores, sigmas = session.run(None, {session.get_inputs()[0].name: crops})
```
"""

_TEXT: Final = """\
# $name

SpinePose finds $keypoints keypoints of each person in a picture: $what. It looks at one person at a time and
answers in SimCC logits, from which come coordinates, a score and a standard deviation for every point.

| | |
|---|---|
| weights | $parameters |
| input | crops of $height x $width pixels (height x width), RGB: a person's box, $padding times as large |
| published from | $source |
| licence of the weights | $licence |

$points
## How to use it

`pip install torch transformers pillow` is all it takes; the network's code lies in this repository. It runs
on your machine, so pin what you have read: add `revision="<commit>"`.

```python
from transformers import pipeline

pose = pipeline("pose-estimation", model="$repo", trust_remote_code=True)
people = pose("photo.jpg", boxes=[[40, 30, 200, 420]])  # x, y, width, height of each person
for name, point, score in zip(people[0]["labels"], people[0]["keypoints"], people[0]["scores"]):
    print(name, point, score)
```

Without `boxes` a picture is taken for a picture of one person; `detector="<model for object detection>"`
finds people first.

```python
from PIL import Image
from transformers import AutoImageProcessor, AutoModel  # or AutoModelForPoseEstimation in transformers 5

model = AutoModel.from_pretrained("$repo", trust_remote_code=True)
processor = AutoImageProcessor.from_pretrained("$repo", trust_remote_code=True)
boxes = [[[40, 30, 200, 420]]]
inputs = processor(Image.open("photo.jpg"), boxes=boxes, return_tensors="pt")
people = processor.post_process_pose_estimation(model(**inputs), boxes=boxes)[0]
```

Photos and videos on the command line, with a person detector, tracking and spine angles:

```sh
pip install "spinepose-hf[torch]"
spinepose -i photo.jpg -o out.jpg --model $repo
```

$onnx
## What it is for, and what not

**Meant for** research on posture and movement, sport, animation, and as a start for training on your own
data.

**Not a medical device.** Points along the spine are estimates from the outside of where vertebrae lie inside
the body; angles made of them do not replace an examination, and nothing should be diagnosed from them.
**Not meant for** identifying or judging people.

## Limits

* It needs to be told where people are; a wrong box gives a wrong pose.
* Points that are hidden are guessed; look at `scores` and `sigmas`.
* Clothes, hair, backpacks and loose seats hide the spine; strongly bent backs tend to be drawn too straight.
* People who look unlike those it was trained on are found less well.
$limits

## Training data

$training

## Evaluation

$evaluation

## Citation

```bibtex
@inproceedings{spinepose2025,
  author    = {Khan, Muhammad Saif Ullah and Krau{\\ss}, Stephan and Stricker, Didier},
  title     = {Towards Unconstrained 2D Pose Estimation of the Human Spine},
  booktitle = {CVPR Workshops (CVsports)},
  pages     = {6171--6180},
  year      = {2025},
  note      = {arXiv:2504.08110}
}
```
"""

__all__ = ["TAGS", "CardFacts", "Evaluated", "model_card", "read_evaluation"]
