"""A linear reading of features: how likely each label is, with room for "none of them".

Open-set softmax: beside the labels stands "none" with a score that is given, not learnt. So a text that shares nothing
with the examples has every label near 1 / (labels + e²), however few labels there are.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pointsman.routing.classify.features import SIZE, Features, Floats

NONE = 2.0
"""The score of "none"."""


class Example(NamedTuple):
    """``unit`` are weighted features of unit length; an example of weight 2 counts as two. No label: none of them."""

    unit: Features
    label: str | None
    weight: float = 1.0


class Course(NamedTuple):
    """How to learn: passes over the examples, and the length of the first step; it falls to zero."""

    rounds: int = 5
    step: float = 5.0


class Head:
    """``labels`` in the order of the columns of ``table``, which has a row for each place of a feature."""

    def __init__(self, labels: Sequence[str], table: Floats) -> None:
        self.labels = tuple(labels)
        self.table = table

    def scores(self, unit: Features) -> Floats:
        """Each label's score, before any softmax."""
        scores: Floats = unit.amounts @ self.table.take(unit.places, axis=0)
        return scores

    def likely(self, *views: Features) -> dict[str, float]:
        """How likely each label is, 0..1; together at most 1. Views of one text count the same; columns with the
        same label are added.
        """
        scores = self.scores(views[0])
        for view in views[1:]:
            scores = scores + self.scores(view)
        shares = dict.fromkeys(self.labels, 0.0)
        for label, share in zip(self.labels, open_softmax(scores / np.float32(len(views))).tolist(), strict=True):
            shares[label] += share
        return shares


def open_softmax(scores: Floats) -> Floats:
    top = max(float(scores.max(initial=NONE)), NONE)
    powers = np.exp(scores - np.float32(top))
    likely: Floats = powers / (powers.sum() + np.float32(math.exp(NONE - top)))
    return likely


def fit(examples: Iterable[Example], course: Course) -> Head:
    """Learn by stochastic descent. The result depends neither on the order of the examples nor on that of labels."""
    listed = [example for example in examples if len(example.unit.places)]
    labels = sorted({example.label for example in listed if example.label is not None})
    column = {label: number for number, label in enumerate(labels)}
    table = np.zeros((SIZE, len(labels)), np.float32)
    for turn in range(course.rounds):
        length = course.step * (1.0 - turn / course.rounds)
        for (places, amounts), label, weight in _shuffled(listed, turn):
            wrong = open_softmax(amounts @ table.take(places, axis=0))
            if label is not None:
                wrong[column[label]] -= 1.0
            table[places] -= np.outer(amounts * np.float32(length * weight), wrong)
    return Head(labels, table)


def _shuffled(examples: list[Example], turn: int) -> list[Example]:
    """In an order that looks like chance, is another one each turn, and the same everywhere."""
    salt = bytes((turn % 256,))
    keyed = [(zlib.crc32(e.unit.places.tobytes() + salt), e.label or "", number) for number, e in enumerate(examples)]
    return [examples[number] for _, _, number in sorted(keyed)]
