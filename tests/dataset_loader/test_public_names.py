"""The package's public names, loaded on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dataset_loader


@pytest.mark.parametrize("name", dataset_loader.__all__)
def test_public_names_resolve_and_are_documented(name: str) -> None:
    if name == "SpineTrack":
        pytest.importorskip("datasets")
    value = getattr(dataset_loader, name)
    assert (value.__doc__ or "").strip()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'SpineTrak'"):
        _ = dataset_loader.SpineTrak


def test_reading_annotations_imports_nothing_heavy() -> None:
    code = (
        "import sys, dataset_loader\n"
        "from dataset_loader import read_coco, open_source, iterate_crops, load_spinetrack\n"
        "heavy = {'datasets', 'pyarrow', 'pandas', 'torch', 'cv2', 'PIL', 'matplotlib', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
