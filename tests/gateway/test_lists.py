"""A running gateway goes by what its servers say of themselves: the models they list, the requests they have."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from pointsman.config.settings import (
    Capability,
    Pace,
    RouterSettings,
    Settings,
    SizeRule,
    Strategies,
    WatchSettings,
)
from pointsman.errors import ModelNotFound
from pointsman.fakes import FakeClock, deployment, request, settings
from pointsman.model.decision import Decision
from pointsman.model.deployment import Deployment
from pointsman.testing import MockProvider
from support.deciding import open_at, pool, said
from support.fleet import over, place
from support.probing import asked_twice
from support.serving import Reply, Serving, gateway, post, send

OFTEN = WatchSettings(Pace(0.01, 5.0), Pace(0.01, 5.0))
LISTS = {"ollama": "/api/tags", "vllm": "/v1/models", "llama-cpp": "/v1/models", "openai": "/v1/models"}


async def asked_once(mock: MockProvider) -> None:
    mock.ledger.clear()
    await mock.ledger.wait_for(lambda entry: entry.path == LISTS[mock.kind])


async def listed(*mocks: MockProvider) -> None:
    """Until the list of each has been learned that it answers with from now on."""
    for mock in mocks:
        await asked_twice(mock, LISTS[mock.kind])


def ranged(*mocks: MockProvider, **more) -> Settings:
    """Sizes below 10 go to the first of them, others to the second."""
    rules = (SizeRule("< 10B", mocks[0].name, most=10, below=True), SizeRule(">= 10B", mocks[1].name, 10))
    return settings(*[open_at(place(mock)) for mock in mocks], sizes=rules, watch=OFTEN, **more)


async def ask(it: Serving, *headers: str, path: str = "/v1/chat/completions", text: str = "hi", **body) -> Reply:
    fields = {"max_tokens": 8, "messages": [{"role": "user", "content": text}], **body}
    (reply,) = await send(it.port, post(path, msgspec.json.encode(fields), *headers))
    return reply


def decided(it: Serving, model: str | None = "mistral", **more) -> Decision:
    return it.runtime.decide(request(model, **more))


@pytest.mark.parametrize(("size", "chosen"), [(7.2, "small"), (13.0, "large")])
async def test_a_name_goes_where_the_size_leads_that_ollama_lists(size, chosen):
    """The request is served there, and the trace says whose word it was."""
    small = MockProvider("ollama", name="small", models=["mistral"], parameters=size)
    large = MockProvider("vllm", name="large", models=["mistral"])
    async with small, large, gateway(ranged(small, large)) as it:
        await listed(small, large)
        reply = await ask(it, model="mistral")
        assert (reply.status, reply.headers["x-pointsman-provider"]) == (200, chosen)
        shown = await ask(it, path="/v1/route", model="mistral")
    told = [step["reason"] for step in shown.json()["steps"] if step["stage"] == "size"]
    assert told[0].startswith(f"size {size:g}B (from small's list) is ")


async def test_a_model_that_is_pulled_is_known_from_the_next_question_on():
    """And one that is deleted is not, without a restart."""
    small, large = MockProvider("ollama", name="small", parameters=3.2), MockProvider("vllm", name="large")
    async with small, large, gateway(ranged(small, large)) as it:
        await listed(small)
        with pytest.raises(ModelNotFound):
            decided(it, "house")
        body = msgspec.json.encode({"model": "house", "stream": False})
        await send(small.port, post("/api/pull", body))
        await listed(small)
        assert decided(it, "house").choice.id == "small"
        await send(small.port, post("/api/delete", body).replace(b"POST", b"DELETE", 1))
        await listed(small)
        with pytest.raises(ModelNotFound):
            decided(it, "house")


@pytest.mark.parametrize("fault", ["garbage", "garbage=truncated", "status=500", "empty"])
async def test_rubbish_is_ignored_and_silence_changes_nothing(fault):
    """Before a list came as well as after it; requests are served all the while."""
    small = MockProvider("ollama", name="small", models=["mistral", "*"], parameters=7.2)
    large = MockProvider("vllm", name="large", models=["*"])
    async with small, large:
        spec = f"{fault}:path=/api/tags"
        small.faults.set(spec)
        async with gateway(ranged(small, large, default_provider="large")) as it:
            await listed(small)
            assert decided(it).route == "default"
            small.faults.clear()
            await listed(small)
            assert decided(it).route == "size"
            small.faults.set(spec)
            await listed(small)
            assert (decided(it).route, decided(it).choice.id) == ("size", "small")
            small.faults.set("hang:path=/api/tags")
            await asked_once(small)
            reply = await ask(it, model="mistral")
    assert (reply.status, reply.headers["x-pointsman-provider"]) == (200, "small")


async def test_a_swap_keeps_what_is_known_of_servers_that_stay():
    """From the first request on; what is known of others is forgotten."""
    small = MockProvider("ollama", name="small", models=["mistral"], parameters=7.2)
    large = MockProvider("vllm", name="large")
    async with small, large, gateway(ranged(small, large)) as it:
        await listed(small)
        it.runtime.swap(ranged(small, large, default_provider="large"))
        assert decided(it).route == "size"
        await listed(small)
        it.runtime.swap(over(large))
        assert "small" not in {at.name for at in it.runtime.board.servers.lists}
        assert it.runtime.topology.size_of("mistral") is None


async def test_a_request_under_way_ends_on_the_topology_that_it_began_with():
    """What is learned meanwhile is another topology, put in place whole."""
    small = MockProvider("ollama", name="small", models=["mistral"], parameters=7.2)
    large = MockProvider("vllm", name="large", models=["*"])
    async with small, large:
        small.faults.set("status=500:path=/api/tags")
        async with gateway(ranged(small, large, default_provider="large")) as it:
            trip = it.runtime.trip(request("mistral"))
            before = trip.core.pipeline.topology
            small.faults.clear()
            await listed(small)
            assert it.runtime.topology is not before
            assert trip.core.pipeline.topology is before
            assert (before.size_of("mistral"), it.runtime.topology.size_of("mistral").billions) == (None, 7.2)


async def test_an_only_model_serves_a_capability_that_names_its_server():
    """Nobody had to write down what llama.cpp was started with; the server is asked for it by its own name."""
    async with MockProvider("llama-cpp", name="near", models=["house.gguf"]) as near:
        wanted = Capability("fast", providers=("near",))
        made = settings(open_at(place(near)), capabilities={"fast": wanted}, watch=OFTEN)
        async with gateway(made) as it:
            await listed(near)
            reply = await ask(it, "X-Capability: fast")
            assert (reply.status, reply.headers["x-pointsman-deployment"]) == (200, "house.gguf@near")
            assert near.ledger.entries[-1].model == "house.gguf"


async def test_what_is_longer_than_a_listed_context_is_not_sent_there():
    """``enable_pre_call_checks``: vLLM's own window, which nobody configured."""
    short = MockProvider("vllm", name="short", models=["m"], context_length=256)
    wide = MockProvider("vllm", name="wide", models=["m"])
    async with short, wide:
        made = over(short, wide, watch=OFTEN, router=RouterSettings(pre_call_checks=True))
        async with gateway(made) as it:
            await listed(short, wide)
            for _ in range(4):
                reply = await ask(it, model="m", text="word " * 400)
                assert (reply.status, reply.headers["x-pointsman-deployment"]) == (200, "m@wide")
            assert {entry.method for entry in short.ledger.entries} == {"GET"}


def watched(mock: MockProvider) -> Deployment:
    at = msgspec.structs.replace(place(mock), base_url=mock.base_url, watch_load=True)
    return deployment(mock.name, at=at, model=mock.models[0])


async def test_who_is_busy_with_the_requests_of_others_is_spared():
    """``watch_load``: two servers that got nothing from here; one of them has other callers."""
    here, there = MockProvider("vllm", name="here"), MockProvider("vllm", name="there")
    async with here, there:
        made = settings(watched(here), watched(there), strategies=Strategies("least_loaded"), watch=OFTEN)
        here.faults.set("hang")
        body = msgspec.json.encode({"model": here.models[0], "messages": [{"role": "user", "content": "hi"}]})
        _, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(post("/v1/chat/completions", body))
        await here.ledger.wait_for(lambda entry: entry.path == "/v1/chat/completions")
        async with gateway(made, FakeClock()) as it:
            for mock in (here, there):
                await asked_twice(mock, "/metrics")
            decisions = [decided(it, "m") for _ in range(8)]
            assert {decision.choice.id for decision in decisions} == {"there"}
            assert "there has 0 in flight" in said(decisions[0], "strategy")
            assert pool(decisions[0]) == ["here", "there"]
        writer.close()


async def test_who_is_not_watched_is_not_asked():
    """A load that nobody asked for, a list that nothing goes by."""
    async with MockProvider("vllm", name="a") as a, MockProvider("ollama", name="b") as b:
        async with gateway(over(a, b, strategies=Strategies("least_loaded"))) as it:
            for _ in range(4):
                await ask(it, model="m")
        assert {entry.method for mock in (a, b) for entry in mock.ledger.entries} == {"POST"}
