"""A watch: what it asks, how often, and what the scoreboard makes of it."""

from __future__ import annotations

import pytest

from pointsman.config.settings import WarmSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.flow.effects import Call, Failed, Sleep
from pointsman.flow.watch import ROUNDS, watch
from pointsman.model.exchange import Answered, Loaded
from pointsman.model.outcome import FailureKind
from pointsman.state.scoreboard import Scoreboard

SETTINGS = WarmSettings(timeout=0.1, every=10.0)
PLACE = provider("here", "ollama")
HOT, COLD = deployment("hot", at=PLACE, model="a:1b"), deployment("cold", at=PLACE, model="b:1b")
KEPT = Answered(200, {}, b'{"models":[{"name":"a:1b"}]}')
LATE = Failed(FailureKind.TIMEOUT, "no reply within 0.1 s", sent=True)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return Scoreboard(clock, LoadedDice())


def known(board) -> tuple[bool | None, bool | None]:
    return board.warm(HOT), board.warm(COLD)


def test_it_asks_sleeps_and_asks_again(board):
    """Within the configured time, as often as configured; each word takes the place of the one before."""
    flow = watch(PLACE, SETTINGS, board)
    asked = flow.send(None)
    assert isinstance(asked, Call)
    assert (asked.provider, asked.request.path, asked.timeout, asked.reader) == (PLACE, "/api/ps", 0.1, None)
    assert known(board) == (None, None)
    assert flow.send(KEPT) == Sleep(10.0)
    assert known(board) == (True, False)
    assert flow.send(None) == asked
    flow.send(Answered(200, {}, b'{"models":[{"name":"b:1b"}]}'))
    assert known(board) == (False, True)


@pytest.mark.parametrize("reply", [LATE, Answered(500, {}, b""), Answered(200, {}, b"?")])
def test_a_late_answer_or_none_means_that_nobody_knows(board, reply):
    """What was said before is not taken for the present."""
    flow = watch(PLACE, SETTINGS, board)
    flow.send(None)
    flow.send(KEPT)
    flow.send(None)
    flow.send(reply)
    assert known(board) == (None, None)


def test_a_word_holds_for_a_while_and_no_longer(board, clock):
    """If the watch has ended, what it said is forgotten soon."""
    flow = watch(PLACE, SETTINGS, board)
    flow.send(None)
    flow.send(KEPT)
    flow.close()
    clock.advance(SETTINGS.every * ROUNDS - 0.1)
    assert known(board) == (True, False)
    clock.advance(0.1)
    assert known(board) == (None, None)


def test_who_can_not_be_asked_is_not_watched(board):
    """A hosted service: the watch is over before it began."""
    with pytest.raises(StopIteration):
        watch(provider("far", "openai"), SETTINGS, board).send(None)


def test_who_delivered_of_late_is_warm_whatever_the_watch_says(board, clock):
    """For ten minutes after its last answer; a failure is none."""
    board.told("here", Loaded(), 1e6)
    lease = board.take(HOT)
    board.failed(lease, FailureKind.SERVER_ERROR)
    board.give_back(lease)
    assert (board.served(HOT), board.warm(HOT)) == (False, False)
    lease = board.take(HOT)
    board.succeeded(lease, 1)
    board.give_back(lease)
    clock.advance(599.9)
    assert (board.served(HOT), board.warm(HOT), board.warm(COLD)) == (True, True, False)
    clock.advance(0.2)
    assert (board.served(HOT), board.warm(HOT)) == (False, False)


def test_a_swap_forgets_what_was_said_and_who_has_become_another(board):
    """The same name may be another server now."""
    board.told("here", Loaded(frozenset({"a:1b"})), 1e6)
    lease = board.take(HOT)
    board.succeeded(lease, 1)
    board.give_back(lease)
    board.forget_all_but([HOT])
    assert known(board) == (True, None)
    moved = deployment("hot", at=provider("here", "ollama", "http://127.0.0.1:2"), model="a:1b")
    board.forget_all_but([moved])
    assert board.warm(moved) is None
