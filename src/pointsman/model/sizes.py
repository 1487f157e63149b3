"""How large a model is in billions of parameters: from names like ``llama-7b``, and from words like "13B"."""

from __future__ import annotations

import re

import msgspec

from pointsman.model.deployment import Deployment

SIZE = re.compile(r"(?<![a-z0-9.])(?:([0-9]{1,3})x)?([0-9]{1,4}(?:\.[0-9]{1,3})?)b(?![a-z0-9])", re.IGNORECASE)
"""``8x7b`` is eight times seven: what stands in the name, not what is active of it."""

WORD = re.compile(r"(?:([0-9]{1,3})x)?([0-9]{1,6}(?:\.[0-9]{1,6})?) ?([bm]?)", re.IGNORECASE)


class Size(msgspec.Struct, frozen=True, gc=False):
    """A size, and the provider whose list told it where no name and no configuration did."""

    billions: float
    lister: str = ""

    def __str__(self) -> str:
        return f"{self.billions:g}B" + (f" (from {self.lister}'s list)" if self.lister else "")


def size_in(name: str | None) -> float | None:
    """The first size in a name; None if it has none."""
    found = SIZE.search(name[:512]) if name else None
    if found is None:
        return None
    experts, size = found.groups()
    return float(size) * int(experts or 1)


def billions(word: str) -> float | None:
    """What "13B", "8x7B", "500M" or "1.5" says; None if it is no size."""
    found = WORD.fullmatch(word.strip())
    if found is None:
        return None
    experts, size, unit = found.groups()
    return float(size) * int(experts or 1) / (1000 if unit in ("m", "M") else 1)


def size_of(deployment: Deployment) -> Size | None:
    """What the configuration says, else its model's name, else its public name, else its provider's own list."""
    if deployment.size is not None:
        return Size(deployment.size)
    named = size_in(deployment.model) or size_in(deployment.model_name)
    return Size(named) if named is not None else listed_size(deployment)


def listed_size(deployment: Deployment) -> Size | None:
    """What its provider's own list says."""
    card = deployment.listed
    return Size(card.size, deployment.provider.name) if card is not None and card.size is not None else None
