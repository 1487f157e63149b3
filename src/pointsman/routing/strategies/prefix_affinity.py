"""prefix_affinity: prompts that begin alike go to the same member, so its prefix cache stays warm; within bounds.

The first kilobyte of what the model will read is hashed onto the members, by weight. Nobody is given more than 1.25
times its share of what is in flight: a popular beginning spreads to the next nearest member, always the same one,
instead of making a hot spot. Who comes or goes moves only its own part of the prompts. Method: ``routing.rendezvous``.
"""

from __future__ import annotations

from math import ceil, inf

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.features import beginning
from pointsman.routing.figures import arithmetic
from pointsman.routing.rendezvous import Homes, number
from pointsman.routing.shares import lessened, weights_of


class PrefixAffinity:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        self._weights = members.column(weights_of(pool))
        self._homes = Homes(members)

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool, begun = self._pool, beginning(request)
        key = number(begun) if begun else int(dice.random() * 2**64)
        index, home = self._homes.place(key, self._shares(view), view)
        told = f"{pool[index].id} is where prompts with this beginning go"
        if index != home:
            told = f"{pool[index].id} is next, for {pool[home].id}, where they go, has its share of what is in flight"
        return index, Step("strategy", len(pool), 1, f"prefix_affinity: {told}")

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        shares, loads = self._shares(view), view.in_flight_of(self._members)
        distances = self._homes.distances(number(beginning(request)), shares)
        rows = zip(loads, self._homes.bounds(shares, loads), distances, strict=True)
        return [
            {"in_flight": int(load), "bound": ceil(bound)} | ({"distance": float(far)} if far < inf else {})
            for load, bound, far in rows
        ]

    def _shares(self, view: View) -> Column:
        return lessened(self._weights, self._members, view.reduced, self._do)
