"""A fallback chain over simulated servers that fail: who is asked, how often, and what the caller is told."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from pointsman.config.settings import ChainMember, ExactMatch, FallbackChain, RouterSettings, Settings, TagSettings
from pointsman.fakes import settings
from pointsman.model.condition import Condition, Fact
from pointsman.testing import MockProvider
from support.asking import CHAT, ask
from support.deciding import open_at
from support.fleet import member, place
from support.serving import gateway, post, send

UNAVAILABLE = Condition("ollama_unavailable", Fact("ollama_unavailable"))
CHAIN = FallbackChain("high", (ChainMember("ollama"), ChainMember("cpp", UNAVAILABLE), ChainMember("vllm")), 1, 0.001)


@asynccontextmanager
async def servers(**faults: str):
    """Ollama, llama.cpp and vLLM, each with a fault or none."""
    async with AsyncExitStack() as stack:
        kinds = {"ollama": "ollama", "cpp": "llama-cpp", "vllm": "vllm"}
        yield {
            name: await stack.enter_async_context(
                MockProvider(kind, name=name, models=["llama3.1:8b"], faults=[faults[name]] if name in faults else [])
            )
            for name, kind in kinds.items()
        }


def house(mocks: dict[str, MockProvider], **more: object) -> Settings:
    """The name at Ollama by an exact entry that names the chain."""
    members = [open_at(place(mock)) for mock in mocks.values()]
    exact = {"llama3.1:8b": ExactMatch("llama3.1:8b", "ollama", chain="high")}
    return settings(*members, exact=exact, chains={"high": CHAIN}, router=RouterSettings(num_retries=0), **more)


def question(**more: object) -> bytes:
    return ask(model="llama3.1:8b", **more)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize(
    ("faults", "served_by", "attempts", "fallbacks"),
    [
        ({}, "ollama", 1, 0),
        ({"ollama": "status=500"}, "cpp", 3, 1),
        ({"ollama": "status=500", "cpp": "reset"}, "vllm", 5, 2),
        ({"ollama": "status=429"}, "cpp", 2, 1),
    ],
)
async def test_a_chain_serves_as_long_as_one_member_does(faults, served_by, attempts, fallbacks, stream):
    """Each member once more than its retries, a rate-limited one not again; the headers tell who it was."""
    async with servers(**faults) as mocks, gateway(house(mocks)) as it:
        reply = (await send(it.port, question(stream=stream)))[0]
    assert (reply.status, reply.headers["x-pointsman-provider"]) == (200, served_by)
    assert reply.headers["x-pointsman-attempts"] == str(attempts)
    assert reply.headers["x-pointsman-fallbacks"] == str(fallbacks)
    asked = {name: mock.ledger.total for name, mock in mocks.items()}
    assert sum(asked.values()) == attempts


async def test_a_chain_that_ends_nowhere_tells_every_attempt():
    """The first cause decides the status; no address is told."""
    faults = dict.fromkeys(("ollama", "cpp", "vllm"), "status=500")
    async with servers(**faults) as mocks, gateway(house(mocks)) as it:
        reply = (await send(it.port, question()))[0]
    assert (reply.status, reply.error["code"]) == (502, "upstream_error")
    told = reply.error["message"]
    assert [told.count(f"{name}: server_error") for name in ("ollama", "cpp", "vllm")] == [2, 2, 2]
    assert "127.0.0.1" not in told


async def test_a_condition_that_does_not_hold_passes_its_member_over():
    """From a provider outside of it the caller's own chain begins at its first member whose condition holds."""
    chain = FallbackChain("mine", (ChainMember("cpp", UNAVAILABLE), ChainMember("ollama")))
    async with servers(vllm="status=500") as mocks:
        members = [open_at(place(mock)) for mock in mocks.values()]
        made = settings(*members, default_provider="vllm", chains={"mine": chain}, router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            body = b'{"model": "llama3.1:8b", "messages": [{"role": "user", "content": "hi"}]}'
            reply = (await send(it.port, post(CHAT, body, "x-chain: mine")))[0]
    assert (reply.status, reply.headers["x-pointsman-provider"]) == (200, "ollama")
    assert (reply.headers["x-pointsman-fallbacks"], mocks["cpp"].ledger.total) == ("1", 0)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_rest_of_all_that_carry_a_tag_is_a_matter_of_waiting(stream):
    """A 429 upstream rests the only adapter: callers are told to come back, never that they may not."""
    tags = TagSettings(enabled=True, tasks=True)
    async with MockProvider("vllm", name="code", faults=["status=429"]) as code, MockProvider("vllm") as other:
        members = member(code, tags=("code",)), member(other, tags=("text",))
        async with gateway(settings(*members, tags=tags, router=RouterSettings(num_retries=0))) as it:
            statuses = []
            for _ in range(4):
                reply = (await send(it.port, ask(stream, task="code")))[0]
                statuses.append(reply.status)
                assert float(reply.headers["retry-after"]) > 0
    assert set(statuses) <= {429, 503}
    assert other.ledger.total == 0
