"""A gateway that is told to end, as a process: live streams are finished, and beside a second one nobody notices."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from pointsman.testing import MockProvider
from support.asking import ask
from support.held import END, LONGEST, held, streaming, until
from support.process import Process, serving
from support.serving import Reply, read_reply

STREAMS = 200
CALLERS, ENOUGH = 8, 150


def over(folder: Path, url: str) -> Path:
    """A configuration with one group ``m`` at this address."""
    path = folder / "pointsman.yaml"
    path.write_text(f"providers: {{ up: {{ kind: vllm, base_url: '{url}', models: [m] }} }}\n")
    return path


async def refuses(port: int) -> None:
    """Wait until nobody listens there any more."""
    async with asyncio.timeout(LONGEST):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                return
            writer.close()


async def test_200_live_streams_are_finished_after_sigterm(tmp_path):
    """None is cut, the process ends with 0 when the last is over, and says what it did."""
    async with held() as upstream, AsyncExitStack() as stack:
        it = await stack.enter_async_context(serving(over(tmp_path, upstream.url)))
        streams = [await stack.enter_async_context(streaming(it.port)) for _ in range(STREAMS)]
        it.signal(signal.SIGTERM)
        await refuses(it.port)
        upstream.go_on()
        ends = await asyncio.gather(*[stream.rest() for stream in streams])
        assert await it.ended() == 0
        begun, over_ = await it.logged("draining"), await it.logged("drained")
    assert len(ends) == STREAMS
    assert all(b" two" in end and end.endswith(END + b"\r\n0\r\n\r\n") for end in ends)
    assert (begun["under_way"], over_["cut_streams"], over_["cut_requests"]) == (STREAMS, 0, 0)


async def test_streams_that_outlast_the_limit_are_told(tmp_path):
    """In an error frame each; the exit code and the log tell that somebody was cut short."""
    async with held() as upstream, serving(over(tmp_path, upstream.url), "--drain-timeout", "0") as it:
        async with streaming(it.port) as one, streaming(it.port) as two:
            it.signal(signal.SIGTERM)
            ends = [await one.rest(), await two.rest()]
        assert await it.ended() == 1
        assert (await it.logged("drained"))["cut_streams"] == 2
    assert all(b'"code":"draining"' in end and b"[DONE]" not in end for end in ends)


async def test_a_second_signal_ends_the_process_at_once(tmp_path):
    """Ctrl-C twice: the caller is told, and the shell sees what ended it."""
    async with held() as upstream, serving(over(tmp_path, upstream.url)) as it, streaming(it.port) as stream:
        it.signal(signal.SIGINT)
        await it.logged("draining")
        it.signal(signal.SIGINT)
        assert b'"code":"draining"' in await stream.rest()
        assert await it.ended() == 128 + signal.SIGINT


class Balancer:
    """Two gateways behind one client. ``asks``: it asks whether one is ready first, and sends a request only once. If
    not, a request that finds nobody, or a connection that is closed before a byte of an answer, goes to the other.
    """

    def __init__(self, *ports: int, asks: bool) -> None:
        self.ports = list(ports)
        self.asks = asks
        self.replies: list[Reply] = []

    async def call(self, number: int) -> None:
        """Requests in a row, whole and streamed, on connections that are kept as long as they may be."""
        kept: dict[int, Connection] = {}
        while len(self.replies) < ENOUGH or len(self.ports) == 2:
            number += 1
            first = self.ports[number % len(self.ports)]
            for port in (first, *[p for p in self.ports if p != first]):
                reply = await self._try(kept, port, ask(stream=number % 3 == 0))
                if reply is not None:
                    self.replies.append(reply)
                    break
            else:
                raise AssertionError("nobody served a request")
        for connection in kept.values():
            connection[1].close()

    async def _try(self, kept: dict, port: int, raw: bytes) -> Reply | None:
        """None if this one is not ready, or closed the connection before it said anything."""
        if self.asks:
            ready = await self._on(kept, port, b"GET /health/readiness HTTP/1.1\r\nhost: x\r\n\r\n")
            if ready is None or ready.status != 200:
                return None
            reply = await self._on(kept, port, raw)
            assert reply is not None, "a gateway that was ready did not serve"
            return reply
        return await self._on(kept, port, raw)

    async def _on(self, kept: dict, port: int, raw: bytes) -> Reply | None:
        try:
            reader, writer = kept.pop(port, None) or await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return None
        writer.write(raw)
        async with asyncio.timeout(LONGEST):
            with suppress(ConnectionError):
                reader._buffer[:0] = await reader.readline()  # from the first byte on, what breaks off is a loss
            if not reader._buffer:
                writer.close()
                return None
            reply = await read_reply(reader)
        if reply.headers.get("connection") == "close":
            writer.close()
        else:
            kept[port] = reader, writer
        return reply


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def behind(balancer: Balancer, leaver: Process) -> int:
    """Load on both while one is told to end, and some more when it has; its exit code."""
    callers = [asyncio.create_task(balancer.call(number)) for number in range(CALLERS)]
    await until(lambda: len(balancer.replies) > 40 or any(caller.done() for caller in callers))
    leaver.signal(signal.SIGTERM)
    code = await leaver.ended()
    balancer.ports.remove(leaver.port)
    await asyncio.gather(*callers)
    return code


def whole(reply: Reply) -> bool:
    streamed = reply.headers["content-type"].startswith("text/event-stream")
    return reply.status == 200 and (reply.body.endswith(END) if streamed else bool(reply.json()["choices"]))


async def test_behind_a_balancer_that_asks_nobody_is_refused(tmp_path):
    """It goes elsewhere as soon as one is not ready; what comes there until then is served. Nothing is sent twice."""
    async with MockProvider("vllm", name="up", models=["m"]) as up:
        path = over(tmp_path, up.base_url)
        async with serving(path, "--drain-delay", "2") as one, serving(path) as two:
            balancer = Balancer(one.port, two.port, asks=True)
            assert await behind(balancer, one) == 0
    assert len(balancer.replies) >= ENOUGH
    assert all(map(whole, balancer.replies))


async def test_behind_a_client_that_tries_the_other_nobody_is_refused(tmp_path):
    """Without any delay: who is turned away at the door, before a byte of an answer, is served next door."""
    async with MockProvider("vllm", name="up", models=["m"]) as up:
        path = over(tmp_path, up.base_url)
        async with serving(path) as one, serving(path) as two:
            balancer = Balancer(one.port, two.port, asks=False)
            assert await behind(balancer, one) == 0
    assert len(balancer.replies) >= ENOUGH
    assert all(map(whole, balancer.replies))
