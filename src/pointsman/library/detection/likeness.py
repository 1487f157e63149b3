"""What a prompt is most like: a linear model of words, pairs of words and parts of words.

First how likely it is about software at all, then which category it has if it is. Ships as ``weights/categories.npz``;
made by ``pointsman.lab.categories`` from ``weights/examples.jsonl``. How rare a feature is, and what other kinds of
work read like, comes from the lexical encoder.
"""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.prose import MOST
from pointsman.routing.classify.features import SIZE, VERSION, Features, Floats
from pointsman.routing.classify.head import Head
from pointsman.routing.classify.shipped import shipped

FOLDER = files("pointsman.library.detection") / "weights"

CATEGORIES = tuple(category for category in TaskCategory if category is not TaskCategory.UNKNOWN)

BY_KIND, BY_EXAMPLES, BY_NAME, BIAS = 0.7, 0.75, 2.0, 1.0
"""What being about software is made of, in logits: how much the text reads like code to the lexical encoder, how much
like the examples, and whether it has a word or a sign of the trade. Fitted on fifths of the examples and on everyday
prompts of CLINC150, and rounded.
"""

CERTAIN = 0.005
"""The lexical encoder's share is never taken to be nearer than this to 0 or 1."""


class Likely(NamedTuple):
    """How likely a text is about software; and if it is, how likely each category: together 1."""

    software: float
    kinds: dict[TaskCategory, float]

    def favouring(self, category: TaskCategory, weight: float) -> Likely:
        """With the odds of one category so many times as good."""
        raised = {each: share * weight if each is category else share for each, share in self.kinds.items()}
        whole = sum(raised.values())
        return Likely(self.software, {each: share / whole for each, share in raised.items()})

    def scores(self) -> dict[TaskCategory, float]:
        """How likely each category is, UNKNOWN among them: together 1."""
        known = {category: share * self.software for category, share in self.kinds.items()}
        return {**known, TaskCategory.UNKNOWN: 1.0 - self.software}


class Likeness(NamedTuple):
    """``kinds`` scores CATEGORIES in their order; ``software`` has one column, the logit of being about software."""

    kinds: Head
    software: Head

    def read(self, plain: str, said: str, named: bool) -> Likely:
        """``said``: what of the folded text is no code. ``named``: it has a word or a sign of the trade."""
        known = shipped()
        views = known.views(plain, MOST)
        twice = views if said == plain else (*views, known.unit(said, MOST))
        powers = np.exp(_even([self.kinds.scores(view) for view in twice]).astype(np.float64))
        shares = (powers / powers.sum()).tolist()
        return Likely(self._software(views, named), dict(zip(CATEGORIES, shares, strict=True)))

    def _software(self, views: tuple[Features, ...], named: bool) -> float:
        code = min(max(shipped().head.likely(*views)["code"], CERTAIN), 1.0 - CERTAIN)
        examples = float(_even([self.software.scores(view) for view in views])[0])
        logit = BY_KIND * math.log(code / (1.0 - code)) + BY_EXAMPLES * examples + BY_NAME * named + BIAS
        return 1.0 / (1.0 + math.exp(-logit))


def _even(scores: list[Floats]) -> Floats:
    """The mean of what the views of a text say."""
    return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)


@lru_cache(1)
def likeness() -> Likeness:
    """Raises ValueError if the weights were learnt from other features than this version's."""
    with (FOLDER / "categories.npz").open("rb") as file, np.load(file) as stored:
        if int(stored["version"]) != VERSION:
            raise ValueError(f"the weights of task categories are of version {stored['version']}, not {VERSION}")
        table = np.zeros((SIZE, len(CATEGORIES) + 1), np.float32)
        table[stored["places"]] = stored["table"]
    names = [category.value for category in CATEGORIES]
    return Likeness(
        Head(names, np.ascontiguousarray(table[:, :-1])), Head(["software"], np.ascontiguousarray(table[:, -1:]))
    )
