"""Microseconds a decision takes, in a small and in a ten times larger configuration, and a pick. Prints JSON.

The call is the one that the gateway makes, with all stages and steps. What depends on a name alone may be
remembered by the router, so names asked before and names asked for the first time are timed apart.
"""

from __future__ import annotations

import gc
import time
from statistics import median

import msgspec

import picks
from facts import CONTENT, NAME_KNOWN, NAME_NEW, TAGS_KNOWN, TAGS_NEW, DecisionTime, Thinking
from pointsman.config.settings import Category, MetadataRule, Pattern, SemanticSettings, Settings, TagSettings
from pointsman.model.condition import Compare, Condition, Fact
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Hints, Request
from pointsman.runtime import Runtime

SIZES = ((1_000, 200), (10_000, 1_000))  # deployments, patterns
TO_A_NAME = 4  # deployments that serve one public name
REPETITIONS = 7
DECISIONS = 10_000
READINGS = 1_000  # of prompts: each takes a hundred times as long
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
            tags=("even", f"tag-{number % TO_A_NAME}") if number % 2 == 0 else (f"tag-{number % TO_A_NAME}",),
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


def tagged(whole: Settings) -> Settings:
    """The same with its deployments told apart by tags, and three rules on a header, the body and the stream."""
    conditions = (
        Condition('header.x-priority == "high"', Compare(Fact("header.x-priority"), "==", "high")),
        Condition("batch_size > 1", Compare(Fact("batch_size"), ">", 1)),
        Condition("stream == true", Compare(Fact("stream"), "==", True)),
    )
    rules = tuple(MetadataRule(condition.text, "only", condition) for condition in conditions)
    return msgspec.structs.replace(whole, tags=TagSettings(enabled=True), metadata=rules)


def hinted(asked: list[Request]) -> list[Request]:
    """The same with tags, and with headers as clients send them; the last rule is met by every other one."""
    headers = {b"content-type": b"application/json", b"user-agent": b"OpenAI/Python 1.60", b"x-priority": b"low"}
    hints = Hints(tags=("even", "tag-3"))
    return [
        msgspec.structs.replace(request, headers=headers, hints=hints, stream=number % 2 == 0)
        for number, request in enumerate(asked)
    ]


def read(whole: Settings) -> Settings:
    """The same with a semantic router of three categories, known by their names."""
    categories = tuple(Category(name, f"model-{number}") for number, name in enumerate(("code", "math", "general")))
    return msgspec.structs.replace(whole, semantic=SemanticSettings(categories, "general"))


def prompts(count: int) -> list[Request]:
    """Requests without a model, each of 200 words of its own."""
    words = ("write", "a", "letter", "to", "the", "owner", "of", "boat", "number", "and", "ask", "when", "it", "sails")
    texts = [" ".join(f"{words[(at * at + n) % 14]}{at * n % 7 or ''}" for at in range(200)) for n in range(count)]
    bodies = [msgspec.json.encode([{"role": "user", "content": text}]) for text in texts]
    return [Request("chat", None, {"messages": msgspec.Raw(body)}) for body in bodies]


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
    """Six figures for one configuration: by name, by pattern, by tags and rules, new and known."""
    whole = settings(deployments, patterns)
    names = requests("model-{}", deployments // TO_A_NAME)
    asked = {
        (NAME_NEW, NAME_KNOWN): (whole, names),
        (PATTERN_NEW, PATTERN_KNOWN): (whole, requests("family-{}-7b", patterns)),
        (TAGS_NEW, TAGS_KNOWN): (tagged(whole), hinted(names)),
    }
    times: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        for (new, known), (configuration, listed) in asked.items():
            runtime = Runtime(configuration)
            gc.collect()  # as a gateway does when it has started
            gc.freeze()
            times.setdefault(new, []).append(microseconds(runtime, listed, len(listed)))
            times.setdefault(known, []).append(microseconds(runtime, listed, DECISIONS))
            gc.unfreeze()
        runtime, listed = Runtime(read(whole)), prompts(100)
        times.setdefault(CONTENT, []).append(microseconds(runtime, listed, READINGS))
    return [DecisionTime(name, deployments, patterns, round(median(values), 3)) for name, values in times.items()]


if __name__ == "__main__":
    deciding = [found for size in SIZES for found in measured(*size)]
    print(msgspec.json.encode(Thinking(deciding, picks.measured())).decode())
