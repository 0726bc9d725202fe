"""Names of models on the Hub."""

from __future__ import annotations

import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.load import load_model
from spinepose_hf.hub.model_id import parse_model_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("me/spine-pose_1.0", ("me/spine-pose_1.0", None), id="plain"),
        pytest.param("me/model@v1.0", ("me/model", "v1.0"), id="tag"),
        pytest.param("me/model@refs/pr/1", ("me/model", "refs/pr/1"), id="pull request"),
        pytest.param("model", None, id="no owner"),
        pytest.param("a/b/c", None, id="a path"),
        pytest.param("../model", None, id="a path above"),
        pytest.param("model@v1", None, id="no owner, a revision"),
    ],
)
def test_names(name: str, expected: tuple[str, str | None] | None) -> None:
    assert parse_model_id(name) == expected


def test_an_empty_revision_is_told() -> None:
    with pytest.raises(ModelError, match="'me/model@' names no revision after the @; give a branch"):
        parse_model_id("me/model@")


def test_two_revisions_are_one_too_many() -> None:
    with pytest.raises(ModelError, match="names a revision, and so does revision='v2'"):
        load_model("me/model@v1", revision="v2")
