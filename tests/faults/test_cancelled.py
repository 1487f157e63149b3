"""Callers who leave where nothing of theirs is at work, or already a second one: nothing is asked for them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from laboratory.callers import Leaving, question
from laboratory.rig import deployment, leases, over, provider
from pointsman.config.settings import RouterSettings
from pointsman.wire import pool
from support.serving import Serving, gateway

PATIENCE = 20
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


async def until(true: Callable[[], bool]) -> None:
    """Look until it is so; leases and records have no event."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.005)


def gone(it: Serving) -> list[int]:
    """How many attempts each caller who left had behind him."""
    rows = it.runtime.records.latest(100)
    return [row["attempts"] for row in rows if row["failure"] == "client_gone"]


@BOTH
async def test_waiting_for_a_connection(stream, monkeypatch):
    """Who leaves the line at the pool is never asked for, and takes nobody else's turn along."""
    monkeypatch.setattr(pool, "MOST", 1)
    async with provider(faults=["hang:times=1"]) as up, gateway(over(deployment(up))) as it:
        first, second, third = (Leaving(it.port, question(stream=stream)) for _ in range(3))
        await first.ask()
        await up.ledger.wait_for(lambda entry: entry.open)
        await second.ask()
        await until(lambda: leases(it) == 2)
        await third.ask()
        await until(lambda: leases(it) == 3)
        second.leave()
        await until(lambda: leases(it) == 2)
        first.leave()
        await asyncio.wait_for(third.reader.readuntil(b'"finish_reason"'), PATIENCE)
        await until(lambda: leases(it) == 0)
        assert (up.ledger.total, gone(it)) == (2, [1, 1])
        third.leave()


@BOTH
async def test_between_two_tries(stream):
    """Nobody is at work then; the second try is not made, and its part of the budget is free."""
    async with provider(faults=["status=429:retry_after=5"]) as up, gateway(over(deployment(up))) as it:
        caller = Leaving(it.port, question(stream=stream))
        await caller.ask()
        await up.ledger.wait_for(lambda entry: entry.finished)
        await until(lambda: leases(it) == 0)
        caller.leave()
        await until(lambda: gone(it) == [1])
        assert it.runtime.board.budget.under_way == 0
    assert up.ledger.total == 1


@BOTH
async def test_on_the_second_try(stream):
    """The one at work now is let go."""
    async with provider(name="bad", faults=["status=500"]) as bad, provider(name="good", faults=["hang"]) as good:
        made = over(deployment(bad), deployment(good, "n"), fallbacks={"m": ("n",)})
        async with gateway(made) as it:
            caller = Leaving(it.port, question(stream=stream))
            await caller.ask()
            await good.ledger.wait_for(lambda entry: entry.open)
            caller.leave()
            await good.ledger.wait_for(lambda entry: entry.client_closed)
            await until(lambda: leases(it) == 0)
            assert gone(it)[0] >= 2


@pytest.mark.parametrize(
    "more",
    [{"faults": ["hang"]}, {"faults": ["hang_after=2"]}, {"tokens_per_second": 5}, {"faults": ["hang_after=8"]}],
    ids=["asked", "says it again", "says it slowly", "goes on"],
)
async def test_while_another_goes_on_with_the_answer(more):
    """In each phase of that."""
    async with provider(name="bad", faults=["cut=5"]) as bad, provider(name="good", **more) as good:
        made = over(
            deployment(bad), deployment(good, "n"), fallbacks={"m": ("n",)}, router=RouterSettings(num_retries=0)
        )
        async with gateway(made) as it:
            caller = Leaving(it.port, question(stream=True))
            await caller.ask()
            await good.ledger.wait_for(lambda entry: entry.open)
            await until(lambda: leases(it) == 1)
            caller.leave()
            await good.ledger.wait_for(lambda entry: entry.client_closed)
            await until(lambda: leases(it) == 0)
            assert gone(it) == [2]


async def test_while_there_is_nothing_but_comments():
    """The head is out and no deployment has said a word."""
    router = RouterSettings(keepalive=0.05)
    async with provider(faults=["hang"]) as up, gateway(over(deployment(up), router=router)) as it:
        caller = Leaving(it.port, question(stream=True))
        await caller.ask()
        await asyncio.wait_for(caller.reader.readuntil(b": keep-alive\n\n"), PATIENCE)
        caller.leave()
        await up.ledger.wait_for(lambda entry: entry.client_closed)
        await until(lambda: leases(it) == 0)
        assert gone(it) == [1]
