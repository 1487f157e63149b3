"""The library's figures as rows of text, for the terminal and the HTML report alike."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bars import MET, MISSED
from compare import spread
from library import fits
from library.facts import CASE_SIZES, LIMITED, OPEN, PLAIN, ZONED
from tables import Table

if TYPE_CHECKING:
    from library.facts import Figures, Step

BARS_ROUTE_US = {10: 10.0, 1_000: 60.0}
BAR_RECORD_US = 3.0
BAR_GROWTH_MIB = {False: 4.0, True: 1.0}
"""Resident memory is told in pages, and a collector's pauses move it; what is traced is exact."""


def by_strategy(figures: Figures, case: str = PLAIN) -> dict[str, list[Step]]:
    """The steps of one case, by strategy, the smallest first."""
    found: dict[str, list[Step]] = {}
    for step in sorted(figures.steps, key=lambda step: step.models):
        if step.case == case:
            found.setdefault(step.strategy, []).append(step)
    names = dict.fromkeys(step.strategy for step in figures.steps)
    return {name: found[name] for name in names if name in found}


def shown(values: list[float], digits: int = 1) -> str:
    """Median (least .. greatest)."""
    found = spread(values)
    return found.shown(digits) if found else "-"


def bars(figures: Figures) -> Table:
    """Met or missed, by strategy."""
    rows = []
    for name, steps in by_strategy(figures).items():
        at = {step.models: step for step in steps}
        if not all(size in at for size in BARS_ROUTE_US):
            continue
        missed = [f"route, {n:,}" for n, most in BARS_ROUTE_US.items() if median(at[n].route) > most]
        missed += [f"record, {n:,}" for n in BARS_ROUTE_US if median(at[n].record) > BAR_RECORD_US]
        route = [shown(at[n].route) for n in BARS_ROUTE_US]
        record = [shown(at[n].record, 2) for n in BARS_ROUTE_US]
        rows.append([name, *route, *record, "; ".join(missed), MISSED if missed else MET])
    heads = ["by", *(f"route, {n:,} models ≤ {most:g} µs" for n, most in BARS_ROUTE_US.items())]
    heads += [f"record, {n:,} models ≤ {BAR_RECORD_US:g} µs" for n in BARS_ROUTE_US]
    return Table("Bars by strategy", [*heads, "missed", "verdict"], rows, "Median (least .. greatest); median counts.")


def growth_with_n(figures: Figures) -> Table:
    """The exponents."""
    rows = []
    for name, steps in by_strategy(figures).items():
        route, record = fits.routing(steps), fits.recording(steps)
        if route is None or record is None:
            continue
        verdict = MET if route <= fits.LINEAR and record <= fits.CONSTANT else MISSED
        rows.append([name, f"{route:.2f}", f"{record:.2f}", verdict])
    heads = ["by", f"route_task, n ≥ {fits.FROM}", "record_task_result, all n", "verdict"]
    note = (
        f"Time ~ n^exponent. Met: routing at most linear (≤ {fits.LINEAR:g}), recording constant (≤ {fits.CONSTANT:g})."
    )
    return Table("How times grow with the number of models", heads, rows, note)


def over_n(figures: Figures, what: str, title: str, digits: int) -> Table:
    """One row a strategy, one column a number of models."""
    found = by_strategy(figures)
    sizes = sorted({step.models for steps in found.values() for step in steps})
    rows = []
    for name, steps in found.items():
        at = {step.models: getattr(step, what) for step in steps}
        rows.append([name, *(shown(at.get(size, []), digits) for size in sizes)])
    return Table(title, ["µs by", *(f"n = {size:,}" for size in sizes)], rows, "Median (least .. greatest).")


def cases(figures: Figures, what: str, title: str) -> Table:
    """Medians when there is something to look at before the strategy."""
    rows = []
    found = {case: by_strategy(figures, case) for case in (PLAIN, OPEN, LIMITED, ZONED)}
    for name in found[PLAIN]:
        cells = []
        for steps in found.values():
            at = {step.models: median(getattr(step, what)) for step in steps.get(name, [])}
            cells.append(" / ".join(f"{at[size]:,.1f}" if size in at else "-" for size in CASE_SIZES))
        rows.append([name, *cells])
    note = f"Median µs at {' / '.join(f'{size:,}' for size in CASE_SIZES)} models."
    return Table(title, ["by", *found], rows if len(figures.steps) else [], note)


def memory(figures: Figures) -> Table:
    """Before and after."""
    rows = []
    for each in figures.growths:
        bound = BAR_GROWTH_MIB[each.traced]
        rows.append(
            [
                each.what,
                "traced" if each.traced else "resident",
                f"{each.warm_up:,}",
                f"{each.events:,}",
                f"{each.before:,.2f}",
                f"{each.after:,.2f}",
                f"{each.grown:+.2f}",
                f"≤ {bound:g}",
                f"{each.seconds:,.1f}",
                MET if each.grown <= bound else MISSED,
            ]
        )
    heads = ["", "memory", "first", "in all", "MiB after the first", "MiB after all", "grown", "bound", "s", "verdict"]
    said = figures.options.get("detector", "")
    note = f"20 models, hybrid. Traced by tracemalloc: what Python has allocated. Prompts all differ; {said}."
    return Table("Memory", heads, rows, note)


def threads(figures: Figures) -> Table:
    """Throughput, and whether the sums are exact."""
    rows = [
        [
            f"{each.threads} thread{'s' if each.threads > 1 else ''}",
            f"{each.operations:,}",
            f"{each.operations / each.seconds:,.0f}",
            "; ".join(each.wrong) or "all exact",
            MISSED if each.wrong else MET,
        ]
        for each in figures.threads
    ]
    note = "20 models, least_loaded; an operation is a choice or a result. One interpreter lock: threads add no speed."
    return Table("Threads", ["", "operations", "operations/s", "sums", "verdict"], rows, note)


def absent(figures: Figures) -> Table:
    """What could not be measured, and why; the first of those with the same reason, and how many there are."""
    grouped: dict[str, list[str]] = {}
    for one in figures.absent:
        grouped.setdefault(one.reason, []).append(one.name)
    rows = [
        [names[0] + (f", and {len(names) - 1} more" if len(names) > 1 else ""), why] for why, names in grouped.items()
    ]
    return Table("Not measured", ["", "reason"], rows)
