"""The bars that Pointsman must clear, one worker on one core, and whether it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compare import Spread, added_ttft_ratio, calm, p50, paired, spread, streams, throughput
from competitors import OURS, REFERENCE, table
from competitors.litellm import LiteLLM
from facts import CONTENT, NAME_KNOWN, NAME_NEW, TAGS_KNOWN, TAGS_NEW

if TYPE_CHECKING:
    from compare import ByRound
    from facts import Figures

BUSY = 32  # connections of the throughput runs
MET, MISSED, UNKNOWN = "met", "missed", "not measured"


class Bar(msgspec.Struct, frozen=True):
    """One bar: what, the bound, the figure as measured, and met, missed or not measured."""

    what: str
    bound: str
    figure: str
    state: str


def _at_least(what: str, bound: float, found: Spread | None) -> Bar:
    if found is None:
        return Bar(what, f"≥ {bound:g}", "-", UNKNOWN)
    return Bar(what, f"≥ {bound:g}", found.shown(2), MET if found.median >= bound else MISSED)


def _at_most(what: str, bound: float, found: Spread | None, unit: str = "") -> Bar:
    if found is None:
        return Bar(what, f"≤ {bound:g}{unit}", "-", UNKNOWN)
    state = MET if found.median <= bound else MISSED
    return Bar(what, f"≤ {bound:g}{unit}", found.shown(2) + unit, state)


def fastest_rust(figures: Figures) -> str | None:
    """The Rust router with the greatest median throughput."""
    found = {
        row.name: middle.median
        for row in table()
        if row.rust and (middle := spread(throughput(figures, row.name, BUSY).values()))
    }
    return max(found, key=lambda name: found[name]) if found else None


def _throughput_over(figures: Figures, name: str) -> Spread | None:
    ours: ByRound = throughput(figures, OURS, BUSY)
    return spread(paired(ours, throughput(figures, name, BUSY)).values())


def _no_failures(figures: Figures) -> Bar:
    runs = [run.failures for run in figures.unary if run.name == OURS]
    return _at_most("unary: failed answers", 0, spread([sum(runs)]) if runs else None)


def _stalls(figures: Figures) -> list[Bar]:
    stalls = streams(calm(figures, strict=True), OURS, lambda load: load.stalls)
    open_ends = streams(figures, OURS, lambda load: load.streams - load.complete)
    return [
        _at_most("SSE: gaps over 200 ms", 0, spread([sum(stalls.values())]) if stalls else None),
        _at_most(
            "SSE: streams not complete",
            0,
            spread([sum(open_ends.values())]) if open_ends else None,
        ),
    ]


def _decision(figures: Figures, name: str, most: float) -> Bar:
    times = [found.us for found in figures.decisions if found.name == name and found.deployments == 1000]
    what = f"decision by {name}, 1,000 deployments, 200 patterns"
    return _at_most(what, most, spread(times), " µs")


def _picks(figures: Figures) -> Bar:
    times = [max(found.us, found.busy_us) for found in figures.picks if found.pool == 10]
    return _at_most("pick among 10 deployments, by the slowest strategy", 10, spread(times and [max(times)]), " µs")


def bars(everything: Figures) -> list[Bar]:
    """All bars, in the order of the report. Speeds by the calm runs, failures by every run."""
    figures = calm(everything, strict=True)
    rust = fastest_rust(figures)
    starts = [start for start in figures.starts if start.name == OURS]
    latency = paired(p50(figures, OURS, 1), p50(figures, REFERENCE, 1))
    first = {alone: added_ttft_ratio(figures, OURS, REFERENCE, alone=alone) for alone in (False, True)}
    return [
        _at_least("unary: throughput / nginx's", 0.40, _throughput_over(figures, REFERENCE)),
        _at_least(
            f"unary: throughput / fastest Rust router's ({rust or 'none ran'})",
            1.5,
            _throughput_over(figures, rust) if rust else None,
        ),
        _at_least("unary: throughput / LiteLLM's", 50, _throughput_over(figures, LiteLLM.name)),
        _no_failures(everything),
        _at_most("unary: p50 at concurrency 1 / nginx's", 1.5, spread(latency.values())),
        *_stalls(everything),
        _at_most("SSE: added TTFT p99 among the streams / nginx's", 3, spread(first[False].values())),
        _at_most("SSE: added TTFT p99 of a stream alone / nginx's", 3, spread(first[True].values())),
        *(_decision(figures, name, 15) for name in (NAME_KNOWN, NAME_NEW)),
        *(_decision(figures, name, 30) for name in (TAGS_KNOWN, TAGS_NEW)),
        _decision(figures, CONTENT, 250),
        _picks(figures),
        _at_most("resident memory at start", 90, spread(start.rss_mib * 1.048576 for start in starts), " MB"),
        _at_most("start to first correct answer", 1.5, spread(start.ready_seconds for start in starts), " s"),
    ]
