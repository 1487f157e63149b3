"""The four shapes of thinking. A stage is a function of facts; order is the list in ``pipeline.py``.

Nothing in this room reads a clock, throws its own dice, touches a network or keeps a memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from pointsman.model.decision import Pool, Step, Tier
from pointsman.model.request import Request
from pointsman.model.view import Dice, View

if TYPE_CHECKING:
    from pointsman.routing.topology import Topology


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A resolver's word. ``pool`` None: only the name changed, the next resolver goes on with ``name``.

    ``fallback`` is a provider to turn to before the configured fallbacks. ``group`` is the public name that the pool is
    known by, if it is not the one asked for.
    """

    name: str | None
    reason: str
    pool: Pool | None = None
    fallback: str | None = None
    group: str | None = None


class Resolver(Protocol):
    """Settles who could serve a name: a Settled, or the sentence why it has nothing to say."""

    def __call__(self, name: str | None, topology: Topology, /) -> Settled | str: ...


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A filter's word: who is left, one sentence why, and each excluded one's reason by id."""

    pool: Pool
    reason: str
    excluded: dict[str, str] = {}


class Filter(Protocol):
    """Leaves out who can't serve now."""

    def __call__(self, pool: Pool, request: Request, view: View, /) -> Kept: ...


class Picker(Protocol):
    """A strategy made ready for one pool: an index into it and the step that tells why."""

    def __call__(self, view: View, dice: Dice, /) -> tuple[int, Step]: ...


class Strategy(Protocol):
    """Prepares a Picker for the pool of a group. Called once per pool, not per request."""

    def __call__(self, group: str, pool: Pool, /) -> Picker: ...


class Resolution(msgspec.Struct, frozen=True):
    """All that can be said of a name without looking at the present: computed once per name."""

    name: str | None
    route: str
    tiers: tuple[Tier, ...]
    steps: tuple[Step, ...]
    pick: Picker
    limited: bool
    calm: tuple[Step, ...]
    """``steps`` and those of the filters, for when nobody rests and nothing is limited: the usual case."""
