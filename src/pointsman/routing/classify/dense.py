"""Likeness by vectors: the cosine of a text's to each category's nearest example. The vectors come from outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pointsman.config.classes import class_of
from pointsman.routing.classify.features import Floats
from pointsman.routing.classify.kinds import Kind
from pointsman.routing.classify.shipped import prompts


class Dense:
    """Over one set of categories. ``texts``: whose vectors are needed, in the order in which they are expected."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        listed = [(kind.name, _texts(kind)) for kind in kinds]
        self.texts = tuple(text for _, texts in listed for text in texts)
        self._names = [name for name, _ in listed]
        sizes = [len(texts) for _, texts in listed]
        self._starts = np.cumsum([0, *sizes[:-1]])

    def similarities(self, vector: Any, examples: Any) -> dict[str, float] | None:
        """Category -> cosine, below 0 as 0. None if the vectors don't fit: another length, or no finite numbers."""
        table, one = np.asarray(examples, np.float32), np.asarray(vector, np.float32)
        if table.shape != (len(self.texts), len(one)) or not np.isfinite(one).all() or not np.isfinite(table).all():
            return None
        cosines = _unit(table) @ _unit(one[None])[0]
        best = np.maximum.reduceat(cosines, self._starts).clip(0.0, 1.0)
        return dict(zip(self._names, best.tolist(), strict=True))


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    unit: Floats = rows / np.maximum(lengths, np.float32(1e-30))
    return unit


def _texts(kind: Kind) -> tuple[str, ...]:
    """What stands for a category: its examples and keywords, else the project's own prompts for its name, else that."""
    texts = (*kind.texts, *((", ".join(kind.keywords),) if kind.keywords else ()))
    known = class_of(kind.name)
    return (
        texts
        or tuple(each.prompt for each in prompts() if each.task == known and not each.term)
        or (kind.name.replace("_", " ").replace("-", " "),)
    )
