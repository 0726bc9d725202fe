"""The app's limits come from the environment, and nonsense in it is named."""

from __future__ import annotations

import pytest

from spinepose_hf.app.settings import AppSettings, settings_from_environment
from spinepose_hf.errors import SpinePoseError


def test_defaults() -> None:
    assert settings_from_environment({}) == AppSettings()


def test_variables_change_fields() -> None:
    found = settings_from_environment(
        {
            "SPINEPOSE_APP_MODEL": "name/model",
            "SPINEPOSE_APP_VIDEO_SECONDS": "12.5",
            "SPINEPOSE_APP_WORKERS": "3",
            "SPINEPOSE_APP_DETECTOR": " ",
            "OTHER": "x",
        }
    )
    assert (found.model, found.video_seconds, found.workers) == ("name/model", 12.5, 3)
    assert found.detector == AppSettings().detector
    assert isinstance(found.workers, int)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        pytest.param("WORKERS", "many", "SPINEPOSE_APP_WORKERS is 'many'; give a number", id="word"),
        pytest.param("WORKERS", "1.5", "SPINEPOSE_APP_WORKERS is '1.5'", id="half a worker"),
        pytest.param("VIDEO_SECONDS", "-1", "video_seconds is -1; it must be above 0", id="negative"),
        pytest.param("WAITING", "0", "waiting is 0", id="nobody may wait"),
    ],
)
def test_nonsense(variable: str, text: str, message: str) -> None:
    with pytest.raises(SpinePoseError, match=message):
        settings_from_environment({f"SPINEPOSE_APP_{variable}": text})
