"""Many callers at the moment when a deployment that rested may be tried again: one of them tries it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from laboratory.callers import ask, question
from laboratory.card import Bar, Finding, Tally, at_most, none
from laboratory.rig import Clock, crowd, deployment, leases, over, provider, received, reference
from pointsman.config.settings import RouterSettings
from support.serving import gateway

REST = 400.0
"""Seconds: longer than a deployment ever rests."""

PROBE = 1500
"""Milliseconds that an answer then takes: until everybody has come."""

ENOUGH = 12
"""Failures that open any breaker."""


async def half_open(callers: int, *, recovers: bool) -> Finding:
    """A healthy deployment beside one that has rested long enough and answers slowly, or fails again slowly."""
    tally = Tally(f"half-open, {callers} callers at once, the probe {'succeeds' if recovers else 'fails'}")
    clock = Clock()
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(provider(name="bad", faults=["status=500"]))
        good = await stack.enter_async_context(provider())
        text = await reference(good)
        it = await stack.enter_async_context(gateway(over(deployment(bad), deployment(good)), clock))

        async def one(number: int) -> None:
            tally.whole(await ask(it.port, question(stream=number % 2 == 0)), text)

        await crowd(2 * ENOUGH, 1, one)
        clock.advance(REST)
        bad.ledger.clear()
        bad.faults.set(f"slow_headers={PROBE}", *([] if recovers else ["status=500"]))
        await crowd(callers, callers, one)
        finding, probes = tally.finding, received([bad])
        finding.attempts = received([bad, good])
        met = Bar("probes", "1", str(probes), probes == 1)
        peak = at_most("most in flight at the recovering one", 1, bad.ledger.peak)
        finding.bars = [*tally.bars, peak, met, none("leases not given back", leases(it))]
    return finding


async def in_need(callers: int) -> Finding:
    """Nobody but deployments that rest: one caller at a time may try, the others hear when to come again."""
    finding = Finding(f"everybody rests, {callers} callers at once")
    clock = Clock()
    async with AsyncExitStack() as stack:
        mocks = [await stack.enter_async_context(provider(name=name, faults=["status=500"])) for name in ("a", "b")]
        made = over(*[deployment(at) for at in mocks], router=RouterSettings(num_retries=0))
        it = await stack.enter_async_context(gateway(made, clock))
        await crowd(4 * ENOUGH, 1, lambda _: ask(it.port, question(stream=False)))
        for at in mocks:
            at.ledger.clear()
            at.faults.set(f"slow_headers={PROBE}", "status=500")
        answers = await asyncio.gather(*[ask(it.port, question(stream=False)) for _ in range(callers)])
        finding.requests, finding.attempts = callers, received(mocks)
        statuses = {answer.status for answer in answers}
        turned_away = [answer for answer in answers if answer.status in (429, 503)]
        silent = sum("retry-after" not in answer.headers for answer in turned_away)
        finding.bars = [
            at_most("most in flight at any of them", 1, max(at.ledger.peak for at in mocks)),
            Bar("statuses", "502, 503 or 429", ", ".join(map(str, sorted(statuses))), statuses <= {429, 502, 503}),
            none("turned away without Retry-After", silent),
            at_most("attempts", 2 * len(mocks), received(mocks)),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"{len(turned_away)} turned away"
    return finding
