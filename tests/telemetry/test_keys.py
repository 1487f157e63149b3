"""What is told of several keys: a name or number in log, records and metrics, a refused one once; never its text."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
import structlog

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Key, Secret
from pointsman.state.scoreboard import Scoreboard
from pointsman.telemetry.log import FailureLog, configure
from pointsman.telemetry.metrics import Metrics
from pointsman.telemetry.records import record_data
from pointsman.telemetry.tally import Tally

KEYS = tuple(Key(Secret(f"sk-hush-{number}"), name) for number, name in enumerate(("1", "team-b", "3")))
PLACE = provider("pa", api_key=KEYS[0].secret, keys=KEYS)
MEMBER = deployment("a", "m", PLACE, model=None)
AUTH, FORBIDDEN, LIMITED = FailureKind.AUTH, FailureKind.FORBIDDEN, FailureKind.RATE_LIMITED


@pytest.fixture
def out():
    stream = io.StringIO()
    configure("info", stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def tried(made):
    """A request that was sent to ``a`` with these keys, and what came of each; ``keys`` are those there are."""

    def make(*attempts, keys=KEYS):
        event = made(*[kind for _, kind in attempts], status=200 if attempts[-1][1] is None else 502)
        each = zip(event.outcome.attempts, attempts, strict=True)
        told = tuple(msgspec.structs.replace(a, deployment="a", key=key) for a, (key, _) in each)
        place = msgspec.structs.replace(PLACE, keys=keys)
        member = msgspec.structs.replace(MEMBER, provider=place)
        tiers = tuple(msgspec.structs.replace(tier, pool=(member,)) for tier in event.decision.tiers)
        return msgspec.structs.replace(
            event,
            outcome=msgspec.structs.replace(event.outcome, attempts=told),
            decision=msgspec.structs.replace(event.decision, tiers=tiers),
        )

    return make


def refusals(out) -> list[tuple[str, str, str]]:
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(line["provider"], line["key"], line["failure"]) for line in lines if line["event"] == "key_refused"]


def test_a_refused_key_is_told_once(out, tried):
    """Which of how many, and its name if it has one of its own; until it is good again."""
    log = FailureLog()
    for _ in range(3):
        log(tried(("1", AUTH), ("team-b", AUTH), ("3", None)))
    assert refusals(out) == [("pa", "key 1 of 3", "auth"), ("pa", "key 2 of 3 (team-b)", "auth")]
    log(tried(("1", None)))
    log(tried(("1", AUTH), ("3", None)))
    assert refusals(out)[2:] == [("pa", "key 1 of 3", "auth")]


def test_one_that_is_told_alone_is_told_too(out, tried):
    """There was no other key to ask with; one that may not use a model is told as well."""
    FailureLog()(tried(("3", FORBIDDEN)))
    assert refusals(out) == [("pa", "key 3 of 3", "forbidden")]


def test_another_key_in_its_place_is_another_key(out, tried):
    """By the same number, after a reload."""
    log = FailureLog()
    log(tried(("1", AUTH), ("3", None)))
    log(tried(("1", AUTH), ("3", None), keys=(Key(Secret("sk-hush-new"), "1"), *KEYS[1:])))
    assert len(refusals(out)) == 2


def test_limits_are_no_refusal(out, tried):
    """They pass. Which key met them stands in the line of the request."""
    FailureLog()(tried(("1", LIMITED), ("team-b", None)))
    (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert line["attempts"] == ["a (key 1): rate_limited", "a (key team-b): ok"]


def test_one_key_has_no_name(out, made):
    """As ever."""
    event = made(AUTH, status=502)
    FailureLog()(event)
    (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert line["attempts"] == ["a: auth"]
    assert "key" not in record_data(event)["outcome"]["attempts"][0]


def test_records_say_which_key_it_was(tried):
    """By name, in every attempt."""
    attempts = record_data(tried(("1", LIMITED), ("team-b", None)))["outcome"]["attempts"]
    assert [attempt["key"] for attempt in attempts] == ["1", "team-b"]


def test_metrics_count_each_key():
    """By provider and name; a key that is spent rests everywhere, one that had too much of a deployment only there."""
    board = Scoreboard(FakeClock(), LoadedDice())
    board.forget_all_but([MEMBER, deployment("b", at=provider("pb", api_key=Secret("sk-hush")))])
    for kind in (LIMITED, FailureKind.QUOTA, None):
        lease = board.take(MEMBER)
        lease.key = board.keys.pick(lease.record, KEYS)
        if kind is not None:
            board.key_failed(lease, kind)
        board.give_back(lease)
    text = Metrics(board, Tally(())).render().decode()
    found = [line for line in text.splitlines() if line.startswith("pointsman_key_") and "_created" not in line]
    assert found == [
        'pointsman_key_requests_total{key="1",provider="pa"} 1.0',
        'pointsman_key_requests_total{key="team-b",provider="pa"} 1.0',
        'pointsman_key_requests_total{key="3",provider="pa"} 1.0',
        'pointsman_key_failures_total{key="1",kind="rate_limited",provider="pa"} 1.0',
        'pointsman_key_failures_total{key="team-b",kind="quota",provider="pa"} 1.0',
        'pointsman_key_resting{key="1",provider="pa"} 0.0',
        'pointsman_key_resting{key="team-b",provider="pa"} 1.0',
        'pointsman_key_resting{key="3",provider="pa"} 0.0',
    ]
    assert "hush" not in text
