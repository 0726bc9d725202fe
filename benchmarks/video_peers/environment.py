"""The peers' own environment: what they import and nothing else, at our versions of what both use."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# Without their dependencies: spinepose asks for torch and anytree and imports neither.
PEERS = ("spinepose==2.1.0", "rtmlib==0.0.16")
_SHARED = ("numpy", "onnxruntime", "opencv-python-headless")
_THEIRS = ("OneEuroFilter", "tqdm")


def peers_python(folder: Path) -> Path:
    """The interpreter of the peers' environment, which is made in `folder` if it is not there as wanted."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    shared = [f"{name}=={version(name)}" for name in _SHARED]
    marker, content = folder / ".ready", "\n".join((*PEERS, *shared, *_THEIRS))
    if not (marker.is_file() and marker.read_text(encoding="utf-8") == content):
        install = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*install, "--no-deps", *PEERS], check=True)
        subprocess.run([*install, *shared, *_THEIRS], check=True)
        marker.write_text(content, encoding="utf-8")
    return python


__all__ = ["PEERS", "peers_python"]
