"""Whatever a caller sends, the answer is a clear 4xx in the OpenAI shape, or a closed connection."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.config.settings import ServerSettings
from pointsman.fakes import deployment, settings
from pointsman.model.secret import Secret
from support.serving import gateway, post, read_reply, send

CHAT = "/v1/chat/completions"
KEY = "sk-a-long-and-random-one"
MADE = settings(deployment("d"))
LOCKED = settings(deployment("d"), server=ServerSettings(master_key=Secret(KEY)))

MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'

BODIES = {
    "empty": (b"", 400, "invalid_body"),
    "not json": (b"hello", 400, "invalid_body"),
    "truncated": (b'{"model":"m",', 400, "invalid_body"),
    "a list": (b"[1]", 400, "invalid_body"),
    "NaN": (b'{"model":"m","temperature":NaN,' + MESSAGES + b"}", 400, "invalid_body"),
    "1e400": (b'{"model":"m","temperature":1e400,' + MESSAGES + b"}", 400, "invalid_body"),
    "nesting": (b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "invalid_body"),
    "invalid UTF-8": (b'{"model":"m","messages":[{"content":"\xff\xfe"}]}', 400, "invalid_body"),
    "lone surrogate": (b'{"model":"m","messages":[{"content":"\\ud800 and more"}]}', 400, "invalid_body"),
    "key twice": (b'{"model":"m","model":"other",' + MESSAGES + b"}", 400, "invalid_body"),
    "key twice, spaced": (b'{"model": "m", "model": "other", ' + MESSAGES + b"}", 400, "invalid_body"),
    "model is a number": (b'{"model":1,' + MESSAGES + b"}", 400, "invalid_body"),
    "no model": (b"{" + MESSAGES + b"}", 400, "invalid_body"),
    "unknown model": (b'{"model":"nobody",' + MESSAGES + b"}", 404, "model_not_found"),
    "stream is a word": (b'{"model":"m","stream":"yes",' + MESSAGES + b"}", 400, "invalid_body"),
    "messages is a text": (b'{"model":"m","messages":"hi"}', 400, "invalid_body"),
    "no messages": (b'{"model":"m"}', 400, "invalid_body"),
    "n is huge": (b'{"model":"m","n":1000000000,' + MESSAGES + b"}", 400, "invalid_body"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_is_a_4xx_that_says_why(name):
    """The error has the OpenAI shape, a stable code, and a sentence."""
    body, status, code = BODIES[name]
    async with gateway(MADE) as it:
        [reply] = await send(it.port, post(CHAT, body))
    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error["message"]
    assert set(reply.error) == {"message", "type", "param", "code"}


async def test_a_connection_survives_a_bad_body():
    """The next request on the same connection is served as if nothing had been."""
    async with gateway(MADE) as it:
        bad, good = await send(
            it.port, post(CHAT, b"hello") + b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n", replies=2
        )
    assert (bad.status, good.status) == (400, 200)


HEADS = {
    "no host": (b"POST " + CHAT.encode() + b" HTTP/1.1\r\ncontent-length: 0\r\n\r\n", 400),
    "host with a path": (b"GET /health/liveliness HTTP/1.1\r\nhost: a/b\r\n\r\n", 400),
    "host with user information": (b"GET /health/liveliness HTTP/1.1\r\nhost: me@a\r\n\r\n", 400),
    "empty host": (b"GET /health/liveliness HTTP/1.1\r\nhost:\r\n\r\n", 400),
    "two hosts": (b"GET /health/liveliness HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
    "length and chunked": (
        (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "two lengths": (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        400,
    ),
    "negative length": (b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: -3\r\n\r\n", 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a header with a control character": (b"GET / HTTP/1.1\r\nhost: a\r\nx: a\x01b\r\n\r\n", 400),
    "large header": (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100_000 + b"\r\n\r\n", 431),
    "compressed body": (post(CHAT, b"x", "content-encoding: gzip"), 415),
    "unknown path": (b"GET /nothing/here HTTP/1.1\r\nhost: a\r\n\r\n", 404),
    "wrong method": (b"GET /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n", 405),
    "wrong method on a page": (b"DELETE /v1/models HTTP/1.1\r\nhost: a\r\n\r\n", 405),
    "a huge body announced": (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 67108864\r\n\r\n",
        413,
    ),
}


@pytest.mark.parametrize("name", HEADS)
async def test_a_bad_head_is_refused(name):
    """Before any body is read or anybody is asked."""
    raw, status = HEADS[name]
    async with gateway(MADE) as it:
        [reply] = await send(it.port, raw)
    assert reply.status == status
    assert reply.error["message"]


async def test_a_huge_body_is_refused_while_it_comes():
    """64 MiB without an announced length: refused at the limit, answered, never held."""
    async with gateway(MADE) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        part = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        try:
            for _ in range(64):
                writer.write(part)
                await writer.drain()
        except ConnectionError:
            pass
        reply = await read_reply(reader)
        writer.close()
    assert (reply.status, reply.error["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "header", ["", "authorization: Bearer sk-wrong", "authorization: Basic abc", "x-api-key: sk-wrong"]
)
async def test_without_the_key_nothing_is_done(header):
    """401 in the OpenAI shape; the key that was sent is not repeated."""
    async with gateway(LOCKED) as it:
        [reply] = await send(it.port, post(CHAT, b'{"model":"m"}', *([header] if header else [])))
    assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")
    assert b"sk-wrong" not in reply.body


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/m", "/v1/decisions/x", "/stats", "/health"])
async def test_pages_that_tell_something_need_the_key(path):
    """What is not for everybody is behind the same key."""
    async with gateway(LOCKED) as it:
        without = await send(it.port, f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        with_key = await send(it.port, f"GET {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {KEY}\r\n\r\n".encode())
    assert without[0].status == 401
    assert with_key[0].status in (200, 404)


async def test_a_client_that_sends_a_byte_at_a_time_is_timed_out(monkeypatch):
    """The deadline is for the whole head, so that every byte does not buy more time."""
    monkeypatch.setattr("pointsman.wire.lane.HEAD_TIME", 0.2)
    async with gateway(MADE) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        reply = asyncio.create_task(read_reply(reader))
        for byte in b"GET /health/liveliness HTTP/1.1\r\nx-slow: 1" * 100:
            if reply.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait({reply}, timeout=0.02)
        found = await reply
        writer.close()
    assert (found.status, found.error["code"]) == (408, "request_timeout")


async def test_a_body_that_never_ends_is_timed_out(monkeypatch):
    """A head alone does not hold a connection."""
    monkeypatch.setattr("pointsman.wire.lane.BODY_GRACE", 0.2)
    async with gateway(MADE) as it:
        [reply] = await send(it.port, b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{")
    assert (reply.status, reply.error["code"]) == (408, "request_timeout")


async def test_an_idle_connection_is_closed(monkeypatch):
    """Nobody keeps a connection by saying nothing."""
    monkeypatch.setattr("pointsman.wire.lane.HEAD_TIME", 0.2)
    async with gateway(MADE) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_pipelined_requests_are_answered_in_order():
    """Inference and other requests mixed on one connection keep their turn."""
    ask = post(CHAT, b"hello")
    alive = b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n"
    async with gateway(MADE) as it:
        replies = await send(it.port, ask + alive + ask + alive + alive + ask, replies=6)
    assert [reply.status for reply in replies] == [400, 200, 400, 200, 200, 400]


async def test_a_wrong_method_is_told_the_right_one():
    """405 with an Allow header, for inference paths and the others."""
    async with gateway(MADE) as it:
        replies = await send(
            it.port,
            b"GET /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\nPOST /v1/models HTTP/1.1\r\nhost: a\r\n\r\n",
            replies=2,
        )
    assert [reply.headers["allow"] for reply in replies] == ["POST", "GET, HEAD"]


async def test_nobody_is_redirected():
    """A path with a slash too many is not found, and the caller's Host header is not repeated."""
    async with gateway(MADE) as it:
        [reply] = await send(it.port, b"GET /v1/models/m/ HTTP/1.1\r\nhost: evil.example\r\n\r\n")
    assert reply.status == 404
    assert "location" not in reply.headers


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
async def test_an_offer_to_speak_another_protocol_is_declined_and_the_request_served(offer):
    """Java's client offers h2c with every request: body and what is pipelined behind it are read as if it had not."""
    body = b'{"model":"nobody",' + MESSAGES + b"}"
    asked = post(CHAT, body, "connection: Upgrade, HTTP2-Settings", f"upgrade: {offer}", "http2-settings: AAMA")
    alive = b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n"
    async with gateway(MADE) as it:
        first, second = await send(it.port, asked + alive, replies=2)
    assert (first.error["code"], second.status) == ("model_not_found", 200)


async def test_a_tunnel_is_refused():
    """CONNECT is for proxies."""
    async with gateway(MADE) as it:
        [reply] = await send(it.port, b"CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n")
    assert reply.status == 400


async def test_an_absolute_target_is_taken():
    """RFC 9112 asks servers to take the whole URL as a target."""
    body = b'{"model":"nobody",' + MESSAGES + b"}"
    async with gateway(MADE) as it:
        [reply] = await send(it.port, post("http://localhost/v1/chat/completions?x=1", body))
        [wrong] = await send(it.port, b"OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n")
    assert reply.error["code"] == "model_not_found"
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


async def test_an_offer_whose_body_comes_later_is_declined_too():
    """The head in one piece, the body in another: the fresh parser waits for it."""
    body = b'{"model":"nobody",' + MESSAGES + b"}"
    asked = post(CHAT, body, "connection: Upgrade", "upgrade: h2c")
    async with gateway(MADE) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        for cut in (asked[: -len(body)], body[:5], body[5:]):
            writer.write(cut)
            await writer.drain()
            await asyncio.wait({asyncio.ensure_future(asyncio.get_running_loop().create_future())}, timeout=0.02)
        reply = await asyncio.wait_for(read_reply(reader), 10)
        writer.close()
    assert reply.error["code"] == "model_not_found"
