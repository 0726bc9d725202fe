"""Fixtures of the data set tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.dataset_loader.miniature import Miniature, write_miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """SpineTrack's layout in miniature, shared by all tests: read it, never change it."""
    return write_miniature(tmp_path_factory.mktemp("miniature"))


@pytest.fixture
def own_miniature(miniature: Miniature, tmp_path: Path) -> Miniature:
    """A copy of the miniature that a test may damage."""
    copies = [
        shutil.copytree(path, tmp_path / path.name)
        for path in (miniature.tree, miniature.zips, miniature.flat)
    ]
    return Miniature(*copies)
