"""Visitors read one plain sentence; the log has the rest."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from spinepose_hf.app.messages import plain_errors
from spinepose_hf.errors import UploadError

gradio = pytest.importorskip("gradio", reason="needs the extra space")


def fail_plainly() -> None:
    raise UploadError("walk.txt is not a picture")


def fail_oddly() -> None:
    raise ZeroDivisionError("secret path /etc")


def fail_on_the_way() -> Iterator[int]:
    yield 1
    raise UploadError("the video ended")


def test_our_errors_are_shown_as_they_are() -> None:
    with pytest.raises(gradio.Error) as caught:
        plain_errors(fail_plainly)()
    assert caught.value.message == "walk.txt is not a picture"


def test_others_get_a_number_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gradio.Error) as caught:
        plain_errors(fail_oddly)()
    message = caught.value.message
    assert "secret" not in message
    number = message.rstrip(".").split()[-1]
    assert number in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_generators_give_what_they_had() -> None:
    steps = plain_errors(fail_on_the_way)()
    assert next(steps) == 1
    with pytest.raises(gradio.Error, match="The video ended"):
        next(steps)


def test_results_and_names_stay() -> None:
    assert plain_errors(len)("abc") == 3
    assert plain_errors(fail_oddly).__name__ == "fail_oddly"
