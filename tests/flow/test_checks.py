"""Health checks: when a provider is asked whether it is up, and what becomes of the answers."""

from __future__ import annotations

import pytest

from pointsman.config.settings import WatchSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, settings
from pointsman.flow.effects import Call, Failed, Sleep
from pointsman.flow.watch import OFTEN, watches
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.model.rest import HealthCheck
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

CHECK = HealthCheck(every=30.0, timeout=4.0)
HERE = provider("here", "vllm", check=CHECK)
ONE, TWO = deployment("one", at=HERE), deployment("two", at=HERE)
UP, DOWN = Answered(200, {}, b""), Failed(FailureKind.REFUSED, "nobody there")
SILENT = "breaker open for 15.0 s more (it does not answer health checks at provider here)"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return made(clock)


def made(clock, **rules) -> Scoreboard:
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(**rules))
    board.forget_all_but([ONE, TWO])
    for each in (ONE, TWO):
        board.record(each)
    return board


def begun(board, *members, **more):
    """Each check of a configuration with its first question."""
    flows = watches(compile_topology(settings(*members, **more)), board, lambda: None)
    return [(flow, flow.send(None)) for flow in flows]


def checking(board):
    ((flow, asked),) = begun(board, ONE, TWO)
    return flow, asked


def fitness(board) -> set[str | None]:
    return {board.fitness(each) for each in (ONE, TWO)}


def fail(board, kind: FailureKind, times: int) -> None:
    for _ in range(times):
        lease = board.take(ONE)
        board.failed(lease, kind)
        board.give_back(lease)


def answered(flow, reply) -> Sleep:
    """Give the reply, and go on to the next question."""
    pause = flow.send(reply)
    assert isinstance(flow.send(None), Call)
    return pause


def test_a_provider_is_asked_as_often_as_configured(board):
    """One question a provider, however many deployments it has; within its own time."""
    flow, asked = checking(board)
    assert (asked.provider, asked.request.path, asked.timeout, asked.reader) == (HERE, "/health", 4.0, None)
    assert [answered(flow, UP) for _ in range(3)] == [Sleep(30.0)] * 3
    assert fitness(board) == {None}


def test_who_does_not_answer_twice_rests_with_all_that_it_has(board):
    """A single lost answer is no outage; it is asked again soon."""
    flow, _ = checking(board)
    assert answered(flow, DOWN) == Sleep(OFTEN)
    assert fitness(board) == {None}
    assert answered(flow, DOWN) == Sleep(OFTEN)
    assert fitness(board) == {SILENT}
    assert board.in_need([ONE, TWO], [ONE, TWO]) is not None


def test_lost_answers_between_others_change_nothing(board):
    """They have to be lost one after the other."""
    flow, _ = checking(board)
    for reply in (DOWN, UP, DOWN, UP, DOWN):
        answered(flow, reply)
        assert fitness(board) == {None}


def test_it_rests_until_it_answers(board, clock):
    """Asked often then; not a request is spent on finding out that it is still away, and none on finding it back."""
    flow, _ = checking(board)
    answered(flow, DOWN)
    for _ in range(100):
        answered(flow, DOWN)
        clock.advance(OFTEN + CHECK.timeout)
        assert None not in fitness(board)
    assert answered(flow, UP) == Sleep(30.0)
    assert fitness(board) == {None}
    assert set(board.reduced) == {"one", "two"}


def test_without_further_checks_a_request_finds_out(board, clock):
    """If the watch has ended, its word is not for ever."""
    flow, _ = checking(board)
    answered(flow, DOWN)
    answered(flow, DOWN)
    clock.advance(15.0)
    assert board.fitness(ONE) is None
    assert board.take(ONE).probe


def test_an_answer_heals_what_could_not_be_reached(board):
    """The breaker of the place was open for refused connections; it closes at once, and no request is its probe."""
    flow, _ = checking(board)
    fail(board, FailureKind.REFUSED, 5)
    assert None not in fitness(board)
    answered(flow, UP)
    assert (fitness(board), board.resting) == ({None}, {})


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.QUOTA, FailureKind.SERVER_ERROR])
@pytest.mark.parametrize("later", [0.0, 400.0])
def test_an_answer_heals_nothing_else(board, clock, kind, later):
    """A server may be up and refuse the key all the same, or fail whatever it is asked for."""
    flow, _ = checking(board)
    fail(board, kind, 5)
    record = board.record(ONE)
    at = record if kind is FailureKind.SERVER_ERROR else record.place
    clock.advance(later)
    before = at.breaker.state
    answered(flow, UP)
    assert at.breaker.state is before


def test_where_nobody_ever_rests_checks_rest_nobody(clock):
    """``disable_cooldowns`` is for all of it."""
    board = made(clock, rests=False)
    flow, _ = checking(board)
    for _ in range(5):
        answered(flow, DOWN)
    assert (fitness(board), board.resting) == ({None}, {})


def test_a_check_of_one_that_is_gone_changes_nothing(board):
    """The same name may be another server after a swap."""
    flow, _ = checking(board)
    answered(flow, DOWN)
    moved = provider("here", "vllm", "http://127.0.0.1:2")
    board.forget_all_but([deployment("one", at=moved)])
    answered(flow, DOWN)
    assert board.fitness(deployment("one", at=moved)) is None


def test_litellms_switch_is_for_everybody_who_has_no_check_of_its_own(board):
    """By its kind's own question, each as often as it says."""
    other = deployment("far", at=provider("far", "ollama"))
    everybody = WatchSettings(check=HealthCheck(every=300.0))
    asked = {
        call.provider.name: (call.request.path, flow.send(UP).seconds)
        for flow, call in begun(board, ONE, other, watch=everybody)
    }
    assert asked == {"here": ("/health", 30.0), "far": ("/api/tags", 300.0)}
    assert [call.provider.name for _, call in begun(board, ONE, other)] == ["here"]
