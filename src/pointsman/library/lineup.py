"""Who could take a task, before anybody looks at the present: by tags and capabilities, from the nearest zone outwards.

A line-up is made once for all tasks that ask for the same, and holds a strategy made ready for each of its pools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from pointsman.model.decision import Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.members import MOST_PARTS, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.shapes import Kept, Sight, Strategy
from pointsman.routing.stages import health, limits

Maker = Callable[[Pool], Strategy]


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a task asks of a model: any of these tags, all of these capabilities."""

    tags: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.tags, self.capabilities))


NO_WISH = Wish()


class Row:
    """The models of one distance, and how to pick one of them."""

    def __init__(self, pool: Pool, make: Maker) -> None:
        self.pool = pool
        self.members = Members(pool)
        self.strategy = make(pool)
        self._make = make
        self._limited = any(d.limited for d in pool)
        self._narrowed: dict[Members, Strategy] = {}

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[Deployment, Pool, Step] | None:
        """The strategy's pick, looking only at who may be unfit and at the limits of the one that it picks. None where
        that is not enough to go by: nobody is fit, or the pick has no room.
        """
        pool, strategy = self.pool, self.strategy
        if view.resting:
            left = health.keep(self.members, request, view).left
            if not left.pool:
                return None
            pool, strategy = left.pool, self.strategy_for(left)
        index, word = strategy.pick(request, view, dice)
        found = pool[index]
        if self._limited and view.room(found, request.tokens) is not None:
            return None
        return found, pool, word

    def fit(self, request: Request, view: View, sights: list[Sight] | None = None) -> tuple[Members, tuple[Step, ...]]:
        """Who may be asked now, and what the filters said."""
        left, steps = self.members, []
        for stage, keep, idle, needed in (
            ("limits", limits.keep, limits.IDLE, self._limited),
            ("health", health.keep, health.IDLE, bool(view.resting)),
        ):
            kept = keep(left, request, view) if needed else Kept(left, idle)
            steps.append(Step(stage, len(left.pool), len(kept.pool), kept.reason))
            if sights is not None:
                sights.append(Sight(stage, kept.pool, kept.excluded))
            left = kept.left
        return left, tuple(steps)

    def strategy_for(self, left: Members) -> Strategy:
        """The strategy for some of its members."""
        if left is self.members:
            return self.strategy
        found = self._narrowed.get(left)
        if found is None:
            if len(self._narrowed) >= MOST_PARTS:
                self._narrowed.clear()
            found = self._narrowed[left] = self._make(left.pool)
        return found


class Lineup(msgspec.Struct, frozen=True):
    """``rows`` from the nearest zone outwards, ``steps`` and ``sights`` what has been said so far."""

    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    sights: tuple[Sight, ...] = ()

    @property
    def simple(self) -> bool:
        """Is nothing to be weighed between zones?"""
        return len(self.rows) == 1


def lineup(
    members: Pool, capabilities: Mapping[str, frozenset[str]], wish: Wish, zone: str | None, make: Maker
) -> Lineup:
    """``members`` are all that are registered, with what each is capable of by id."""
    pool, sights = members, []
    steps = [Step("registered", len(members), len(members), f"{len(members)} registered")]
    for stage, said, fits in _tests(wish, capabilities):
        left = tuple([d for d in pool if fits(d)])
        steps.append(Step(stage, len(pool), len(left), said))
        sights.append(Sight(stage, left, {d.id: f"not {said}" for d in pool if not fits(d)}))
        pool = left
    rows = tuple(Row(each, make) for each in by_distance(pool, zone)) if pool else ()
    return Lineup(rows, tuple(steps), tuple(sights))


def _tests(
    wish: Wish, capabilities: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, str, Callable[[Deployment], bool]]]:
    """The stages of a wish: what each demands, in words and as a test."""
    if wish.tags:
        tags = frozenset(wish.tags)
        yield "tag", f"tagged {' or '.join(wish.tags)}", lambda d: not tags.isdisjoint(d.tags)
    if wish.capabilities:
        able = frozenset(wish.capabilities)
        yield "capability", f"capable of {', '.join(wish.capabilities)}", lambda d: able <= capabilities[d.id]


def by_distance(pool: Pool, zone: str | None) -> list[Pool]:
    """From the nearest outwards: how many leading parts a zone shares with ours ("eu/frankfurt/a"). Who says no zone is
    as near as can be: he may be anywhere.
    """
    if zone is None:
        return [pool]
    ours = zone.split("/")
    far: dict[int, list[int]] = {}
    for index, d in enumerate(pool):
        theirs = d.provider.zone
        far.setdefault(0 if theirs is None else len(ours) - _shared(ours, theirs.split("/")), []).append(index)
    return [tuple(pool[index] for index in far[distance]) for distance in sorted(far)]


def _shared(ours: list[str], theirs: list[str]) -> int:
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        count += 1
    return count
