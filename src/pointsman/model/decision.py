"""What was decided, and why. A Decision IS its explanation: everything that explains prints these steps."""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment

Pool = tuple[Deployment, ...]
"""The candidates still in the running."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One stage's word: how many candidates it found, how many it left, and one sentence why."""

    stage: str
    before: int
    after: int
    reason: str


class Tier(msgspec.Struct, frozen=True, gc=False):
    """A group to turn to when the ones before it failed. ``name`` is what its open deployments are asked for."""

    group: str
    name: str | None
    pool: Pool


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One entry of the plan: ask ``deployment`` for ``model``. ``tier`` 0 is the group asked for."""

    deployment: Deployment
    model: str
    tier: int
    group: str


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A choice with its reasons.

    ``model`` is the name asked for, ``route`` the stage that settled it, ``pool`` what the strategy picked from.
    ``tiers[0]`` is the group asked for with all its members, further tiers are the fallbacks in order. ``spin`` is a
    draw in [0, 1) that turns the order in which the rest of a pool follows, so that a failing deployment's load is
    shared by all others. ``tier`` is the choice's: above 0 if nobody in the tiers before it is fit now.
    """

    model: str | None
    route: str
    strategy: str
    choice: Deployment
    upstream_model: str
    pool: Pool
    tiers: tuple[Tier, ...]
    steps: tuple[Step, ...]
    spin: float = 0.0
    tier: int = 0
