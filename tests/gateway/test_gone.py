"""Callers who leave, and answers that end with the gateway: what was delivered is charged, and nobody is blamed."""

from __future__ import annotations

import json
import signal

import pytest

from pointsman.config.settings import HedgeSettings, RouterSettings, ServerSettings
from pointsman.fakes import settings
from pointsman.testing import MockProvider
from support.fleet import member
from support.held import calling, until
from support.serving import gateway, post, read_reply

PRICED = {"input_cost": 0.001, "output_cost": 0.01}
SAID = {"model": "m", "messages": [{"role": "user", "content": "tell me of the sea"}]}
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
STREAMS = pytest.mark.parametrize(
    ("kind", "path"),
    [("openai", CHAT), ("anthropic", CHAT), ("openai", MESSAGES), ("anthropic", MESSAGES), ("ollama", CHAT)],
)


def asked(path: str, **more) -> bytes:
    return post(path, json.dumps({**SAID, "max_tokens": 60, **more}).encode())


async def record_of(it):
    """Of the only request, when it is told."""
    await until(lambda: it.runtime.records.latest(1))
    [row] = it.runtime.records.latest(9)
    return it.runtime.records.find(row["request_id"])["outcome"]


def at_rest(it) -> bool:
    return all(record.in_flight == record.failures == 0 for record in it.runtime.board.records().values())


async def left(it, path: str, mock: MockProvider, words: int):
    """A caller who left when so many deltas had come."""
    async with calling(it.port, asked(path, stream=True)) as caller:
        for _ in range(words):
            await caller.reader.readuntil(b'"delta"')
    await mock.ledger.wait_for(lambda entry: entry.client_closed)
    return await record_of(it)


@STREAMS
async def test_a_stream_costs_what_it_delivered(kind, path):
    """As far as its upstream told what it used, else by its deltas; and when the first came is known."""
    async with MockProvider(kind, name="up", faults=["hang_after=16"]) as mock:
        async with gateway(settings(member(mock, **PRICED))) as it:
            told = await left(it, path, mock, 16)
            assert at_rest(it)
            [attempt] = told["attempts"]
            stats = it.runtime.stats()
    assert (told["failure"], told["status"], attempt["failure"], attempt["status"]) == (
        "client_gone",
        499,
        "client_gone",
        200,
    )
    assert (attempt["deployment"], attempt["detail"]) == ("m@up", "the caller left")
    assert told["usage"]["estimated"]
    assert 14 <= told["usage"]["completion_tokens"] <= 18
    assert told["usage"]["prompt_tokens"] > 0
    dollars = told["usage"]["prompt_tokens"] * 0.001 + told["usage"]["completion_tokens"] * 0.01
    assert told["cost"] == {"dollars": pytest.approx(dollars), "estimated": True}
    assert stats["cost"]["deployments"] == {"m@up": pytest.approx(dollars)}
    assert told["first_token_seconds"] is not None


@pytest.mark.parametrize("stream", [False, True])
async def test_before_an_answer_only_the_attempt_is_known(stream):
    async with MockProvider("openai", name="up", faults=["hang"]) as mock:
        async with gateway(settings(member(mock, **PRICED))) as it:
            async with calling(it.port, asked(CHAT, stream=stream)):
                await mock.ledger.wait_for(lambda entry: entry.open)
            told = await record_of(it)
            assert at_rest(it)
    assert [(one["deployment"], one["failure"], one["dollars"]) for one in told["attempts"]] == [
        ("m@up", "client_gone", None)
    ]
    assert (told["cost"], told["usage"]["total_tokens"], told["first_token_seconds"]) == (None, 0, None)


async def test_both_of_a_race_are_told():
    router = RouterSettings(hedge=HedgeSettings(delay=0.01))
    async with (
        MockProvider("openai", name="a", faults=["hang"]) as a,
        MockProvider("openai", name="b", faults=["hang"]) as b,
    ):
        async with gateway(settings(member(a), member(b), router=router)) as it:
            async with calling(it.port, asked(CHAT)):
                await a.ledger.wait_for(lambda entry: entry.open)
                await b.ledger.wait_for(lambda entry: entry.open)
            told = await record_of(it)
            assert at_rest(it)
    assert {(one["deployment"], one["failure"]) for one in told["attempts"]} == {
        ("m@a", "client_gone"),
        ("m@b", "client_gone"),
    }


async def test_what_the_gateway_cannot_wait_for_is_no_callers_leaving():
    """But as little its deployment's fault, and charged as well."""
    async with MockProvider("openai", name="up", faults=["hang_after=16"]) as mock:
        made = settings(member(mock, **PRICED), server=ServerSettings(drain_timeout=0.0))
        async with gateway(made) as it, calling(it.port, asked(CHAT, stream=True)) as caller:
            for _ in range(16):
                await caller.reader.readuntil(b'"delta"')
            it.server.drain.signalled(signal.SIGTERM)
            await caller.rest()
            told = await record_of(it)
            assert at_rest(it)
    [attempt] = told["attempts"]
    assert (told["status"], attempt["failure"]) == (503, "deadline")
    assert told["cost"]["dollars"] == attempt["dollars"] > 0.1


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_to_count_tokens_costs_nothing(kind):
    """Whoever counts them."""
    async with MockProvider(kind, name="up") as mock, gateway(settings(member(mock, **PRICED))) as it:
        async with calling(it.port, post(f"{MESSAGES}/count_tokens", json.dumps(SAID).encode())) as caller:
            reply = await read_reply(caller.reader)
        told = await record_of(it)
        metrics = it.runtime.metrics.render().decode()
    assert (reply.status, told["cost"], "x-pointsman-cost" in reply.headers) == (200, None, False)
    assert "pointsman_cost_dollars_total{" not in metrics
