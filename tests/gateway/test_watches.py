"""First requests through a running gateway: servers are watched beside the traffic, never within a request."""

from __future__ import annotations

import io

import msgspec
import pytest

from pointsman.config.settings import WarmSettings
from pointsman.fakes import deployment, provider, request, settings
from pointsman.flow.effects import Effect
from pointsman.gateway.watches import Watches
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import over
from support.probing import asked_twice
from support.serving import gateway, post, send

OFTEN = WarmSettings(timeout=5.0, every=0.01)
MODEL = "llama3.2:latest"
ASKED = {"ollama": "/api/ps", "vllm": "/v1/models", "llama-cpp": "/v1/health"}


async def watched(*mocks: MockProvider) -> None:
    """Until the first answer of each from now on was heard."""
    for mock in mocks:
        await asked_twice(mock, ASKED[mock.kind])


async def load(mock: MockProvider) -> None:
    """Somebody else uses the model, so Ollama has it in memory."""
    await send(mock.port, post("/api/generate", msgspec.json.encode({"model": MODEL, "prompt": "hi", "stream": False})))


def candidates(it) -> tuple[set[str], str]:
    """Among whom the strategy would pick now, and what the warm stage said."""
    decision = it.runtime.decide(request())
    (said,) = [step.reason for step in decision.steps if step.stage == "warm"]
    return {d.id for d in decision.pool}, said


async def test_a_first_request_goes_where_the_model_is_loaded():
    """Of three Ollama servers the one that has it; afterwards all three have their share again."""
    names = ("one", "two", "three")
    one, two, three = (MockProvider("ollama", name=name, models=[MODEL]) for name in names)
    async with one, two, three:
        await load(two)
        async with gateway(over(one, two, three, warm=OFTEN)) as it:
            await watched(one, two, three)
            assert candidates(it) == ({"m@two"}, "first request, warm: m@two")
            (reply,) = await send(it.port, ask())
            assert (reply.status, reply.headers["x-pointsman-deployment"]) == (200, "m@two")
            everybody = {"m@one", "m@two", "m@three"}
            assert candidates(it) == (everybody, "no first request: m@two has delivered of late")


@pytest.mark.parametrize("kind", ["vllm", "llama-cpp"])
async def test_a_server_that_is_up_has_its_model_loaded(kind):
    """And is preferred to an Ollama that would have to load it."""
    async with MockProvider("ollama", name="cold") as cold, MockProvider(kind, name="up") as up:
        async with gateway(over(cold, up, warm=OFTEN)) as it:
            await watched(cold, up)
            assert candidates(it) == ({"m@up"}, "first request, warm: m@up")


async def test_a_server_that_does_not_answer_holds_nobody_up():
    """The check hangs; requests are served at once, by whoever the strategy picks."""
    hung, other = MockProvider("ollama", name="hung"), MockProvider("ollama", name="other")
    async with hung, other:
        hung.faults.set("hang:path=/api/ps")
        other.faults.set("hang:path=/api/ps")
        async with gateway(over(hung, other, warm=WarmSettings(timeout=3600.0))) as it:
            for mock in (hung, other):
                await mock.ledger.wait_for(lambda entry: entry.path == "/api/ps")
            assert candidates(it) == ({"m@hung", "m@other"}, "first request: nobody is known to be warm")
            (reply,) = await send(it.port, ask())
            assert reply.status == 200


async def test_without_the_section_nobody_is_asked():
    """Checks cost something; who has not asked for them does not pay."""
    async with MockProvider("ollama", name="a") as a, MockProvider("ollama", name="b") as b:
        async with gateway(over(a, b)) as it:
            await send(it.port, ask())
            assert {entry.method for mock in (a, b) for entry in mock.ledger.entries} == {"POST"}
            it.runtime.swap(over(a, b, warm=OFTEN))
            await watched(a, b)


class Outside:
    """A world where nobody ever answers. ``waiting`` are the effects that somebody waits for."""

    def __init__(self) -> None:
        self.waiting: list[Effect] = []

    def perform(self, effect, resume):
        self.waiting.append(effect)
        return lambda: self.waiting.remove(effect)


def watched_places(outside: Outside) -> list[str]:
    return sorted(effect.provider.name for effect in outside.waiting)


def place(name: str, kind: str):
    return deployment(name, at=provider(name, kind))


def test_every_topology_has_its_own_watches_and_the_last_one_none_when_it_is_over():
    """One a server that can be asked, however many deployments it has; those of before are cancelled."""
    old = settings(place("a", "ollama"), place("b", "vllm"), place("c", "openai"), warm=WarmSettings())
    runtime, outside = Runtime(old), Outside()
    watches = Watches(runtime, outside)
    assert watched_places(outside) == ["a", "b"]
    a = provider("a", "ollama")
    runtime.swap(settings(deployment("one", at=a), deployment("two", at=a), warm=WarmSettings()))
    assert watched_places(outside) == ["a"]
    runtime.swap(settings(*old.deployments))
    assert watched_places(outside) == []
    runtime.swap(old)
    watches.close()
    assert watched_places(outside) == []


def test_a_watch_that_breaks_says_so_and_harms_nobody():
    """A bug of ours is a line in the log; the other watches go on."""

    class Broken(Outside):
        def perform(self, effect, resume):
            if effect.provider.name == "a":
                raise RuntimeError("no such thing")
            return super().perform(effect, resume)

    outside, out = Broken(), io.StringIO()
    log.configure("error", out)
    Watches(Runtime(settings(place("a", "ollama"), place("b", "ollama"), warm=WarmSettings())), outside)
    log.configure("info")
    assert watched_places(outside) == ["b"]
    (line,) = out.getvalue().splitlines()
    assert msgspec.json.decode(line)["event"] == "watch_ended"
