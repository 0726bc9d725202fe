"""Draws docs/images/evaluation_*: what `spinepose evaluate` says of the embedded model and rendered people.

Run from the top of the repository: python -m docs.figures.evaluation data/embedded/validation
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parent.parent / "images"
WORST, ANGLES = (1200, 640), (1360, 400)
"""Sizes in the pages, px: large enough to be read there, small enough for a repository."""

COLOURS = 128
"""Of the plot of the angles, which has few."""


def main() -> None:
    """Evaluate, and keep the two plots that the page shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("people", help="folder of `spinepose synthesize`")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--dataset", arguments.people, "--split", "all", "--samples", "0", "--out", folder]
        command = [sys.executable, "-m", "spinepose_hf.cli.main", "evaluate", *options]
        subprocess.run(command, check=True)
        worst = Image.open(Path(folder) / "worst.png").convert("RGB")
        worst.resize(WORST, Image.Resampling.LANCZOS).save(IMAGES / "evaluation_worst.jpg", quality=88)
        angles = Image.open(Path(folder) / "spine_angles.png").convert("RGB")
        angles.resize(ANGLES, Image.Resampling.LANCZOS).quantize(COLOURS).save(
            IMAGES / "evaluation_spine_angles.png", optimize=True
        )


if __name__ == "__main__":
    main()
