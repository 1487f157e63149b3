"""More callers than there is room for: each is served in turn or told at once when to come again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

from laboratory.callers import Answer, ask, question
from laboratory.card import Finding, at_most, none
from laboratory.rig import deployment, leases, over, paced, provider, received, reference
from pointsman.config.settings import RouterSettings
from support.serving import gateway, send

ROOM, LINE = 8, 50
"""Requests at a time that the deployment may have, and that may wait."""

PACE = 200
"""Milliseconds that an answer takes."""

SECONDS = 0.5


async def play(callers: int) -> Finding:
    """All come within a moment; somebody looks at /health all the while."""
    name = f"{callers} callers within {SECONDS:g} s, room for {ROOM} and a line of {LINE}"
    finding = Finding(name, requests=callers)
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(name="up"))
        text = await reference(mock)
        mock.faults.set(f"slow_headers={PACE}")
        made = over(deployment(mock, max_parallel_requests=ROOM), router=RouterSettings(queue_size=LINE))
        it = await stack.enter_async_context(gateway(made))
        enough = asyncio.Event()
        health = asyncio.create_task(_watch(it.port, enough))
        answers: list[Answer] = []

        async def one(turn: int) -> None:
            answers.append(await ask(it.port, question(stream=turn % 2 == 0)))

        await paced(SECONDS, callers / SECONDS, one)
        enough.set()
        slowest = await health
        served = [answer for answer in answers if answer.whole and answer.text == text]
        away = [answer for answer in answers if answer.status == 503]
        finding.attempts = received([mock])
        finding.lost = callers - len(served) - len(away)
        finding.bars = [
            none("neither served nor told", finding.lost),
            at_most("most in flight", ROOM, mock.ledger.peak),
            none("turned away without Retry-After", _silent(away)),
            none("fewer served than there was room", max(min(callers, ROOM + LINE) - len(served), 0)),
            none("attempts for those turned away", received([mock]) - len(served)),
            at_most("slowest look at /health, s", 0.1, slowest, timed=True),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"{len(served)} served, {len(away)} turned away; /health within {slowest:.3f} s"
    return finding


def _silent(away: list[Answer]) -> int:
    return sum("retry-after" not in answer.headers for answer in away)


async def _watch(port: int, enough: asyncio.Event) -> float:
    """Look at /health until that is enough; seconds that the slowest look took."""
    slowest = 0.0
    while not enough.is_set():
        begun = monotonic()
        await send(port, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        slowest = max(slowest, monotonic() - begun)
        await asyncio.sleep(0.01)
    return slowest
