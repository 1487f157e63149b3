"""How well the lexical encoder does, as tables for people: tasks, the semantic router's categories, intents, time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

import numpy as np

from pointsman.lab.data import Intents, Labelled
from pointsman.routing.classify.kinds import THRESHOLDS, Kind, nearest
from pointsman.routing.classify.lexical import Lexical
from pointsman.routing.classify.shipped import Shipped
from pointsman.routing.features import MOST

THRESHOLD = THRESHOLDS["lexical"]
WORDS = 200
"""Words of the prompts that are timed."""


Part = tuple[Shipped, Sequence[Labelled]]
"""What was learnt, and prompts that it has never seen."""


def report(parts: Sequence[Part], intents: Intents) -> str:
    """Lines of figures. Every prompt is judged by weights that have never seen it."""
    learnt, rest = parts[0]
    lines = [f"{sum(len(rest) for _, rest in parts):,} prompts in {len(parts)} parts, each judged by the others"]
    lines += tasks(parts)
    lines += semantic(parts)
    if intents.train and intents.within and intents.outside:
        lines += within_and_outside(learnt, intents)
    lines += timed(learnt, rest)
    return "\n".join(lines) + "\n"


def tasks(parts: Sequence[Part]) -> list[str]:
    """The well-known tasks by their names alone."""
    labels = sorted({row.label for _, rest in parts for row in rest})
    pairs = []
    for learnt, rest in parts:
        alike = Lexical([Kind(label) for label in labels], MOST, learnt)
        pairs += [(row.label, best(alike.similarities(row.prompt))) for row in rest]
    return [
        f"tasks: accuracy {accuracy(pairs):.3f}, macro-F1 {np.mean([f1(pairs, label) for label in labels]):.3f}",
        *(f"  {label:<13} F1 {f1(pairs, label):.3f}" for label in labels),
    ]


def semantic(parts: Sequence[Part]) -> list[str]:
    """Three categories by their names alone: code, math, and general for everything else."""
    kinds = [Kind("code"), Kind("math"), Kind("general")]
    pairs = []
    for learnt, rest in parts:
        alike = Lexical(kinds, MOST, learnt)
        for row in rest:
            found = nearest(alike.similarities(row.prompt), kinds, THRESHOLD).label or "general"
            pairs.append((row.label if row.label in ("code", "math") else "general", found))
    told = ", ".join(f"{kind.name} F1 {f1(pairs, kind.name):.3f}" for kind in kinds)
    return [f"semantic router: accuracy {accuracy(pairs):.3f}; {told}"]


def within_and_outside(learnt: Shipped, intents: Intents) -> list[str]:
    """Intents as categories, their training prompts as examples."""
    examples: dict[str, list[str]] = {}
    for row in intents.train:
        examples.setdefault(row.label, []).append(row.prompt)
    begun = perf_counter()
    kinds = [Kind(label, tuple(texts)) for label, texts in examples.items()]
    alike = Lexical(kinds, MOST, learnt)
    lines = [f"{len(kinds)} intents with {len(intents.train):,} examples, learnt in {perf_counter() - begun:.1f} s"]
    inside = [(row.label, alike.similarities(row.prompt)) for row in intents.within]
    outside = [alike.similarities(row.prompt) for row in intents.outside]
    lines.append(f"  the nearest, always: {accuracy((label, best(found)) for label, found in inside):.3f}")
    for threshold in (0.2, THRESHOLD, 0.4, 0.5):
        right = accuracy((label, nearest(found, kinds, threshold).label) for label, found in inside)
        refused = np.mean([nearest(found, kinds, threshold).label is None for found in outside])
        lines.append(f"  from {threshold:.1f} on: within {right:.3f}, outside recognised {refused:.3f}")
    return lines


def timed(learnt: Shipped, rest: Sequence[Labelled]) -> list[str]:
    """Microseconds a prompt of 200 words, with three categories."""
    alike = Lexical([Kind("code"), Kind("math"), Kind("general")], MOST, learnt)
    prompts = [" ".join(row.prompt.split()[:WORDS]) for row in rest if len(row.prompt.split()) >= WORDS]
    taken = []
    for _ in range(20):
        for prompt in prompts:
            begun = perf_counter()
            alike.similarities(prompt)
            taken.append((perf_counter() - begun) * 1e6)
    if not taken:
        return []
    middle, last = np.quantile(taken, (0.5, 0.99))
    return [f"a prompt of {WORDS} words: {middle:.0f} µs (p50), {last:.0f} µs (p99)"]


def best(scores: dict[str, float]) -> str:
    return min(scores, key=lambda name: (-scores[name], name))


def accuracy(pairs: Iterable[tuple[str, str | None]]) -> float:
    """The share of (label, guess) that are equal."""
    return float(np.mean([label == guess for label, guess in pairs]))


def f1(pairs: Iterable[tuple[str, str | None]], label: str) -> float:
    """Harmonic mean of precision and recall of one label; 0 if it is never right."""
    listed = list(pairs)
    right = sum(truth == guess == label for truth, guess in listed)
    wrong = sum((truth == label) != (guess == label) for truth, guess in listed)
    return 2 * right / (2 * right + wrong) if right else 0.0
