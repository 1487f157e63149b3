"""Answers that break off at every token: never half an answer presented as a whole one, never a word twice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import product
from typing import TYPE_CHECKING, Literal

from laboratory.callers import TOKENS, ask, question, whole_stream
from laboratory.card import Bar, Finding, Tally
from laboratory.proxy import Act, FaultProxy, Trouble
from laboratory.rig import MODEL, VOICE, Clock, deployment, over, provider, received, reference
from support.serving import gateway

if TYPE_CHECKING:
    from pointsman.testing import MockProvider

BREAKS = ("cut={}", "cut={}:variant=torn", "reset={}", "error_frame={}", "hang_after={}")
IDLE = 0.1
"""Seconds of silence after which an answer is given up. Who is given up too early is gone on with as well."""

REST = 400.0
"""Seconds: longer than a deployment ever rests."""

KINDS = ("openai", "vllm", "llama-cpp", "ollama")
"""Who breaks off: gateways at a time, one for each kind, so that waiting for hangs costs little."""

SHARED = 12
"""Tokens that a diverging fallback has in common with the deployment that breaks off."""

Fallback = Literal["alike", "twice", "continuing", "diverging", "other"]
"""It says the same; so it does, but breaks off as well, before another one; it goes on from what was said; it says
the same at first; it says something else.
"""

FALLBACKS: tuple[Fallback, ...] = ("alike", "twice", "continuing", "diverging", "other")
RESCUING = ("alike", "twice", "continuing")
LATER = 3
"""Tokens that the second one says before it breaks off too."""


def plan(number: int) -> dict[str, list[tuple[str, int]]]:
    """So many cuts: every break at every token index, over and over, each time by the next kind."""
    cuts: dict[str, list[tuple[str, int]]] = {kind: [] for kind in KINDS}
    every = list(product(BREAKS, range(1, TOKENS + 1)))
    for turn in range(number):
        around, place = divmod(turn, len(every))
        cuts[KINDS[(place + around) % len(KINDS)]].append(every[place])
    return cuts


async def play(number: int, fallback: Fallback) -> Finding:
    """The deployment asked first breaks off, and somebody is there to go on.

    The clock is put forward before each question, so that nobody rests when it is asked.
    """
    tally = Tally(f"{number} cuts mid-stream, fallback {fallback}")
    lanes = [_lane(tally, cuts, fallback, kind) for kind, cuts in plan(number).items()]
    attempts = await asyncio.gather(*lanes)
    finding = tally.finding
    finding.attempts = sum(attempts)
    finding.bars = tally.bars
    finding.notes = f"rescued {tally.rescued / number:.1%}"
    if fallback in RESCUING:
        finding.bars.append(Bar("rescued of all", "100 %", f"{tally.rescued / number:.1%}", tally.rescued == number))
    return finding


async def _lane(tally: Tally, cuts: list[tuple[str, int]], fallback: Fallback, kind: str) -> int:
    """How many attempts there were."""
    clock = Clock()
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(provider(kind, "bad"))
        second = await stack.enter_async_context(provider("openai", "second"))
        good = await stack.enter_async_context(provider("vllm", voice="two" if fallback == "other" else VOICE))
        said = other = await reference(bad)
        port = good.port
        if fallback == "diverging":
            trouble, other = await _from_token(good, said)
            port = (await stack.enter_async_context(FaultProxy(good.port, trouble))).port
        made = over(
            deployment(bad, idle_timeout=IDLE),
            deployment(second, "second", idle_timeout=IDLE),
            deployment(good, "other", port, prefill=fallback == "continuing"),
            fallbacks={"m": ("second", "other") if fallback == "twice" else ("other",)},
        )
        it = await stack.enter_async_context(gateway(made, clock))
        for spec, index in cuts:
            bad.faults.set(spec.format(index))
            second.faults.set(spec.format(index + LATER))
            clock.advance(REST)
            begun = " ".join(said.split(" ")[:index])
            texts = (said, other) if other.startswith(begun) else (said,)
            tally.honest(await ask(it.port, question(stream=True)), texts, f"{spec.format(index)} of {kind}")
        return received([bad, second, good])


async def _from_token(at: MockProvider, said: str) -> tuple[Trouble, str]:
    """One letter of the word behind the shared ones is another: the trouble that does it, and the text that results."""
    words = said.split(" ")
    raw = await whole_stream(at.port, question(stream=True, model=MODEL))
    place = raw.index(b"\r\n\r\n")
    for word in words[1 : SHARED + 1]:
        place = raw.index(f'" {word}"'.encode(), place + 1)
    at.ledger.clear()
    words[SHARED] = chr(ord(words[SHARED][0]) ^ 1) + words[SHARED][1:]
    return Trouble(Act.CORRUPT, place + 2, mask=1), " ".join(words)
