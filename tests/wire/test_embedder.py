"""Embeddings for decisions: from a server or a thread, remembered, in time, and with a reason where there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from pointsman.config.settings import EncoderSettings
from pointsman.fakes import provider
from pointsman.flow.effects import Embed, Embedded
from pointsman.model.secret import Key, Secret
from pointsman.testing import MockProvider
from pointsman.wire import embedder as module
from pointsman.wire.embedder import REMEMBERED, Embedder
from pointsman.wire.encoders import BATCH, LOADERS, EncoderFailed, Local
from pointsman.wire.perform import World

EXAMPLES = ("fire", "ice")


class Slow:
    """An encoder that answers when it is told to: lengths of texts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.go = asyncio.Event()
        self.fails = ""

    async def encode(self, texts: Sequence[str], _seconds: float, /) -> np.ndarray:
        self.asked.append(tuple(texts))
        await self.go.wait()
        if self.fails:
            raise EncoderFailed(self.fails)
        return np.array([[len(text), 1] for text in texts], np.float32)

    def close(self) -> None:
        self.go.set()


def made(encoder: Slow, timeout: float = 30.0) -> Embedder:
    return Embedder(encoder, timeout, asyncio.get_running_loop())


async def answer(embedder: Embedder | World, text: str = "hot", examples=EXAMPLES, encoder=None) -> Embedded:
    future = asyncio.get_running_loop().create_future()
    embedder.perform(Embed(encoder or EncoderSettings("http"), text, examples), future.set_result)
    return await future


async def settled() -> None:
    """Everything that can go on without us has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


# ---- what is remembered


async def test_examples_are_encoded_once_and_texts_are_remembered():
    slow = Slow()
    slow.go.set()
    embedder = made(slow)
    first, second, other = [await answer(embedder, text) for text in ("hot", "hot", "hotter")]
    assert first.vector.tolist() == second.vector.tolist() == [3, 1]
    assert first.examples.tolist() == [[4, 1], [3, 1]]
    assert other.vector.tolist() == [6, 1]
    assert slow.asked == [EXAMPLES, ("hot",), ("hotter",)]


async def test_what_is_known_is_answered_within_the_call():
    """No turn of the event loop is spent on it."""
    slow = Slow()
    slow.go.set()
    embedder = made(slow)
    await answer(embedder)
    replies = []
    assert embedder.perform(Embed(EncoderSettings("http"), "hot", EXAMPLES), replies.append) is None
    assert len(replies) == 1


async def test_memory_is_bounded_and_forgets_the_least_used():
    slow = Slow()
    slow.go.set()
    embedder = made(slow)
    await answer(embedder, "first")
    for number in range(REMEMBERED - 1):
        await answer(embedder, f"text {number}")
    await answer(embedder, "first")  # used again
    await answer(embedder, "one more")
    asked = len(slow.asked)
    await answer(embedder, "first")
    assert len(slow.asked) == asked
    await answer(embedder, "text 0")
    assert len(slow.asked) == asked + 1


async def test_new_examples_take_the_place_of_the_old():
    slow = Slow()
    slow.go.set()
    embedder = made(slow)
    await answer(embedder)
    assert (await answer(embedder, examples=("a",))).examples.tolist() == [[1, 1]]


# ---- time and failure


async def test_nobody_waits_longer_than_the_timeout():
    """Then there is no vector and a reason; and for a while nobody is asked."""
    slow = Slow()
    embedder = made(slow, 0.01)
    assert (await answer(embedder)).detail == "no answer within 0.01 s"
    asked = len(slow.asked)
    assert (await answer(embedder, "other")).detail == "no answer within 0.01 s"
    assert len(slow.asked) == asked


async def test_a_failure_is_told_and_rested_from(monkeypatch):
    """After the rest it is asked again, the examples too if they were what failed."""
    slow = Slow()
    slow.go.set()
    slow.fails = "it is down"
    embedder = made(slow)
    assert await answer(embedder) == Embedded(detail="it is down")
    assert await answer(embedder) == Embedded(detail="it is down")
    assert slow.asked == [EXAMPLES]
    slow.fails = ""
    monkeypatch.setattr(embedder, "_failed", None)
    assert (await answer(embedder)).vector.tolist() == [3, 1]
    assert slow.asked == [EXAMPLES, EXAMPLES, ("hot",)]


async def test_while_the_examples_take_long_only_the_first_ones_wait(monkeypatch):
    """A model that must be loaded holds nobody up for longer than one timeout."""
    slow = Slow()
    embedder = made(slow)
    first = asyncio.create_task(answer(embedder))
    await settled()
    monkeypatch.setattr(embedder, "_begun", embedder._begun - 30.0)
    assert (await answer(embedder)).detail.startswith("its examples are not ready after 3")
    slow.go.set()
    assert (await first).vector.tolist() == [3, 1]
    assert (await answer(embedder)).vector.tolist() == [3, 1]


async def test_a_caller_who_leaves_is_not_answered():
    slow = Slow()
    embedder = made(slow)
    replies = []
    cancel = embedder.perform(Embed(EncoderSettings("http"), "hot", EXAMPLES), replies.append)
    await settled()
    assert cancel is not None
    cancel()
    slow.go.set()
    await settled()
    assert replies == []
    assert (await answer(embedder)).vector.tolist() == [3, 1]


async def test_who_waits_when_another_configuration_takes_over_is_told():
    """A request under way is decided without."""
    slow = Slow()
    embedder = made(slow)
    waiting = asyncio.create_task(answer(embedder))
    await settled()
    embedder._preparing.cancel()
    assert (await waiting).detail == "another configuration has taken over"


# ---- an endpoint


@pytest.mark.parametrize(
    ("kind", "path"), [("openai", "/v1/embeddings"), ("vllm", "/v1/embeddings"), ("ollama", "/api/embed")]
)
async def test_an_endpoint_is_asked_in_its_own_format(kind, path):
    """OpenAI's and Ollama's; equal texts have equal vectors, and the examples come in their order."""
    examples = tuple(f"example {number}" for number in range(BATCH + 3))
    async with MockProvider(kind) as up:
        encoder = EncoderSettings("http", up.models[0], provider("embed", kind, up.base_url), 30.0)
        world = World(asyncio.get_running_loop())
        reply = await answer(world, examples[BATCH + 1], examples, encoder)
        paths = {entry.path for entry in up.ledger.entries}
        sizes = [len(entry.body["input"]) for entry in up.ledger.entries]
        world.close()
    assert reply.detail == ""
    assert np.allclose(reply.examples[BATCH + 1], reply.vector)
    assert len({tuple(row) for row in reply.examples.tolist()}) == len(examples)
    assert (paths, sizes) == ({path}, [BATCH, 3, 1])


@pytest.mark.parametrize(("fault", "reason"), [
    ("status=503", "503"),
    ("status=401", "401"),
    ("garbage", "JSON"),
    ("refuse", "refused"),
    ("reset", ""),
])  # fmt: skip
async def test_what_is_wrong_with_an_endpoint_is_told_without_its_address(fault, reason):
    async with MockProvider("openai", models=["e5"]) as up:
        up.faults.set(fault)
        world = World(asyncio.get_running_loop())
        encoder = EncoderSettings("http", "e5", provider("embed", "openai", up.base_url), 30.0)
        reply = await answer(world, encoder=encoder)
        world.close()
        port = up.base_url.rpartition(":")[2]
    assert reply.vector is None
    assert reply.detail
    assert reason in reply.detail
    assert port not in reply.detail


async def test_of_several_keys_it_stays_with_one_that_is_good():
    """One that is refused is asked with once; if all are, that is told."""
    keys = tuple(Key(Secret(f"sk-{number}"), str(number)) for number in range(3))
    async with MockProvider("openai", models=["e5"], api_keys=["sk-1"]) as up:
        world = World(asyncio.get_running_loop())
        place = provider("embed", "openai", up.base_url, api_key=keys[0].secret, keys=keys)
        encoder = EncoderSettings("http", "e5", place, 30.0)
        replies = [await answer(world, text, encoder=encoder) for text in ("hot", "cold")]
        found = [entry.key_number for entry in up.ledger.entries]
        up.faults.set("status=401")
        refused = await answer(world, "warm", encoder=encoder)
        world.close()
    assert [reply.detail for reply in replies] == ["", ""]
    assert found == [0, 1, 1, 1]
    assert (refused.vector, refused.detail) == (None, "status 401")


async def test_a_kind_without_embeddings_says_so():
    """Nobody is asked."""
    async with MockProvider("anthropic") as up:
        world = World(asyncio.get_running_loop())
        encoder = EncoderSettings("http", "claude", provider("embed", "anthropic", up.base_url), 30.0)
        reply = await answer(world, encoder=encoder)
        world.close()
        assert up.ledger.total == 0
    assert (reply.vector, reply.detail) == (None, "input: this provider makes no embeddings")


async def test_a_swap_drops_the_encoders_of_before():
    """The one that stays keeps its vectors."""
    async with MockProvider("openai", models=["e5"]) as up:
        world = World(asyncio.get_running_loop())
        kept = EncoderSettings("http", "e5", provider("embed", "openai", up.base_url), 30.0)
        await answer(world, encoder=kept)
        asked = len(up.ledger.entries)
        world.keep_only([], kept)
        await answer(world, encoder=kept)
        assert len(up.ledger.entries) == asked
        world.keep_only([], None)
        await answer(world, encoder=kept)
        assert len(up.ledger.entries) > asked
        world.close()


# ---- a model in this process


async def test_a_local_model_is_loaded_once_and_works_in_a_thread():
    loaded = []

    def load(name):
        loaded.append(name)
        return lambda texts: [[float(len(text))] for text in texts]

    local = Local(load, "tiny")
    assert (await local.encode(["a", "bb"], 1.0)).tolist() == [[1], [2]]
    assert (await local.encode(["ccc"], 1.0)).tolist() == [[3]]
    assert loaded == ["tiny"]
    local.close()


async def test_whatever_a_library_raises_is_told_by_its_kind():
    """Its text may hold anything."""

    def load(_name):
        raise OSError("/home/someone/secret")

    local = Local(load, "tiny")
    with pytest.raises(EncoderFailed, match=r"^OSError in its library$"):
        await local.encode(["a"], 1.0)
    local.close()


@pytest.mark.parametrize("kind", sorted(LOADERS))
async def test_a_package_that_is_not_installed_is_told(kind, monkeypatch):
    """The request goes on without it."""

    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("importlib.import_module", missing)
    world = World(asyncio.get_running_loop())
    reply = await answer(world, encoder=EncoderSettings(kind, "tiny"))
    world.close()
    assert reply.detail == f"{kind.replace('-', '_')} is not installed"


def test_the_times_are_told_in_seconds():
    assert (module.REST, module.PREPARATION) == (5.0, 120.0)
