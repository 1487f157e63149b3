"""The order of thought. A decision is a pool that only shrinks: resolvers settle who could serve the request, filters
leave out who can't now, the strategy picks, and the tiers say what comes next. Every word is a Step.

What does not depend on the present is computed once and remembered under what was asked (``settle.py``); what does is
asked every time. There is no other way to a decision, and none to an explanation.
"""

from __future__ import annotations

from types import ModuleType

from pointsman.errors import ConfigurationError, PointsmanError
from pointsman.model.decision import Decision, Pool, Step, Tier
from pointsman.model.deployment import Deployment
from pointsman.model.members import MOST_PARTS
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.providers.shapes import takes_task
from pointsman.routing.asking import Asking
from pointsman.routing.conditions import Facts
from pointsman.routing.content import Content
from pointsman.routing.elsewhere import Elsewhere, admits
from pointsman.routing.settle import Settler
from pointsman.routing.shapes import Asked, Heard, Resolution, Resolver, Sight, Strategy
from pointsman.routing.stages import able, health, limits, params, requirements, warm
from pointsman.routing.stages.alias import alias
from pointsman.routing.stages.capability import capability
from pointsman.routing.stages.cost_quality import cost_quality
from pointsman.routing.stages.default_provider import default_provider
from pointsman.routing.stages.exact import exact
from pointsman.routing.stages.hints import hints
from pointsman.routing.stages.metadata import metadata
from pointsman.routing.stages.pattern import pattern
from pointsman.routing.stages.semantic import semantic
from pointsman.routing.stages.size import size
from pointsman.routing.stages.tags import tags
from pointsman.routing.stages.task import task
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.topology import Topology

RESOLVERS: tuple[tuple[str, Resolver], ...] = (
    ("hints", hints),
    ("alias", alias),
    ("tag", tags),
    ("metadata", metadata),
    ("exact", exact),
    ("pattern", pattern),
    ("capability", capability),
    ("size", size),
    ("task", task),
    ("semantic", semantic),
    ("cost-quality", cost_quality),
    ("default", default_provider),
)
"""Who could serve the request. The first that settles it gives the route its name."""

NARROWING = frozenset({"metadata"})
"""Resolvers that have a say after another has settled: they may narrow its pool, never widen it."""

__all__ = ["FILTERS", "RESOLVERS", "Pipeline", "Sight"]

FILTERS: tuple[tuple[str, ModuleType], ...] = (
    ("requirements", requirements),
    ("limits", limits),
    ("health", health),
    ("params", params),
    ("able", able),
    ("warm", warm),
)
"""Who can't serve it now. Each module says ``concerned`` (has it anything to look at in this pool?), ``IDLE`` and
``keep``."""


class Pipeline:
    """The stages over one topology. Thread-safe: its memory only ever gains equal answers.

    Raises ConfigurationError if there is no such strategy.
    """

    def __init__(self, topology: Topology) -> None:
        own = (wanted.strategy for wanted in topology.capabilities.values())
        for name in (topology.strategies.default, *topology.strategies.groups.values(), *own):
            if name is not None and name not in STRATEGIES:
                raise ConfigurationError(f"strategy {name[:80]!r} is not known; there are: {', '.join(STRATEGIES)}")
        self.topology = topology
        self.content = Content(topology)
        self._asking = Asking(topology)
        self._settler = Settler(topology, RESOLVERS, NARROWING, FILTERS)
        self._elsewhere = Elsewhere(topology, self.strategy)

    def decide(
        self,
        request: Request,
        view: View,
        dice: Dice,
        sights: list[Sight] | None = None,
        heard: Heard | None = None,
    ) -> Decision:
        """Decide without acting. ``heard`` is an encoder's answer, where ``wanted`` asked for one.

        Raises ModelNotFound, InvalidBody, InvalidHeader (a hint that nobody knows), NoTag, NoCandidate, AtLimit or
        TooManyTokens.
        """
        asked = self._asking.asked(request, view)
        resolution = self._settler.resolve(asked)
        if resolution.unread:
            asked, resolution = self.content.settle(request, asked, heard, view, self._settler)
        if view.resting or resolution.concerned or sights is not None:
            pool, strategy, steps = self._filter(resolution, request, view, sights)
        else:  # every filter would be idle: what they would say was said when the request was settled
            pool, strategy, steps = resolution.tiers[0].pool, resolution.strategy, resolution.calm
        tiers = resolution.tiers
        if request.fallbacks is not None or request.turns:
            tiers = self._settler.wished(request, resolution, asked)
        number = 0
        if pool:
            index, step = strategy.pick(request, view, dice)
            steps += (step,)
        else:
            number, pool, index, steps = self._elsewhere.find(request, tiers, steps, view, dice, sights)
        choice, tier = pool[index], tiers[number]
        tags, task, unsent = _taken(asked, request, choice) if type(asked) is Asked else ((), None, ())
        return Decision(
            request.model,
            resolution.route,
            tier.strategy,
            choice,
            choice.model or tier.name or "",
            pool,
            tiers,
            steps,
            number,
            tags,
            task,
            unsent,
        )

    def wanted(self, request: Request, view: View) -> tuple[str, tuple[str, ...]] | None:
        """The text and the examples whose vectors would help to decide; None for most requests."""
        if not self.content.remote:
            return None
        asked = self._asking.asked(request, view)
        try:
            unread = self._settler.resolve(asked).unread
        except PointsmanError:  # ``decide`` will say so
            return None
        return self.content.wanted(request, asked, view) if unread else None

    def strategy(self, tier: Tier, pool: Pool) -> Strategy:
        """The tier's strategy made ready for some of its members."""
        return STRATEGIES[tier.strategy](tier.group, pool, self.topology.strategies)

    def admits(self, tier: Tier, request: Request, view: View, failed: frozenset[str]) -> bool:
        """May a request turn to this tier, after these providers have failed it?"""
        return tier.link is None or admits(tier, Facts(request, self.topology, view, tier.name, failed))

    def _filter(
        self, resolution: Resolution, request: Request, view: View, sights: list[Sight] | None
    ) -> tuple[Pool, Strategy, tuple[Step, ...]]:
        """Who is left after the filters, how to pick from them, and all steps so far."""
        first = resolution.tiers[0]
        left, steps = resolution.members, resolution.steps
        if sights is not None:
            sights.extend(resolution.sights)
        for stage, module in FILTERS:
            size = len(left.pool)
            if stage not in resolution.concerned and not (stage == "health" and view.resting):
                steps += (Step(stage, size, size, module.IDLE),) if module.IDLE else ()
                continue
            kept = module.keep(left, request, view)
            if not kept.reason:
                continue
            steps += (Step(stage, size, len(kept.pool), kept.reason),)
            if sights is not None:
                sights.append(Sight(stage, kept.pool, kept.excluded))
            left = kept.left
        if left is resolution.members or not left.pool:
            return left.pool, resolution.strategy, steps
        ready = resolution.ready
        strategy = ready.get(left)
        if strategy is None:
            if len(ready) >= MOST_PARTS:
                ready.clear()
            strategy = ready[left] = self.strategy(first, left.pool)
        return left.pool, strategy, steps


def _taken(asked: Asked, request: Request, choice: Deployment) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """The tags that a request was taken to carry, what it was taken to be about (read, or said by the caller), and
    which of its hints the choice does not get to see.
    """
    label = asked.verdict[1] if asked.verdict is not None else None
    hidden = request.hints.task is not None and not takes_task(choice.provider)
    return asked.tags, label or asked.task, ("task",) if hidden else ()
