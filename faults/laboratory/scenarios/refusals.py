"""Prompts that are too long or may not be asked, refused in the words of every server: understood, whoever says it."""

from __future__ import annotations

from contextlib import AsyncExitStack

from laboratory.callers import ask, question
from laboratory.card import Finding, Tally, none
from laboratory.rig import crowd, deployment, leases, over, provider, received, reference
from pointsman.mock.dialects import REFUSALS
from support.serving import gateway

REQUEST = ("context_length", "content_filter")
"""Troubles that are the request's own."""

CASES = [(trouble, dialect) for dialect, known in REFUSALS.items() for trouble in known if trouble in REQUEST]


LANES = 4


async def turned(each: int) -> Finding:
    """With fallbacks for the cause every caller is served by those, and the same is not asked again."""
    tally = Tally("too long or filtered, with fallbacks for it")
    finding = tally.finding
    finding.attempts = 0
    again = held = 0

    async def case(number: int) -> None:
        nonlocal again, held
        trouble, dialect = CASES[number]
        async with AsyncExitStack() as stack:
            small = await stack.enter_async_context(provider(name="small"))
            big = await stack.enter_async_context(provider(name="big", models=["big"]))
            text = await reference(big)
            small.faults.set(f"says={trouble}:variant={dialect}")
            causes = {"context_fallbacks": {"m": ("other",)}, "content_fallbacks": {"m": ("other",)}}
            made = over(deployment(small), deployment(big, "other", model="big"), **causes)
            it = await stack.enter_async_context(gateway(made))
            for turn in range(each):
                tally.whole(await ask(it.port, question(stream=turn % 2 == 0)), text, f"{trouble} in {dialect}")
            again += received([small]) != each
            finding.attempts = (finding.attempts or 0) + received([small, big])
            held += leases(it)

    await crowd(len(CASES), LANES, case)
    finding.bars = [*tally.bars, none("asked again, or not asked", again), none("leases not given back", held)]
    finding.notes = f"{len(CASES)} refusals, {each} each"
    return finding


async def told(each: int) -> Finding:
    """Without such fallbacks the caller is told the cause, as a fault of the request, and nobody rests for it."""
    finding = Finding("too long or filtered, nowhere to turn", attempts=0)
    wrong = resting = 0

    async def case(number: int) -> None:
        nonlocal wrong, resting
        trouble, dialect = CASES[number]
        async with AsyncExitStack() as stack:
            faults = [f"says={trouble}:variant={dialect}"]
            small = await stack.enter_async_context(provider(name="small", faults=faults))
            it = await stack.enter_async_context(gateway(over(deployment(small))))
            answers = [await ask(it.port, question(stream=turn % 2 == 0)) for turn in range(each)]
            bad = [answer for answer in answers if answer.status not in (400, 403) or not answer.failed]
            wrong += len(bad)
            if bad:
                finding.say(f"{trouble} in {dialect}: {bad[0].status} {bad[0].code}")
            finding.requests += each
            finding.attempts = (finding.attempts or 0) + received([small])
            small.faults.clear()
            resting += not (await ask(it.port, question(stream=False))).whole

    await crowd(len(CASES), LANES, case)
    finding.bars = [
        none("not told as the request's own fault", wrong),
        none("resting for a fault that was not theirs", resting),
        none("more or fewer attempts than requests", abs((finding.attempts or 0) - finding.requests)),
    ]
    finding.notes = f"{len(CASES)} refusals, {each} each"
    return finding
