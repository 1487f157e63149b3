"""What a request cost, as it is told: in headers, in its record, in the statistics and the metrics."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.config.settings import ServerSettings
from pointsman.fakes import settings
from pointsman.gateway.headers import cost_head
from pointsman.model.outcome import NO_USAGE, Attempt, Estimate, Outcome
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import member
from support.serving import gateway, send

PRICED = {"input_cost": 2e-6, "output_cost": 8e-6}
LITELLM = ServerSettings(litellm_headers=True)


async def asked(stream: bool, **prices: float):
    """The answer to one request, its record, the statistics and the metrics."""
    async with MockProvider("openai", name="up") as mock:
        made = settings(member(mock, **prices), server=LITELLM)
        async with gateway(made) as it:
            (reply,) = await send(it.port, ask(stream, stream_options={"include_usage": True}) if stream else ask())
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
            return reply, record, it.runtime.stats(), it.runtime.metrics.render().decode()


def expected(record) -> float:
    usage = record["outcome"]["usage"]
    assert min(usage["prompt_tokens"], usage["completion_tokens"]) > 0
    assert not usage["estimated"]
    return usage["prompt_tokens"] * 2e-6 + usage["completion_tokens"] * 8e-6


def told(reply) -> list[str]:
    return [name for name in reply.names if "cost" in name]


def test_a_whole_answer_says_what_it_cost():
    """In a header, by both names."""
    reply, record, stats, metrics = asyncio.run(asked(stream=False, **PRICED))
    dollars = expected(record)
    assert told(reply) == ["x-pointsman-cost", "x-litellm-response-cost"]
    assert float(reply.headers["x-pointsman-cost"]) == pytest.approx(dollars)
    assert reply.headers["x-litellm-response-cost"] == reply.headers["x-pointsman-cost"]
    assert record["outcome"]["cost"] == {"dollars": pytest.approx(dollars), "estimated": False}
    by = pytest.approx(dollars)
    assert stats["cost"] == {"dollars": by, "estimated": 0.0, "routes": {"m": by}, "deployments": {"m@up": by}}
    assert 'pointsman_cost_dollars_total{deployment="m@up",provider="up",tokens="counted"}' in metrics


def test_a_streams_cost_stands_in_its_record():
    """Its headers are sent before anybody knows."""
    reply, record, stats, _ = asyncio.run(asked(stream=True, **PRICED))
    assert told(reply) == []
    assert record["outcome"]["cost"]["dollars"] == pytest.approx(expected(record))
    assert stats["cost"]["dollars"] == pytest.approx(expected(record))


def test_an_unknown_cost_is_not_told():
    """Neither as 0."""
    reply, record, stats, metrics = asyncio.run(asked(stream=False))
    assert told(reply) == []
    assert record["outcome"]["cost"] is None
    assert stats["cost"] == {"dollars": 0, "estimated": 0, "routes": {}, "deployments": {}}
    assert "pointsman_cost_dollars_total{" not in metrics


def test_a_free_model_is_told_as_such():
    """0 is a price."""
    reply, _, stats, _ = asyncio.run(asked(stream=False, input_cost=0.0))
    assert reply.headers["x-pointsman-cost"] == "0"
    assert stats["cost"]["deployments"] == {"m@up": 0.0}


@pytest.mark.parametrize(
    ("usage", "litellm", "expected"),
    [
        (NO_USAGE, False, b"x-pointsman-cost: 0.0000025\r\n"),
        (NO_USAGE, True, b"x-pointsman-cost: 0.0000025\r\nx-litellm-response-cost: 0.0000025\r\n"),
        (Estimate(), False, b"x-pointsman-cost: 0.0000025\r\nx-pointsman-cost-estimated: true\r\n"),
    ],
)
def test_an_estimate_is_told_as_one(usage, litellm, expected):
    """By a header of its own: the cost stays a number."""
    assert cost_head(Outcome(None, 200, (Attempt("a", "m", None, 0.1, cost=2.5e-6),), usage), litellm) == expected
