"""From what was asked to who could serve it: the resolvers in their order, their answers remembered.

The memory is bounded, for callers choose names and hints; when it is full all of it is forgotten at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from pointsman.errors import InvalidBody, ModelNotFound, PointsmanError
from pointsman.model.decision import Step, Tier
from pointsman.routing.near import near_names
from pointsman.routing.shapes import Asked, Found, Resolution, Resolver, Settled, Unread
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.tiers import MAX_FALLBACKS, Tiers
from pointsman.routing.topology import Topology

MAX_RESOLUTIONS = 20_000
"""Answers remembered."""


class Settler:
    """Over one topology. Thread-safe."""

    def __init__(
        self,
        topology: Topology,
        resolvers: tuple[tuple[str, Resolver], ...],
        narrowing: frozenset[str],
        filters: tuple[tuple[str, ModuleType], ...],
    ) -> None:
        self._topology = topology
        self._resolvers = resolvers
        self._narrowing = narrowing
        self._filters = filters
        self._tiers = Tiers(topology, self._by_name)
        self._known: dict[Asked | str | None, Resolution] = {}

    def resolve(self, asked: Asked | str | None) -> Resolution:
        """Everything that can be said without looking at the present. Raises RequestRefused."""
        known = self._known.get(asked)
        if known is None:
            known = self._resolution(asked if isinstance(asked, Asked) else Asked(asked))
            if len(self._known) >= MAX_RESOLUTIONS:
                self._known.clear()
            self._known[asked] = known
        return known

    def chosen(self, names: tuple[str, ...], asked: Asked | str | None) -> list[Tier]:
        """Tiers of the caller's own fallbacks."""
        return self._tiers.groups(
            list(dict.fromkeys(names))[:MAX_FALLBACKS], asked.tags if isinstance(asked, Asked) else ()
        )

    def _resolution(self, asked: Asked) -> Resolution:
        steps: list[Step] = []
        route, found = "", Found(asked.name)
        settled: Settled | None = None
        known: dict[str, str] = {}
        for stage, resolver in self._resolvers:
            if found.pool is not None and stage not in self._narrowing:
                continue
            word = resolver(asked, found, self._topology)
            if word is None:
                continue
            if isinstance(word, Unread):
                return Resolution(stage, (), tuple(steps), (), unread=True)
            before = self._size(found)
            if isinstance(word, Settled) and word.model is not None:
                word = self._in_turn(word, word.model)
            if isinstance(word, str):
                steps.append(Step(stage, before, before, word))
            elif word.pool is None:
                steps.append(Step(stage, before, before, word.reason))
                found = Found(word.name)
            elif not word.pool:
                steps.append(Step(stage, before, before, f"{word.reason}, which has no deployment"))
            else:
                steps.append(Step(stage, before, len(word.pool), word.reason))
                known = {**known, **word.known}
                route, settled = route or stage, word if settled is None else narrowed(settled, word)
                found = Found(word.name, word.pool, word.group)
        if settled is None:
            raise self._unsettled(asked.name)
        return self._made(asked, route, settled, tuple(steps), known)

    def _made(
        self, asked: Asked, route: str, settled: Settled, steps: tuple[Step, ...], known: Mapping[str, str]
    ) -> Resolution:
        group = settled.group or self._topology.aliased(asked.name) or settled.name or ""
        strategy = settled.strategy or self._topology.strategy_of(group, asked.name)
        tiers = self._tiers.of(asked, group, settled, strategy)
        pool = tiers[0].pool
        size = len(pool)
        calm = tuple(Step(stage, size, size, module.IDLE) for stage, module in self._filters if module.IDLE)
        return Resolution(
            route,
            tiers,
            steps,
            (*steps, *calm),
            STRATEGIES[strategy](group, pool, self._topology.strategies),
            frozenset(stage for stage, module in self._filters if module.concerned(pool, self._topology)),
            known=dict(known),
        )

    def _in_turn(self, word: Settled, model: str) -> Settled:
        """A resolver named a public model: who serves that, and all that belongs to it."""
        group, inner = self._by_name(model)
        reason = f"{word.reason}: {inner.reason}"
        return Settled(inner.name, reason, inner.pool, inner.fallback, group, inner.strategy, inner.chain)

    def _by_name(self, name: str) -> tuple[str, Settled]:
        """A public name by itself, as fallbacks and content stages mean it."""
        found = Found(name)
        for _, resolver in self._resolvers:
            word = resolver(Asked(name), found, self._topology)
            if isinstance(word, Settled):
                if word.pool:
                    return word.group or found.name or name, word
                if word.pool is None:
                    found = Found(word.name)
        raise self._unsettled(name)

    def _size(self, found: Found) -> int:
        return len(self._topology.deployments if found.pool is None else found.pool)

    def _unsettled(self, name: str | None) -> PointsmanError:
        if name is None:
            return InvalidBody(
                "the request names no model, and no default provider with a default_model is configured",
                param="model",
            )
        near = near_names(name, self._topology.public_names)
        hint = f"; near names: {', '.join(near)}" if near else ""
        return ModelNotFound(f"model {name[:200]!r} is not served here{hint}", param="model")


def narrowed(settled: Settled, word: Settled) -> Settled:
    """A later resolver's smaller pool, with all that the first one said besides."""
    return Settled(
        word.name,
        word.reason,
        word.pool,
        word.fallback or settled.fallback,
        word.group or settled.group,
        word.strategy or settled.strategy,
        word.chain or settled.chain,
    )
