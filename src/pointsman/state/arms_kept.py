"""A bandit's memory as numbers, to be kept over a restart, and back.

    "coding"                steps, rounds, reward, pace, paced                                  of a context
    "coding model:llama"    at, weight, mean, scatter, recent, results, total, pulls           of an arm of it

Contexts are written as in an address (``%20`` is a blank), so the first blank ends one.
"""

from __future__ import annotations

from math import isfinite
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from pointsman.errors import Misuse
from pointsman.state.arm import Arm, Context

Numbers = dict[str, tuple[float, ...]]

FARTHEST = 10.0
"""No logarithm of a time is as far from 0."""

COUNTABLE = 2.0**53
"""Up to here a float counts without error."""


def numbers_of(contexts: dict[str, Context]) -> Numbers:
    found: Numbers = {}
    for name, known in contexts.items():
        word = quote(name, safe="")
        found[word] = (float(known.steps), float(known.rounds), known.reward, known.pace, known.paced)
        for each, arm in known.arms.items():
            found[f"{word} {each}"] = (
                float(arm.at),
                arm.weight,
                arm.mean,
                arm.scatter,
                arm.recent,
                float(arm.results),
                arm.total,
                float(arm.pulls),
            )
    return found


def contexts_of(numbers: Any) -> dict[str, Context]:
    """Raises Misuse for what can't have come of results."""
    try:
        told = msgspec.convert(numbers, Numbers)
    except msgspec.ValidationError as error:
        raise Misuse(f"these are no numbers of a bandit: {error}", param="numbers") from None
    found = {word: _context(word, figures) for word, figures in told.items() if " " not in word}
    for key, figures in told.items():
        word, blank, name = key.partition(" ")
        if blank:
            if word not in found:
                raise _senseless(key)
            found[word].arms[name] = _arm(key, figures, found[word].steps)
    return {unquote(word): known for word, known in found.items()}


def _context(key: str, figures: tuple[float, ...]) -> Context:
    if len(figures) != 5 or not all(map(isfinite, figures)):
        raise _senseless(key)
    steps, rounds, reward, pace, paced = figures
    if not (_counts(steps, rounds) and 0 <= reward <= rounds <= steps and abs(pace) < FARTHEST and paced >= 0):
        raise _senseless(key)
    return Context(int(steps), int(rounds), reward, pace, paced)


def _arm(key: str, figures: tuple[float, ...], steps: int) -> Arm:
    if len(figures) != 8 or not all(map(isfinite, figures)):
        raise _senseless(key)
    at, weight, mean, scatter, recent, results, total, pulls = figures
    bounded = 0 <= recent <= weight <= results and 0 <= scatter <= weight and 0 <= mean <= 1 and 0 <= total <= results
    if not (bounded and _counts(at, results, pulls) and at <= steps and pulls <= results <= steps):
        raise _senseless(key)
    return Arm(int(at), weight, mean, scatter, recent, int(results), total, int(pulls))


def _counts(*figures: float) -> bool:
    """Are these whole numbers that something can have been counted up to?"""
    return all(0 <= figure <= COUNTABLE and figure == int(figure) for figure in figures)


def _senseless(key: str) -> Misuse:
    return Misuse(f"these are no numbers of a bandit: those of {key!r:.80} make no sense", param="numbers")
