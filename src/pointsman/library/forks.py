"""Routers in forked processes: a child begins with a lock that nobody holds, and with dice of its own.

A fork copies memory as it is at that moment, also the lock that another thread holds, which nobody in the child would
ever let go. So every router's lock is taken before a fork and let go on both sides after it. Other people's locks are
beyond this: RE2's, while a thread reads a prompt for the first time.
"""

from __future__ import annotations

import os
from random import Random, SystemRandom
from typing import Any
from weakref import WeakSet

_ROUTERS: WeakSet[Fork] = WeakSet()
_HELD: list[Any] = []


class Fork:
    """Of one router, for as long as it lives. ``dice`` that were seeded go on as they are."""

    def __init__(self, lock: Any, dice: Random, *, seeded: bool) -> None:
        self.lock = lock
        self.dice = None if seeded else dice
        _ROUTERS.add(self)


def _before() -> None:
    for each in list(_ROUTERS):
        each.lock.acquire()
        _HELD.append(each)


def _after() -> None:
    while _HELD:
        _HELD.pop().lock.release()


def _in_child() -> None:
    for each in _HELD:
        if each.dice is not None:
            each.dice.seed(SystemRandom().getrandbits(128))
    _after()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
