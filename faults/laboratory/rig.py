"""A gateway over what the laboratory put in its way, on a clock that can be put forward."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from laboratory.callers import TOKENS, ask, question
from pointsman.config.settings import Strategies
from pointsman.fakes import settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.testing import MockProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from pointsman.config.settings import Settings
    from support.serving import Serving

MODEL = "m"
VOICE = "one"
"""Providers of one voice say the same, as replicas of one model do at temperature 0."""

IN_TURNS = Strategies("round_robin")
"""Everybody who is fit is asked, however the dice fall."""


class Clock:
    """Real time that can be put forward. Seconds."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


def provider(kind: str = "openai", name: str = "good", **more: Any) -> MockProvider:
    """A simulated provider of the model; of the common voice unless told otherwise."""
    more.setdefault("voice", VOICE)
    more.setdefault("models", [MODEL])
    return MockProvider(kind, name=name, ledger_size=20_000, **more)


DIALECTS = {"openai": "openai", "vllm": "vllm", "llama-cpp": "llama_cpp_native", "ollama": "ollama"}


def deployment(at: MockProvider, group: str = "m", port: int | None = None, **more: Any) -> Deployment:
    """A deployment at a provider, through a proxy's port if one is given."""
    more.setdefault("model", MODEL)
    url = f"http://127.0.0.1:{port or at.port}" + ("" if at.kind == "ollama" else "/v1")
    return Deployment(f"{group}@{at.name}", group, Provider(at.name, DIALECTS[at.kind], url), **more)


def over(*deployments: Deployment, **more: Any) -> Settings:
    more.setdefault("strategies", IN_TURNS)
    return settings(*deployments, **more)


@contextmanager
def mishaps() -> Iterator[list[str]]:
    """What went wrong in callbacks of this event loop meanwhile: nobody else would hear of it."""
    loop, heard = asyncio.get_running_loop(), []

    def hear(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        heard.append(f"{context.get('message')}: {context.get('exception')!r}")

    before = loop.get_exception_handler()
    loop.set_exception_handler(hear)
    try:
        yield heard
    finally:
        loop.set_exception_handler(before)


def leases(it: Serving) -> int:
    """Requests that the gateway takes for being in flight."""
    return sum(record.in_flight for record in it.runtime.board.records().values())


async def reference(at: MockProvider, tokens: int = TOKENS) -> str:
    """What a provider says to the usual question when nothing is wrong."""
    faults = [str(fault) for fault in at.faults]
    at.faults.clear()
    answer = await ask(at.port, question(stream=False, model=at.models[0], max_tokens=tokens))
    at.faults.set(*faults)
    at.ledger.clear()
    if not answer.whole:
        raise RuntimeError(f"a simulated provider is unwell: {answer.status} {answer.ended}")
    return answer.text


async def crowd(number: int, at_once: int, one: Callable[[int], Awaitable[None]]) -> None:
    """So many visits, so many at a time."""
    numbers = iter(range(number))

    async def visitor() -> None:
        for each in numbers:
            await one(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(number, at_once)):
            group.create_task(visitor())


async def paced(seconds: float, rate: float, one: Callable[[int], Awaitable[None]]) -> int:
    """``rate`` visits a second, each begun when it is due, whatever became of the others. How many they were."""
    loop = asyncio.get_running_loop()
    begun, number = loop.time(), int(seconds * rate)
    async with asyncio.TaskGroup() as group:
        for each in range(number):
            due = begun + each / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(each))
    return number


def received(providers: Iterable[MockProvider]) -> int:
    """Inference requests that reached them."""
    return sum(len(at.ledger.find(lambda entry: entry.method == "POST")) for at in providers)
