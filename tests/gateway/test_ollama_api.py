"""What Ollama's clients ask besides answers: models, what they can, what is in memory, and whether anybody is there."""

from __future__ import annotations

import json

import ollama
import pytest

from pointsman.config.settings import RouterSettings, ServerSettings, WarmSettings
from pointsman.fakes import provider, settings
from pointsman.gateway.ollama_api import ALWAYS, MANAGED, NEVER, RELEASE
from pointsman.model.deployment import Deployment
from pointsman.model.secret import Secret
from pointsman.testing import MockProvider
from support.fleet import over
from support.serving import gateway, post, send

KEY = "sk-a-long-and-random-one"


def at(name, **more):
    return Deployment(f"{name}@{more.get('model', name)}", name, provider(), **{"model": name, **more})


def client(it, **more):
    return ollama.AsyncClient(host=it.url, timeout=20, **more)


async def get(it, path, *headers):
    lines = [f"GET {path} HTTP/1.1", "host: localhost", *headers, "", ""]
    return (await send(it.port, "\r\n".join(lines).encode()))[0]


async def test_models_are_listed_as_ollama_lists_its_own():
    """Names and sizes; digests are whole, since clients cut them, and another where somebody else serves the name."""
    first = settings(at("a", size=7.5), at("b:13b"), aliases={"c": "a"})
    async with gateway(first) as it, client(it) as ai:
        told = {model.model: model for model in (await ai.list()).models}
        again = {model.model: model for model in (await ai.list()).models}
        raw = (await get(it, "/api/tags")).json()["models"]
    async with gateway(settings(at("a", model="other"))) as it, client(it) as ai:
        [other] = (await ai.list()).models
    assert list(told) == ["a", "b:13b", "c"]
    assert [model.details.parameter_size for model in told.values()] == ["7.5B", "13B", "7.5B"]
    assert told == again
    assert len({model.digest for model in (*told.values(), other)}) == 4
    assert all(len(model.digest) == 64 for model in told.values())
    assert {(card["modified_at"], card["size"], card["name"] == card["model"]) for card in raw} == {(NEVER, 0, True)}


async def test_what_a_model_can_is_told_as_far_as_it_is_known():
    """Tools unless it is known to take none, images if it is known to."""
    known = at("a", size=7.0, context=9000, vision=True, info={"supports_reasoning": True})
    pool = (known, at("a", model="second", context=4096), at("b", tools=False), at("e", info={"mode": "embedding"}))
    async with gateway(settings(*pool)) as it, client(it) as ai:
        a, b, e = [await ai.show(name) for name in "abe"]
        assert await ai.show("a:latest") == a
    assert a.capabilities == ["completion", "tools", "vision", "thinking"]
    assert (b.capabilities, e.capabilities) == (["completion"], ["embedding"])
    assert a.modelinfo == {
        "general.architecture": "pointsman",
        "general.basename": "a",
        "general.parameter_count": 7_000_000_000,
        "pointsman.context_length": 9000,
    }
    assert b.modelinfo == {"general.architecture": "pointsman", "general.basename": "b"}
    assert (a.details.parameter_size, b.details.parameter_size, a.template) == ("7B", "", "")


async def test_a_name_that_nobody_serves_is_not_found():
    """As Ollama says it; where somebody takes any name, every name is found."""
    async with gateway(settings(at("a"))) as it, client(it) as ai:
        with pytest.raises(ollama.ResponseError, match="'nobody' not found") as raised:
            await ai.show("nobody")
        replies = [(await send(it.port, post("/api/show", body)))[0] for body in (b"{}", b"[]", b"{", b'{"model":1}')]
        large = (await send(it.port, post("/api/show", json.dumps({"model": "a" * 70_000}).encode())))[0]
        assert (await send(it.port, post("/api/show", b'{"name":"a"}')))[0].status == 200
    assert raised.value.status_code == 404
    assert ([reply.status for reply in replies], large.status) == ([400] * 4, 413)
    assert all(isinstance(reply.error, str) for reply in (*replies, large))
    open_one = Deployment("up", "*", provider(), model=None)
    async with gateway(settings(open_one, default_provider="up")) as it, client(it) as ai:
        assert (await ai.show("anything:7b")).details.parameter_size == "7B"


async def test_what_is_in_memory_is_what_servers_say():
    """A model that answered just now is; nothing is said of one of which nobody knows."""
    async with MockProvider("ollama", name="one", models=["llama3"]) as mock:
        made = over(mock, warm=WarmSettings(), router=RouterSettings(num_retries=0))
        async with gateway(made) as it, client(it) as ai:
            before = (await ai.ps()).models
            await ai.generate("m", "hello")
            [told] = (await get(it, "/api/ps")).json()["models"]
            [running] = (await ai.ps()).models
    assert before == []
    assert (running.model, told["expires_at"], told["size_vram"]) == ("m", ALWAYS, 0)


async def test_somebody_is_there():
    """For clients in Ollama's words, for people with the page."""
    async with gateway(settings(at("a"))) as it, client(it) as ai:
        said, knock = await get(it, "/"), await ai._client.head("/")
        page = await get(it, "/", "accept: text/html,application/xhtml+xml")
        version = (await get(it, "/api/version")).json()
    assert (said.status, said.body) == (200, b"Ollama is running")
    assert knock.status_code == 200
    assert (page.status, page.headers["location"]) == (307, "/ui")
    assert version == {"version": RELEASE}


async def test_models_are_changed_where_they_are():
    """Whatever is asked; the package says so as it says any error."""
    async with gateway(settings(at("a"))) as it, client(it) as ai:
        for path, methods in MANAGED.items():
            for method in methods:
                reply = await ai._client.request(method, path.replace("{digest}", "sha256:0"), json={"model": "a"})
                assert reply.status_code == 501
                assert method == "HEAD" or "does not manage them" in reply.json()["error"]
        with pytest.raises(ollama.ResponseError, match="does not manage them") as raised:
            await ai.pull("a")
    assert raised.value.status_code == 501


async def test_a_key_is_asked_for_and_taken():
    """Everywhere but at the door."""
    guarded = settings(at("a"), server=ServerSettings(master_key=Secret(KEY)))
    async with gateway(guarded) as it:
        paths = ["/api/tags", "/api/ps", "/api/version", "/"]
        assert [(await get(it, path)).status for path in paths] == [401, 401, 401, 200]
        async with client(it, headers={"Authorization": f"Bearer {KEY}"}) as ai:
            assert len((await ai.list()).models) == 1
        async with client(it) as ai:
            with pytest.raises(ollama.ResponseError, match="key"):
                await ai.show("a")
