"""Snapshots to keep: any that there may be, and those of a router that has worked for a while."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from pointsman.library.store.snapshot import BreakerSnapshot, Evidence, ModelSnapshot, PastResult, Snapshot
from pointsman.state.breaker import State

NOW = 1_760_000_000.0
"""Epoch seconds."""

CATEGORIES = ("coding", "refactoring", "testing", "documentation", "debugging", "code_review")

counts = st.integers(0, 2**53)
numbers = st.floats(allow_nan=False, allow_infinity=False)
amounts = st.floats(0, allow_nan=False, allow_infinity=False)
results = st.builds(PastResult, numbers, st.none() | amounts, st.booleans())
evidence = st.dictionaries(st.text(), st.builds(Evidence, amounts, amounts, numbers), max_size=3)
breakers = st.builds(BreakerSnapshot, st.sampled_from(State), counts, counts, st.integers(0, 32), numbers, st.text())
models = st.builds(
    ModelSnapshot,
    id=st.text(),
    routed=counts,
    total_requests=counts,
    successful_tasks=counts,
    failed_tasks=counts,
    latency_total=amounts,
    latency_count=counts,
    results=st.lists(results, max_size=4).map(tuple),
    evidence=evidence,
    breaker=breakers,
    place_breaker=breakers,
)
snapshots = st.builds(
    Snapshot,
    taken=numbers,
    strategy=st.none() | st.text(),
    arms=st.dictionaries(st.text(), st.lists(numbers, max_size=3).map(tuple), max_size=3),
    models=st.lists(models, max_size=4, unique_by=lambda model: model.id).map(tuple),
)


def worked(count: int, seed: int = 0, taken: float = NOW) -> Snapshot:
    """A router of so many models, each with its last hundred results, evidence in every category and a breaker."""
    dice = random.Random(seed)
    return Snapshot(
        taken=taken,
        strategy="bandit",
        arms={f"{category} {arm}": (dice.random(), dice.random()) for category in CATEGORIES for arm in range(10)},
        models=tuple(_model(f"model-{number}", dice, taken) for number in range(count)),
    )


def _model(name: str, dice: random.Random, taken: float) -> ModelSnapshot:
    good, bad = dice.randrange(10_000), dice.randrange(500)
    ended = sorted(taken - dice.expovariate(1 / 300) for _ in range(100))
    resting = dice.random() < 0.05
    return ModelSnapshot(
        id=name,
        routed=good + bad + dice.randrange(5),
        total_requests=good + bad,
        successful_tasks=good,
        failed_tasks=bad,
        latency_total=good * dice.lognormvariate(0, 1),
        latency_count=good,
        results=tuple(PastResult(moment, dice.lognormvariate(0, 1), dice.random() < 0.95) for moment in ended),
        evidence={name: Evidence(dice.uniform(0, 50), dice.uniform(0, 5), taken) for name in CATEGORIES},
        breaker=BreakerSnapshot(State.OPEN, 5, 0, 1, taken + dice.uniform(0, 30)) if resting else BreakerSnapshot(),
    )


def one(name: str = "a", routed: int = 1, taken: float = NOW) -> Snapshot:
    """A router of one model."""
    return several({name: routed}, taken)


def several(routed: dict[str, int], taken: float = NOW) -> Snapshot:
    """A router of these models, chosen so often."""
    return Snapshot(taken=taken, models=tuple(ModelSnapshot(id=name, routed=n) for name, n in routed.items()))


def choices(snapshot: Snapshot | None) -> dict[str, int]:
    """How often each model was chosen."""
    return {model.id: model.routed for model in snapshot.models} if snapshot else {}


def by_id(snapshot: Snapshot) -> tuple[object, ...]:
    """The same for snapshots that differ in the order of their models alone."""
    whole = (snapshot.taken, snapshot.strategy, snapshot.arms)
    return *whole, {model.id: model for model in snapshot.models}
