"""A gateway over a simulated provider, and a client in a program of its own that is pointed at it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from pointsman.config.settings import RouterSettings, ServerSettings
from pointsman.fakes import settings
from pointsman.model.secret import Secret
from pointsman.testing import MockProvider
from support.fleet import member
from support.programs import Program
from support.serving import Serving, gateway

COOL = "claude-haiku-4-5"
"""A model that takes a temperature, which LlamaIndex always sends."""

KEY = "sk-a-long-and-random-one"


class House:
    """What a client is told to do, it does at this gateway; ``mock`` is what is behind."""

    def __init__(self, program: Program, url: str, mock: MockProvider) -> None:
        self._program = program
        self.url = url
        self.mock = mock

    async def do(self, deed: str, **told: object) -> object:
        """With the right key and a simple question, unless told otherwise."""
        usual = {"url": self.url, "key": KEY, "model": "m", "text": "Say something"}
        return await self._program.do(deed, **{**usual, **told})


@asynccontextmanager
async def house_of(program: Program, kind: str, model_name: str = "m", **more: object):
    """A gateway with a key over one simulated provider, whose failures are told at once."""
    if kind == "anthropic":
        more.setdefault("models", [COOL])
    router, server = RouterSettings(num_retries=0), ServerSettings(master_key=Secret(KEY))
    async with MockProvider(kind, name="one", **more) as mock:
        async with gateway(settings(member(mock, model_name), router=router, server=server)) as it:
            try:
                yield House(program, it.url, mock)
            finally:
                await cut(it)


async def cut(serving: Serving) -> None:
    """End a gateway whose clients keep their connections, and make new ones: it would give each some time."""
    serving.server.should_exit = True
    while not serving.running.done():
        for connection in list(serving.server.server_state.connections):
            connection.transport.abort()
        await asyncio.wait({serving.running}, timeout=0.005)
