"""Many users at once, over plain HTTP; benchmarks/space_load.py prints the same in full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.space_load import IMAGE, Crowd, crowd, warm_up
from tests.space.app_server import AppServer
from tests.space.app_users import Answer, Upload, Users

PEAK_MIB = 500
"""The most that 20 users at once may add: their pictures and results, not 20 networks."""

RESTING_MIB = 100
"""How far the memory may stay above its level afterwards: freed blocks that the allocator keeps."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def users(app_server: AppServer) -> Users:
    return Users(app_server.url)


@pytest.fixture(scope="module")
def busy(app_server: AppServer, users: Users, photo: Path) -> Iterator[Crowd]:
    """50 users who ask in the same moment."""
    warm_up(users, Upload.of(photo))
    yield crowd(app_server, users, Upload.of(photo), 50)


def test_fifty_users_in_the_queue_all_get_their_result(busy: Crowd) -> None:
    assert busy.refusals == []
    assert len(busy.answers) == 50


def test_the_results_are_those_of_a_lonely_user(busy: Crowd, users: Users, photo: Path) -> None:
    lonely = users.ask(IMAGE, Upload.of(photo))
    assert lonely.data is not None
    assert {_numbers(answer) for answer in busy.answers} == {_numbers(lonely)}


def test_memory_rests_at_its_level_again(busy: Crowd) -> None:
    assert busy.memory.after - busy.memory.before < RESTING_MIB, busy.memory


def test_twenty_users_at_once_take_bounded_memory(app_server: AppServer, users: Users, photo: Path) -> None:
    warm_up(users, Upload.of(photo))
    memory = crowd(app_server, users, Upload.of(photo), 20).memory
    assert memory.peak - memory.before < PEAK_MIB, memory
    assert memory.after - memory.before < RESTING_MIB, memory


def _numbers(answer: Answer) -> str:
    """The answer without the names of its files, which are each request's own."""
    assert answer.data is not None, answer.message
    return str([_without_files(value) for value in answer.data])


def _without_files(value: object) -> object:
    if isinstance(value, dict):
        if {"path", "url"} & value.keys():
            return "a file"
        return {key: _without_files(one) for key, one in value.items()}
    return [_without_files(one) for one in value] if isinstance(value, list) else value
