"""Upstreams that fail every time, for long: callers beside a healthy one notice nothing, and nobody is stormed."""

from __future__ import annotations

from contextlib import AsyncExitStack

from laboratory.callers import ask, question
from laboratory.card import Finding, Tally, at_most, none
from laboratory.rig import Clock, deployment, leases, over, paced, provider, received, reference
from support.serving import gateway

PROBES = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Seconds that a breaker stays open, the first times; a fifth less at the least."""

THRESHOLD = 5


def probes_within(seconds: float) -> int:
    """How many times a half-open breaker may have let somebody through."""
    at, count = 0.0, 0
    for each in PROBES:
        at += 0.8 * each
        count += at <= seconds
    return count


async def beside_a_healthy_one(seconds: float, rate: float, *, real: bool) -> Finding:
    """One of two fails every request. Not ``real``: the clock is put forward instead of waiting."""
    tally = Tally(f"one of two down for {seconds:g} s at {rate:g} rps{'' if real else ', clock put forward'}")
    clock = Clock()
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(provider(name="bad", faults=["status=500"]))
        good = await stack.enter_async_context(provider())
        text = await reference(good)
        it = await stack.enter_async_context(gateway(over(deployment(bad), deployment(good)), clock))

        async def one(number: int) -> None:
            tally.whole(await ask(it.port, question(stream=number % 2 == 0)), text)

        if real:
            await paced(seconds, rate, one)
        else:
            for number in range(int(seconds * rate)):
                await one(number)
                clock.advance(1 / rate)
        finding = tally.finding
        finding.attempts = received([bad, good])
        most = THRESHOLD + probes_within(seconds + 1)
        finding.bars = [
            *tally.bars,
            at_most("attempts and probes on the failing one", most, received([bad])),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"{received([bad])} on the failing one"
    return finding


async def everywhere(seconds: float, after: float, rate: float) -> Finding:
    """Two of a group and its fallback fail every request. How often upstreams are asked, once things have settled."""
    finding = Finding(f"everything fails for {seconds:g} s at {rate:g} rps")
    statuses: set[int] = set()
    async with AsyncExitStack() as stack:
        mocks = [
            await stack.enter_async_context(provider(name=name, faults=["status=503"])) for name in ("a", "b", "c")
        ]
        made = over(
            deployment(mocks[0]),
            deployment(mocks[1]),
            deployment(mocks[2], "other"),
            fallbacks={"m": ("other",)},
        )
        it = await stack.enter_async_context(gateway(made))

        async def one(_: int) -> None:
            answer = await ask(it.port, question(stream=False))
            statuses.add(answer.status)
            finding.lost += answer.ended != "whole"

        await paced(after, rate, one)
        settled = received(mocks)
        finding.requests = await paced(seconds - after, rate, one)
        finding.attempts = received(mocks) - settled
        finding.bars = [
            at_most("attempts / requests", 1.25, finding.amplification or 0.0),
            none("callers without an error in HTTP", finding.lost),
            none("statuses below 500 but 429", sum(status < 500 and status != 429 for status in statuses)),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"after {after:g} s"
    return finding
