"""What a bandit has learned, and what learning it has cost: its arms' figures and its regret, in typed words.

    regret = sum over rounds of (mean of the best arm - mean of the arm that was pulled)

Nobody knows the true means: those here are estimated from the results, with a few results of the context's average on
credit, so an arm is not best for having been lucky once. So regret is an estimate too.
"""

from __future__ import annotations

import msgspec

from pointsman.state.arm import Arm
from pointsman.state.arms import Arms

SHRINK = 5.0
"""Results of the average that every arm has on credit, in estimates."""

SURE = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution."""


class ArmFigures(msgspec.Struct, frozen=True):
    """``pulls``: how often it was chosen and reported on; ``results``: how many it is known by, for a model has results
    from strategies' choices too. ``mean`` is what it pays (0..1), newer results weighing more; it lies in
    ``low`` … ``high`` with 95 % confidence.
    """

    arm: str
    pulls: int
    results: int
    mean: float
    low: float
    high: float


class ContextRegret(msgspec.Struct, frozen=True):
    """Of one context. ``reward`` is what all rounds paid; ``total`` and ``per_round`` are the regret of all of them,
    against the one arm that has been best over all of them, and ``lately`` that of a round of late. ``best`` is the arm
    that pays best now, ``mean`` what it pays, ``share`` the part of all rounds that it had, 0..1, and ``share_lately``
    that of late. ``arms`` are those with results, the best one first.
    """

    context: str
    rounds: int
    reward: float
    total: float
    per_round: float
    lately: float
    best: str
    mean: float
    share: float
    share_lately: float
    arms: tuple[ArmFigures, ...]

    def __str__(self) -> str:
        return (
            f"{self.context}: {self.best} pays best, {self.mean:.2f}, and had {self.share:.0%} of {self.rounds} rounds "
            f"({self.share_lately:.0%} lately); regret {self.per_round:.3f} a round ({self.lately:.3f} lately)"
        )


class Regret(msgspec.Struct, frozen=True):
    """Of all contexts. A round is a choice that was reported on. All figures are estimates, but counts and rewards."""

    rounds: int = 0
    reward: float = 0.0
    total: float = 0.0
    per_round: float = 0.0
    contexts: tuple[ContextRegret, ...] = ()

    def __str__(self) -> str:
        return "\n".join(
            [
                f"regret {self.total:.1f} in {self.rounds} rounds, {self.per_round:.3f} a round",
                *(f"  {context}" for context in self.contexts),
            ]
        )


def regret_of(arms: Arms, leave_out: str) -> Regret:
    """``leave_out`` is the arm that only stands for other arms."""
    found = (_context(arms, name, leave_out) for name in arms.contexts)
    contexts = tuple(each for each in found if each is not None)
    rounds = sum(each.rounds for each in contexts)
    total = sum(each.total for each in contexts)
    return Regret(rounds, sum(each.reward for each in contexts), total, total / max(rounds, 1), contexts)


def _context(arms: Arms, name: str, leave_out: str) -> ContextRegret | None:
    known = arms.context(name)
    listed = [(each, arm) for each, arm in known.arms.items() if each != leave_out and arm.results]
    if not listed:
        return None
    kept = [arms.kept(name, arm) for _, arm in listed]
    weights = [arm.weight * left for (_, arm), left in zip(listed, kept, strict=True)]
    now = _estimates([arm.mean for _, arm in listed], weights)
    ever = _estimates([arm.total / arm.results for _, arm in listed], [float(arm.results) for _, arm in listed])
    recent = [arm.recent * left for (_, arm), left in zip(listed, kept, strict=True)]
    top = now.index(max(now))
    best, its = listed[top]
    total = _lost(ever, [float(arm.pulls) for _, arm in listed])
    pulls, pulled = sum(arm.pulls for _, arm in listed), sum(recent)
    figures = [_figures(each, arm, left) for (each, arm), left in zip(listed, kept, strict=True)]
    order = sorted(range(len(listed)), key=now.__getitem__, reverse=True)
    return ContextRegret(
        name,
        known.rounds,
        known.reward,
        total,
        total / max(pulls, 1),
        _lost(now, recent) / pulled if pulled else 0.0,
        best,
        its.mean,
        its.pulls / max(pulls, 1),
        recent[top] / pulled if pulled else 0.0,
        tuple(figures[index] for index in order),
    )


def _estimates(means: list[float], weights: list[float]) -> list[float]:
    """Means, each drawn to the average of all by what it has on credit."""
    usual = sum(mean * weight for mean, weight in zip(means, weights, strict=True)) / max(sum(weights), 1e-9)
    return [(mean * weight + usual * SHRINK) / (weight + SHRINK) for mean, weight in zip(means, weights, strict=True)]


def _lost(means: list[float], pulls: list[float]) -> float:
    """What so many pulls of each arm paid less than as many of the best one."""
    best = max(means)
    return sum((best - mean) * pulled for mean, pulled in zip(means, pulls, strict=True))


def _figures(name: str, arm: Arm, kept: float) -> ArmFigures:
    off = SURE * arm.doubt_at(kept)
    return ArmFigures(name, arm.pulls, arm.results, arm.mean, max(arm.mean - off, 0.0), min(arm.mean + off, 1.0))
