"""The figures as rows of text, for the terminal and the HTML report alike. Formats; computes nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bars import bars
from compare import (
    ByRound,
    added_ttft,
    added_ttft_ratio,
    calm,
    cpu_per_request,
    names,
    p50,
    paired,
    spread,
    streams,
    throughput,
    ttft,
    unary,
)
from competitors import REFERENCE
from facts import CALM_CORES

if TYPE_CHECKING:
    from collections.abc import Callable

    from facts import Figures, StreamRun, UnaryRun


class Table(msgspec.Struct, frozen=True):
    """A title, column heads, rows of the same length, and a sentence on how to read it."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    note: str = ""


def _cell(values: ByRound, digits: int) -> str:
    found = spread(values.values())
    return found.shown(digits) if found else "-"


def _middle(values: ByRound, digits: int) -> str:
    found = spread(values.values())
    return f"{found.median:,.{digits}f}" if found else "-"


def _against_nginx(figures: Figures, name: str, value: Callable[[Figures, str, int], ByRound], clients: int) -> str:
    return _cell(paired(value(figures, name, clients), value(figures, REFERENCE, clients)), 3)


def ratios(everything: Figures) -> Table:
    """Relative to nginx in the same round."""
    figures = calm(everything, strict=True)
    measured = {run.name for run in figures.unary}
    rows = [
        [
            name,
            _against_nginx(figures, name, throughput, 32),
            _against_nginx(figures, name, throughput, 1),
            _against_nginx(figures, name, p50, 1),
            _cell(added_ttft_ratio(figures, name, REFERENCE, alone=False), 2),
            _cell(added_ttft_ratio(figures, name, REFERENCE, alone=True), 2),
        ]
        for name in names(figures)
        if name in measured
    ]
    heads = [
        "",
        "throughput c=32",
        "throughput c=1",
        "p50 c=1",
        "added TTFT p99, many",
        "added TTFT p99, alone",
    ]
    note = "Median (least .. greatest) over the rounds of own figure / nginx's figure in the same round."
    return Table("Relative to nginx's reverse proxy", heads, rows, note)


def unary_absolutes(everything: Figures) -> Table:
    """Medians of unary runs."""
    figures = calm(everything, strict=False)
    rows = []
    for name in names(figures):
        if not throughput(figures, name, 32):
            continue
        failures = sum(run.failures for run in everything.unary if run.name == name)
        rows.append(
            [
                name,
                _middle(throughput(figures, name, 32), 0),
                _middle(p50(figures, name, 32), 0),
                _middle(unary(figures, name, 32, lambda run: run.p99_us), 0),
                _middle(throughput(figures, name, 1), 0),
                _middle(p50(figures, name, 1), 0),
                _middle(unary(figures, name, 1, lambda run: run.p99_us), 0),
                _middle(cpu_per_request(figures, name, 32), 1),
                _middle(unary(figures, name, 32, lambda run: run.cores), 2),
                _middle(unary(figures, name, 32, lambda run: run.foreign), 2),
                str(failures),
            ]
        )
    wide = [
        "req/s c=32",
        "p50 µs",
        "p99 µs",
        "req/s c=1",
        "p50 µs",
        "p99 µs",
        "CPU µs/req",
        "core used",
        "foreign",
        "failed",
    ]
    note = (
        "Medians. Core used: share of the gateway's core; well under 1, the load core was the limit. "
        "Foreign: what others took of both cores."
    )
    return Table("Unary, absolute", ["", *wide], rows, note)


def stream_absolutes(everything: Figures) -> Table:
    """Medians of SSE runs, sums of what must not happen."""
    figures = calm(everything, strict=False)
    rows = []
    many = [run for run in figures.streams if not run.alone]
    for name in names(figures):
        loads = [run.load for run in many if run.name == name]
        if not loads:
            continue
        problems = {problem for load in loads for problem in load.problems}
        rows.append(
            [
                name,
                f"{sum(load.complete for load in loads)}/{sum(load.streams for load in loads)}",
                str(sum(load.stalls for load in loads)),
                str(sum(load.stalled_streams for load in loads)),
                _middle(ttft(figures, name, 0.5, alone=False), 2),
                _middle(ttft(figures, name, 0.99, alone=False), 2),
                _cell(added_ttft(figures, name, 0.99, alone=False), 2),
                _middle(streams(figures, name, lambda load: load.gap_p99_ms), 1),
                f"{max(load.gap_max_ms for load in loads):.1f}",
                _middle({run.round: run.cores for run in many if run.name == name}, 2),
                ", ".join(sorted(problems)) or "-",
            ]
        )
    heads = ["", "complete", "stalls", "streams stalled", "TTFT p50 ms", "p99 ms", "added p99 ms"]
    more = ["gap p99 ms", "gap max ms", "core used", "problems"]
    note = "Streams of 64 tokens, 20 ms apart; added = through the gateway minus the median direct."
    return Table("SSE, many streams at a time", [*heads, *more], rows, note)


def streams_alone(everything: Figures) -> Table:
    """Time to first token with nothing else under way."""
    figures = calm(everything, strict=False)
    rows = []
    short = [run for run in figures.streams if run.alone]
    for name in names(figures):
        loads = [run.load for run in short if run.name == name]
        if not loads:
            continue
        rows.append(
            [
                name,
                f"{sum(load.complete for load in loads)}/{sum(load.streams for load in loads)}",
                _middle(ttft(figures, name, 0.5, alone=True), 3),
                _middle(ttft(figures, name, 0.99, alone=True), 3),
                _cell(added_ttft(figures, name, 0.5, alone=True), 3),
                _cell(added_ttft(figures, name, 0.99, alone=True), 3),
            ]
        )
    heads = ["", "complete", "TTFT p50 ms", "p99 ms", "added p50 ms", "added p99 ms"]
    return Table("SSE, one stream at a time", heads, rows, "Added = through the gateway minus the median direct.")


def starts(figures: Figures) -> Table:
    """Start time and memory of every start."""
    rows = []
    for name in dict.fromkeys(start.name for start in figures.starts):
        own = [start for start in figures.starts if start.name == name]
        ready = dict(enumerate(start.ready_seconds for start in own))
        resident = dict(enumerate(start.rss_mib * 1.048576 for start in own))
        anonymous = dict(enumerate(start.anon_mib * 1.048576 for start in own))
        rows.append(
            [
                name,
                figures.versions.get(name, ""),
                _cell(ready, 2),
                _middle(resident, 1),
                _middle(anonymous, 1),
            ]
        )
    heads = ["", "version", "s to first correct answer", "RSS MB", "of it anonymous MB"]
    return Table("At start", heads, rows, "Memory over all processes, right after the first answers.")


def verdicts(figures: Figures) -> Table:
    """The bars."""
    rows = [[bar.what, bar.bound, bar.figure, bar.state] for bar in bars(figures)]
    return Table("Bars", ["", "bound", "figure", "verdict"], rows, "By the median over the rounds.")


def decisions(figures: Figures) -> Table:
    """The decision micro benchmark; each row a way to settle a name, small configuration beside large."""
    rows = []
    sizes = list(dict.fromkeys((found.deployments, found.patterns) for found in figures.decisions))
    for name in dict.fromkeys(found.name for found in figures.decisions):
        times = [found.us for found in figures.decisions if found.name == name]
        rows.append([name, *(f"{time:.2f}" for time in times), f"{times[-1] / times[0]:.2f}"])
    heads = [f"µs, {deployments:,} deployments, {patterns:,} patterns" for deployments, patterns in sizes]
    return Table("A decision", ["by", *heads, "ratio"], rows, "Median of several repetitions.")


def picks(figures: Figures) -> Table:
    """What each strategy takes to pick one of a pool."""
    sizes = list(dict.fromkeys(found.pool for found in figures.picks))
    rows = [
        [name, *(f"{us:.2f}" for found in figures.picks if found.strategy == name for us in (found.us, found.busy_us))]
        for name in dict.fromkeys(found.strategy for found in figures.picks)
    ]
    heads = [f"µs, pool of {size:,}{when}" for size in sizes for when in ("", ", results in between")]
    return Table(
        "A strategy's pick", ["by", *heads], rows, "Median of several repetitions, on a board full of results."
    )


def disturbed(figures: Figures) -> Table:
    """How many runs other processes disturbed to the last attempt."""
    runs: list[UnaryRun | StreamRun] = [*figures.unary, *figures.streams]
    rows = []
    for name in names(figures):
        own = [run for run in runs if run.name == name]
        count = sum(run.foreign > CALM_CORES for run in own)
        if count:
            rows.append([name, f"{count}/{len(own)}", f"{max(run.foreign for run in own):.2f}"])
    note = "Left out of ratios and verdicts, and of the rest wherever a calm run exists. Failures always count."
    return Table("Runs disturbed by other processes", ["", "runs", "cores they took at most"], rows, note)


def absent(figures: Figures) -> Table:
    """Who could not be measured, and why."""
    return Table("Not measured", ["", "reason"], [[one.name, one.reason] for one in figures.absent])


def all_tables(figures: Figures) -> list[Table]:
    """Every table with at least one row, in the order of the report."""
    makers = (
        ratios,
        unary_absolutes,
        stream_absolutes,
        streams_alone,
        starts,
        decisions,
        picks,
        disturbed,
        absent,
        verdicts,
    )
    return [made for made in (make(figures) for make in makers) if made.rows]
