"""From what was asked to who could serve it: the resolvers in their order, their answers remembered.

The memory is bounded, for callers choose names and hints; when it is full all of it is forgotten at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import msgspec

from pointsman.errors import InvalidBody, InvalidHeader, ModelNotFound, PointsmanError, RequestRefused
from pointsman.model.decision import Pool, Step, Tier
from pointsman.model.members import Members
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Fields, Request
from pointsman.routing.near import near_names
from pointsman.routing.shapes import Asked, Found, Resolution, Resolver, Settled, Sight, Unread
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.tagging import wished
from pointsman.routing.tiers import CAUSES, Tiers
from pointsman.routing.topology import Topology

MAX_RESOLUTIONS = 20_000
"""Answers remembered."""

LONGEST_REMEMBERED = 1024
"""Characters of names and tags: what is longer is worked out each time, so that nobody fills memory with them."""


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
        self._idle: dict[int, tuple[Step, ...]] = {}

    def resolve(self, asked: Asked | str | None) -> Resolution:
        """Everything that can be said without looking at the present. Raises RequestRefused."""
        known = self._known.get(asked)
        if known is None:
            whole = asked if isinstance(asked, Asked) else Asked(asked)
            known = self._resolution(whole)
            if len(whole.name or "") + sum(map(len, whole.tags)) <= LONGEST_REMEMBERED:
                if len(self._known) >= MAX_RESOLUTIONS:
                    self._known.clear()
                self._known[asked] = known
        return known

    def wished(self, request: Request, resolution: Resolution, asked: Asked | str | None) -> tuple[Tier, ...]:
        """The group asked for, and the caller's own fallbacks in the place of the configured. Those for one cause stay
        where he names none for it; but whom he names at all he may have chosen for a request that is too long.
        Raises ModelNotFound.
        """
        own, configured = resolution.tiers[: resolution.levels], resolution.tiers[resolution.levels :]
        if request.disable_fallbacks:
            return own
        whole = asked if isinstance(asked, Asked) else Asked(asked)
        following = [tier for tier in configured if tier.on is None]
        if request.fallbacks is not None:
            following = self._chosen(request.fallbacks, request.fallback_fields, whole)
        for cause in CAUSES:
            turn = request.turns.get(cause)
            if turn is not None:
                chosen = self._chosen(turn.names, turn.fields, whole)
                following += [msgspec.structs.replace(tier, on=cause) for tier in chosen]
            elif not (request.fallbacks and cause is FailureKind.CONTEXT):
                following += [tier for tier in configured if tier.on is cause]
        return (*own, *following)

    def _chosen(self, names: Sequence[str], changes: Sequence[Fields], asked: Asked) -> list[Tier]:
        """Each name once, with what the body is to say otherwise there."""
        fields = dict(zip(reversed(names), reversed(changes), strict=False))
        found = []
        for name in list(dict.fromkeys(names))[: self._topology.router.max_fallbacks]:
            tiers, changed = self._tiers.group(name, asked), fields.get(name)
            found += [msgspec.structs.replace(tier, fields=changed) for tier in tiers] if changed else tiers
        return found

    def _resolution(self, asked: Asked) -> Resolution:
        way = _Way(asked, self._topology)
        for stage, resolver in self._resolvers:
            if way.settled is not None and stage not in self._narrowing:
                continue
            word = way.ask(stage, resolver)
            if word is None:
                if stage in self._narrowing and way.settled is None:
                    way.waiting.append((stage, resolver))
            elif isinstance(word, Unread):
                return Resolution(stage, (), tuple(way.steps), (), unread=True)
            else:
                way.heard(stage, self._in_turn(word, asked) if isinstance(word, Settled) and word.model else word)
        if way.settled is None:
            raise self._unsettled(asked, tuple(way.steps))
        for stage, resolver in way.waiting:
            word = resolver(asked, way.found, self._topology)
            if isinstance(word, (str, Settled)):
                way.heard(stage, word)
        return self._made(asked, way, way.settled)

    def _made(self, asked: Asked, way: _Way, settled: Settled) -> Resolution:
        topology = self._topology
        group = settled.group or topology.aliased(asked.name) or settled.name or ""
        strategy = settled.strategy or topology.strategy_of(group, asked.name)
        tiers, levels = self._tiers.of(asked, group, settled, strategy)
        pool = tiers[0].pool
        if levels > 1:
            way.ordered(pool, levels)
        return Resolution(
            way.route,
            tiers,
            tuple(way.steps),
            (*way.steps, *self._calm(len(pool))),
            STRATEGIES[strategy](group, pool, topology.strategies),
            frozenset([stage for stage, module in self._filters if module.concerned(pool, topology)]),
            levels=levels,
            sights=tuple(way.sights),
            members=Members(pool),
        )

    def _calm(self, size: int) -> tuple[Step, ...]:
        """What the filters say when none has anything to do, of a pool of so many."""
        known = self._idle.get(size)
        if known is None:
            said = [(stage, module.IDLE) for stage, module in self._filters if module.IDLE]
            known = self._idle[size] = tuple([Step(stage, size, size, words) for stage, words in said])
        return known

    def _in_turn(self, word: Settled, asked: Asked) -> Settled:
        """A resolver named a public model: who serves that, and all that belongs to it. Tags hold where they tell its
        deployments apart, and what they demand holds anywhere.
        """
        model = word.model or ""
        needed = bool(asked.tags) and bool(wished(asked.tags, self._topology.tags).needed)
        by_tags = needed or self._topology.aliased(model) in self._topology.tagged
        group, inner = self._by_name(model, asked.tags if by_tags else (), asked.agent if by_tags else "")
        reason = f"{word.reason}: {inner.reason}"
        return Settled(inner.name, reason, inner.pool, inner.fallback, group, inner.strategy, inner.chain)

    def _by_name(self, name: str, tags: tuple[str, ...] = (), agent: str = "") -> tuple[str, Settled]:
        """A public name by itself, as fallbacks and content stages mean it: its group and who serves it."""
        asked, found = Asked(name, tags, agent), Found(name)
        for _, resolver in self._resolvers:
            word = resolver(asked, found, self._topology)
            if isinstance(word, Settled):
                if word.model is not None:
                    word = self._in_turn(word, asked)
                if word.pool:
                    return word.group or found.name or name, word
                if word.pool is None:
                    found = Found(word.name)
        raise self._unsettled(asked, ())

    def _unsettled(self, asked: Asked, steps: tuple[Step, ...]) -> PointsmanError:
        wanted = next((step.reason for step in steps if step.stage == "capability"), None)
        if wanted is not None:
            return InvalidHeader(f"no deployment for {wanted}", param="X-Capability", steps=steps)
        if asked.name is None:
            return InvalidBody(
                "the request names no model, and no default provider with a default_model is configured",
                param="model",
                steps=steps,
            )
        near = near_names(asked.name, self._topology.public_names)
        hint = f"; near names: {', '.join(near)}" if near else ""
        return ModelNotFound(f"model {asked.name[:200]!r} is not served here{hint}", param="model", steps=steps)


class _Way:
    """One way through the resolvers: what they have come to so far. ``waiting`` have no word yet."""

    __slots__ = ("asked", "found", "route", "settled", "sights", "steps", "topology", "waiting")

    def __init__(self, asked: Asked, topology: Topology) -> None:
        self.asked = asked
        self.topology = topology
        self.found = Found(asked.name)
        self.steps: list[Step] = []
        self.settled: Settled | None = None
        self.route = ""
        self.sights: list[Sight] = []
        self.waiting: list[tuple[str, Resolver]] = []

    @property
    def left(self) -> int:
        """How many are still in the running."""
        return len(self.topology.deployments if self.found.pool is None else self.found.pool)

    def ask(self, stage: str, resolver: Resolver) -> Settled | str | Unread | None:
        """A stage's word. What it refuses is told with the steps so far, its own at their end."""
        try:
            return resolver(self.asked, self.found, self.topology)
        except RequestRefused as refused:
            refused.steps = (*self.steps, Step(stage, self.left, 0, refused.message))
            raise

    def heard(self, stage: str, word: Settled | str) -> None:
        """A stage's word becomes a step, and a pool if it has one."""
        before = self.left
        if isinstance(word, str):
            self.steps.append(Step(stage, before, before, word))
        elif word.pool is None:
            self.steps.append(Step(stage, before, before, word.reason))
            self.found = Found(word.name)
        elif not word.pool:
            self.steps.append(Step(stage, before, before, f"{word.reason}, which has no deployment"))
        else:
            if len(word.pool) > before:
                before = self.grown(len(word.pool))
            self.steps.append(Step(stage, before, len(word.pool), word.reason))
            if self.settled is None:
                self.route = stage
            self.settled = word if self.settled is None else narrowed(self.settled, word)
            self.sights.append(Sight(stage, word.pool, word.known))
            self.found = Found(word.name, word.pool, word.group)

    def grown(self, to: int) -> int:
        """An open deployment is one until a stage names the models that it serves: then so many were there before."""
        self.steps = [Step(step.stage, to, to, step.reason) for step in self.steps]
        return to

    def ordered(self, first: Pool, levels: int) -> None:
        """The pool is told apart by order; the further levels are tiers of their own."""
        pool = self.found.pool or ()
        kept = {deployment.id for deployment in first}
        later = {d.id: f"its order is {'not set' if d.order is None else d.order}" for d in pool if d.id not in kept}
        self.steps.append(Step("order", len(pool), len(first), f"order {first[0].order} of {levels} levels"))
        self.sights.append(Sight("order", first, later))


def narrowed(settled: Settled, word: Settled) -> Settled:
    """A later resolver's smaller pool, with all that the first one said besides."""
    return msgspec.structs.replace(
        settled,
        reason=word.reason,
        pool=word.pool,
        fallback=word.fallback or settled.fallback,
        strategy=word.strategy or settled.strategy,
        chain=word.chain or settled.chain,
    )
