"""How a connection ends must not depend on the event loop: asyncio's in tests, uvloop's in the command."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from pointsman.testing import MockProvider

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b"
BODY = b'{"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "x"}]}'
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


async def read(provider):
    """What comes back until the connection ends, and how it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
    writer.write(CHAT % (len(BODY), BODY))
    data = b""
    try:
        while part := await reader.read(65536):
            data += part
    except ConnectionResetError:
        return data, "reset"
    finally:
        writer.close()
    return data, "closed"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("spec", "tokens", "end", "last"),
    [
        ("cut=3", 3, "closed", b"\r\n0\r\n\r\n"),
        ("cut=3:variant=torn", 3, "closed", b"\n\n\r\n"),
        ("reset=3", 3, "reset", b"\n\n\r\n"),
        ("reset", 0, "reset", b""),
    ],
)
def test_a_break_is_the_same_on_every_loop(loop, spec, tokens, end, last):
    """Cuts and resets come after the same bytes and end the connection in the same way."""

    async def scene():
        async with MockProvider(faults=[spec]) as provider:
            return await read(provider)

    with asyncio.Runner(loop_factory=loop) as runner:
        data, how = runner.run(scene())
    assert (data.count(b'"content":"') - bool(tokens), how, data.endswith(last)) == (tokens, end, True)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_kill_is_the_same_on_every_loop(loop):
    """A kill resets the reader and closes the port; a start after it opens the same one."""

    async def scene():
        async with MockProvider(faults=["hang_after=2"]) as provider:
            reading = asyncio.ensure_future(read(provider))
            await provider.ledger.wait_for(lambda entry: entry.tokens_sent == 2)
            provider.kill()
            data, how = await reading
            try:
                await read(provider)
                refused = False
            except ConnectionRefusedError:
                refused = True
            await provider.start()
            provider.faults.set("cut=1")
            again, _ = await read(provider)
            return data.count(b'"content":"'), how, refused, again.count(b'"content":"')

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(scene()) == (3, "reset", True, 2)


@pytest.mark.parametrize("loop", LOOPS)
def test_refusing_is_the_same_on_every_loop(loop):
    """Refusing closes the port before the next connection, clearing it opens it before the next."""

    async def scene():
        async with MockProvider(faults=["refuse"]) as provider:
            found = []
            for change in (lambda: None, provider.faults.clear, lambda: provider.faults.set("refuse")):
                change()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", provider.port)
                    writer.close()
                    found.append(True)
                except ConnectionRefusedError:
                    found.append(False)
            return found

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(scene()) == [False, True, False]
