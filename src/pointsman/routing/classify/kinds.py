"""What categories and tasks have in common for those who compare texts with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from pointsman.config.settings import Category


class Kind(msgspec.Struct, frozen=True):
    """``texts``: examples and the description. ``threshold``: the similarity that is near enough, if it has its own."""

    name: str
    texts: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    threshold: float | None = None


class Nearest(msgspec.Struct, frozen=True):
    """``label``: the most alike of those near enough. ``told``: the figures, as a sentence has them."""

    label: str | None
    told: str
    scores: Mapping[str, float]


THRESHOLDS = {"lexical": 0.3, "sentence-transformers": 0.3, "model2vec": 0.3, "http": 0.4}
"""The similarity that is near enough, by encoder. It belongs to one encoder and its version; how these were found:
docs/concepts/classification.md."""


def kinds_of(categories: Iterable[Category]) -> tuple[Kind, ...]:
    return tuple(
        Kind(each.name, (*each.utterances, *filter(None, (each.description,))), each.keywords, each.threshold)
        for each in categories
    )


def nearest(scores: Mapping[str, float], kinds: Iterable[Kind], threshold: float) -> Nearest:
    """The most alike of those that reach their own threshold, or else this one. Of equals the first by name."""
    needed = {kind.name: threshold if kind.threshold is None else kind.threshold for kind in kinds}
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    label = next((name for name in ranked if scores[name] >= needed[name] and scores[name] > 0.0), None)
    shown = ranked if label is None else [label, *(name for name in ranked if name != label)]
    told = ", then ".join(f"{name} {scores[name]:.2f}" for name in shown[:2])
    return Nearest(label, f"{told}; {needed[shown[0]]:.2f} is near enough" if shown else "", scores)
