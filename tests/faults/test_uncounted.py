"""Streams whose upstream sends no usage: their tokens are estimated, count all the same, and are told as estimates."""

from __future__ import annotations

import pytest

from pointsman.fakes import settings
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import KINDS, member, over
from support.serving import gateway, send

COUNTING = ("ollama", "anthropic", "triton", "bedrock")
"""Kinds that count in every stream."""

COUNTED = {"stream_options": {"include_usage": True}}


async def usage_of(kind: str, **more: object) -> tuple[dict, bytes]:
    """What the record of one request says of its tokens, and what the caller got."""
    async with MockProvider(kind, name="one") as mock, gateway(over(mock)) as it:
        [reply] = await send(it.port, ask(**more))
        path = f"/v1/decisions/{reply.headers['x-pointsman-request-id']}"
        [record] = await send(it.port, f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        [metrics] = await send(it.port, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
    usage = record.json()["outcome"]["usage"]
    assert b'type="completion"} %d.0' % usage["completion_tokens"] in metrics.body
    return usage, reply.body


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in COUNTING])
async def test_a_stream_is_estimated_frame_by_frame(kind):
    """These servers send a frame a token, so that the answer's figure is exact; nothing is added to the stream."""
    usage, body = await usage_of(kind, stream=True)
    assert (usage["completion_tokens"], usage["estimated"]) == (8, True)
    assert usage["total_tokens"] == usage["prompt_tokens"] + 8 > 8
    assert b'"prompt_tokens"' not in body


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("more", [{"stream": True, **COUNTED}, {}], ids=["stream", "unary"])
async def test_what_the_upstream_counts_is_not_estimated(kind, more):
    """Its own figures stand."""
    usage, _ = await usage_of(kind, **more)
    assert (usage["completion_tokens"], usage["estimated"]) == (8, False)


@pytest.mark.parametrize("kind", COUNTING)
async def test_some_count_without_being_asked(kind):
    """And their figures are used, though the caller is not shown them."""
    usage, body = await usage_of(kind, stream=True)
    assert (usage["completion_tokens"], usage["estimated"]) == (8, False)
    assert b'"usage"' not in body


async def test_an_estimate_counts_against_the_limit():
    """The next request finds the minute's tokens used up."""
    async with MockProvider("openai", name="one") as mock, gateway(settings(member(mock, tpm=100))) as it:
        long = ask(stream=True, max_tokens=100, ignore_eos=True)
        statuses = [(await send(it.port, long))[0].status for _ in range(3)]
    assert statuses == [200, 429, 429]
