"""A server that is up and does not deliver: hangs in each phase, stalls, empty frames, ends that do not come."""

from __future__ import annotations

import pytest

from pointsman.mock import KINDS
from pointsman.testing import MockProvider
from support.fleet import ALONE

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ALONE])
@pytest.mark.parametrize("stream", [True, False])
async def test_only_the_head_comes(connect, hello, kind, stream):
    """hang=head sends a head with status 200 and not a byte behind it, until the client leaves."""
    async with MockProvider(kind, models=["m"], faults=["hang=head"]) as provider:
        raw = await connect(provider)
        await raw.send("POST", CHAT, hello("m", stream=stream))
        head = await raw.reader.readuntil(b"\r\n\r\n")
        entry = await provider.ledger.wait_for(lambda entry: entry.bytes_sent > 0)
        await raw.close()
        await provider.ledger.wait_for(lambda entry: entry.client_closed)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (entry.bytes_sent, entry.tokens_sent) == (len(head), 0)


@pytest.mark.parametrize("after", [0, 3])
async def test_a_stall_ends(provider, ask, hello, after):
    """A stall changes nothing of what is said, at its first token or later."""
    plain = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    provider.faults.set(f"stall={after}:pause=5")
    late = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    assert [chunk["choices"] for chunk in late.chunks] == [chunk["choices"] for chunk in plain.chunks]
    assert (late.data[-1], provider.ledger.last.finished) == ("[DONE]", True)


@pytest.mark.parametrize(
    ("kind", "path", "variant", "pulse"),
    [
        ("openai", CHAT, "comments", b": keep-alive\n\n"),
        ("openai", CHAT, "roles", b'"role":"assistant","content":""'),
        ("vllm", CHAT, "roles", b'"role":"assistant","content":""'),
        ("ollama", "/api/chat", "comments", b"\n"),
    ],
)
async def test_frames_that_say_nothing(connect, hello, kind, path, variant, pulse):
    """keepalive=MS sends such frames again and again, and never a word."""
    async with MockProvider(kind, models=["m"], faults=[f"keepalive=1:variant={variant}"]) as provider:
        raw = await connect(provider)
        await raw.send("POST", path, hello("m", stream=True))
        await raw.reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            assert pulse in (await raw.reader.readuntil(pulse))
        await raw.close()
        entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (entry.client_closed, entry.tokens_sent) == (True, 0)


@pytest.mark.parametrize("kind", ["openai", "vllm", "llama-cpp"])
async def test_the_end_mark_is_missing(ask, hello, kind):
    """no_done ends by HTTP's rules after the finish reason, without [DONE]."""
    async with MockProvider(kind, models=["m"], faults=["no_done"]) as provider:
        answer = await ask(provider, "POST", CHAT, hello("m", stream=True))
    assert (answer.complete, answer.chunks[-1]["choices"][0]["finish_reason"]) == (True, "stop")
    assert b"[DONE]" not in answer.body


async def test_nobody_hangs_up(provider, connect, hello):
    """no_done:variant=open leaves the connection open behind the finish reason."""
    provider.faults.set("no_done:variant=open")
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=True))
    await raw.reader.readuntil(b'"finish_reason":"stop"')
    assert provider.ledger.last.open
    await raw.close()
    await provider.ledger.wait_for(lambda entry: entry.client_closed)
