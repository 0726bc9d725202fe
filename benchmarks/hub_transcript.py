"""Publishes model, data set and app on a Hub of this machine, and loads them as anybody would.

    python -m benchmarks.hub_transcript --out docs/hub_transcript.md

The Hub is the one of the tests: a server on a loopback port that answers `huggingface_hub` as the real one
does. The loading side is a process that cannot import this package. What stands in the transcript was printed
by these commands; only the temporary folder's name and progress bars are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hub.conftest import OWNER_TOKEN
from tests.hub.test_hub_loading import HIDDEN
from tests.hub_server.server import HubServer

OWNER = "saifkhichi96"
PUBLISHING = (
    "spinepose publish model embedded {owner}/spinepose",
    "spinepose synthesize --count 24 --seed 7 --out people",
    "spinepose dataset convert people people-parquet",
    "spinepose publish dataset people-parquet {owner}/spinetrack",
    "spinepose publish space {owner}/spinepose-demo --folder {root}/space --model {owner}/spinepose",
)
LOADING = (
    (
        "The model",
        """from transformers import AutoModel

model = AutoModel.from_pretrained("{owner}/spinepose", trust_remote_code=True)
print(type(model).__name__, f"{model.num_parameters():,} parameters")""",
    ),
    (
        "The data set",
        """from datasets import load_dataset

data = load_dataset("{owner}/spinetrack")
print(data)""",
    ),
    (
        "The pipeline",
        """from transformers import pipeline

pose = pipeline("pose-estimation", model="{owner}/spinepose", trust_remote_code=True)
people = pose("walking.jpg", boxes=[[215, 95, 190, 430]])
for name in ("hip", "neck", "neck_03"):
    point = people[0]["labels"].index(name)
    x, y = people[0]["keypoints"][point]
    print(name, round(x), round(y), round(people[0]["scores"][point], 2))""",
    ),
)

_HEAD = """# A transcript

Model, data set and app on a Hub, and the three lines that everybody types. The Hub is the one of this
project's tests, a server on the same machine that speaks the Hub's language (its address is shown here as the
real one's); the loading processes cannot import `spinepose_hf`. `python -m benchmarks.hub_transcript --out
docs/hub_transcript.md` wrote this page, and repeats it.

The data set here is 24 rendered people, not SpineTrack itself, whose pictures cannot be passed on.
"""


def main() -> None:
    """Run everything and write the transcript."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "walking.jpg").write_bytes((root / "spinepose_hf/samples/walking.jpg").read_bytes())
        with HubServer(folder / "hub") as server:
            written = transcript(server.endpoint, folder, root)
    arguments.out.write_text(written, encoding="utf-8")
    print(arguments.out)


def transcript(endpoint: str, folder: Path, root: Path) -> str:
    """Publish and load, and return what was typed and what came, in Markdown."""
    parts = [_HEAD, "## Publishing\n"]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HOME": str(folder / "publisher"),
        "HF_TOKEN": OWNER_TOKEN,
        "COLUMNS": "100",
    }
    for line in PUBLISHING:
        words = [word.format(owner=OWNER, root=root) for word in line.split()]
        shown = line.format(owner=OWNER, root=".").replace("./space", "space")
        printed = _run([sys.executable, "-m", "spinepose_hf.cli.main", *words[1:]], environment, folder)
        parts.append(f"```console\n$ {shown}\n{_cleaned(printed, folder, endpoint)}\n```\n")
    visitor = {key: value for key, value in environment.items() if key != "HF_TOKEN"}
    visitor["HF_HOME"] = str(folder / "visitor")
    parts.append("## Loading, without this package\n")
    for title, code in LOADING:
        typed = code.replace("{owner}", OWNER)
        printed = _run([sys.executable, "-I", "-c", HIDDEN + typed], visitor, folder)
        parts.append(
            f'{title}:\n\n<!-- skip: next "against the Hub of the tests" -->\n```python\n{typed}\n```\n\n'
            f"```text\n{_cleaned(printed, folder, endpoint)}\n```\n"
        )
    return "\n".join(parts)


def _run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[-1]}\n{done.stdout}{done.stderr}")
    return done.stdout


def _cleaned(text: str, folder: Path, endpoint: str) -> str:
    text = text.replace(str(folder), ".").replace(endpoint, "https://huggingface.co")
    lines = (line.rpartition("\r")[2].rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if "\u2501" not in line).strip()


if __name__ == "__main__":
    main()
