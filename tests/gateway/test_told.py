"""A running gateway goes by what its servers tell of their models: contexts, images, the longest answers, prices."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import Capability, Pace, RouterSettings, Settings, Strategies, WatchSettings
from pointsman.fakes import deployment, settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.testing import MockProvider
from support.fleet import KINDS
from support.probing import asked_twice
from support.serving import Reply, Serving, gateway, post, send

OFTEN = WatchSettings(Pace(0.01, 5.0), Pace(0.01, 5.0))
CHECKED = RouterSettings(pre_call_checks=True)
IMAGE = [
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}
]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]


SERVICES = {
    "openrouter": ("openrouter", "/api"),
    "together": ("together_ai", ""),
    "groq": ("groq", "/openai"),
    "tgi": ("tgi", ""),
    "lm-studio": ("lm_studio", ""),
}
"""Simulated services: their kinds, and what stands in their base URLs."""


def at(mock: MockProvider, **more) -> Deployment:
    """Its first model, as ``m``."""
    kind, root = SERVICES.get(mock.kind) or (KINDS[mock.kind], "")
    place = Provider(mock.name, kind, mock.base_url + root)
    return deployment(f"m@{mock.name}", at=place, model=mock.models[0], **more)


def over(*members: Deployment, **more) -> Settings:
    usual = {"watch": OFTEN, "router": CHECKED, "strategies": Strategies("round_robin")}
    return settings(*members, **{**usual, **more})


async def known(*mocks: MockProvider) -> None:
    for mock in mocks:
        root = SERVICES.get(mock.kind, ("", ""))[1]
        await asked_twice(mock, "/api/tags" if mock.kind == "ollama" else f"{root}/v1/models")


async def ask(it: Serving, path: str = "/v1/chat/completions", text: str = "hi", **body) -> Reply:
    fields = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": text}], **body}
    (reply,) = await send(it.port, post(path, msgspec.json.encode(fields)))
    return reply


async def able(it: Serving, **body) -> tuple[set[str], str]:
    """Who serves eight such requests in turn, and what the trace says of who can."""
    chosen = {(await ask(it, **body)).headers["x-pointsman-provider"] for _ in range(8)}
    steps = (await ask(it, "/v1/route", **body)).json()["steps"]
    return chosen, " ".join(step["reason"] for step in steps if step["stage"] == "able")


async def test_images_go_to_who_sees_as_ollama_says():
    """``/api/show`` names what each model can do; words go to either."""
    sees, reads = MockProvider("ollama", name="sees", models=["llava:7b"]), MockProvider("ollama", name="reads")
    async with sees, reads, gateway(over(at(sees), at(reads))) as it:
        await known(sees, reads)
        assert await able(it, messages=IMAGE) == ({"sees"}, "m@reads: reads's list says that it takes no images")
        assert (await able(it))[0] == {"sees", "reads"}


async def test_who_alone_is_left_is_asked_all_the_same():
    """Whatever its server's list says: nobody is refused for it."""
    blind = MockProvider("llama-cpp", name="blind", models=["m.gguf"])
    async with blind, gateway(over(at(blind))) as it:
        await known(blind)
        chosen, why = await able(it, messages=IMAGE, max_tokens=20)
        assert chosen == {"blind"}
        assert why == "asked all the same: m@blind: blind's list says that it takes no images"


@pytest.mark.parametrize(("params", "served"), [({}, {"wide"}), ({"num_ctx": 8192}, {"narrow", "wide"})])
async def test_a_model_has_the_context_that_ollama_gives_it(params, served):
    """By its own parameters, unless its requests ask for another."""
    narrow = MockProvider("ollama", name="narrow", models=["mistral:7b"], context_length=256)
    wide = MockProvider("ollama", name="wide", models=["mistral:7b"])
    async with narrow, wide, gateway(over(at(narrow, params=params), at(wide))) as it:
        await known(narrow, wide)
        assert (await able(it, text="word " * 400))[0] == served


async def test_llama_cpp_tells_the_context_that_it_runs_with():
    """Its properties do; a capability that wants more does not lead there."""
    small = MockProvider("llama-cpp", name="small", models=["m.gguf"], context_length=1024)
    async with small:
        wanted = {"long": Capability("long", ("m",), min_context=2048)}
        async with gateway(over(at(small), capabilities=wanted)) as it:
            await known(small)
            (reply,) = await send(it.port, post("/v1/chat/completions", b'{"messages":[]}', "X-Capability: long"))
            assert reply.status == 400
            assert "its context is 1024 (from small's list)" in reply.json()["error"]["message"]
        assert "/props" in {entry.path for entry in small.ledger.entries}


async def test_long_answers_go_to_who_may_give_them():
    """As Groq's list says, and as the configuration does."""
    short = MockProvider("groq", name="short", models=["x"])
    long = MockProvider("openai", name="long", models=["x"])
    async with short, long, gateway(over(at(short), at(long, max_output=100_000))) as it:
        await known(short, long)
        chosen, why = await able(it, max_tokens=10_000)
        assert chosen == {"long"}
        assert why == "m@short: its answers have at most 8192 (from short's list) tokens, and 10000 are asked for"
        assert (await able(it, max_tokens=100))[0] == {"short", "long"}


@pytest.mark.parametrize("kind", ["openrouter", "together"])
async def test_an_answer_costs_what_its_service_lists(kind):
    """Nobody wrote the price down; the answer tells the dollars, and ``lowest-cost`` goes by it."""
    cheap = MockProvider(kind, name="cheap", models=["x"])
    dear = MockProvider("openai", name="dear", models=["x"])
    async with cheap, dear:
        members = at(cheap), at(dear, input_cost=1e-3, output_cost=1e-3)
        made = over(*members, strategies=Strategies("lowest-cost"), router=RouterSettings())
        async with gateway(made) as it:
            await known(cheap)
            reply = await ask(it)
            usage = reply.json()["usage"]
            dollars = usage["prompt_tokens"] * 2.5e-6 + usage["completion_tokens"] * 10e-6
            assert reply.headers["x-pointsman-provider"] == "cheap"
            assert float(reply.headers["x-pointsman-cost"]) == pytest.approx(dollars)
            told = (await ask(it, "/v1/route")).json()["steps"][-1]["reason"]
        assert told.endswith("(cheap's list)")
    assert {entry.method for entry in dear.ledger.entries} <= {"POST"}


@pytest.mark.parametrize("kind", ["tgi", "lm-studio"])
async def test_servers_that_tell_contexts_elsewhere_are_asked_there(kind):
    """A request that is longer goes to who has room for it."""
    small = MockProvider(kind, name="small", models=["x"], context_length=256)
    large = MockProvider("vllm", name="large", models=["x"])
    async with small, large, gateway(over(at(small), at(large))) as it:
        await known(small, large)
        assert (await able(it, text="word " * 400))[0] == {"large"}
        assert (await able(it))[0] == {"small", "large"}


async def test_what_is_put_into_anthropics_cache_costs_more():
    """The first request writes it there, the second one reads it."""
    async with MockProvider("anthropic", name="far", models=["claude-x"]) as far:
        prices = {"input_cost": 1e-3, "output_cost": 0.0, "cached_cost": 1e-4, "written_cost": 2e-3}
        async with gateway(over(at(far, **prices), router=RouterSettings())) as it:
            part = {"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}
            replies = [await ask(it, messages=[{"role": "user", "content": [part]}]) for _ in range(2)]
    costs = [float(reply.headers["x-pointsman-cost"]) for reply in replies]
    usages = [reply.json()["usage"] for reply in replies]
    tokens, details = usages[0]["prompt_tokens"], [usage["prompt_tokens_details"] for usage in usages]
    written = details[0]["cache_creation_tokens"]
    assert written == details[1]["cached_tokens"] > 0
    assert costs[0] == pytest.approx(tokens * 1e-3 + written * 1e-3)
    assert costs[1] == pytest.approx(tokens * 1e-3 - written * 9e-4)
