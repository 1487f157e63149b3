"""Callers who leave, in every phase: the upstream is let go at once, and its place is free again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from laboratory.callers import Leaving, question
from laboratory.card import Finding, at_most, none
from laboratory.proxy import Act, Blackhole, FaultProxy, Point, Trouble
from laboratory.rig import crowd, deployment, leases, over, provider, received
from pointsman.config.settings import HedgeSettings, RouterSettings
from support.serving import Serving, gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from pointsman.testing import MockProvider

CLOSED = 1.0
"""Seconds within which the upstream's connection is to be closed."""

PATIENCE = 20.0


class Phase(msgspec.Struct, frozen=True):
    """When the caller leaves: while the provider has this fault, or the network before it. None: no connection yet.

    ``after``: the caller has read this much before.
    """

    name: str
    stream: bool
    fault: str | Trouble | None
    kind: str = "openai"
    after: bytes = b""

    def __str__(self) -> str:
        return f"{self.name}, {'stream' if self.stream else 'unary'}"


def _both(name: str, fault: str | Trouble | None, kind: str = "openai") -> list[Phase]:
    return [Phase(name, False, fault, kind), Phase(name, True, fault, kind)]


PHASES = (
    *_both("connecting", None),
    *_both("accepted, nothing read", Trouble(Act.HANG, Point.ACCEPT)),
    *_both("request swallowed", Trouble(Act.HANG, Point.REQUEST)),
    *_both("before the head", "hang"),
    *_both("after the head", "hang=head", "vllm"),
    Phase("before the first word", True, "hang_after=0", "vllm"),
    Phase("while comments come", True, "keepalive=20", "vllm"),
    Phase("mid-stream", True, "hang_after=5", after=b"data: "),
    Phase("mid-stream, words coming", True, "stall=5:pause=60000", after=b"data: "),
    Phase("mid-body", False, "hang_after=5"),
)


async def play(each: int, phases: tuple[Phase, ...] = PHASES) -> Finding:
    """``each`` callers a phase, who come and leave together."""
    finding = Finding("the caller leaves, in every phase")
    slowest: list[float] = []
    never = held = 0

    async def phase(number: int) -> None:
        nonlocal never, held
        seconds, open_still, left = await _leave(phases[number], each)
        slowest.append(seconds)
        never += open_still
        held += left
        finding.requests += each
        if open_still or left or seconds > CLOSED:
            finding.say(f"{phases[number]}: {open_still} open, {left} leases held, {seconds:.2f} s")

    await crowd(len(phases), 4, phase)
    finding.bars = [
        none("upstream connections left open", never),
        none("leases not given back", held),
        at_most("slowest, s", CLOSED, max(slowest), timed=True),
    ]
    finding.notes = f"{len(phases)} phases; closed within {max(slowest):.3f} s"
    return finding


async def in_line(each: int) -> Finding:
    """Callers who wait for room behind one who has it: they leave the line, and nobody is asked for them."""
    finding = Finding("the caller leaves, waiting for room", requests=each)
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(name="up", faults=["hang"]))
        it = await stack.enter_async_context(gateway(over(deployment(mock, max_parallel_requests=1))))
        first, *waiting = [Leaving(it.port, question(stream=turn % 2 == 0)) for turn in range(each + 1)]
        await first.ask()
        await mock.ledger.wait_for(lambda entry: entry.open)
        await asyncio.gather(*[caller.ask() for caller in waiting])
        await _until(lambda: len(it.runtime.board.queue.tickets) == each)
        for caller in waiting:
            caller.leave()
        await _until(lambda: len(it.runtime.board.queue.tickets) == 0)
        stayed = len(it.runtime.board.queue.tickets)
        first.leave()
        await _until(lambda: leases(it) == 0 and mock.connections == 0)
        finding.attempts = mock.ledger.total
        finding.bars = [
            none("still in line", stayed),
            none("asked for nobody", mock.ledger.total - 1),
            none("upstream connections left open", mock.connections),
            none("leases not given back", leases(it)),
        ]
    return finding


async def hedged(each: int) -> Finding:
    """Callers for whom two deployments are at work: both are let go."""
    finding = Finding("the caller leaves, two at work for him", requests=each)
    everybody = HedgeSettings(delay=0.02, share=1.0, least=10 * each)
    async with AsyncExitStack() as stack:
        mocks = [await stack.enter_async_context(provider(name=name, faults=["hang"])) for name in ("a", "b")]
        made = over(*[deployment(at) for at in mocks], router=RouterSettings(hedge=everybody))
        it = await stack.enter_async_context(gateway(made))
        callers = [Leaving(it.port, question(stream=turn % 2 == 0)) for turn in range(each)]
        await asyncio.gather(*[caller.ask() for caller in callers])
        await _until(lambda: received(mocks) == 2 * each)
        finding.attempts = received(mocks)
        begun = monotonic()
        for caller in callers:
            caller.leave()
        await _until(lambda: leases(it) == 0 and sum(at.connections for at in mocks) == 0)
        seconds = monotonic() - begun
        finding.bars = [
            none("callers without two at work", 2 * each - finding.attempts),
            none("upstream connections left open", sum(at.connections for at in mocks)),
            none("leases not given back", leases(it)),
            at_most("slowest, s", CLOSED, seconds, timed=True),
        ]
        finding.notes = f"closed within {seconds:.3f} s"
    return finding


async def _leave(phase: Phase, each: int) -> tuple[float, int, int]:
    """Seconds until all was closed, connections open even then, leases held."""
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(phase.kind, "up"))
        proxy, port = None, mock.port
        if phase.fault is None:
            port = stack.enter_context(Blackhole()).port
        elif isinstance(phase.fault, Trouble):
            proxy = await stack.enter_async_context(FaultProxy(mock.port, phase.fault))
            port = proxy.port
        else:
            mock.faults.set(phase.fault)
        it = await stack.enter_async_context(gateway(over(deployment(mock, port=port))))
        callers = [Leaving(it.port, question(stream=phase.stream)) for _ in range(each)]
        await asyncio.gather(*[caller.ask() for caller in callers])
        await _under_way(phase, callers, mock, proxy, it)
        begun = monotonic()
        for caller in callers:
            caller.leave()
        await _until(lambda: leases(it) == 0 and (mock.connections if proxy is None else proxy.open) == 0)
        seconds = monotonic() - begun
        return seconds, mock.connections if proxy is None else proxy.open, leases(it)


async def _under_way(
    phase: Phase, callers: list[Leaving], mock: MockProvider, proxy: FaultProxy | None, it: Serving
) -> None:
    """Wait until every caller's request is in the phase that is meant."""
    each = len(callers)
    if phase.after:
        async with asyncio.timeout(PATIENCE):
            for caller in callers:
                await caller.reader.readuntil(phase.after)
    elif proxy is not None:
        await proxy.until(lambda: proxy.turns == each)
    elif phase.fault is not None:
        await _until(lambda: len(mock.ledger.find(lambda entry: bool(entry.fault))) == each)
    await _until(lambda: leases(it) == each)


async def _until(true: Callable[[], bool]) -> None:
    """Look every few milliseconds, for a bounded time; the bars tell what was not so even then."""
    ends = monotonic() + PATIENCE
    while not true() and monotonic() < ends:  # noqa: ASYNC110 - the gateway's leases have no event, on purpose
        await asyncio.sleep(0.005)
