"""Connections that end, or carry other bytes, after every few bytes of a reply: never a part presented as the whole."""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import cycle
from typing import TYPE_CHECKING

from laboratory.callers import ask, question
from laboratory.card import Finding, Tally, none
from laboratory.proxy import Act, FaultProxy, Trouble
from laboratory.rig import Clock, deployment, leases, over, provider, reference
from pointsman.config.settings import RouterSettings
from support.serving import gateway

if TYPE_CHECKING:
    from pointsman.testing import MockProvider

REST = 400.0
ENDS = (Act.CLOSE, Act.RESET, Act.HALF_CLOSE)
TOKENS = 8
KINDS = ("openai", "vllm", "ollama")
MASKS = (0xFF, 0x01, 0x20, 0x5C)
"""What the bits of other bytes are: no UTF-8, another letter, another case, and quotes and backslashes now and then."""


async def ending(step: int, kinds: tuple[str, ...] = KINDS) -> Finding:
    """Nobody else to ask: every caller is told, or has the whole answer."""
    tally = Tally(f"the connection ends after every {step} bytes")
    held = 0
    for kind in kinds:
        for stream in (False, True):
            held += await _every(tally, kind, step, stream=stream, acts=ENDS)
    tally.finding.bars = [*tally.bars, none("leases not given back", held)]
    tally.finding.notes = f"{tally.rescued} were whole by then"
    return tally.finding


async def corrupting(step: int, kinds: tuple[str, ...] = KINDS) -> Finding:
    """Other bytes may make other words, which nobody can know; they may not break the gateway."""
    tally = Tally(f"three bytes are others after every {step} bytes")
    held = 0
    for kind in kinds:
        for stream in (False, True):
            held += await _every(tally, kind, step, stream=stream, acts=(Act.CORRUPT,))
    finding = tally.finding
    finding.bars = [
        none("callers without an answer or an error", tally.hung),
        none("errors within the gateway", tally.internal),
        none("answers that nobody can read, with status 200", tally.unreadable),
        none("leases not given back", held),
    ]
    finding.lost = finding.wrong = 0
    finding.notes = f"{tally.rescued} of {finding.requests} were whole all the same"
    return finding


async def _every(tally: Tally, kind: str, step: int, *, stream: bool, acts: tuple[Act, ...]) -> int:
    """Leases held at the end."""
    clock, turn, masks = Clock(), cycle(acts), cycle(MASKS)
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(kind, "up"))
        text = await reference(mock, TOKENS)
        proxy = await stack.enter_async_context(FaultProxy(mock.port))
        made = over(
            deployment(mock, port=proxy.port, timeout=2.0, idle_timeout=0.3), router=RouterSettings(num_retries=0)
        )
        it = await stack.enter_async_context(gateway(made, clock))
        size = await _size(it.port, mock, stream=stream)
        for at in range(0, size, step):
            trouble = Trouble(next(turn), at, size=3, mask=next(masks))
            proxy.set(trouble)
            clock.advance(REST)
            answer = await ask(it.port, question(stream=stream, max_tokens=TOKENS))
            tally.honest(answer, (text,), f"{trouble}, {kind}, {'stream' if stream else 'unary'}")
        return leases(it)


async def _size(port: int, mock: MockProvider, *, stream: bool) -> int:
    """Bytes of a reply from upstream when nothing is wrong."""
    answer = await ask(port, question(stream=stream, max_tokens=TOKENS))
    if not answer.whole:
        raise RuntimeError(f"a simulated provider is unwell: {answer.status} {answer.ended}")
    return mock.ledger.last.bytes_sent
