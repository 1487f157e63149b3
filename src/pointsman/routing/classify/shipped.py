"""What was learnt before: how rare each feature is, and what the well-known kinds of work read like.

Ships as ``weights/lexical.npz``; made by ``pointsman.lab.lexical``; sources and licences in ``weights/README.md``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
import numpy as np

from pointsman.routing.classify.features import VERSION, Features, Floats, features
from pointsman.routing.classify.head import Head
from pointsman.routing.classify.text import bounded

FOLDER = files("pointsman.routing.classify") / "weights"

LONG, ENDS = 1500, 300
"""Characters of a long text, and of its two ends together."""

OVERLAPPING = frozenset({"reasoning"})
"""Classes that are also others (a proof is mathematics): where nobody is named after one it takes no part."""

STANDS_FOR = {"math": "reasoning"}
"""Where nobody is named after the first and somebody after the second: mathematics is for who thinks hard."""


class Shipped(NamedTuple):
    """``rarity`` weighs features (inverse document frequency); ``head`` knows the well-known classes."""

    rarity: Floats
    head: Head

    def unit(self, text: str, most: int) -> Features:
        """A text's features, weighted and of unit length. At most ``most`` characters of it are looked at."""
        return weighted(features(bounded(text, most)), self.rarity)

    def views(self, text: str, most: int) -> tuple[Features, ...]:
        """The text as a whole and, of a long one, its ends: what is asked stands there, whatever lies between."""
        whole = self.unit(text, most)
        return (whole,) if len(text) <= LONG else (whole, self.unit(text, ENDS))

    def knowing(self, wanted: frozenset[str]) -> Head:
        """A head that tells these classes from all others. Labels repeat: their shares belong together."""
        head = self.head
        taking = [n for n, label in enumerate(head.labels) if label in wanted or label not in OVERLAPPING]
        labels = [label if label in wanted else _standing_in(label, wanted) for label in head.labels]
        return Head([labels[n] for n in taking], np.ascontiguousarray(head.table[:, taking]))


def weighted(found: Features, rarity: Floats) -> Features:
    """Amounts times rarity, of unit length."""
    amounts = found.amounts * rarity.take(found.places)
    length = float(np.sqrt(amounts @ amounts))
    return Features(found.places, amounts / np.float32(length)) if length else found


def _standing_in(label: str, wanted: frozenset[str]) -> str:
    other = STANDS_FOR.get(label)
    return other if other in wanted else label


@lru_cache(1)
def shipped() -> Shipped:
    """Raises ValueError if the weights were learnt from other features than this version's."""
    with (FOLDER / "lexical.npz").open("rb") as file, np.load(file) as stored:
        if int(stored["version"]) != VERSION:
            raise ValueError(f"the lexical weights are of version {stored['version']}, not {VERSION}")
        table = stored["table"].astype(np.float32)
        return Shipped(stored["rarity"].astype(np.float32), Head(stored["labels"].tolist(), table))


class Prompt(msgspec.Struct, frozen=True):
    """A line of ``weights/prompts.jsonl``: an example of a well-known class, or (``term``) a word of its trade."""

    prompt: str
    task: str
    term: bool = False


@lru_cache(1)
def prompts() -> tuple[Prompt, ...]:
    """The project's own examples of the well-known classes."""
    text = (FOLDER / "prompts.jsonl").read_bytes()
    return tuple(msgspec.json.decode(line, type=Prompt) for line in text.splitlines())
