"""The end of a gateway: nobody is cut off in silence, and it does end."""

from __future__ import annotations

import asyncio
import signal

import pytest

from pointsman.config.files import Files
from pointsman.config.settings import Category, EncoderSettings, SemanticSettings, ServerSettings
from pointsman.fakes import deployment, settings
from pointsman.gateway import drain
from pointsman.wire import lane
from support.asking import ask
from support.held import END, Held, calling, held, streaming, until
from support.serving import Serving, gateway, post, read_reply, send

READY = b"GET /health/readiness HTTP/1.1\r\nhost: x\r\n\r\n"
ALIVE = b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n"
LONG, NEVER = 3600.0, 0.0


def over(upstream: Held, timeout: float = LONG, delay: float = 0.0):
    return settings(upstream.member, server=ServerSettings(drain_timeout=timeout, drain_delay=delay))


def leases(it: Serving) -> int:
    return sum(record.in_flight for record in it.runtime.board.records().values())


async def ended(it: Serving) -> int:
    """The exit code, when it has ended."""
    async with asyncio.timeout(30):
        await it.running
    return it.server.drain.exit_code


async def closing(it: Serving) -> None:
    await until(lambda: it.server.drain.closing)


async def test_streams_and_answers_under_way_are_finished():
    """Whole and to the last byte, and the process says that all is well."""
    async with held() as upstream, gateway(over(upstream)) as it, streaming(it.port) as stream:
        async with calling(it.port, ask()) as whole:
            await until(lambda: upstream.begun == 2)
            it.server.drain.signalled(signal.SIGTERM)
            await closing(it)
            upstream.go_on()
            rest, reply = await stream.rest(), await read_reply(whole.reader)
            assert await whole.rest() == b""
        assert await ended(it) == 0
    assert b" two" in rest
    assert rest.endswith(END + b"\r\n0\r\n\r\n")
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert reply.json()["choices"][0]["message"]["content"] == "one two"
    assert leases(it) == 0


async def test_it_is_not_ready_at_once_and_serves_all_the_same():
    """For as long as the delay: whoever still comes is answered, and told not to come again on this connection."""
    async with held() as upstream, gateway(over(upstream, delay=LONG)) as it:
        upstream.go_on()
        assert (await send(it.port, READY))[0].status == 200
        it.server.drain.signalled(signal.SIGTERM)
        (ready,), (alive,), (answer,) = [await send(it.port, raw) for raw in (READY, ALIVE, ask())]
    assert (ready.status, ready.json(), ready.headers["retry-after"]) == (503, {"status": "draining"}, "1")
    assert (alive.status, answer.status) == (200, 200)
    assert {reply.headers["connection"] for reply in (ready, alive, answer)} == {"close"}


async def test_a_connection_that_was_there_before_closes_behind_its_next_response():
    """Of inference and of everything else; before the end nothing says so."""
    async with held() as upstream, gateway(over(upstream, delay=LONG)) as it:
        upstream.go_on()
        for raw in (ask(), ALIVE):
            async with calling(it.port, raw) as caller:
                before = await read_reply(caller.reader)
                it.server.drain.leave()
                caller.writer.write(raw)
                after = await read_reply(caller.reader)
                assert await caller.rest() == b""
            assert (before.headers.get("connection"), after.headers["connection"]) == (None, "close")
            it.server.gateway.inference.leaving = False
        assert (before.status, after.status) == (200, 200)


async def test_idle_connections_are_closed():
    """Those that had a response, and those that never said anything."""
    async with gateway(settings(deployment("a"))) as it, calling(it.port, ALIVE) as idle, calling(it.port) as mute:
        await read_reply(idle.reader)
        it.server.drain.signalled(signal.SIGTERM)
        assert (await idle.rest(), await mute.rest()) == (b"", b"")
        assert await ended(it) == 0


async def test_a_request_that_was_on_its_way_is_served(monkeypatch):
    """On a connection that was open, as long as the last call lasts; also if its head or body had begun to arrive."""
    monkeypatch.setattr(lane, "LAST_CALL", 60.0)
    whole = ask()
    async with held() as upstream, gateway(over(upstream)) as it:
        upstream.go_on()
        async with calling(it.port, whole[:9]) as head, calling(it.port, whole[:-9]) as body:
            async with calling(it.port) as mute, calling(it.port, ALIVE) as used:
                await read_reply(used.reader)
                await until(lambda: len(it.server.server_state.connections) == 4)
                it.server.drain.signalled(signal.SIGTERM)
                await closing(it)
                for caller, rest in ((head, whole[9:]), (body, whole[-9:]), (mute, whole), (used, whole)):
                    caller.writer.write(rest)
                replies = [await read_reply(caller.reader) for caller in (head, body, mute, used)]
        assert await ended(it) == 0
    assert [reply.status for reply in replies] == [200] * 4
    assert {reply.headers["connection"] for reply in replies} == {"close"}


async def test_after_the_limit_a_stream_ends_in_an_error_frame():
    """Well framed, typed, and without the words of a complete answer; the upstream is let go of."""
    async with held() as upstream, gateway(over(upstream, timeout=NEVER)) as it, streaming(it.port) as stream:
        it.server.drain.signalled(signal.SIGTERM)
        rest = await stream.rest()
        assert await ended(it) == 1
        await until(lambda: upstream.left == 1)
    assert b'"code":"draining"' in rest
    assert b'"type":"service_unavailable"' in rest
    assert b"[DONE]" not in rest
    assert rest.endswith(b"\r\n0\r\n\r\n")
    assert leases(it) == 0
    assert it.server.drain.cut == {"stream": 1}


async def test_after_the_limit_an_answer_is_a_503():
    """Told as any error is, and kept in the records."""
    async with held() as upstream, gateway(over(upstream, timeout=NEVER)) as it, calling(it.port, ask()) as caller:
        await until(lambda: upstream.begun == 1)
        it.server.drain.signalled(signal.SIGTERM)
        reply = await read_reply(caller.reader)
        assert await ended(it) == 1
    assert (reply.status, reply.error["code"], reply.headers["retry-after"]) == (503, "draining", "1")
    assert reply.headers["connection"] == "close"
    record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
    assert (record["outcome"]["status"], record["outcome"]["ok"]) == (503, False)
    assert "could not wait" in record["error"]
    assert leases(it) == 0
    assert it.server.drain.cut == {"request": 1}


@pytest.mark.parametrize("stays", [True, False], ids=["a caller that stays", "a caller that leaves"])
async def test_a_request_that_is_not_decided_yet_ends_like_any_other(stays):
    """Its content is still being looked at by an encoder elsewhere."""
    async with held() as upstream:
        encoder = EncoderSettings("http", "e", upstream.member.provider, timeout=60.0)
        subject = Category("general", "m", utterances=("hello",))
        semantic = SemanticSettings((subject,), "general", encoder=encoder)
        server = ServerSettings(drain_timeout=NEVER)
        async with gateway(settings(upstream.member, semantic=semantic, server=server)) as it:
            async with calling(it.port, ask(model=None)) as caller:
                await until(lambda: upstream.begun)
                if stays:
                    it.server.drain.signalled(signal.SIGTERM)
                    assert (await read_reply(caller.reader)).status == 503
            await until(lambda: it.runtime.records.latest(1))
        (record,) = it.runtime.records.latest(1)
    assert (record["deployment"], record["status"]) == (None, 503 if stays else 499)


async def test_after_the_limit_what_has_not_arrived_whole_is_a_503_too():
    """An inference request's body, a head, and a body that an endpoint waits for."""
    route = post("/v1/route", b'{"model": "m", "messages": []}')
    asked = [ask()[:-5], ask()[:20], route[:-5]]
    async with gateway(settings(deployment("a"), server=ServerSettings(drain_timeout=NEVER))) as it:
        async with calling(it.port, asked[0]) as one, calling(it.port, asked[1]) as two:
            async with calling(it.port, asked[2]) as three:
                await until(lambda: sum(not each.idle for each in it.server.server_state.connections) == 3)
                it.server.drain.signalled(signal.SIGTERM)
                replies = [await read_reply(caller.reader) for caller in (one, two, three)]
        assert await ended(it) == 1
    assert [(reply.status, reply.error["code"]) for reply in replies] == [(503, "draining")] * 3
    assert it.server.drain.cut == {"request": 3}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once(number):
    """Whatever the limit; even so a stream is told, and the exit code names the signal."""
    async with held() as upstream, gateway(over(upstream)) as it, streaming(it.port) as stream:
        it.server.drain.signalled(signal.SIGTERM)
        await closing(it)
        it.server.drain.signalled(number)
        rest = await stream.rest()
        assert await ended(it) == 128 + number
    assert b'"code":"draining"' in rest
    assert b"[DONE]" not in rest


async def test_a_second_signal_does_not_wait_for_the_delay_either():
    """While it is not ready and serves."""
    async with held() as upstream, gateway(over(upstream, delay=LONG)) as it, streaming(it.port) as stream:
        it.server.drain.signalled(signal.SIGTERM)
        it.server.drain.signalled(signal.SIGTERM)
        assert b'"code":"draining"' in await stream.rest()
        assert await ended(it) == 128 + signal.SIGTERM


async def test_callers_that_don_t_read_do_not_hold_it_up(monkeypatch):
    """What they were sent is given up after a while."""
    monkeypatch.setattr(drain, "LINGER", 0.0)
    async with held() as upstream, gateway(over(upstream, timeout=NEVER)) as it, streaming(it.port) as stream:
        (connection,) = it.server.server_state.connections
        connection.transport.pause_reading()
        connection.transport.write(b"x" * 50_000_000)  # more than the two sides buffer
        it.server.drain.signalled(signal.SIGTERM)
        assert await ended(it) == 1
        stream.writer.transport.abort()


async def test_a_caller_that_leaves_while_it_ends_is_no_cut():
    """It is gone as at any other time."""
    async with held() as upstream, gateway(over(upstream)) as it:
        async with streaming(it.port):
            it.server.drain.signalled(signal.SIGTERM)
            await closing(it)
        assert await ended(it) == 0
    assert it.server.drain.cut == {}


async def test_what_runs_beside_requests_ends_before_they_do():
    """Nothing is watched for requests that don't come any more."""
    async with held() as upstream, gateway(over(upstream), files=Files([], {}, watched=True)) as it:
        async with streaming(it.port):
            tasks = it.server.gateway.reloader._tasks
            assert len(tasks) == 1
            it.server.drain.signalled(signal.SIGTERM)
            await closing(it)
            await until(lambda: not tasks)
            upstream.go_on()
        assert await ended(it) == 0


async def test_requests_pipelined_before_the_end_are_all_answered():
    """In order; the last one closes the connection."""
    async with held() as upstream, gateway(over(upstream)) as it, calling(it.port, ask() + ask() + ask()) as caller:
        await until(lambda: upstream.begun == 1)
        it.server.drain.signalled(signal.SIGTERM)
        await closing(it)
        upstream.go_on()
        replies = [await read_reply(caller.reader) for _ in range(3)]
        assert await caller.rest() == b""
    assert [(reply.status, reply.headers.get("connection")) for reply in replies] == [
        (200, None),
        (200, None),
        (200, "close"),
    ]
