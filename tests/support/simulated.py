"""The examples at work on simulated providers, and questions to them over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from pointsman.config.load import load_or_raise
from pointsman.config.settings import Settings
from pointsman.testing import MockProvider, Simulation
from support.serving import Reply, post, send

EXAMPLES = Path(__file__).parents[2] / "examples"

Ask = dict[str, Any]


SHOW = "/api/show"
"""Where Ollama is asked about a model, which is no inference."""


class Desk:
    """Whoever asks a running example. ``headers`` go with every question."""

    def __init__(self, it: Simulation, headers: Sequence[str] = ()) -> None:
        self.it = it
        self.headers = tuple(headers)

    def __getitem__(self, provider: str) -> MockProvider:
        """The simulated provider of this name."""
        return self.it.providers[provider]

    @property
    def asked(self) -> dict[str, int]:
        """How many inference requests each provider was sent."""
        counts = {name: len(self.received(name)) for name in self.it.providers}
        return {name: count for name, count in counts.items() if count}

    def received(self, provider: str) -> list[Ask]:
        """The bodies of the inference requests that a provider was sent."""
        asked = (entry for entry in self[provider].ledger.entries if entry.method == "POST" and entry.path != SHOW)
        return [entry.body for entry in asked if entry.model]

    async def post(self, path: str, body: Ask, *headers: str) -> Reply:
        raw = post(path, msgspec.json.encode(body), *self.headers, *headers)
        return (await send(self.it.port, raw))[0]

    async def chat(self, model: str | None = None, *headers: str, text: str = "Hi", **more: Any) -> Reply:
        """A chat question of one user turn; without a model, content decides."""
        named = {} if model is None else {"model": model}
        said = {"max_tokens": 8, "messages": [{"role": "user", "content": text}]}
        return await self.post("/v1/chat/completions", {**named, **said, **more}, *headers)

    async def embed(self, model: str, task: str | None = None, *headers: str, **more: Any) -> Reply:
        told = {} if task is None else {"task": task}
        return await self.post("/v1/embeddings", {"model": model, "input": ["test query"], **told, **more}, *headers)

    async def route(self, body: Ask, *headers: str, verbose: bool = False) -> Reply:
        """The dry run. A body without content says hello."""
        content = (
            {} if {"messages", "input", "prompt"} & body.keys() else {"messages": [{"role": "user", "content": "Hi"}]}
        )
        return await self.post(f"/v1/route{'?verbose=1' if verbose else ''}", {**content, **body}, *headers)

    async def get(self, path: str, *headers: str) -> Reply:
        lines = [f"GET {path} HTTP/1.1", "host: localhost", *self.headers, *headers, "", ""]
        return (await send(self.it.port, "\r\n".join(lines).encode()))[0]

    async def metric(self, name: str) -> dict[str, float]:
        """The samples of a metric, by what stands between its braces."""
        text = (await self.get("/metrics")).body.decode()
        lines = [line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] == name]
        pairs = [line.removeprefix(name).rpartition(" ") for line in lines]
        return {labels.strip("{}"): float(value) for labels, _, value in pairs}


def example(*paths: str) -> Settings:
    """An example's configuration, by its path below ``examples/``."""
    return load_or_raise([EXAMPLES / path for path in paths], environ={})


@asynccontextmanager
async def at_work(settings: Settings, *headers: str, **more: Any) -> AsyncIterator[Desk]:
    """A configuration on simulated providers. ``more`` is what Simulation takes."""
    async with Simulation(settings, **more) as it:
        yield Desk(it, headers)


def who(reply: Reply) -> str:
    """Which provider answered."""
    assert reply.status == 200, reply.body
    return reply.headers["x-pointsman-provider"]


def reasons(reply: Reply) -> dict[str, str]:
    """What each stage of a dry run said."""
    assert reply.status == 200, reply.body
    return {step["stage"]: step["reason"] for step in reply.json()["steps"]}
