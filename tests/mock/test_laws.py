"""Laws of the room: what it may import, and how its entries end."""

from __future__ import annotations

import ast
import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pointsman.mock
from pointsman.testing import MockProvider

ROOM = Path(pointsman.mock.__file__).parent
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b"


@pytest.mark.parametrize("file", sorted(ROOM.rglob("*.py")), ids=lambda file: file.name)
def test_it_imports_nothing_of_the_house(file):
    """Every file of the room imports from its own room and pointsman.errors only."""
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            names.append(node.module)
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    ours = [name for name in names if name.split(".")[0] == "pointsman"]
    assert all(name == "pointsman.errors" or name.startswith("pointsman.mock") for name in ours)


FAULTS = st.sampled_from(
    ["", "hang", "reset", "empty", "garbage", "status=500"]
    + [f"{name}={number}" for name in ("cut", "reset", "hang_after", "error_frame") for number in (0, 2, 90)]
)
REQUESTS = st.lists(st.tuples(FAULTS, st.booleans(), st.booleans()), min_size=1, max_size=6)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS)
def test_what_went_up_comes_down(loop, requests):
    """Whatever the faults and whoever leaves first, no request stays in flight and each entry ends in one way."""

    async def one(provider, fault, stream, leaves):
        provider.faults.set(*[fault] if fault else [])
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        before = provider.ledger.total
        body = b'{"model": "gpt-4o", "stream": %b, "messages": [{"role": "user", "content": "x"}]}'
        body %= b"true" if stream else b"false"
        writer.write(CHAT % (len(body), body))
        await provider.ledger.wait_for(lambda entry: entry.number > before)
        if not leaves and not fault.startswith("hang"):
            with suppress(ConnectionResetError):
                await reader.read(1)
        writer.close()
        await provider.ledger.wait_for(lambda entry: entry.number > before and not entry.open)

    async def all_of_them():
        async with MockProvider() as provider:
            for request in requests:
                await one(provider, *request)
            entries = provider.ledger.entries
            assert (provider.ledger.in_flight, len(entries)) == (0, len(requests))
            assert not any(entry.finished and entry.client_closed for entry in entries)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(all_of_them())
