"""Changes while callers are served: a new configuration again and again, and the end of the process."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from laboratory.callers import ask, question
from laboratory.card import Bar, Finding, Tally, at_most, none
from laboratory.rig import leases, provider, received, reference
from pointsman.config.files import Files
from support.process import serving
from support.serving import gateway, post, send

if TYPE_CHECKING:
    from pointsman.testing import MockProvider

CALLERS = 8
PACE = 8.0
"""Tokens a second of a live stream: it takes three seconds."""


def written(*mocks: MockProvider, weight: int = 1, more: str = "") -> str:
    """A configuration with one group ``m`` over these."""
    places = "".join(f"  {mock.name}: {{ kind: vllm, base_url: '{mock.base_url}' }}\n" for mock in mocks)
    entry = "- {{ model_name: m, litellm_params: {{ model: {name}/m, weight: {weight} }} }}\n"
    members = "".join(entry.format(name=mock.name, weight=weight) for mock in mocks)
    return f"providers:\n{places}model_list:\n{members}{more}"


async def reloads(number: int) -> Finding:
    """Deployments and providers come and go, weights change, every fourth file is broken, under load."""
    tally = Tally(f"{number} reloads under load")
    results: list[int] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pointsman-faults-")))
        path = folder / "pointsman.yaml"
        a, b, c = [await stack.enter_async_context(provider("vllm", name, tokens_per_second=2000.0)) for name in "abc"]
        text = await reference(a)
        texts = [written(a, b), written(b, c, weight=3), written(c), written(a, b, c)[:-20]]
        path.write_text(texts[0])
        files = Files([path], {})
        it = await stack.enter_async_context(gateway(files.read().settings, files=files))

        async def change() -> None:
            for turn in range(number):
                while tally.finding.requests < turn * 2:  # noqa: ASYNC110 - callers count, they don't signal
                    await asyncio.sleep(0.001)
                path.write_text(texts[turn % len(texts)])
                results.append((await send(it.port, post("/config/reload", b"")))[0].status)

        async def call() -> None:
            while not changing.done():
                stream = tally.finding.requests % 2 == 0
                tally.whole(await ask(it.port, question(stream=stream)), text, "stream" if stream else "unary")

        changing = asyncio.create_task(change())
        await asyncio.gather(changing, *[call() for _ in range(CALLERS)])
        finding = tally.finding
        finding.attempts = received([a, b, c])
        broken = sum(status != 200 for status in results)
        finding.bars = [
            *tally.bars,
            Bar("broken files refused", str(number // 4), str(broken), broken == number // 4),
            none("leases not given back", leases(it)),
        ]
    return finding


async def sigterm(streams: int) -> Finding:
    """A process with live streams is told to end: it finishes them first."""
    tally = Tally(f"SIGTERM with {streams} live streams")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pointsman-faults-")))
        path = folder / "pointsman.yaml"
        mock = await stack.enter_async_context(provider("vllm", "up", tokens_per_second=PACE))
        text = await reference(mock)
        path.write_text(written(mock))
        it = await stack.enter_async_context(serving(path))
        answers = [asyncio.create_task(ask(it.port, question(stream=True))) for _ in range(streams)]
        await mock.ledger.wait_for(lambda _: len(mock.ledger.find(lambda entry: entry.tokens_sent > 0)) == streams)
        live = mock.ledger.in_flight
        it.signal(signal.SIGTERM)
        for answer in await asyncio.gather(*answers):
            tally.whole(answer, text)
        code = await it.ended()
        finding = tally.finding
        finding.attempts = received([mock])
        finding.bars = [
            *tally.bars,
            Bar("live when told", str(streams), str(live), live == streams),
            at_most("exit code", 0, code),
        ]
    return finding
