"""Many callers at the moment when a deployment that rested may be tried again: one of them tries it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from laboratory.callers import PATIENCE, Answer, ask, question
from laboratory.card import Bar, Finding, Tally, at_most, none
from laboratory.proxy import Act, FaultProxy, Point, Trouble
from laboratory.rig import Clock, crowd, deployment, leases, over, provider, received, reference
from pointsman.config.settings import RouterSettings
from support.serving import gateway

REST = 400.0
"""Seconds: longer than a deployment ever rests."""

HELD = Trouble(Act.DELAY, Point.ASKED, seconds=PATIENCE / 2)
"""A reply is kept back until everybody else is through."""

ENOUGH = 12
"""Failures that open any breaker."""


async def half_open(callers: int, *, recovers: bool) -> Finding:
    """A healthy deployment beside one that has rested long enough and answers late, or fails again late."""
    tally = Tally(f"half-open, {callers} callers at once, the probe {'succeeds' if recovers else 'fails'}")
    clock = Clock()
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(provider(name="bad", faults=["status=500"]))
        good = await stack.enter_async_context(provider())
        proxy = await stack.enter_async_context(FaultProxy(bad.port))
        text = await reference(good)
        made = over(deployment(bad, port=proxy.port), deployment(good))
        it = await stack.enter_async_context(gateway(made, clock))

        async def one(number: int) -> Answer:
            answer = await ask(it.port, question(stream=number % 2 == 0))
            tally.whole(answer, text)
            return answer

        await crowd(2 * ENOUGH, 1, one)
        clock.advance(REST)
        proxy.set(HELD)
        bad.ledger.clear()
        bad.faults.set(*([] if recovers else ["status=500"]))
        tasks = await _most_of([asyncio.create_task(one(number)) for number in range(callers)], but=1)
        probes = received([bad])
        _let_go(proxy)
        await asyncio.gather(*tasks)
        finding = tally.finding
        finding.attempts = received([bad, good])
        met = Bar("probes", "1", str(probes), probes == 1)
        finding.bars = [*tally.bars, met, none("leases not given back", leases(it))]
    return finding


async def in_need(callers: int) -> Finding:
    """Nobody but deployments that rest: one caller at a time may try, the others hear when to come again."""
    finding = Finding(f"everybody rests, {callers} callers at once", requests=callers)
    clock = Clock()
    async with AsyncExitStack() as stack:
        mocks = [await stack.enter_async_context(provider(name=name, faults=["status=500"])) for name in ("a", "b")]
        proxies = [await stack.enter_async_context(FaultProxy(mock.port)) for mock in mocks]
        members = [deployment(mock, port=proxy.port) for mock, proxy in zip(mocks, proxies, strict=True)]
        it = await stack.enter_async_context(gateway(over(*members, router=RouterSettings(num_retries=0)), clock))

        async def one(_: int) -> Answer:
            return await ask(it.port, question(stream=False))

        await crowd(4 * ENOUGH, 1, one)
        for mock, proxy in zip(mocks, proxies, strict=True):
            mock.ledger.clear()
            proxy.set(HELD)
        tasks = await _most_of([asyncio.create_task(one(number)) for number in range(callers)], but=len(mocks))
        at_once = received(mocks)
        _let_go(*proxies)
        answers = await asyncio.gather(*tasks)
        finding.attempts = received(mocks)
        statuses = {answer.status for answer in answers}
        away = [answer for answer in answers if answer.status in (429, 503)]
        finding.bars = [
            at_most("asked at once", len(mocks), at_once),
            at_most("attempts", 2 * len(mocks), finding.attempts),
            Bar("statuses", "502, 503 or 429", ", ".join(map(str, sorted(statuses))), statuses <= {429, 502, 503}),
            none("turned away without Retry-After", sum("retry-after" not in answer.headers for answer in away)),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"{len(away)} turned away"
    return finding


async def _most_of(tasks: list[asyncio.Task[Answer]], *, but: int) -> list[asyncio.Task[Answer]]:
    """Wait until all but so many are through, or what holds them back has passed."""
    pending = set(tasks)
    while len(pending) > but:
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    return tasks


def _let_go(*proxies: FaultProxy) -> None:
    for proxy in proxies:
        proxy.set(None)
        proxy.release()
