"""How large a model is, by what it is called: billions of parameters from names like ``llama-7b`` or ``qwen:13b``."""

from __future__ import annotations

import re

from pointsman.model.deployment import Deployment

SIZE = re.compile(r"(?<![a-z0-9.])(?:([0-9]{1,3})x)?([0-9]{1,4}(?:\.[0-9]{1,3})?)b(?![a-z0-9])", re.IGNORECASE)
"""``8x7b`` is eight times seven: what stands in the name, not what is active of it."""


def size_in(name: str | None) -> float | None:
    """The first size in a name; None if it has none."""
    found = SIZE.search(name[:512]) if name else None
    if found is None:
        return None
    experts, size = found.groups()
    return float(size) * int(experts or 1)


def size_of(deployment: Deployment) -> float | None:
    """What the configuration or the provider says, else what its model's name says, else its public name's."""
    if deployment.size is not None:
        return deployment.size
    return size_in(deployment.model) or size_in(deployment.model_name)
