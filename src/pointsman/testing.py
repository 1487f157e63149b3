"""Public fakes: what tests of routers and gateways need instead of the world. Nothing here is imported by the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import msgspec

from pointsman.mock import FaultBook, Ledger, Options, make_site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self, Unpack


class MockOptions(TypedDict, total=False):
    """What MockProvider takes by keyword; see ``pointsman.mock.Options`` for each."""

    name: str
    models: Sequence[str]
    api_key: str | None
    latency_ms: float
    tokens_per_second: float
    faults: Sequence[str]
    seed: int
    context_length: int
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


__all__ = ["MockOptions", "MockProvider"]
