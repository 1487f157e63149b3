"""More requests than anybody has room for: a bounded line, the urgent first, the rest told at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest

from pointsman.config.settings import RouterSettings, ServerSettings, Settings
from pointsman.fakes import settings
from pointsman.state.record import Lease
from pointsman.testing import MockProvider
from support.asking import CHAT, ask
from support.fleet import member
from support.serving import Reply, Serving, gateway, post, send

PLACES, LINE = 4, 8


def crowded(mock: MockProvider, places: int = PLACES) -> Settings:
    """One deployment with so many places, and a line before it."""
    full = member(mock, max_parallel_requests=places)
    return settings(full, router=RouterSettings(queue_size=LINE, num_retries=0))


def worded(text: str, priority: str) -> bytes:
    """A request that the provider's ledger can tell from others."""
    raw = ask(user=text)
    return raw.replace(b"host: localhost", f"host: localhost\r\nx-priority: {priority}".encode()) if priority else raw


async def one(it: Serving, raw: bytes) -> Reply:
    return (await send(it.port, raw))[0]


def begun(it: Serving, *requests: bytes) -> list[asyncio.Task[Reply]]:
    return [asyncio.create_task(one(it, raw)) for raw in requests]


async def until(it: Serving, waiting: int) -> None:
    """So many stand in line."""
    async with asyncio.timeout(10):
        while len(it.runtime.board.queue) != waiting:  # noqa: ASYNC110  the line has no event, on purpose
            await asyncio.sleep(0)


def occupied(it: Serving) -> list[Lease]:
    """All places are taken, until the leases are given back."""
    board, (full,) = it.runtime.board, it.runtime.topology.deployments
    with board.lock:
        return [board.take(full) for _ in range(full.max_parallel_requests or 0)]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_what_has_no_room_in_the_line_is_told_so_at_once(stream):
    """Served are as many as there is room for in the line, never more at a time than places; the others get a 503 that
    says when to come back while the line still stands, and health is told as ever.
    """
    async with MockProvider("openai") as mock, gateway(crowded(mock)) as it:
        held = occupied(it)
        served = begun(it, *[ask(stream)] * LINE)
        await until(it, LINE)
        shed = await asyncio.gather(*begun(it, *[ask(stream)] * 30))
        (health,) = await send(it.port, b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        for lease in held:
            it.runtime.board.give_back(lease)
        replies = await asyncio.gather(*served)
        assert [record.in_flight for record in it.runtime.board.records().values()] == [0]
    assert Counter(reply.status for reply in replies) == {200: LINE}
    assert Counter((reply.status, reply.error["code"]) for reply in shed) == {(503, "queue_full"): 30}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in shed)
    assert (health.status, mock.ledger.total, mock.ledger.peak <= PLACES) == (200, LINE, True)


async def test_the_urgent_are_served_first():
    """By X-Priority, and equals in the order in which they came."""
    async with MockProvider("openai") as mock, gateway(crowded(mock, 1)) as it:
        (held,) = occupied(it)
        tasks = []
        for number, (text, priority) in enumerate((("a", "low"), ("b", ""), ("c", "high"), ("d", "9"), ("e", "")), 1):
            tasks += begun(it, worded(text, priority))
            await until(it, number)
        it.runtime.board.give_back(held)
        replies = await asyncio.gather(*tasks)
    assert [reply.status for reply in replies] == [200] * 5
    assert [entry.body["user"] for entry in mock.ledger.entries] == ["d", "c", "b", "e", "a"]


async def test_a_caller_that_leaves_the_line_is_not_served():
    """Nobody is asked for it, its place in line is free, and it takes no lease along."""
    async with MockProvider("openai") as mock, gateway(crowded(mock)) as it:
        held = occupied(it)
        _, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(ask())
        await until(it, 1)
        writer.close()
        await until(it, 0)
        for lease in held:
            it.runtime.board.give_back(lease)
        assert [record.in_flight for record in it.runtime.board.records().values()] == [0]
        assert it.runtime.board.queue.expired == 0
    assert mock.ledger.total == 0


async def test_the_gateway_as_a_whole_may_have_a_limit():
    """``global_max_parallel_requests``: beyond it nothing is even read; what is under way and health go on."""
    async with MockProvider("openai") as mock:
        made = msgspec.structs.replace(crowded(mock), server=ServerSettings(max_parallel_requests=3))
        async with gateway(made) as it:
            held = occupied(it)
            first = begun(it, *[ask()] * 3)
            await until(it, 3)
            (more,) = await send(it.port, post(CHAT, b"never read"))
            (health,) = await send(it.port, b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            for lease in held:
                it.runtime.board.give_back(lease)
            replies = await asyncio.gather(*first)
            (again,) = await send(it.port, ask())
    assert (more.status, more.error["code"], more.headers["retry-after"]) == (503, "queue_full", "1")
    assert [reply.status for reply in (*replies, health, again)] == [200] * 5
