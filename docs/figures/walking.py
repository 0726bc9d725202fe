"""Draws docs/images/walking.jpg: a part of the sample photo, and the same with what the package finds there.

Run from the top of the repository: python -m docs.figures.walking
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
PART = (130, 80, 570, 560)
"""Left, top, right, bottom: the walking woman and room for the text beside her."""


def main() -> None:
    """Cut, estimate and draw, as anyone would on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        Image.open(ROOT / "spinepose_hf" / "samples" / "walking.jpg").crop(PART).save(photo)
        out = ROOT / "docs" / "images" / "walking.jpg"
        options = ["--detector", "none", "--side-by-side", "--overlay", "angles", "--overwrite"]
        command = [sys.executable, "-m", "spinepose_hf.cli.main", "-i", str(photo), "-o", str(out), *options]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
