"""affinity: a session stays where it was served last, as long as that is fit; a task goes to whom such tasks went well.

Who has no home there yet is given one by a hash of the session, so replicas that don't share a memory agree; without a
session requests of one task of which nothing is known (``routing.skill``), else those that begin alike, count as one.
What was delivered so far is the evidence: a member's share of new keys is its weight times its success rate, and nobody
is given much more than its share of what is in flight (``routing.rendezvous``).
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import mul

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.features import beginning
from pointsman.routing.figures import arithmetic
from pointsman.routing.reading import Reading
from pointsman.routing.rendezvous import Homes, number
from pointsman.routing.sessions import home_of
from pointsman.routing.shares import lessened, weights_of
from pointsman.routing.skill import Skills


class Affinity:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        self._weights = members.column(weights_of(pool))
        self._homes = Homes(members)
        self._skills = Skills(members, "affinity")
        self._shares: Reading[Column] = Reading(members, ("trust",))

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        home = home_of(request, self._members.places, view)
        if home is not None:
            return home, self._told(f"{self._pool[home].id} is the home of the session")
        skill = self._skills.of(request, view)
        if skill is not None:
            return self._skills.pick(skill, view, dice)
        kind, key = _key(request)
        drawn = number(key) if key else int(dice.random() * 2**64)
        index, nearest = self._homes.place(drawn, self._shares.of(view, self._parts), view)
        full = "" if index == nearest else f", for {self._pool[nearest].id} has its share of what is in flight"
        return index, self._told(f"{self._pool[index].id} by a hash of {kind}{full}")

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        home = home_of(request, self._members.places, view)
        shares = self._shares.of(view, self._parts)
        total = sum(shares)
        rows = zip(self._pool, shares, self._skills.terms(request, view), strict=True)
        return [
            {"home": float(index == home), **skill, "share": float(share / total), "in_flight": view.in_flight(d)}
            for index, (d, share, skill) in enumerate(rows)
        ]

    def _parts(self, columns: tuple[Column, ...], reduced: Mapping[str, float]) -> Column:
        shares = self._do.each(mul, self._weights, *columns)
        return lessened(shares, self._members, reduced, self._do)

    def _told(self, why: str) -> Step:
        return Step("strategy", len(self._pool), 1, f"affinity: {why}")


def _key(request: Request) -> tuple[str, bytes]:
    """What a request is recognised by: how that is called, and its bytes (none: by nothing)."""
    hints = request.hints
    if hints.session is not None:
        return "the session", b"session " + hints.session.encode(errors="surrogatepass")
    task = hints.task_class or hints.task
    if task is not None:
        return "the task", b"task " + task.encode(errors="surrogatepass")
    begun = beginning(request)
    return ("the prompt's beginning", begun) if begun else ("nothing, it is empty", b"")
