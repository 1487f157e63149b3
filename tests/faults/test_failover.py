"""Simulated providers break in every way they know; whoever is left carries on, and nothing leaks."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from pointsman.config.settings import RouterSettings, Strategies
from pointsman.fakes import settings
from pointsman.model.deployment import Deployment
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import KINDS, member, over, place
from support.serving import Serving, gateway, read_reply, send

IN_TURNS = Strategies("round_robin")
"""Of two requests one goes to each of two deployments, however the dice fall."""


def leases(it: Serving) -> int:
    return sum(record.in_flight for record in it.runtime.board.records().values())


def said(body: bytes) -> str:
    """The text of a stream."""
    chunks = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: {")]
    deltas = [chunk["choices"][0]["delta"] for chunk in map(msgspec.json.decode, chunks) if chunk.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


FAULTS = [
    "status=500",
    "status=503",
    "status=529",
    "status=429",
    "status=401",
    "status=404",
    "reset",
    "empty",
    "garbage",
    "cut=0",
    "error_frame=0",
]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failing_deployment_costs_no_request(fault, stream):
    """While one of two is healthy every request is answered, whole."""
    async with MockProvider("openai", name="bad", faults=[fault]) as bad, MockProvider("openai", name="good") as good:
        async with gateway(over(bad, good, strategies=IN_TURNS)) as it:
            replies = [(await send(it.port, ask(stream)))[0] for _ in range(12)]
            assert leases(it) == 0
    assert [reply.status for reply in replies] == [200] * 12
    assert {reply.headers["x-pointsman-deployment"] for reply in replies} == {"m@good"}
    if stream:
        assert all(reply.body.endswith(b"data: [DONE]\n\n") for reply in replies)
    assert bad.ledger.total > 0


@pytest.mark.parametrize("kind", list(KINDS))
async def test_an_error_inside_a_stream_before_content_falls_over(kind):
    """Each server's own way to say "error" with status 200 is heard before the caller sees anything."""
    async with (
        MockProvider(kind, name="bad", faults=["error_frame=0"]) as bad,
        MockProvider("openai", name="good") as good,
        gateway(over(bad, good, strategies=IN_TURNS)) as it,
    ):
        replies = [(await send(it.port, ask(stream=True)))[0] for _ in range(6)]
    assert {reply.headers["x-pointsman-deployment"] for reply in replies} == {"m@good"}
    assert bad.ledger.total > 0


@pytest.mark.parametrize("fault", ["cut=3", "reset=3", "error_frame=3"])
@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_stream_that_breaks_off_never_looks_complete(kind, fault):
    """After content was sent the caller gets a typed error frame and no [DONE]. Triton's end mark is HTTP's own."""
    fault += ":variant=torn" if (kind, fault) == ("triton", "cut=3") else ""
    async with MockProvider(kind, name="bad", faults=[fault]) as bad, gateway(over(bad)) as it:
        [reply] = await send(it.port, ask(stream=True))
        found = await send(
            it.port, f"GET /v1/decisions/{reply.headers['x-pointsman-request-id']} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
        )
        assert leases(it) == 0
    assert b"[DONE]" not in reply.body
    frames = [line for line in reply.body.split(b"\n") if line.startswith(b"data: ")]
    assert "error" in msgspec.json.decode(frames[-1][6:])
    assert found[0].json()["outcome"]["ok"] is False


async def test_fallback_groups_are_tried_when_the_group_is_down():
    """The group asked for fails whole; the next group answers and the headers say so."""
    async with (
        MockProvider("openai", name="bad", faults=["status=500"]) as bad,
        MockProvider("vllm", name="spare") as spare,
    ):
        made = settings(
            member(bad), member(spare, "other"), fallbacks={"m": ("other",)}, router=RouterSettings(num_retries=0)
        )
        async with gateway(made) as it:
            [reply] = await send(it.port, ask())
    assert reply.status == 200
    assert reply.headers["x-pointsman-deployment"] == "other@spare"
    assert (reply.headers["x-pointsman-attempts"], reply.headers["x-pointsman-fallbacks"]) == ("2", "1")


async def test_a_refused_connection_falls_over():
    """Nobody listens at the first provider."""
    async with MockProvider("openai", name="gone") as gone, MockProvider("openai", name="good") as good:
        made = over(gone, good, strategies=IN_TURNS)
        await gone.close()
        async with gateway(made) as it:
            replies = [(await send(it.port, ask()))[0] for _ in range(8)]
    assert [reply.status for reply in replies] == [200] * 8


async def test_nobody_left_is_a_503_with_retry_after_and_reasons():
    """The error names each deployment and why it is out; no address, no key."""
    async with MockProvider("openai", name="bad", faults=["status=403"]) as bad:
        made = over(bad, router=RouterSettings(num_retries=0, cooldown_time=30))
        async with gateway(made) as it:
            await send(it.port, ask())
            [reply] = await send(it.port, ask())
    assert (reply.status, reply.error["code"]) == (503, "no_candidate")
    assert 1 <= int(reply.headers["retry-after"]) <= 30
    assert "m@bad" in reply.error["message"]
    assert str(bad.port) not in reply.error["message"]


async def test_a_hanging_deployment_is_left_after_its_timeout():
    """Its own timeout ends the attempt, not the request."""
    async with MockProvider("openai", name="bad", faults=["hang"]) as bad, MockProvider("openai", name="good") as good:
        slow = Deployment("m@bad", "m", place(bad), bad.models[0], timeout=0.2)
        async with gateway(settings(slow, member(good), strategies=IN_TURNS)) as it:
            replies = await asyncio.gather(*[send(it.port, ask()) for _ in range(8)])
            await bad.ledger.wait_for(lambda entry: entry.client_closed)
    assert [reply.status for [reply] in replies] == [200] * 8


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_caller_that_hangs_up_is_told_upstream_at_once(kind, stream):
    """The upstream sees the close, the lease comes back, and the record says who left."""
    slow = ["hang_after=3"] if stream else ["hang"]
    async with MockProvider(kind, name="one", faults=slow) as mock, gateway(over(mock)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(ask(stream))
        if stream:
            await reader.readuntil(b"\r\n\r\n")
        else:
            await mock.ledger.wait_for(lambda entry: entry.open)
        writer.close()
        entry = await asyncio.wait_for(mock.ledger.wait_for(lambda entry: entry.client_closed), 1)
        assert leases(it) == 0
    assert entry.client_closed


async def test_killing_a_provider_under_load_loses_nothing():
    """300 requests, eight at a time; one of two providers dies on the way."""
    async with (
        MockProvider("vllm", name="one", latency_ms=2) as one,
        MockProvider("openai", name="two", latency_ms=2) as two,
        gateway(over(one, two)) as it,
    ):
        statuses: list[int] = []
        before = asyncio.Event()

        async def caller() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            while len(statuses) < 300:
                writer.write(ask())
                statuses.append((await asyncio.wait_for(read_reply(reader), 20)).status)
                if len(statuses) > 60:
                    before.set()
            writer.close()

        async def murderer() -> None:
            await before.wait()
            one.kill()

        await asyncio.gather(murderer(), *[caller() for _ in range(8)])
        assert leases(it) == 0
    assert set(statuses) == {200}
    assert one.ledger.total > 0
    assert two.ledger.total > one.ledger.total
