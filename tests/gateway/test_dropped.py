"""Fields that a provider has no words for, as a caller sees it: asked elsewhere, dropped and told, or refused."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest

from pointsman.config.settings import RouterSettings
from pointsman.testing import MockProvider
from support.asking import CHAT
from support.fleet import over
from support.serving import Reply, Serving, gateway, post, send

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "seed": 5, "logit_bias": {"50256": -100}}


@asynccontextmanager
async def house(**more):
    """A simulated Anthropic, and a gateway before it."""
    async with MockProvider("anthropic", name="one", models=["claude-opus-5-5"]) as mock:
        async with gateway(over(mock, router=RouterSettings(num_retries=0), **more)) as it:
            yield mock, it


async def fetch(it: Serving, path: str) -> dict:
    [reply] = await send(it.port, f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    return reply.json()


async def said(it: Serving, path: str = CHAT, **more) -> Reply:
    [reply] = await send(it.port, post(path, json.dumps({**ASKED, **more}).encode()))
    return reply


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_dropped_is_told(stream):
    """In a header and in the record; the upstream never sees it, nor what was meant for the router."""
    async with house() as (mock, it):
        reply = await said(it, drop_params=True, stream=stream)
        sent = mock.ledger.last.body
        decision = (await fetch(it, f"/v1/decisions/{reply.headers['x-pointsman-request-id']}"))["decision"]
    assert (reply.status, reply.headers["x-pointsman-dropped"]) == (200, "seed, logit_bias")
    assert {"seed", "logit_bias", "drop_params"}.isdisjoint(sent)
    assert decision["not_sent"] == ["seed", "logit_bias"]
    told = [step["reason"] for step in decision["steps"] if step["stage"] == "params"]
    assert told == ["dropped seed, logit_bias: anthropic has no words for them"]


async def test_a_dry_run_says_the_same():
    """Blanks and all; nothing is sent."""
    async with house() as (mock, it):
        dry = (await said(it, "/v1/route", drop_params=True, why_not="m@one")).json()
        decision = await said(it, drop_params=True)
        record = await fetch(it, f"/v1/decisions/{decision.headers['x-pointsman-request-id']}")
        assert mock.ledger.total == 1
    assert (dry["steps"], dry["not_sent"]) == (record["decision"]["steps"], ["seed", "logit_bias"])
    assert dry["why_not"]["chosen"]


async def test_without_it_the_field_is_named():
    """Nobody is asked; the dry run ends in the same error, with the step that led to it."""
    async with house() as (mock, it):
        error = (await said(it)).json()["error"]
        dry = (await said(it, "/v1/route", drop_params=False)).json()
        assert mock.ledger.total == 0
    assert (error["param"], error["code"]) == ("seed", "invalid_body")
    assert "m@one: anthropic has no words for seed, logit_bias; drop_params leaves such fields out" in error["message"]
    assert dry["error"] == error
    assert any(step["stage"] == "params" and step["after"] == 0 for step in dry["steps"])


async def test_a_request_without_them_has_no_such_header():
    """Nor has one to somebody who has the words."""
    async with house() as (_, it):
        assert "x-pointsman-dropped" not in (await said(it, seed=None, logit_bias={})).headers
    async with MockProvider("openai", name="one") as mock, gateway(over(mock)) as it:
        assert "x-pointsman-dropped" not in (await said(it, drop_params=True)).headers
        assert mock.ledger.last.body["seed"] == 5


async def test_why_not_says_which_fields():
    """And what would change it."""
    async with MockProvider("anthropic", name="one") as one, MockProvider("openai", name="two") as two:
        async with gateway(over(one, two)) as it:
            row = (await said(it, "/v1/route", why_not="m@one")).json()["why_not"]
    assert (row["excluded_by"], row["reason"]) == ("params", "anthropic has no words for seed, logit_bias")
    assert row["change"] == "a request without seed, logit_bias"


@pytest.mark.parametrize("value", ["yes", 1, []])
async def test_a_wish_that_is_none_is_refused(value):
    """By its name."""
    async with house() as (_, it):
        assert (await said(it, drop_params=value)).json()["error"]["param"] == "drop_params"
