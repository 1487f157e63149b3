"""A registered model: what the router knows of it, and the tasks that it has under way.

To the core it is a Deployment with a Provider of its own, so that nothing that happens to it touches another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from pointsman.errors import Misuse
from pointsman.library.categories import TaskCategory, spelled
from pointsman.library.numbers import count, figure
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.outcome import FailureKind
from pointsman.state.scoreboard import Lease, Record

KIND = "library"
"""The kind of provider that a registered model has: the program asks it, not Pointsman."""

LONGEST_ID = 512

PER = 1e-6
"""Costs are told in dollars a million tokens; the core's are those of one."""


class Limits(msgspec.Struct, frozen=True):
    """What a model bears: tasks at a time, tasks a minute, tokens a minute (a prompt's are estimated). None: any.

    Raises Misuse for what is no whole number above 0.
    """

    max_parallel: int | None = None
    rpm: int | None = None
    tpm: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_parallel", "rpm", "tpm"):
            value = getattr(self, name)
            if value is not None:
                msgspec.structs.force_setattr(self, name, count(value, name, least=1))


NO_LIMITS = Limits()


class Held(msgspec.Struct, gc=False):
    """A task that was given to a model: its lease, what it is about, and what chose the model, where that learns."""

    lease: Lease
    category: TaskCategory
    arm: str = ""


class Failure(msgspec.Struct, frozen=True, gc=False):
    """How a task failed. ``retry_after``: seconds that the model wants to rest."""

    kind: FailureKind
    retry_after: float | None = None


FAILED = Failure(FailureKind.SERVER_ERROR)
"""All that is said of a task that is reported on by a word."""


class Model(msgspec.Struct):
    """``held`` are the tasks under way, the oldest first, without those of ``with router.task(…)``. ``routed`` counts
    choices, ``latency`` adds up the seconds of all ``timed`` results. ``ailing``: its instance was not alive.
    ``gone``: it was unregistered. ``told_out``: the log says that it is left out. ``faultless``: failures that are not
    held against it, for the task was to blame.
    """

    deployment: Deployment
    record: Record
    instance: Any = None
    capabilities: frozenset[str] = frozenset()
    held: deque[Held] = msgspec.field(default_factory=deque)
    routed: int = 0
    timed: int = 0
    latency: float = 0.0
    ailing: bool = False
    gone: bool = False
    told_out: bool = False
    faultless: int = 0

    @property
    def id(self) -> str:
        return self.deployment.id

    @property
    def failures(self) -> int:
        """Tasks that failed."""
        return self.record.failures + self.faultless

    @property
    def zone(self) -> str | None:
        return self.deployment.provider.zone


class Wanted(msgspec.Struct, frozen=True):
    """What ``register_model`` was told of a model, checked. A capability that is a spelling of a task category stands
    there as the category too: "Tests" and "testing".
    """

    deployment: Deployment
    capabilities: frozenset[str]


def wanted(  # noqa: PLR0913  as its one caller has them
    name: Any,
    *,
    weight: float | None,
    tags: Iterable[str] | None,
    limits: Limits | None,
    cost: float | tuple[float, float] | None,
    zone: str | None,
    capabilities: Iterable[str] | None,
) -> Wanted:
    """Raises Misuse, which names the argument that makes no sense."""
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_ID or not _whole(name):
        raise Misuse(
            f"a model's id is a text of 1 to {LONGEST_ID} whole characters, not {name!r:.80}", param="model_id"
        )
    name = str.__str__(name)  # of an enum or a numpy text too: whatever else it can do, no file can hold
    if limits is not None and not isinstance(limits, Limits):
        raise Misuse(f"limits is a Limits(max_parallel=…, rpm=…, tpm=…), not {limits!r:.80}", param="limits")
    if zone is not None:
        if not isinstance(zone, str) or not zone.strip():
            raise Misuse(f"zone is a text, like 'eu/frankfurt', not {zone!r:.80}", param="zone")
        zone = str.__str__(zone)
    bounds = limits or NO_LIMITS
    into, out = _costs(cost)
    deployment = Deployment(
        name,
        name,
        Provider(name, KIND, "", zone=zone),
        name,
        tags=words(tags, "tags"),
        weight=None if weight is None else figure(weight, "weight"),
        rpm=bounds.rpm,
        tpm=bounds.tpm,
        max_parallel_requests=bounds.max_parallel,
        input_cost=into,
        output_cost=out,
    )
    able = words(capabilities, "capabilities")
    meant = [category.value for category in map(spelled, able) if category not in (None, TaskCategory.UNKNOWN)]
    return Wanted(deployment, frozenset((*able, *meant)))


def _whole(text: str) -> bool:
    """Is it text that can be written down? Half a character is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def words(values: Iterable[str] | None, name: str) -> tuple[str, ...]:
    """Each once, in their order. One word by itself is one, not its letters; None is none."""
    listed: Iterable[str] = () if values is None else (values,) if isinstance(values, str) else values
    try:
        found = tuple(dict.fromkeys(listed))
    except TypeError:
        raise Misuse(f"{name} is a list of texts, not {values!r:.80}", param=name) from None
    for word in found:
        if not isinstance(word, str) or not word.strip():
            raise Misuse(f"{name} is a list of texts; {word!r:.80} is none", param=name)
    return tuple([str.__str__(word) for word in found])


def _costs(cost: Any) -> tuple[float | None, float | None]:
    """Of a token of the question and of the answer, in dollars."""
    if cost is None:
        return None, None
    pair = cost if isinstance(cost, (tuple, list)) else (cost, cost)
    if len(pair) != 2:
        raise Misuse("cost is dollars a million tokens: one number, or (of questions, of answers)", param="cost")
    return figure(pair[0], "cost") * PER, figure(pair[1], "cost") * PER
