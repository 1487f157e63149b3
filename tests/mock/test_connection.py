"""HTTP/1.1 as a server should speak it: keep-alive, pipelining, chunked bodies, old clients, rubbish."""

from __future__ import annotations

import json

import pytest

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o"


async def test_a_connection_is_kept(provider, connect, hello):
    """Several requests, streamed and not, are answered on one connection."""
    raw = await connect(provider)
    statuses = []
    for stream in (False, True, False):
        await raw.send("POST", CHAT, hello(MODEL, stream=stream))
        statuses.append((await raw.answer()).complete)
    assert (statuses, provider.connections, provider.ledger.total) == ([True] * 3, 1, 3)


async def test_close_is_obeyed(provider, connect, hello):
    """A request that says connection: close is answered, then the connection ends."""
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL), headers=["connection: close"])
    answer = await raw.answer()
    assert (answer.complete, answer.headers["connection"], await raw.ending()) == (True, "close", "closed")


async def test_pipelined_requests_are_answered_in_order(provider, connect, hello):
    """Many requests sent at once are answered one after the other, each its own."""
    raw = await connect(provider)
    many = b""
    for number in range(200):
        body = json.dumps(hello(MODEL, text=f"number {number}", max_tokens=1 + number % 3)).encode()
        many += f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    many += b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    raw.writer.write(many)
    data = b""
    while part := await raw.reader.read(65536):
        data += part
    counts = [int(part.split(b",")[0]) for part in data.split(b'"completion_tokens":')[1:]]
    assert counts == [1 + number % 3 for number in range(200)]
    assert data.rstrip().endswith(b"}]}")


async def test_a_chunked_body_is_read(provider, connect, hello):
    """A request body in chunks, cut anywhere, is one body."""
    raw = await connect(provider)
    body = json.dumps(hello(MODEL)).encode()
    raw.writer.write(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    for start in range(0, len(body), 7):
        part = body[start : start + 7]
        raw.writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await raw.writer.drain()
    raw.writer.write(b"0\r\n\r\n")
    answer = await raw.answer()
    assert (answer.status, provider.ledger.last.body) == (200, hello(MODEL))


async def test_expect_is_answered(provider, connect, hello):
    """A client that waits for 100 Continue gets it before it has sent its body."""
    raw = await connect(provider)
    body = json.dumps(hello(MODEL)).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {len(body)}\r\n\r\n"
    raw.writer.write(head.encode())
    interim = await raw.reader.readuntil(b"\r\n\r\n")
    raw.writer.write(body)
    answer = await raw.answer()
    assert (interim, answer.status) == (b"HTTP/1.1 100 Continue\r\n\r\n", 200)


async def test_an_old_client_reads_until_the_end(provider, connect, hello):
    """An HTTP/1.0 client gets a stream without chunks that ends with the connection."""
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=True), version="1.0")
    answer = await raw.answer()
    assert ("transfer-encoding" in answer.headers, answer.end, answer.data[-1]) == (False, "closed", "[DONE]")


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_not_http_is_refused(provider, connect, rubbish):
    """Bytes that are no HTTP/1.1 are a 400 and the end of the connection, and no entry of the ledger."""
    raw = await connect(provider)
    raw.writer.write(rubbish)
    answer = await raw.answer()
    assert (answer.status, await raw.ending(), provider.ledger.total) == (400, "closed", 0)


async def test_ambiguous_framing_is_refused(provider, connect):
    """Content-Length with Transfer-Encoding is a 400."""
    raw = await connect(provider)
    raw.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
    assert (await raw.answer()).status == 400


async def test_a_path_is_decoded(provider, ask):
    """A percent-encoded path is the path it stands for, its query is no part of it."""
    answer = await ask(provider, "GET", "/v1/models/gpt%2D4o?x=1")
    assert (answer.json()["id"], provider.ledger.last.path) == ("gpt-4o", "/v1/models/gpt-4o")


async def test_leaving_with_requests_in_line(provider, connect, hello):
    """When a client leaves, the requests that were still waiting for their turn are client_closed as well."""
    provider.faults.set("hang")
    raw = await connect(provider)
    for _ in range(3):
        await raw.send("POST", CHAT, hello(MODEL))
    await provider.ledger.wait_for(lambda entry: entry.number == 3)
    await raw.close()
    await provider.ledger.wait_for(lambda entry: entry.number == 3 and not entry.open)
    assert [entry.client_closed for entry in provider.ledger.entries] == [True] * 3
    assert (provider.ledger.in_flight, provider.ledger.peak) == (0, 3)
