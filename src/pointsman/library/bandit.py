"""Strategy.BANDIT: learns from results which way of choosing pays best for which kind of task, and goes by it.

Two choices, both by Thompson sampling (``state.arms``), both by the task's category: first among the strategies of WAYS
and its own choice; then the strategy picks, or, for its own choice, the model whose results promise most. So where load
decides, least_loaded comes to be asked; where the kind of task decides, the model that is good at it.

What a result pays is told in ``state.arms.Arms.rate``, what learning costs in ``regret``. Nothing here locks: the desk
holds the board's lock while it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from pointsman.config.settings import Strategies
from pointsman.library.regret import Regret, regret_of
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.shapes import Strategy
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.arms import HALF_LIFE, Arms
from pointsman.state.arms_kept import Numbers

UNKNOWN = "unknown"
"""The context of a task that nobody says what it is about."""

OWN = "own"
"""The arm that stands for the bandit's own choice among the models."""

WAYS = ("strategy:least_loaded", "strategy:performance", "strategy:affinity", "strategy:round_robin", OWN)
"""The arms of the first choice."""

FEW = 24
"""Models that take part in a draw. In a larger pool these are the ones that paid best so far."""

OUTSIDE = 1 / 8
"""How often one of the others of a larger pool takes part, once that many have results."""

REVIEWED = 8
"""In a larger pool, who paid best is looked up anew once in so many picks as there are known models, by this."""


class Bandit:
    """``chosen`` is the arm of the last pick ("strategy:performance", "model:llama"), empty if there was no choice.

    ``group`` is the one whose turns round robin takes, ``half_life`` the number of results of a category after which
    one weighs half.
    """

    def __init__(self, group: str, half_life: float = HALF_LIFE) -> None:
        self.group = group
        self.arms = Arms(half_life)
        self.chosen = ""

    def ready(self, pool: Pool) -> Strategy:
        """To pick from this pool, which is not empty."""
        return Ready(self, pool)

    def learned(self, arm: str, context: str, success: bool, seconds: float, model: str = "") -> None:
        """What came of a task. ``arm`` is what chose its model, empty if that was not the bandit: a model's results
        count for its own arm whoever chose it.
        """
        arms = self.arms
        reward = arms.rate(context, success, seconds)
        own = model_arm(model) if model else ""
        if not arm:
            arms.add(context, reward, (), (own,) if own else ())
        elif arm in _STRATEGIES:
            arms.add(context, reward, (arm,), (own,) if own else ())
        else:
            arms.add(context, reward, (OWN, arm))

    def regret(self) -> Regret:
        return regret_of(self.arms, OWN)

    def forget(self, model: str) -> None:
        """It was unregistered."""
        self.arms.forget(model_arm(model))

    def reset(self) -> None:
        """Begin anew."""
        self.arms.clear()

    def as_numbers(self) -> Numbers:
        """All that was learned, to be kept."""
        return self.arms.as_numbers()

    def go_on_from(self, numbers: Any) -> None:
        """From what ``as_numbers`` told, in place of what was learned since. Raises Misuse, and changes nothing."""
        self.arms = Arms.from_numbers(numbers, self.arms.half_life)


class Ready:
    """The bandit, for one pool."""

    def __init__(self, bandit: Bandit, pool: Pool) -> None:
        self._bandit = bandit
        self._pool = pool
        self._names = [model_arm(d.id) for d in pool]
        self._places = {name: index for index, name in enumerate(self._names)}
        self._ways: dict[str, Strategy] = {}
        self._best: dict[str, Best] = {}
        self._alone = (0, Step("strategy", 1, 1, f"bandit: {pool[0].id} is the only one"))

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        bandit, pool = self._bandit, self._pool
        if len(pool) == 1:
            bandit.chosen = ""
            return self._alone
        context = request.hints.task or UNKNOWN
        drawn, leader = bandit.arms.draw(context, WAYS, dice)
        way = WAYS[drawn]
        if way == OWN:
            index, why = self._own(context, view, dice)
            bandit.chosen = self._names[index]
        else:
            index, step = self._way(way).pick(request, view, dice)
            bandit.chosen, why = way, step.reason
        return index, Step("strategy", len(pool), 1, f"bandit: {self._told(context, WAYS, drawn, leader)}; {why}")

    def terms(self, request: Request, _view: View) -> list[dict[str, float]]:
        context, arms = request.hints.task or UNKNOWN, self._bandit.arms
        known = [arms.arm(context, name) for name in self._names]
        return [{"results": arm.results} | ({"mean": arm.mean} if arm.results else {}) for arm in known]

    def _way(self, way: str) -> Strategy:
        made = self._ways.get(way)
        if made is None:
            made = self._ways[way] = STRATEGIES[_STRATEGIES[way]](self._bandit.group, self._pool, Strategies())
        return made

    def _own(self, context: str, view: View, dice: Dice) -> tuple[int, str]:
        """The model whose results promise most for this kind of task. Who has none is tried by one task at a time, and
        who has a reduced share is passed over as often as that says, unless nobody else is left.
        """
        arms, everybody = self._bandit.arms, self._names
        some: Sequence[int] = range(len(everybody)) if len(everybody) <= FEW else self._among_many(context, dice)
        names = everybody if len(some) == len(everybody) else [everybody[index] for index in some]
        drawn, leader = arms.draw(context, names, dice)
        if not self._may(some[drawn], context, view, dice):
            others = [index for index in some if index != some[drawn] and self._may(index, context, view, dice)]
            if others:
                some, names = others, [everybody[index] for index in others]
                drawn, leader = arms.draw(context, names, dice)
        return some[drawn], self._told(context, names, drawn, leader)

    def _may(self, index: int, context: str, view: View, dice: Dice) -> bool:
        d, reduced = self._pool[index], view.reduced
        if self._names[index] not in self._bandit.arms.context(context).arms and view.in_flight(d):
            return False
        return not reduced or dice.random() < reduced.get(d.id, 1.0)

    def _among_many(self, context: str, dice: Dice) -> Sequence[int]:
        """Those that paid best, and now and then one of the others."""
        known = self._bandit.arms.context(context).arms
        best = self._best.get(context)
        if best is None or best.due(len(known)):
            listed = [index for index in map(self._places.get, known) if index is not None]
            top = nlargest(FEW, listed, key=lambda index: known[self._names[index]].mean)
            best = self._best[context] = Best(top)
        if len(best.members) < FEW or dice.random() < OUTSIDE:
            other = int(dice.random() * len(self._pool))
            if other not in best.members:
                return [*best.members, other]
        return best.members

    def _told(self, context: str, names: Sequence[str], drawn: int, leader: int) -> str:
        """Why this arm, in one clause."""
        arms, name = self._bandit.arms, names[drawn]
        arm = arms.arm(context, name)
        if drawn == leader:
            return f"{_called(name)} has paid best for {context} ({arm.mean:.2f} of {arm.results} tasks)"
        its = f"{arm.mean:.2f} of {arm.results} tasks" if arm.results else "no results yet"
        if leader < 0:
            return f"{_called(name)} is tried for {context} ({its})"
        best = arms.arm(context, names[leader])
        other = f"best so far: {_called(names[leader])}, {best.mean:.2f} of {best.results}"
        return f"{_called(name)} is tried for {context} ({its}; {other})"


class Best:
    """The best members of a pool, as long as that is worth remembering."""

    def __init__(self, members: list[int]) -> None:
        self.members = members
        self._picks = 0

    def due(self, known: int) -> bool:
        """Is it time to look again? Looking takes time by the number of ``known`` models."""
        self._picks += 1
        return self._picks * REVIEWED > known


_STRATEGIES = {way: way.removeprefix("strategy:") for way in WAYS if way != OWN}


def model_arm(model: str) -> str:
    return f"model:{model}"


def _called(arm: str) -> str:
    """An arm, in a sentence."""
    return "its own choice" if arm == OWN else arm.partition(":")[2]
