"""Microseconds a decision takes, in a small and in a ten times larger configuration, and a pick. Prints JSON.

The call is the one that the gateway makes, with all stages and steps. What depends on a name alone may be
remembered by the router, so names asked before and names asked for the first time are timed apart.
"""

from __future__ import annotations

import time
from statistics import median

import msgspec

import picks
from facts import NAME_KNOWN, NAME_NEW, DecisionTime, Thinking
from pointsman.config.settings import Pattern, Settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Request
from pointsman.runtime import Runtime

SIZES = ((1_000, 200), (10_000, 1_000))  # deployments, patterns
TO_A_NAME = 4  # deployments that serve one public name
REPETITIONS = 7
DECISIONS = 10_000
PATTERN_KNOWN, PATTERN_NEW = "pattern, name asked before", "pattern, name asked for the first time"


def settings(deployments: int, patterns: int) -> Settings:
    """``deployments`` behind a quarter as many names, and ``patterns`` that match none of these names."""
    provider = Provider("only", "openai", "http://127.0.0.1:9")
    served = tuple(
        Deployment(
            f"d{number}",
            f"model-{number // TO_A_NAME}",
            provider,
            f"upstream-{number}",
            weight=1.0 + number % 3,
        )
        for number in range(deployments)
    )
    anything = Deployment(provider.name, provider.name, provider, None)
    rules = tuple(Pattern(f"^family-{number}-", provider.name) for number in range(patterns))
    return Settings(deployments=(*served, anything), providers={provider.name: provider}, patterns=rules)


def requests(form: str, count: int) -> list[Request]:
    """One request for each name, scattered, so that neighbours in the list are no neighbours in memory."""
    names = [form.format((number * 7919) % count) for number in range(count)]
    return [Request("chat", name, {}) for name in names]


def microseconds(runtime: Runtime, asked: list[Request], decisions: int) -> float:
    """Mean of ``decisions`` decisions, the requests taken in turn."""
    rounds = max(decisions // len(asked), 1)
    decide = runtime.decide
    begun = time.perf_counter()
    for _ in range(rounds):
        for request in asked:
            decide(request)
    return (time.perf_counter() - begun) * 1e6 / (rounds * len(asked))


def measured(deployments: int, patterns: int) -> list[DecisionTime]:
    """Four figures for one configuration: by name and by pattern, new and known."""
    whole = settings(deployments, patterns)
    asked = {
        (NAME_NEW, NAME_KNOWN): requests("model-{}", deployments // TO_A_NAME),
        (PATTERN_NEW, PATTERN_KNOWN): requests("family-{}-7b", patterns),
    }
    times: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        runtime = Runtime(whole)
        for (new, known), listed in asked.items():
            times.setdefault(new, []).append(microseconds(runtime, listed, len(listed)))
            times.setdefault(known, []).append(microseconds(runtime, listed, DECISIONS))
    return [DecisionTime(name, deployments, patterns, round(median(values), 3)) for name, values in times.items()]


if __name__ == "__main__":
    deciding = [found for size in SIZES for found in measured(*size)]
    print(msgspec.json.encode(Thinking(deciding, picks.measured())).decode())
