"""One file per scenario; each plays itself at the size it is told and returns what it found. ``table`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from laboratory.scenarios import (
    broken_bytes,
    changes,
    cuts,
    everything,
    hangs,
    herd,
    leaving,
    outage,
    overload,
    refusals,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from laboratory.card import Finding

    Play = Callable[[bool], Awaitable[list[Finding]]]


class Scenario(msgspec.Struct, frozen=True):
    """``play`` is told whether to be quick."""

    name: str
    play: Play


async def _everything(quick: bool) -> list[Finding]:
    each = 10 if quick else 200
    both, streams = (False, True), (True,)
    return [
        await everything.play("faults before the first word", everything.BEFORE, each, streams=both),
        await everything.play("silence", everything.SILENT, each, streams=streams),
        await everything.play("the network", everything.NETWORK, each, streams=both),
        await everything.play("bad manners", everything.HARMLESS, each, streams=streams),
        await everything.play("faults mid-answer, unary", everything.WITHIN, each, streams=(False,)),
        await everything.play("faults mid-answer, streamed", everything.WITHIN, each, streams=streams),
    ]


async def _refusals(quick: bool) -> list[Finding]:
    return [await refusals.turned(2 if quick else 20), await refusals.told(2 if quick else 20)]


async def _cuts(quick: bool) -> list[Finding]:
    number = 120 if quick else 1000
    return [await cuts.play(number, fallback) for fallback in cuts.FALLBACKS]


async def _bytes(quick: bool) -> list[Finding]:
    step = 61 if quick else 3
    return [await broken_bytes.ending(step), await broken_bytes.corrupting(step)]


async def _herd(_quick: bool) -> list[Finding]:
    return [
        await herd.half_open(200, recovers=True),
        await herd.half_open(200, recovers=False),
        await herd.in_need(200),
    ]


async def _outage(quick: bool) -> list[Finding]:
    return [
        await outage.beside_a_healthy_one(60, 5 if quick else 50, real=not quick),
        await outage.everywhere(3, 1, 50) if quick else await outage.everywhere(25, 10, 50),
    ]


async def _retry_after(quick: bool) -> list[Finding]:
    return [await retry_after.fuzz(100 if quick else 500), await retry_after.waited_for(5 if quick else 40)]


async def _hangs(quick: bool) -> list[Finding]:
    each = 2 if quick else 20
    return [await hangs.alone(each), await hangs.with_a_fallback(each), await hangs.one_deadline(2 * each)]


async def _leaving(quick: bool) -> list[Finding]:
    each = 3 if quick else 50
    return [await leaving.play(each), await leaving.in_line(each), await leaving.hedged(each)]


async def _overload(quick: bool) -> list[Finding]:
    return [await overload.play(100 if quick else 500)]


async def _changes(quick: bool) -> list[Finding]:
    return [await changes.reloads(20 if quick else 200), await changes.sigterm(20 if quick else 200)]


def table() -> tuple[Scenario, ...]:
    return (
        Scenario("everything", _everything),
        Scenario("refusals", _refusals),
        Scenario("cuts", _cuts),
        Scenario("bytes", _bytes),
        Scenario("herd", _herd),
        Scenario("outage", _outage),
        Scenario("retry-after", _retry_after),
        Scenario("hangs", _hangs),
        Scenario("leaving", _leaving),
        Scenario("overload", _overload),
        Scenario("changes", _changes),
    )
