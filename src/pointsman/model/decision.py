"""What was decided, and why. A Decision IS its explanation: everything that explains prints these steps."""

from __future__ import annotations

import msgspec

from pointsman.model.condition import Condition
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Fields

Pool = tuple[Deployment, ...]
"""The candidates still in the running."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One stage's word: how many candidates it found, how many it left, and one sentence why."""

    stage: str
    before: int
    after: int
    reason: str


class Link(msgspec.Struct, frozen=True, gc=False):
    """What a member of a fallback chain adds to its tier: when it is asked (None: always), how often again after a
    failure, and after how many seconds.
    """

    chain: str
    condition: Condition | None = None
    retries: int | None = None
    delay: float | None = None


class Tier(msgspec.Struct, frozen=True, gc=False):
    """A group to turn to when the ones before it failed. ``name`` is what its open deployments are asked for.

    ``strategy`` picks in it; ``link`` is set for members of a chain. ``on``: only for requests that failed so,
    instead of the others. ``fields``: what the caller wants otherwise in the request's body here.
    """

    group: str
    name: str | None
    pool: Pool
    strategy: str = "simple-shuffle"
    link: Link | None = None
    on: FailureKind | None = None
    fields: Fields | None = None


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One entry of the plan: ask ``deployment`` for ``model``. ``tier`` 0 is the group asked for."""

    deployment: Deployment
    model: str
    tier: int
    group: str


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A choice with its reasons.

    ``model`` is the name asked for, ``tags`` and ``task`` what the request was taken to carry and to be about.
    ``route`` is the stage that settled it, ``pool`` what the strategy picked from. ``tiers[0]`` is the group asked for
    with all its members, further tiers are the fallbacks in order; inside a tier the strategy picks when its time
    comes. ``tier`` is the choice's: above 0 if nobody in the tiers before it is fit now. ``unsent``: fields of the body
    that were hints and are not passed on to the choice.
    """

    model: str | None
    route: str
    strategy: str
    choice: Deployment
    upstream_model: str
    pool: Pool
    tiers: tuple[Tier, ...]
    steps: tuple[Step, ...]
    tier: int = 0
    tags: tuple[str, ...] = ()
    task: str | None = None
    unsent: tuple[str, ...] = ()
