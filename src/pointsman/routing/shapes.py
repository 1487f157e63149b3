"""The shapes of thinking. A stage is a function of facts; order is the lists in ``pipeline.py``.

Nothing in this room reads a clock, throws its own dice, touches a network or keeps a memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from pointsman.model.decision import Pool, Step, Tier
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View

if TYPE_CHECKING:
    from pointsman.routing.topology import Topology


class Asked(NamedTuple):
    """All that resolvers may know of a request, and the key under which their answer is remembered.

    ``name``: the model asked for (None: content decides). ``rules``: indexes of the metadata rules that the request
    meets. ``verdict``: what was made of its content, as (stage, label), once somebody asked for it.
    """

    name: str | None
    tags: tuple[str, ...] = ()
    agent: str = ""  # the User-Agent, where a deployment looks at it
    rules: tuple[int, ...] = ()
    capability: str | None = None
    chain: str | None = None
    task: str | None = None
    verdict: tuple[str, str] | None = None


class Found(msgspec.Struct, frozen=True, gc=False):
    """What the resolvers so far have come to. ``name`` may have changed (an alias); ``pool`` None: nothing settled."""

    name: str | None
    pool: Pool | None = None
    group: str | None = None


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A resolver's word. ``pool`` None: only the name changed, the next resolver goes on with ``name``.

    ``name`` is what open deployments in the pool are asked for; it is None where the pool has no one name. ``fallback``
    is a provider to turn to before the configured fallbacks, ``chain`` the fallback chain to follow.
    ``group`` is the public name that the pool is known by, if it is not the one asked for; ``strategy`` the one to pick
    with, if it is not the group's. ``model`` is a public name to be settled in turn, in place of a pool. ``known``
    names deployments that were left out for a reason, for explanations.
    """

    name: str | None
    reason: str
    pool: Pool | None = None
    fallback: str | None = None
    group: str | None = None
    strategy: str | None = None
    chain: str | None = None
    model: str | None = None
    known: dict[str, str] = {}


class Unread(msgspec.Struct, frozen=True, gc=False):
    """A resolver's word: the request's content decides, and nobody has read it yet."""


UNREAD = Unread()


class Resolver(Protocol):
    """Settles who could serve a request: a Settled, the sentence why it could not, UNREAD, or None if it was not asked.

    Raises InvalidBody for a hint that makes no sense; the message lists what is known.
    """

    def __call__(self, asked: Asked, found: Found, topology: Topology, /) -> Settled | str | Unread | None: ...


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What a reader made of a request's content: a label, or None, and one sentence with the figures."""

    label: str | None
    reason: str
    scores: dict[str, float] = {}


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What an encoder said: the text's vector and a row for each example; or why it said nothing."""

    vector: Any = None
    examples: Any = None
    detail: str = ""


class Reader(Protocol):
    """Reads a request's content for one stage. ``heard`` is an encoder's answer, where one was asked."""

    def __call__(self, request: Request, asked: Asked, heard: Heard | None, view: View, /) -> Verdict: ...


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A filter's word: who is left, one sentence why (empty: it has no word), and each excluded one's reason by id."""

    left: Members
    reason: str
    excluded: dict[str, str] = {}

    @property
    def pool(self) -> Pool:
        return self.left.pool


class Sight(msgspec.Struct, frozen=True):
    """One stage as seen in a verbose explanation: who was left, and why others were not, where there is more to say
    than that the stage did not choose them.
    """

    stage: str
    pool: Pool
    excluded: dict[str, str] = {}


class Filter(Protocol):
    """Leaves out who can't serve this request now."""

    def __call__(self, members: Members, request: Request, view: View, /) -> Kept: ...


class Strategy(Protocol):
    """Picks one of a pool. Made once per pool, not per request.

    ``pick`` returns an index into the pool and the sentence why. ``terms`` says for each member what it looks at, for
    explanations: figures by name, in the order of the pool.
    """

    def pick(self, request: Request, view: View, dice: Dice, /) -> tuple[int, Step]: ...

    def terms(self, request: Request, view: View, /) -> list[dict[str, float]]: ...


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """All that can be said of a request without looking at the present: computed once per Asked.

    ``unread``: its content must be read first, and then it is asked for again. ``levels``: how many of the tiers are
    the group asked for, by ``order``. ``concerned``: filters that have something to look at even while nobody rests.
    ``calm``: ``steps`` and the filters' words for when none has. ``sights``: the resolvers' pools. ``members``: the
    first tier's; ``ready``: the strategy for parts of it that were left before.
    """

    route: str
    tiers: tuple[Tier, ...]
    steps: tuple[Step, ...]
    calm: tuple[Step, ...]
    strategy: Strategy = None  # type: ignore[assignment]  # set unless ``unread``
    concerned: frozenset[str] = frozenset()
    unread: bool = False
    levels: int = 1
    sights: tuple[Sight, ...] = ()
    members: Members = None  # type: ignore[assignment]  # likewise
    ready: dict[Members, Strategy] = {}
