"""An open breaker is a guess. When it is all there is, it does not end the service."""

from __future__ import annotations

from pointsman.config.settings import RouterSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, request, settings
from pointsman.model.outcome import FailureKind
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.breaker import State
from pointsman.state.scoreboard import Scoreboard
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import over
from support.serving import gateway, send


async def test_one_caller_cannot_take_a_model_away_from_everybody():
    """Requests that make every deployment fail open their breakers; the next good request is served all the same."""
    async with MockProvider("openai", name="one") as one, MockProvider("vllm", name="two") as two:
        async with gateway(over(one, two, router=RouterSettings(num_retries=1))) as it:
            one.faults.set("status=500")
            two.faults.set("status=500")
            bad = [(await send(it.port, ask()))[0].status for _ in range(8)]
            board = it.runtime.board
            assert all(record.breaker.state is State.OPEN for record in board.records().values())
            one.faults.set()
            two.faults.set()
            good = [(await send(it.port, ask()))[0].status for _ in range(8)]
            assert any(record.breaker.state is State.CLOSED for record in board.records().values())
    assert set(bad) == {502}
    assert set(good) == {200}


def test_being_told_to_wait_is_no_guess():
    """A rate limit is respected even when nobody else is left."""
    made = settings(deployment("a"), deployment("b"))
    board = Scoreboard(FakeClock(), LoadedDice())
    for member, kind in zip(made.deployments, (FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR), strict=True):
        for _ in range(5):
            lease = board.take(member)
            board.failed(lease, kind)
            board.give_back(lease)
    decision = Pipeline(compile_topology(made)).decide(request(), board, LoadedDice())
    assert decision.choice.id == "b"
    assert decision.steps[-2].stage == "need"


def test_a_request_asked_in_need_that_succeeds_closes_the_breaker():
    """It was let through after the breaker opened, so it speaks of the present."""
    member = deployment("a")
    board = Scoreboard(FakeClock(), LoadedDice())
    early = board.take(member)
    for _ in range(5):
        lease = board.take(member)
        board.failed(lease, FailureKind.SERVER_ERROR)
        board.give_back(lease)
    board.succeeded(early, 0)
    board.give_back(early)
    assert board.record(member).breaker.state is State.OPEN
    late = board.take(member)
    board.succeeded(late, 0)
    board.give_back(late)
    assert board.record(member).breaker.state is State.CLOSED
    assert board.fitness(member) is None
