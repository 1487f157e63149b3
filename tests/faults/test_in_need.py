"""An open breaker is a guess. When it is all there is, it does not end the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pointsman.config.settings import RouterSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, request, settings
from pointsman.mock.ledger import Entry
from pointsman.model.outcome import FailureKind
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.breaker import State
from pointsman.state.scoreboard import Scoreboard
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import over
from support.serving import Serving, gateway, send


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


async def test_while_one_is_asked_in_need_the_others_are_told_when_to_come_again():
    """One request at a time over the whole group; 503 and the time until somebody may be tried for everybody else."""
    async with MockProvider("openai", name="one") as one, MockProvider("vllm", name="two") as two:
        async with gateway(over(one, two, router=RouterSettings(num_retries=0))) as it:
            await all_down(it, one, two)
            for mock in (one, two):
                mock.faults.set("hang")
                mock.ledger.clear()
            waiting = asyncio.create_task(send(it.port, ask()))
            await first_to(lambda entry: entry.open, one, two)
            replies = [reply for [reply] in await asyncio.gather(*[send(it.port, ask()) for _ in range(20)])]
            asked = len(one.ledger) + len(two.ledger)
            waiting.cancel()
            await first_to(lambda entry: entry.client_closed, one, two)
            for mock in (one, two):
                mock.faults.set()
            [served] = await send(it.port, ask())
    assert {(reply.status, reply.error["code"]) for reply in replies} == {(503, "no_candidate")}
    assert all(1 <= int(reply.headers["retry-after"]) <= 6 for reply in replies)
    assert (asked, served.status) == (1, 200)


async def test_a_group_whose_addresses_refuse_is_tried_by_one_request_at_a_time():
    """One after the other they get their attempts; who comes while one is under way does not."""
    async with MockProvider("openai", name="one") as one, MockProvider("openai", name="two") as two:
        made = over(one, two, router=RouterSettings(num_retries=0))
    async with gateway(made) as it:
        replies = [(await send(it.port, ask()))[0] for _ in range(30)]
        board = it.runtime.board
        with board.lock:
            lease = board.take(board.in_need(made.deployments, made.deployments))
        [reply] = await send(it.port, ask())
        board.give_back(lease)
    assert {reply.status for reply in replies} == {502}
    assert (reply.status, "at provider" in reply.error["message"]) == (503, True)


async def all_down(it: Serving, *mocks: MockProvider) -> None:
    """Enough failures to open every breaker."""
    for mock in mocks:
        mock.faults.set("status=500")
    for _ in range(20):
        await send(it.port, ask())
    assert all(record.breaker.state is State.OPEN for record in it.runtime.board.records().values())


async def first_to(happen: Callable[[Entry], bool], *mocks: MockProvider) -> None:
    """Until that is true of a request at one of them."""
    waits = [asyncio.create_task(mock.ledger.wait_for(happen)) for mock in mocks]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
