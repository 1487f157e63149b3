"""The memory of a bandit: what each of its arms has paid, by context, newer results weighing more.

A result is a reward of 0..1. With every result of a context all that was seen there before weighs a little less: half
after ``half_life`` results, so a bandit follows change at the pace of its traffic. Adding one is O(1), for an arm fades
when it is looked at. No clock; dice are an argument. Calls must not overlap: the scoreboard's lock sees to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, exp2, inf, log
from statistics import NormalDist
from typing import Any

from pointsman.errors import Misuse
from pointsman.model.view import Dice
from pointsman.state.arm import DOUBT, HOPE, WORTH, Arm, Context
from pointsman.state.arms_kept import contexts_of, numbers_of

HALF_LIFE = 500.0
"""Results of a context after which one weighs half."""

MOST_CONTEXTS = 64
"""One more, and the first is forgotten."""

MOST_ARMS = 4096
"""Of a context. One more, and the half of them that had no result for longest is forgotten."""

USUAL_LIVES = 10
"""Half-lives of what is usual. It changes slowly, for what is better than usual is told by it."""

SHORTEST, LONGEST = 0.001, 3600.0
"""Seconds. What takes less or more counts as that."""

BITS = 10
MASK = 2**BITS - 1
NORMAL = tuple(NormalDist().inv_cdf((step + 0.5) / 2**BITS) for step in range(2**BITS))
"""The standard normal distribution as so many equally likely values: drawing one costs one look (inverse transform)."""

MANY = 2 ** (5 * BITS)
"""A throw of the dice is good for five draws: a float has 53 bits."""


NEW = Arm()
"""An arm without results."""


class Arms:
    """All contexts of one bandit. ``half_life`` is a number of results."""

    def __init__(self, half_life: float = HALF_LIFE) -> None:
        if not 1.0 <= half_life < inf:
            raise Misuse(f"half_life is a number of results, 1 or more, not {half_life!r:.80}", param="half_life")
        self.half_life = half_life
        self._pace_kept = exp2(-1 / (USUAL_LIVES * half_life))
        self._good_for = int(half_life / 32)  # results in which nothing fades by more than 2 %
        self._contexts: dict[str, Context] = {}

    def __len__(self) -> int:
        return sum(len(context.arms) for context in self._contexts.values())

    @property
    def contexts(self) -> tuple[str, ...]:
        return tuple(self._contexts)

    def context(self, name: str) -> Context:
        """To be read."""
        return self._contexts.get(name) or _NOTHING

    def arm(self, context: str, name: str) -> Arm:
        """To be read."""
        return self.context(context).arms.get(name, NEW)

    def kept(self, context: str, arm: Arm) -> float:
        """What is left of an arm's weight by now: 0..1."""
        return exp2((arm.at - self.context(context).steps) / self.half_life)

    def usual(self, context: str) -> float | None:
        """Seconds that a success takes: their geometric mean. None before the first."""
        known = self.context(context)
        return exp(known.pace) if known.paced else None

    # Learning

    def rate(self, context: str, success: bool, seconds: float) -> float:
        """What a result is worth:

        failure   0
        success   WORTH + (1 - WORTH) * usual / (usual + seconds)
        """
        if not success:
            return 0.0
        took = seconds if SHORTEST < seconds < LONGEST else min(max(seconds, SHORTEST), LONGEST)
        known = self._contexts.get(context) or self._begin(context)
        pace = known.pace
        usual = exp(pace) if known.paced else took
        paced = known.paced = known.paced * self._pace_kept + 1.0
        known.pace = pace + (log(took) - pace) / paced
        return WORTH + (1 - WORTH) * usual / (usual + took)

    def add(self, context: str, reward: float, pulled: Sequence[str], seen: Sequence[str] = ()) -> None:
        """One result, of all these arms: of those that were ``pulled`` and of those that were only ``seen``. ``reward``
        is 0..1.
        """
        known = self._contexts.get(context) or self._begin(context)
        steps = known.steps = known.steps + 1
        if pulled:
            known.rounds += 1
            known.reward += reward
        for name in pulled:
            arm = known.arms.get(name) or self._begin_arm(known, name)
            kept = exp2((arm.at - steps) / self.half_life)
            arm.add(reward, kept, steps)
            arm.recent = arm.recent * kept + 1.0
            arm.pulls += 1
        for name in seen:
            arm = known.arms.get(name) or self._begin_arm(known, name)
            kept = exp2((arm.at - steps) / self.half_life)
            arm.add(reward, kept, steps)
            arm.recent *= kept

    def _begin(self, name: str) -> Context:
        if len(self._contexts) >= MOST_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        known = self._contexts[name] = Context()
        return known

    def _begin_arm(self, context: Context, name: str) -> Arm:
        arms = context.arms
        if len(arms) >= MOST_ARMS:
            for old in sorted(arms, key=lambda each: arms[each].at)[: MOST_ARMS // 2]:
                del arms[old]
        arm = arms[name] = Arm(context.steps)
        return arm

    def forget(self, name: str) -> None:
        """An arm, in all contexts."""
        for context in self._contexts.values():
            context.arms.pop(name, None)

    def clear(self) -> None:
        self._contexts.clear()

    # Choosing

    def draw(self, context: str, names: Sequence[str], dice: Dice) -> tuple[int, int]:
        """Thompson sampling: the index of the arm whose mean, drawn from what is held of it, is the highest; and of
        the one that has paid best so far (-1: none has any results).
        """
        known = self.context(context)
        get, steps = known.arms.get, known.steps
        highest, most = -inf, -1.0
        drawn, leader, chance = 0, -1, 1
        for index, name in enumerate(names):
            if chance == 1:
                chance = int(dice.random() * MANY) + MANY
            arm = get(name)
            if arm is None:
                value = HOPE + DOUBT * NORMAL[chance & MASK]
            else:
                if arm.until < steps:
                    arm.renew(exp2((arm.at - steps) / self.half_life), steps + self._good_for)
                value = arm.hope + arm.doubt * NORMAL[chance & MASK]
                if arm.mean > most:
                    most, leader = arm.mean, index
            chance >>= BITS
            if value > highest:
                highest, drawn = value, index
        return drawn, leader

    # Keeping

    def as_numbers(self) -> dict[str, tuple[float, ...]]:
        """All of it, to be kept (``arms_kept``)."""
        return numbers_of(self._contexts)

    @classmethod
    def from_numbers(cls, numbers: Any, half_life: float = HALF_LIFE) -> Arms:
        """The memory that ``as_numbers`` told of. Raises Misuse."""
        made = cls(half_life)
        made._contexts = contexts_of(numbers)
        return made


_NOTHING = Context()
