"""Rivals beside us as rows of text: ratios within a round, and what became of the tasks of the simulated world."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from compare import paired
from library.facts import RIVAL_SIZES
from library.rivals import COUNTERPARTS, OURS
from library.tables import shown
from tables import Table

if TYPE_CHECKING:
    from compare import ByRound
    from library.facts import Fate, Figures, Turn


def _rounds(figures: Figures, who: tuple[str, str], models: int, *, whole: bool) -> ByRound:
    """Of the choice, or of choice and result together."""
    rival, strategy = who

    def us(turn: Turn) -> float:
        return turn.route + turn.record if whole else turn.route

    own = [turn for turn in figures.turns if (turn.rival, turn.strategy, turn.models) == (rival, strategy, models)]
    return {turn.round: us(turn) for turn in own}


def rivals(figures: Figures) -> Table:
    """One row a rival, strategy and size, beside our counterpart."""
    rows = []
    for (rival, strategy), counterpart in COUNTERPARTS.items():
        for models in RIVAL_SIZES:
            theirs, ours = (rival, strategy), (OURS, counterpart)
            route = [_rounds(figures, who, models, whole=False) for who in (theirs, ours)]
            both = [_rounds(figures, who, models, whole=True) for who in (theirs, ours)]
            if not (both[0] and both[1]):
                continue
            rows.append(
                [
                    f"{rival}, {strategy}",
                    f"{models:,}",
                    *(shown(list(values.values()), 2) for values in route),
                    shown(list(paired(*route).values()), 2),
                    *(shown(list(values.values()), 2) for values in both),
                    shown(list(paired(*both).values()), 2),
                ]
            )
    heads = ["", "models", "choice µs", "ours", "times ours", "choice + result µs", "ours", "times ours"]
    note = (
        "Median (least .. greatest) over the rounds; ratios within a round, above 1: we are faster. By hand: no"
        " results, latencies, counts, recovery, limits, categories or reasons; it is fast because it knows nothing."
        " pybreaker's result is an empty guarded call. LiteLLM's result is its strategy's callbacks, called directly."
    )
    return Table("Beside what else one would take", heads, rows, note)


def _row(fates: list[Fate]) -> list[str]:
    first = fates[0]
    return [
        f"{first.rival}, {first.strategy}" if first.strategy else first.rival,
        shown([100 * fate.success for fate in fates]),
        shown([100 * fate.refused for fate in fates]),
        shown([fate.seconds for fate in fates], 2),
    ]


def world(figures: Figures) -> Table:
    """The best first."""
    grouped: dict[tuple[str, str], list[Fate]] = {}
    for fate in figures.fates:
        grouped.setdefault((fate.rival, fate.strategy), []).append(fate)
    ranked = sorted(grouped.values(), key=lambda fates: -mean(fate.success for fate in fates))
    heads = ["", "done, % of tasks", "refused, %", "s of a task done"]
    note = (
        "Five models, good at different things, one down for a fifth of the time; two tasks a second, none tried"
        " twice. Median (least .. greatest) over the seeds. 'Knows everything': the likeliest to succeed, however slow."
    )
    return Table("In a simulated world", heads, [_row(fates) for fates in ranked], note)
