"""The order of thought. A decision is a pool that only shrinks: resolvers settle who could serve the name, filters
leave out who can't now, the strategy picks, and the fallbacks say what comes next. Every word is a Step.

What depends on the name alone is computed once per name and kept (``_resolutions``, bounded); what depends on the
present is asked every time. There is no other way to a decision, and none to an explanation.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.errors import AtLimit, ConfigurationError, InvalidBody, ModelNotFound, NoCandidate, TooManyTokens
from pointsman.model.decision import Decision, Pool, Step, Tier
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.fallback import MAX_TIERS, groups_after
from pointsman.routing.near import near_names
from pointsman.routing.shapes import Filter, Picker, Resolution, Resolver, Settled, Strategy
from pointsman.routing.stages import health, limits
from pointsman.routing.stages.alias import alias
from pointsman.routing.stages.default_provider import default_provider
from pointsman.routing.stages.exact import exact
from pointsman.routing.stages.pattern import pattern
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.topology import Topology

RESOLVERS: tuple[tuple[str, Resolver], ...] = (
    ("alias", alias),
    ("exact", exact),
    ("pattern", pattern),
    ("default", default_provider),
)

FILTERS: tuple[tuple[str, Filter, Callable[[Resolution, View], bool], str], ...] = (
    ("health", health.health, health.idle, health.IDLE),
    ("limits", limits.limits, limits.idle, limits.IDLE),
)

MAX_RESOLUTIONS = 20_000
"""Names remembered. Callers choose names, so there must be an end; when it is reached, all are forgotten at once."""


class Sight(msgspec.Struct):
    """One stage as seen in a verbose explanation: who was left, and why others were not."""

    stage: str
    pool: Pool
    excluded: dict[str, str]


class Pipeline:
    """The stages over one topology. Thread-safe: its memory only ever gains equal answers.

    Raises ConfigurationError if there is no such strategy.
    """

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._strategy = _strategy(topology.router.strategy)
        self._resolutions: dict[str | None, Resolution] = {}

    def decide(self, request: Request, view: View, dice: Dice, sights: list[Sight] | None = None) -> Decision:
        """Decide without acting.

        Raises ModelNotFound, InvalidBody (no model named), NoCandidate, AtLimit or TooManyTokens.
        """
        resolution = self._resolutions.get(request.model) or self.resolve(request.model)
        if view.resting or resolution.limited or sights is not None:
            pool, pick, steps = self._filter(resolution, request, view, sights)
        else:  # every filter would be idle: what they would say was said when the name was resolved
            pool, pick, steps = resolution.tiers[0].pool, resolution.pick, resolution.calm
        tiers = resolution.tiers
        if request.fallbacks is not None:
            tiers = (tiers[0], *self._tiers(request.fallbacks))
        number = 0
        if pool:
            index, step = pick(view, dice)
            steps += (step,)
        else:
            number, pool, index, steps = self._elsewhere(request, tiers, steps, view, dice, sights)
        choice = pool[index]
        tier = tiers[number]
        return Decision(
            request.model,
            resolution.route,
            self.topology.router.strategy,
            choice,
            choice.model or tier.name or "",
            pool,
            tiers,
            steps,
            dice.random(),
            number,
        )

    def _filter(
        self, resolution: Resolution, request: Request, view: View, sights: list[Sight] | None
    ) -> tuple[Pool, Picker, tuple[Step, ...]]:
        """Who is left after the filters, how to pick from them, and all steps so far."""
        first = resolution.tiers[0]
        pool, pick, steps = first.pool, resolution.pick, resolution.steps
        if sights is not None:
            sights.append(Sight(resolution.route, pool, {}))
        for stage, keep, idle, nothing in FILTERS:
            size = len(pool)
            if idle(resolution, view):
                steps += (Step(stage, size, size, nothing),)
                continue
            kept = keep(pool, request, view)
            steps += (Step(stage, size, len(kept.pool), kept.reason),)
            if sights is not None:
                sights.append(Sight(stage, kept.pool, kept.excluded))
            if len(kept.pool) != size:
                pool = kept.pool
                pick = self._strategy(first.group, pool) if pool else pick
        return pool, pick, steps

    def resolve(self, name: str | None) -> Resolution:
        """Everything that depends on the name alone. Raises ModelNotFound, or InvalidBody if no name was given."""
        route, public, settled, steps = self._settle(name)
        pool = settled.pool or ()
        group = settled.group or public or settled.name or ""
        tiers = [Tier(group, settled.name, pool)]
        if settled.fallback is not None:
            served = self.topology.served_by(settled.fallback, group)
            tiers.append(Tier(settled.fallback, group, served))
        key = name if name in self.topology.fallbacks else group
        tiers += self._tiers(groups_after(key, self.topology))
        resolution = Resolution(
            name=settled.name,
            route=route,
            tiers=tuple(tiers[:MAX_TIERS]),
            steps=steps,
            pick=self._strategy(group, pool),
            limited=any(d.limited for d in pool),
            calm=(*steps, *[Step(stage, len(pool), len(pool), nothing) for stage, _, _, nothing in FILTERS]),
        )
        if len(self._resolutions) >= MAX_RESOLUTIONS:
            self._resolutions.clear()
        self._resolutions[name] = resolution
        return resolution

    def _settle(self, asked: str | None) -> tuple[str, str | None, Settled, tuple[Step, ...]]:
        """The stage that settled it, the public name after aliases, that stage's word, and all steps so far."""
        everyone = len(self.topology.deployments)
        steps: list[Step] = []
        name = asked
        for stage, resolver in RESOLVERS:
            word = resolver(name, self.topology)
            if isinstance(word, str):
                steps.append(Step(stage, everyone, everyone, word))
            elif word.pool is None:
                steps.append(Step(stage, everyone, everyone, word.reason))
                name = word.name
            elif word.pool:
                steps.append(Step(stage, everyone, len(word.pool), word.reason))
                return stage, name, word, tuple(steps)
            else:
                steps.append(Step(stage, everyone, everyone, f"{word.reason}, which has no deployment"))
        raise self._unsettled(asked)

    def _tiers(self, groups: list[str] | tuple[str, ...]) -> list[Tier]:
        tiers = []
        for group in groups_after(None, self.topology, tuple(groups)):
            _, _, settled, _ = self._settle(group)
            tiers.append(Tier(settled.group or group, settled.name, settled.pool or ()))
        return tiers

    def _elsewhere(
        self,
        request: Request,
        tiers: tuple[Tier, ...],
        steps: tuple[Step, ...],
        view: View,
        dice: Dice,
        sights: list[Sight] | None,
    ) -> tuple[int, Pool, int, tuple[Step, ...]]:
        """Nobody in the group asked for is fit: the first fallback group with somebody fit takes its place. If there is
        none, those whose breaker is open are asked all the same: a guess about health must not end a service. Raises
        NoCandidate, AtLimit or TooManyTokens.
        """
        for in_need in (False, True):
            for number, tier in enumerate(tiers):
                if number == 0 and not in_need:
                    continue
                excluded = _excluded(tier.pool, request, view, in_need)
                pool = tuple(d for d in tier.pool if d.id not in excluded)
                begun = _begun(tier, pool, in_need)
                steps += (begun,)
                if pool:
                    index, step = self._strategy(tier.group, pool)(view, dice)
                    return number, pool, index, (*steps, step)
                if sights is not None:
                    sights.append(Sight(begun.stage, pool, excluded))
        raise _empty(request, tiers, steps, view)

    def _unsettled(self, name: str | None) -> ModelNotFound | InvalidBody:
        if name is None:
            return InvalidBody(
                "the request names no model, and no default provider with a default_model is configured",
                param="model",
            )
        near = near_names(name, self.topology.public_names)
        hint = f"; near names: {', '.join(near)}" if near else ""
        return ModelNotFound(f"model {name[:200]!r} is not served here{hint}", param="model")


def _strategy(name: str) -> Strategy:
    found = STRATEGIES.get(name)
    if found is None:
        raise ConfigurationError(f"strategy {name[:80]!r} is not known; there are: {', '.join(STRATEGIES)}")
    return found


def _excluded(pool: Pool, request: Request, view: View, in_need: bool) -> dict[str, str]:
    """Who can't be asked now, and why."""
    reasons = {d.id: view.fitness(d, in_need=in_need) or view.room(d, request.tokens) for d in pool}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _begun(tier: Tier, pool: Pool, in_need: bool) -> Step:
    """The step that begins a new pool after the one before was empty."""
    if in_need:
        why = "asked in spite of an open breaker" if pool else "nobody may be asked, not even in need"
    else:
        why = "turned to" if pool else "nobody fit in fallback group"
    return Step("need" if in_need else "fallback", len(tier.pool), len(pool), f"{why}: {tier.group!r}")


def _empty(
    request: Request, tiers: tuple[Tier, ...], steps: tuple[Step, ...], view: View
) -> NoCandidate | TooManyTokens:
    """Nobody is left. The 'no candidate' error prints the same steps as every other explanation."""
    first, tokens = tiers[0], request.tokens
    able = [d for tier in tiers for d in tier.pool if d.could_take(tokens)]
    if not able:
        most = max(d.tpm or 0 for tier in tiers for d in tier.pool)
        return TooManyTokens(
            f"the request is estimated at {tokens} tokens; the most that a deployment of {first.group!r}"
            f" or its fallbacks may take is {most} a minute",
            steps=steps,
        )
    at_limit = all(view.fitness(d) is None for d in first.pool)
    wait = min(view.wait(d, tokens) for d in able)
    told = "; ".join(f"[{step.stage}] {step.reason}" for step in steps if step.after < step.before)
    error = AtLimit if at_limit else NoCandidate
    return error(
        f"no deployment of {first.group!r} can take the request now: {told}",
        retry_after=max(wait, 0.0),
        steps=steps,
    )
