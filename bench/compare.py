"""Figures side by side: ratios paired round by round, and their spread. Pure; measures and prints nothing."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, TypeVar

import msgspec

from competitors import DIRECT, table
from facts import CALM_CORES, Figures, StreamLoad, StreamRun, UnaryRun

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

# Below this an added time is noise; a gateway that adds less is taken to add this much.
RESOLUTION_MS = 0.05
NO_ROUND = -1

ByRound = dict[int, float]
Run = TypeVar("Run", UnaryRun, StreamRun)


class Spread(msgspec.Struct, frozen=True):
    """Least, middle and greatest of several rounds."""

    least: float
    median: float
    most: float
    rounds: int

    def shown(self, digits: int) -> str:
        """Median (least .. greatest); large figures without decimals."""
        digits = 0 if self.median >= 100 else digits
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f} .. {self.most:,.{digits}f})"


def calm(figures: Figures, *, strict: bool) -> Figures:
    """Without the runs that stayed disturbed; unless strict, who has none other keeps them.

    The upstream itself always does: of its runs only the least figure is used, and disturbance only adds.
    """

    def lenient(run: Run) -> bool:
        return not strict or run.name == DIRECT

    def kept(runs: list[Run], kind: Callable[[Run], Hashable]) -> list[Run]:
        has_calm = {kind(run) for run in runs if run.foreign <= CALM_CORES}
        return [run for run in runs if run.foreign <= CALM_CORES or (kind(run) not in has_calm and lenient(run))]

    return msgspec.structs.replace(
        figures,
        unary=kept(figures.unary, lambda run: (run.name, run.concurrency)),
        streams=kept(figures.streams, lambda run: (run.name, run.alone)),
    )


def spread(values: Iterable[float]) -> Spread | None:
    """None if there is nothing to speak of."""
    listed = list(values)
    if not listed:
        return None
    return Spread(min(listed), median(listed), max(listed), len(listed))


def paired(ours: ByRound, theirs: ByRound) -> ByRound:
    """Ours divided by theirs, in every round that has both: what slows a whole round cancels out.

    If disturbances left no round with both, one value: the ratio of the medians.
    """
    ratios = {number: ours[number] / theirs[number] for number in ours if theirs.get(number)}
    if not ratios and ours and any(theirs.values()):
        return {NO_ROUND: median(ours.values()) / median(theirs.values())}
    return ratios


def unary(figures: Figures, name: str, concurrency: int, value: Callable[[UnaryRun], float]) -> ByRound:
    """One value of each unary run of one competitor."""
    runs = (run for run in figures.unary if run.name == name and run.concurrency == concurrency)
    return {run.round: value(run) for run in runs}


def throughput(figures: Figures, name: str, concurrency: int) -> ByRound:
    """Requests a second."""
    return unary(figures, name, concurrency, lambda run: run.throughput)


def p50(figures: Figures, name: str, concurrency: int) -> ByRound:
    """Median latency in microseconds."""
    return unary(figures, name, concurrency, lambda run: run.p50_us)


def percentile(values: list[float], share: float) -> float:
    """0 for an empty list, which only a run without a single token has."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def streams(figures: Figures, name: str, value: Callable[[StreamLoad], float], *, alone: bool = False) -> ByRound:
    """One value of each SSE run of one competitor."""
    runs = (run for run in figures.streams if run.name == name and run.alone == alone)
    return {run.round: value(run.load) for run in runs}


def ttft(figures: Figures, name: str, share: float, *, alone: bool) -> ByRound:
    """A percentile of the time to first token in milliseconds."""
    return streams(figures, name, lambda load: percentile(load.ttft_ms, share), alone=alone)


def added_ttft(figures: Figures, name: str, share: float, *, alone: bool) -> ByRound:
    """A percentile of the milliseconds a gateway adds to the time to first token.

    Added is the time through the gateway minus the median time without one, the least of all rounds, for
    disturbance only adds to it. (Percentiles of the two are not subtracted: their tails are strangers.)
    """
    direct = ttft(figures, DIRECT, 0.5, alone=alone).values()
    through = ttft(figures, name, share, alone=alone)
    return {number: value - min(direct) for number, value in through.items()} if direct else {}


def added_ttft_ratio(figures: Figures, name: str, reference: str, *, alone: bool) -> ByRound:
    """Added p99 of the time to first token over the reference's, both at least the resolution."""

    def added(who: str) -> ByRound:
        values = added_ttft(figures, who, 0.99, alone=alone)
        return {number: max(value, RESOLUTION_MS) for number, value in values.items()}

    return paired(added(name), added(reference))


def cpu_per_request(figures: Figures, name: str, concurrency: int) -> ByRound:
    """Microseconds of the gateway's core a request costs, whatever limits throughput."""
    return unary(figures, name, concurrency, lambda run: 1e6 * run.cores / max(run.throughput, 1.0))


def names(figures: Figures) -> list[str]:
    """Everybody with at least one figure, in the order of the table of competitors."""
    measured = {run.name for run in figures.unary} | {run.name for run in figures.streams}
    return [name for name in (DIRECT, *(row.name for row in table())) if name in measured]
