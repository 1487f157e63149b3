"""One look at everything that waits: what another did at the same look counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

from pointsman.wire.sweeper import NEVER, Sweeper


class Waiting:
    """Something that is late, and what it does when it is told so."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.deadline = monotonic() - 1
        self.act = act
        self.expired = 0

    def expire(self) -> None:
        self.expired += 1
        self.act()


def watching(*waiting: Waiting) -> Sweeper:
    sweeper = Sweeper(asyncio.get_running_loop())
    for each in waiting:
        sweeper.watch(each)
    return sweeper


async def test_who_was_put_off_meanwhile_is_left_alone():
    """Whichever of two comes first: it gave the other more time."""
    one, two = Waiting(), Waiting()
    one.act, two.act = lambda: setattr(two, "deadline", NEVER), lambda: setattr(one, "deadline", NEVER)
    watching(one, two)._sweep()
    assert one.expired + two.expired == 1


async def test_who_was_forgotten_meanwhile_is_left_alone():
    """As above: it ended the other's wait."""
    one, two = Waiting(), Waiting()
    sweeper = watching(one, two)
    one.act, two.act = partial(sweeper.forget, two), partial(sweeper.forget, one)
    sweeper._sweep()
    assert one.expired + two.expired == 1


async def test_everybody_who_is_late_is_told():
    """And who is not, is not."""
    late, early = [Waiting() for _ in range(5)], Waiting()
    early.deadline = monotonic() + 1000
    watching(*late, early)._sweep()
    assert [each.expired for each in (*late, early)] == [1] * 5 + [0]
