"""Watching servers: what they say of themselves, asked again and again beside all requests, never within one.

A watch runs until it is cancelled. Who does not answer, or not with what was asked for, is asked again in its turn;
nothing is held against it, unless the question was whether it is up.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import msgspec

from pointsman.config.kinds import SERVICES
from pointsman.config.settings import Pace
from pointsman.flow.effects import Call, Effect, Reply, Sleep
from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.listing import Card, Listing
from pointsman.model.rest import HealthCheck
from pointsman.providers import alive
from pointsman.providers.busy import BUSY
from pointsman.providers.detailed import detail_of, detailed
from pointsman.providers.listed import LISTED
from pointsman.providers.loaded import LOADED
from pointsman.providers.probe import Probe, answer, question
from pointsman.routing.lists import lists_of_use
from pointsman.routing.topology import Topology
from pointsman.state.scoreboard import Scoreboard

T = TypeVar("T")

Watch = Generator[Effect, Reply, None]

Kept = dict[str, tuple[str | None, Card]]
"""The last word on each model: its edition, if it has one, and its card."""

ROUNDS = 2.5
"""Times ``every`` that a server's word holds: one lost answer is no reason to forget it."""

OFTEN = 2.0
"""Seconds between two questions to a server that is not up: so long after it has come back nobody knows, at most."""

SELDOM = 20.0
"""Times as long between two questions for a service's list."""

TOGETHER = 0.05
"""Seconds after which a new list is learned, with those that have come meanwhile: when all are asked at once."""


def watches(topology: Topology, board: Scoreboard, learn: Callable[[], None]) -> list[Watch]:
    """All that a topology has a use for. ``learn`` goes by the lists that the board has by now."""
    everybody = {deployment.provider.name: deployment.provider for deployment in topology.deployments}.values()
    warm, pace = topology.warm, topology.watch
    found = [_busy(place, pace.load, board) for place in everybody if place.watch_load and place.kind in BUSY]
    found += [_listed(place, pace.lists, board, learn) for place in lists_of_use(topology) if place.kind in LISTED]
    checks = [(place, place.check or pace.check) for place in everybody]
    found += [_checked(place, check, board) for place, check in checks if check is not None]
    if warm is not None:
        often = Pace(warm.every, warm.timeout)
        found += [_loaded(place, often, board) for place in everybody if place.kind in LOADED]
    return found


def _loaded(provider: Provider, pace: Pace, board: Scoreboard) -> Watch:
    """Which of its models are in memory. An answer that comes late, or none, means that nobody knows."""
    while True:
        board.servers.tell_loaded(provider, (yield from _asked(LOADED, provider, pace, board)), pace.every * ROUNDS)
        yield Sleep(pace.every)


def _busy(provider: Provider, pace: Pace, board: Scoreboard) -> Watch:
    """How many requests it has that were not sent from here. Likewise."""
    while True:
        requests = yield from _asked(BUSY, provider, pace, board)
        others = max(requests - board.sent_to(provider), 0) if requests is not None else None
        board.servers.tell_others(provider, others, pace.every * ROUNDS)
        yield Sleep(pace.every)


def _listed(provider: Provider, pace: Pace, board: Scoreboard, learn: Callable[[], None]) -> Watch:
    """Which models it serves. Without an answer the last list holds: models don't go when a server is busy. A service's
    list is long and seldom another: from its first answer on it is asked less often.
    """
    rarely = SELDOM if provider.kind in SERVICES else 1.0
    known: Kept = {}
    while True:
        listing = yield from _asked(LISTED, provider, pace, board)
        if listing is not None:
            listing = yield from _detailed(provider, listing, known, pace, board)
            board.servers.tell_list(provider, listing)
            yield Sleep(TOGETHER)
            learn()
        yield Sleep(pace.every * (rarely if listing is not None else 1.0))


def _detailed(
    provider: Provider, listing: Listing, known: Kept, pace: Pace, board: Scoreboard
) -> Generator[Effect, Reply, Listing]:
    """With what it says of each model, asked one after the other; a model whose edition is ``known`` is not asked about
    again. Who does not answer is asked about no further one now: the last word on it holds, if it is the same model.
    """
    detail = detail_of(provider.kind, listing)
    if detail is None:
        return listing
    cards, silent = dict(listing.cards), False
    for name, card in listing.cards.items():
        edition = listing.editions.get(name)
        before = known.get(name)
        last = before[1] if before is not None and before[0] == edition else None
        if not silent and (last is None or edition is None):
            reply = yield _call(provider, detail.ask(name), pace.timeout, board)
            silent = not isinstance(reply, Answered)
            found = detailed(detail, reply, card)
            if found is not None:
                known[name] = edition, found
                last = found
        cards[name] = last or card
    for gone in known.keys() - cards.keys():
        del known[gone]
    return msgspec.structs.replace(listing, cards=cards)


def _checked(provider: Provider, check: HealthCheck, board: Scoreboard) -> Watch:
    """Whether it is up. A lost answer is asked for once more before it counts; who is not up is asked often."""
    asked = alive.check(provider, check.path)
    often = min(check.every, OFTEN)
    lost = 0
    while asked is not None:
        up = alive.is_up(provider, (yield _call(provider, asked, check.timeout, board)))
        lost = 0 if up else lost + 1
        if lost != 1:
            board.checked(provider, up, ROUNDS * (often + check.timeout))
        yield Sleep(often if lost else check.every)


def _asked(
    probes: dict[str, Probe[T]], provider: Provider, pace: Pace, board: Scoreboard
) -> Generator[Effect, Reply, T | None]:
    """One question and what the answer says."""
    asked = question(probes, provider)
    if asked is None:
        return None
    reply = yield _call(provider, asked, pace.timeout, board)
    return answer(probes, provider, reply)


def _call(provider: Provider, asked: WireRequest, seconds: float, board: Scoreboard) -> Call:
    """Of several keys it is asked with the next in turn."""
    return Call(provider, asked, seconds, seconds, key=board.keys.beside(provider))
