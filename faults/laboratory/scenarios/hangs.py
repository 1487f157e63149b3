"""An upstream that hangs, in every phase: nobody waits longer than configured, and somebody else takes over."""

from __future__ import annotations

from contextlib import AsyncExitStack

import msgspec

from laboratory.callers import Answer, ask, question
from laboratory.card import Finding, at_most, none
from laboratory.proxy import Act, Blackhole, FaultProxy, Point, Trouble
from laboratory.rig import crowd, deployment, leases, over, provider, received, reference
from pointsman.config.settings import RouterSettings
from support.serving import gateway

WHOLE, FIRST, IDLE = 0.6, 0.4, 0.3
"""Seconds configured: for a whole reply, for a stream's first word, for silence after it."""

OVERRUN = 0.25
AT_ONCE = 12
"""Gateways, each before an upstream that hangs: most of the time all of them wait."""

LIMITS = {"timeout": WHOLE, "first_token_timeout": FIRST, "idle_timeout": IDLE}
DRIP = Trouble(Act.DRIP, Point.HEAD, seconds=0.05)


class Phase(msgspec.Struct, frozen=True):
    """Where it hangs, and after how many seconds the gateway is to give up. ``fault``: of the provider, or before it.

    ``kind`` is the provider's. ``complete``: all was said before the silence, so there is an answer all the same.
    """

    name: str
    stream: bool
    limit: float
    fault: str | Trouble | None
    kind: str = "openai"
    complete: bool = False

    def __str__(self) -> str:
        return f"{self.name}, {'stream' if self.stream else 'unary'}"


def _both(name: str, fault: str | Trouble | None, kind: str = "openai") -> list[Phase]:
    return [Phase(name, False, WHOLE, fault, kind), Phase(name, True, FIRST, fault, kind)]


PHASES = (
    *_both("accepted, nothing read", Trouble(Act.HANG, Point.ACCEPT)),
    *_both("request swallowed", Trouble(Act.HANG, Point.REQUEST)),
    *_both("before the head", "hang"),
    *_both("reply swallowed", Trouble(Act.HANG, Point.ASKED)),
    *_both("within the head", Trouble(Act.HANG, 30)),
    *_both("after the head", "hang=head", "vllm"),
    Phase("comments only", True, FIRST, "keepalive=30", "vllm"),
    Phase("roles only", True, FIRST, "keepalive=30:variant=roles", "vllm"),
    Phase("role, then silence", True, FIRST, "hang_after=0", "vllm"),
    Phase("mid-stream", True, IDLE, "hang_after=5"),
    Phase("mid-stream, within a frame", True, IDLE, Trouble(Act.HANG, 3000)),
    Phase("mid-body", False, WHOLE, "hang_after=5"),
    Phase("body byte by byte", False, WHOLE, DRIP),
    Phase("all said, nobody hangs up", True, IDLE, "no_done:variant=open", complete=True),
    *_both("no connection", None),
)


async def alone(each: int, phases: tuple[Phase, ...] = PHASES) -> Finding:
    """One deployment, no retries: the caller is told, when it is due."""
    finding = Finding("hang in every phase, nobody else to ask")
    late: list[float] = []
    silent = held = 0
    finding.attempts = 0

    async def hangs(number: int) -> None:
        nonlocal silent, held
        phase = phases[number]
        answers, attempts, left = await _ask(phase, each, fallback=False)
        held += left
        finding.attempts = (finding.attempts or 0) + attempts
        for answer in answers:
            finding.requests += 1
            finding.lost += answer.ended == "hung"
            right = answer.whole if phase.complete else answer.failed
            silent += not right
            if not right or answer.seconds - phase.limit > OVERRUN:
                finding.say(f"{phase}: {answer.status} {answer.ended} {answer.code} {answer.seconds:.2f} s")
            late.append(answer.seconds - phase.limit)

    await crowd(len(phases), AT_ONCE, hangs)
    finding.bars = [
        none("hung", finding.lost),
        none("not told, or told wrongly", silent),
        at_most("overrun, s", OVERRUN, max(late), timed=True),
        none("leases not given back", held),
    ]
    finding.notes = f"{len(phases)} phases; overrun {max(late):.3f} s at most"
    return finding


async def with_a_fallback(each: int, phases: tuple[Phase, ...] = PHASES) -> Finding:
    """Somebody else answers, as soon as the first is given up."""
    finding = Finding("hang in every phase, with a fallback")
    late: list[float] = []
    held = 0
    finding.attempts = 0

    async def hangs(number: int) -> None:
        nonlocal held
        phase = phases[number]
        answers, attempts, left = await _ask(phase, each, fallback=True)
        held += left
        finding.attempts = (finding.attempts or 0) + attempts
        for answer in answers:
            finding.requests += 1
            if not answer.whole:
                finding.lost += 1
                finding.say(f"{phase}: {answer.status} {answer.ended} {answer.code} {answer.seconds:.2f} s")
            late.append(answer.seconds - phase.limit)

    await crowd(len(phases), AT_ONCE, hangs)
    finding.bars = [
        none("lost", finding.lost),
        at_most("overrun, s", OVERRUN, max(late), timed=True),
        none("leases not given back", held),
    ]
    finding.notes = f"overrun {max(late):.3f} s at most"
    return finding


async def _ask(phase: Phase, each: int, *, fallback: bool) -> tuple[list[Answer], int, int]:
    """Answers, attempts, and leases held at the end."""
    answers: list[Answer] = []
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(phase.kind, "bad"))
        good = await stack.enter_async_context(provider())
        text = await reference(good)
        port = mock.port
        if phase.fault is None:
            port = stack.enter_context(Blackhole()).port
        elif isinstance(phase.fault, Trouble):
            port = (await stack.enter_async_context(FaultProxy(mock.port, phase.fault))).port
        else:
            mock.faults.set(phase.fault)
        limits = {"idle_timeout": IDLE} if phase.complete else LIMITS
        members = [deployment(mock, port=port, **limits)]
        more = {"fallbacks": {"m": ("other",)}} if fallback else {}
        made = over(*members, deployment(good, "other"), router=RouterSettings(num_retries=0), **more)
        it = await stack.enter_async_context(gateway(made))

        async def one(_: int) -> None:
            answer = await ask(it.port, question(stream=phase.stream))
            if answer.whole and answer.text != text:
                answer.ended = "wrong"
            answers.append(answer)

        await crowd(each, each, one)
        return answers, received([mock, good]), leases(it)


async def one_deadline(each: int) -> Finding:
    """Two deployments and a fallback that all hang: the router's own limit holds over all of them together."""
    limit = 1.0
    finding = Finding("three that hang, one deadline over all")
    async with AsyncExitStack() as stack:
        mocks = [await stack.enter_async_context(provider(name=name, faults=["hang"])) for name in ("a", "b", "c")]
        made = over(
            deployment(mocks[0], **LIMITS),
            deployment(mocks[1], **LIMITS),
            deployment(mocks[2], "other", **LIMITS),
            fallbacks={"m": ("other",)},
            router=RouterSettings(timeout=limit),
        )
        it = await stack.enter_async_context(gateway(made))
        answers: list[Answer] = []

        async def one(number: int) -> None:
            answers.append(await ask(it.port, question(stream=number % 2 == 0)))

        await crowd(each, each, one)
        late = max(answer.seconds for answer in answers) - limit
        finding.requests, finding.attempts = each, received(mocks)
        finding.lost = sum(answer.ended == "hung" for answer in answers)
        finding.bars = [
            none("hung", finding.lost),
            none("not told", sum(not answer.failed for answer in answers)),
            at_most("overrun, s", OVERRUN, late, timed=True),
            none("leases not given back", leases(it)),
        ]
        finding.notes = f"overrun {late:.3f} s at most"
    return finding
