"""Metrics: what is counted, that Prometheus can read it, and that no caller makes a series."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pointsman.fakes import FakeClock, LoadedDice, deployment
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.rest import BreakerSettings
from pointsman.state.scoreboard import Rules, Scoreboard
from pointsman.telemetry.metrics import Metrics
from pointsman.telemetry.tally import RELOADS, RESUMED, Tally

RESET, GONE, CUT, DIFFERS = FailureKind.RESET, FailureKind.CLIENT_GONE, FailureKind.CUT, FailureKind.DIFFERS


class Counted(Metrics):
    """Metrics over a tally of their own."""

    def __init__(self, board: Scoreboard) -> None:
        self.tally = Tally(["m"])
        super().__init__(board, self.tally)
        self.count = self.tally.count
        self.refused = self.tally.refused


def read(metrics: Metrics) -> dict[tuple, float]:
    """Every sample by name and labels; the parser raises on what Prometheus would not take."""
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families for sample in family.samples]
    found = {(s.name, *sorted(s.labels.items())): s.value for s in samples}
    assert len(found) == len(samples)
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return read(metrics)[(name, *sorted(labels.items()))]


@pytest.fixture
def metrics(board):
    return Counted(board)


def test_before_the_first_request_it_can_be_read(metrics):
    """Every deployment's state is there, and nothing is counted."""
    found = read(metrics)
    assert found[("pointsman_deployment_fit", ("deployment", "a"))] == 1
    assert found[("pointsman_fallbacks_total",)] == 0


def test_requests_tokens_and_times_are_counted(metrics, made):
    """By the deployment asked last, with its provider."""
    for number in range(3):
        metrics.count([made(None, number=number, first_token=0.2)])
    assert value(metrics, "pointsman_requests_total", deployment="a", provider="pa") == 3
    assert value(metrics, "pointsman_tokens_total", deployment="a", type="prompt") == 9
    assert value(metrics, "pointsman_tokens_total", deployment="a", type="completion") == 12
    assert value(metrics, "pointsman_request_seconds_count", deployment="a") == 3
    assert value(metrics, "pointsman_request_seconds_sum", deployment="a") == 3.75
    assert value(metrics, "pointsman_request_seconds_bucket", deployment="a", le="1.0") == 0
    assert value(metrics, "pointsman_request_seconds_bucket", deployment="a", le="2.5") == 3
    assert value(metrics, "pointsman_first_token_seconds_bucket", deployment="a", le="0.25") == 3
    assert value(metrics, "pointsman_route_total", stage="exact") == 3


def test_decisions_are_timed(metrics, made):
    """How long the first choice took, of every request that had one."""
    metrics.count([made(None, finished={"decided": 2e-05}), made(None, finished={"decided": 0.5}), made(status=503)])
    assert value(metrics, "pointsman_routing_decision_seconds_count") == 2
    assert value(metrics, "pointsman_routing_decision_seconds_sum") == pytest.approx(0.50002)
    assert value(metrics, "pointsman_routing_decision_seconds_bucket", le="2.5e-05") == 1
    assert value(metrics, "pointsman_cache_total", result="bypass") == 3


def test_failures_stand_at_the_deployment_that_failed(metrics, made):
    """With its own provider, also if another one answered in the end and it was never asked before."""
    metrics.count([made(RESET, None)])
    assert value(metrics, "pointsman_attempt_failures_total", deployment="a", kind="reset") == 1
    assert value(metrics, "pointsman_requests_total", deployment="b", provider="pb") == 1
    assert value(metrics, "pointsman_requests_total", deployment="a", provider="pa") == 0


@pytest.mark.parametrize("kinds", [(None,), (RESET, None), (RESET, RESET)])
def test_requests_that_went_to_a_fallback_group_are_counted(metrics, made, kinds):
    """Whether the first group failed or nobody in it was fit to begin with."""
    metrics.count([made(*kinds, tier=1)])
    metrics.count([made(*kinds)])
    assert value(metrics, "pointsman_fallbacks_total") == 1


def test_refusals_are_counted_by_their_code(metrics):
    """Codes are ours, so there are few."""
    metrics.refused("invalid_body")
    metrics.refused("invalid_body")
    assert value(metrics, "pointsman_refused_total", code="invalid_body") == 2


def test_reloads_are_counted_by_what_came_of_them(metrics):
    """Each from the start, so that an increase of the first is one."""
    metrics.tally.reloads["refused"] += 1
    found = {word: value(metrics, "pointsman_config_reloads_total", result=word) for word in RELOADS}
    assert found == {"swapped": 0, "unchanged": 0, "refused": 1}


def test_what_may_be_billed_though_it_failed_is_counted(metrics, made):
    """At the deployment that was asked; a refusal is none of it."""
    lost, refused = made(RESET, None), made(RESET, None)
    sent = msgspec.structs.replace(lost.outcome.attempts[0], sent=True)
    outcome = msgspec.structs.replace(lost.outcome, attempts=(sent, *lost.outcome.attempts[1:]))
    metrics.count([msgspec.structs.replace(lost, outcome=outcome), refused])
    assert value(metrics, "pointsman_possibly_billed_total", deployment="a") == 1


@pytest.mark.parametrize(
    ("kinds", "word"),
    [((CUT, None), "completed"), ((CUT, DIFFERS), "differed"), ((CUT, RESET), "failed"), ((RESET, None), None)],
)
def test_streams_that_were_gone_on_with_are_counted_by_what_came_of_it(metrics, made, kinds, word):
    """Once each; a retry before the first word is none."""
    event = made(*kinds)
    first, last = event.outcome.attempts
    last = msgspec.structs.replace(last, resumed=kinds[0] is CUT)
    outcome = msgspec.structs.replace(event.outcome, attempts=(first, last))
    metrics.count([msgspec.structs.replace(event, outcome=outcome)])
    found = {each: value(metrics, "pointsman_streams_resumed_total", result=each) for each in RESUMED}
    assert found == {each: float(each == word) for each in RESUMED}


def test_malformed_frames_are_counted_where_they_came_from(metrics, board):
    """All of them, and no failure."""
    lease = board.take(next(iter(board.records().values())).deployment)
    board.garbled(lease, 3)
    board.give_back(lease)
    assert value(metrics, "pointsman_malformed_frames_total", deployment="a") == 3
    assert value(metrics, "pointsman_deployment_fit", deployment="a") == 1


def test_the_state_of_a_deployment_is_one_number():
    """Whole share, a part of it, at rest; on trial, and coming back."""
    one, clock = deployment("one"), FakeClock()
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(BreakerSettings(threshold=1, slow_start=10.0, jitter=0.0)))
    metrics = Counted(board)
    states = []

    def look() -> None:
        states.append(value(metrics, "pointsman_deployment_state", deployment="one"))

    board.record(one)
    look()
    failed = board.take(one)
    board.failed(failed, RESET)
    board.give_back(failed)
    look()
    clock.advance(5.0)
    look()
    probe = board.take(one)
    look()
    board.succeeded(probe, 0)
    board.give_back(probe)
    look()
    clock.advance(10.0)
    look()
    assert states == [0, 2, 1, 2, 1, 0]


def test_pressure_is_told_as_it_is(metrics, board):
    """Who waits, what became of those who did, and what is sent a second time now."""
    member = next(iter(board.records().values())).deployment
    board.forget_all_but([msgspec.structs.replace(member, adaptive=True)])
    tickets = [board.queue.enter(["a"], 1, 5, 0.0, 10.0) for _ in range(3)]
    board.queue.leave(tickets[0], served=True, now=1.0)
    board.queue.leave(tickets[1], served=False, now=11.0)
    board.queue.refused += 1
    board.budget.pay()
    board.hedges.pay()
    assert value(metrics, "pointsman_queue_length") == 1
    assert {
        word: value(metrics, "pointsman_queue_total", result=word) for word in ("served", "expired", "refused")
    } == {
        "served": 1,
        "expired": 1,
        "refused": 1,
    }
    assert value(metrics, "pointsman_retries_under_way") == value(metrics, "pointsman_hedges_under_way") == 1
    assert value(metrics, "pointsman_concurrency_limit", deployment="a") == 20


def test_a_caller_that_left_early_is_counted_nowhere_as_a_deployments_failure(metrics, made):
    """It is a request, and no attempt failed."""
    metrics.count([made(GONE, usage=Usage())])
    assert value(metrics, "pointsman_requests_total", deployment="a", provider="pa") == 1


def test_the_gauges_tell_the_present(made):
    """In flight, fit and open, as the scoreboard has them at the time of reading."""
    clock = FakeClock()
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))
    metrics, one = Counted(board), deployment("a")
    lease = board.take(one)
    assert value(metrics, "pointsman_in_flight", deployment="a") == 1
    board.failed(lease, RESET)
    board.give_back(lease)
    assert value(metrics, "pointsman_in_flight", deployment="a") == 0
    assert value(metrics, "pointsman_deployment_fit", deployment="a") == 0
    assert value(metrics, "pointsman_breaker_open", deployment="a") == 1
    clock.advance(100.0)
    assert value(metrics, "pointsman_deployment_fit", deployment="a") == 1


def test_reading_takes_no_probes_place(made):
    """However often Prometheus asks, the one probe of a half-open breaker is left for a request."""
    clock = FakeClock()
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))
    metrics, one = Counted(board), deployment("a")
    lease = board.take(one)
    board.failed(lease, RESET)
    board.give_back(lease)
    clock.advance(100.0)
    for _ in range(3):
        read(metrics)
    assert board.fitness(one) is None
    assert board.take(one).probe


ways = st.lists(st.sampled_from([None, *FailureKind]), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.text(min_size=1) | st.none(), ways), max_size=20))
def test_no_name_of_a_callers_is_a_label(made, asked):
    """Any models, any outcomes: readable, and the values of labels are those of the configuration and our own words."""
    board = Scoreboard(FakeClock(), LoadedDice([0.5]))
    board.record(deployment("a"))
    metrics = Counted(board)
    for number, (model, kinds) in enumerate(asked):
        metrics.count([made(*kinds, model=model, number=number)])
    words = {kind.value for kind in FailureKind} | {"a", "b", "pa", "pb", "up", "", "prompt", "completion", "exact"}
    words |= {"bypass", *RELOADS, *RESUMED, "served", "expired"}
    for _name, *labels in read(metrics):
        assert {text for label, text in labels if label != "le"} <= words


def test_strange_names_in_a_configuration_can_be_read():
    """Quotes, backslashes and line breaks in a deployment's name are escaped."""
    board = Scoreboard(FakeClock(), LoadedDice())
    board.record(deployment('a"b\\c\nd'))
    assert ("pointsman_in_flight", ("deployment", 'a"b\\c\nd')) in read(Counted(board))
