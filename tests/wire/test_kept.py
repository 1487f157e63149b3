"""Connections that are kept and that the upstream ends in the moment in which they are asked again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import uvloop

from pointsman.flow.effects import Call, Failed
from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.outcome import FailureKind
from support.wired import PATIENCE, Asking

REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
CROWD = 99
"""Requests under way with which writes wait for the end of the loop's turn."""


class Upstream:
    """A server by hand: nothing happens that the test does not do."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.connections: list[socket.socket] = []
        self.asking = Asking(f"http://127.0.0.1:{self.listener.getsockname()[1]}")

    async def accept(self) -> socket.socket:
        async with asyncio.timeout(PATIENCE):
            connection, _ = await asyncio.get_running_loop().sock_accept(self.listener)
        self.connections.append(connection)
        return connection

    async def heard(self, connection: socket.socket) -> bytes:
        """A whole request's body."""
        data = b""
        async with asyncio.timeout(PATIENCE):
            while b"\r\n\r\n" not in data or not data.endswith(b"}"):
                data += await asyncio.get_running_loop().sock_recv(connection, 65536)
        return data.partition(b"\r\n\r\n")[2]

    async def arrived(self, connection: socket.socket) -> None:
        """Something has come, and nobody has read it."""
        come, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(connection, come.set)
        await asyncio.wait_for(come.wait(), PATIENCE)
        loop.remove_reader(connection)

    async def answered(self, connection: socket.socket) -> bytes:
        body = await self.heard(connection)
        connection.sendall(REPLY)
        return body

    async def kept(self) -> socket.socket:
        """A connection that was asked once, and is free."""
        first = self.asking.begin()
        connection = await self.accept()
        await self.answered(connection)
        assert isinstance(await first, Answered)
        return connection


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    it = Upstream()
    try:
        yield it
    finally:
        it.asking.world.close()
        for connection in (it.listener, *it.connections):
            connection.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request) -> Callable[[Awaitable[None]], None]:
    def running(coroutine: Awaitable[None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(coroutine)

    return running


@pytest.mark.parametrize("crowd", [0, CROWD])
def test_what_was_never_heard_is_asked_on_a_new_connection(run, crowd):
    """The end of the connection is on its way when the request is written: no failure, and asked once in all."""

    async def body() -> None:
        async with upstream() as it:
            connection = await it.kept()
            it.asking.world.outbox.crowd = crowd
            connection.close()
            reply = it.asking.begin(body=b'{"second": 2}')
            assert await it.answered(await it.accept()) == b'{"second": 2}'
            assert isinstance(await reply, Answered)

    run(body())


@pytest.mark.parametrize("crowd", [0, CROWD])
def test_likewise_if_the_end_is_noticed_before_the_request_has_left(run, crowd):
    """Both in one turn of the loop, the request first."""

    async def body() -> None:
        async with upstream() as it:
            connection, replies = await it.kept(), []
            it.asking.world.outbox.crowd = crowd
            word, listening = socket.socketpair()
            loop = asyncio.get_running_loop()
            loop.add_reader(listening, lambda: (listening.recv(1), replies.append(it.asking.begin())))
            word.send(b"1")
            connection.close()
            await it.answered(await it.accept())
            assert isinstance(await replies[0], Answered)
            loop.remove_reader(listening)
            word.close()
            listening.close()

    run(body())


@pytest.mark.parametrize("reads", [True, False])
def test_what_may_have_been_heard_is_a_failure(run, reads):
    """It has arrived: whether it was read nobody knows, so it is not asked again without a word."""

    async def body() -> None:
        async with upstream() as it:
            connection = await it.kept()
            reply = it.asking.begin()
            if reads:
                await it.heard(connection)
            else:
                await it.arrived(connection)
            connection.close()
            failed = await asyncio.wait_for(reply, PATIENCE)
            assert isinstance(failed, Failed)
            assert (failed.kind, failed.sent) == (FailureKind.RESET, True)
            with pytest.raises(BlockingIOError):
                it.listener.accept()

    run(body())


def test_a_new_connection_that_ends_at_once_is_a_failure(run):
    """Whoever takes nobody in is not asked for ever."""

    async def body() -> None:
        async with upstream() as it:
            reply = it.asking.begin()
            (await it.accept()).close()
            failed = await asyncio.wait_for(reply, PATIENCE)
            assert isinstance(failed, Failed)
            assert failed.kind is FailureKind.RESET
            with pytest.raises(BlockingIOError):
                it.listener.accept()

    run(body())


def test_a_caller_who_leaves_ends_the_request_wherever_it_is(run):
    """Also after it was taken to another connection."""

    async def body() -> None:
        async with upstream() as it:
            connection = await it.kept()
            connection.close()
            call = Call(it.asking.place, WireRequest("/chat/completions", b"{}"), 5.0, 5.0, None)
            cancel = it.asking.world.perform(call, lambda reply: pytest.fail(f"nobody waits for {reply}"))
            other = await it.accept()
            await it.heard(other)
            cancel()
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionResetError):
                    assert await asyncio.get_running_loop().sock_recv(other, 1) == b""

    run(body())
