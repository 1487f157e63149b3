"""Public fakes: what tests of routers and gateways need instead of the world. Nothing here is imported by the core."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from time import monotonic
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import msgspec

from pointsman.gateway.server import bind, server_for
from pointsman.mock import FaultBook, Ledger, Options, make_site
from pointsman.mock.services.table import SERVICES as _SERVICES
from pointsman.model.aws import Aws, Pair
from pointsman.model.secret import Secret
from pointsman.providers.profiles import PROFILES as _PROFILES
from pointsman.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from pointsman.config.settings import Settings
    from pointsman.model.deployment import Deployment, Provider
    from pointsman.model.view import Clock


class MockOptions(TypedDict, total=False):
    """What MockProvider takes by keyword; see ``pointsman.mock.Options`` for each."""

    name: str
    voice: str
    models: Sequence[str]
    api_key: str | None
    api_keys: Sequence[str]
    latency_ms: float
    tokens_per_second: float
    faults: Sequence[str]
    seed: int
    context_length: int
    parameters: float
    embedding_size: int
    load_ms: float
    strict: bool
    ledger_size: int


class MockProvider:
    """One simulated provider on this process's event loop, on a free port of 127.0.0.1.

    ``async with MockProvider("vllm", name="a") as provider``: ``base_url`` has no ``/v1``; ``ledger`` tells what it
    received, ``faults.set("status=503")`` changes how it behaves; ``kill()`` is a crash, ``start()`` after it brings
    the provider back on the same port.
    """

    def __init__(self, kind: str = "openai", **options: Unpack[MockOptions]) -> None:
        self.kind = kind
        self._site = make_site(kind, msgspec.convert(options, Options))

    def __repr__(self) -> str:
        return f"MockProvider({self.kind} {self.name}, {self.ledger!r}, {self.faults!r})"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        await self._site.start()

    def kill(self) -> None:
        """The process is gone: connections are reset, the port refuses. Returns at once."""
        self._site.kill()

    async def close(self) -> None:
        """Kill, and wait until every connection has ended."""
        await self._site.close()

    @property
    def name(self) -> str:
        return self._site.options.name

    @property
    def models(self) -> tuple[str, ...]:
        return self._site.options.models

    @property
    def port(self) -> int:
        return self._site.port

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ledger(self) -> Ledger:
        return self._site.ledger

    @property
    def faults(self) -> FaultBook:
        return self._site.faults

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._site.connections)


_KINDS = {
    "ollama": "ollama",
    "vllm": "vllm",
    "llama_cpp_python": "llama-cpp",
    "llama_cpp_native": "llama-cpp",
    "anthropic": "anthropic",
    "triton": "triton",
    "bedrock": "bedrock",
    "azure": "azure",
    "azure_ai": "azure",
    "together_ai": "together",
    "lm_studio": "lm-studio",
    "tensorrt_llm": "tensorrt-llm",
    **{kind: kind for kind in _SERVICES},
}
"""The simulated kind for a provider's; any other speaks as OpenAI does."""

_WITH_PATH = {"azure", *_SERVICES}
"""Simulated kinds that are asked below the path that the provider's base URL has."""


class Simulation:
    """A configuration at work without the world: the gateway on loopback, and in the place of each provider of the
    configuration a simulated one of its kind, which serves every model and takes the provider's own keys.

    ``async with Simulation(settings) as it``: ``it.url`` is where to ask, ``it.providers["vllm"]`` the MockProvider
    that stands for the provider of that name, ``it.runtime`` the router at work. ``clock`` and ``dice`` are the
    runtime's; ``options`` are every simulated provider's. Raises ConfigurationError if the port is taken.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        port: int = 0,
        clock: Clock = monotonic,
        dice: random.Random | None = None,
        **options: Unpack[MockOptions],
    ) -> None:
        self.providers = {name: _stand_in(place, options) for name, place in _places(settings).items()}
        self.port = port
        self.runtime: Runtime
        self._settings = settings
        self._clock = clock
        self._dice = dice
        self._stack = AsyncExitStack()

    def __repr__(self) -> str:
        return f"Simulation(port {self.port}, {', '.join(self.providers)})"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for mock in self.providers.values():
                await stack.enter_async_context(mock)
            self.runtime = Runtime(self._simulated(), clock=self._clock, dice=self._dice)
            listener = stack.enter_context(bind("127.0.0.1", self.port))
            self.port = listener.getsockname()[1]
            ready = asyncio.Event()
            self._server = server_for(self.runtime, "127.0.0.1", self.port, ready.set)
            self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
            stack.push_async_callback(self._stop)
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({self._serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def ended(self) -> None:
        """Wait until the gateway has ended: SIGINT and SIGTERM end it."""
        await asyncio.wait({self._serving})

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving

    def _simulated(self) -> Settings:
        """The configuration with the simulated providers' addresses."""
        settings, semantic = self._settings, self._settings.semantic
        if semantic is not None and semantic.encoder.provider is not None:
            encoder = msgspec.structs.replace(semantic.encoder, provider=self._moved(semantic.encoder.provider))
            semantic = msgspec.structs.replace(semantic, encoder=encoder)
        return msgspec.structs.replace(
            settings,
            deployments=tuple(
                msgspec.structs.replace(d, provider=self._moved(d.provider)) for d in settings.deployments
            ),
            providers={name: self._moved(place) for name, place in settings.providers.items()},
            semantic=semantic,
        )

    def _moved(self, place: Provider) -> Provider:
        mock = self.providers[place.name]
        url = mock.base_url + (urlsplit(place.base_url).path if mock.kind in _WITH_PATH else "")
        moved: Provider = msgspec.structs.replace(place, base_url=url, aws=_simulated(place.aws))
        return moved


def _places(settings: Settings) -> dict[str, tuple[Provider, Iterable[Deployment]]]:
    """Every provider that a request may be sent to, with the deployments that it has."""
    places = {d.provider.name: d.provider for d in settings.deployments} | settings.providers
    encoder = settings.semantic.encoder.provider if settings.semantic is not None else None
    if encoder is not None:
        places.setdefault(encoder.name, encoder)
    return {name: (at, [d for d in settings.deployments if d.provider.name == name]) for name, at in places.items()}


def _simulated(aws: Aws | None) -> Aws | None:
    """Who asks AWS, with keys in the place of those that only the world could tell."""
    if aws is None or aws.pair is not None:
        return aws
    return Aws(aws.region, Pair(Secret("simulated-id"), Secret("simulated-secret")))


def _stand_in(place: tuple[Provider, Iterable[Deployment]], options: MockOptions) -> MockProvider:
    at, deployments = place
    models = dict.fromkeys(d.model for d in deployments if d.model is not None)
    aws = _simulated(at.aws)
    keys = [secret.reveal() for secret in (at if aws is None else aws).secrets]
    if aws is not None:
        keys = [":".join(keys)]
    own: MockOptions = {"name": at.name, "models": [*models, "*"], "api_keys": keys, **options}
    return MockProvider(_KINDS.get(at.kind, "openai" if _PROFILES[at.kind].plain else "compatible"), **own)


__all__ = ["MockOptions", "MockProvider", "Simulation"]
