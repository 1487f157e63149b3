"""What conditions may ask about, by name, and what kind of answer each has. A table and three questions to it.

``routing/conditions.py`` knows how to find the answers; a test holds both together.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from pointsman.model.condition import HEADER
from pointsman.model.request import Endpoint

Kind = Literal["flag", "text", "texts", "number", "size", "seconds"]
"""``texts``: any number of texts, of which one is enough. ``size``: billions of parameters."""

PLAIN: dict[str, Kind] = {
    "always": "flag",
    "never": "flag",
    "model": "text",
    "endpoint": "text",
    "stream": "flag",
    "tokens": "number",
    "context_size": "number",
    "batch_size": "number",
    "timeout": "seconds",
    "images": "flag",
    "tools": "flag",
    "reasoning_effort": "text",
    "model_size": "size",
    "task": "text",
    "capability": "text",
    "tags": "texts",
}

CHOICES: dict[str, tuple[str, ...]] = {"endpoint": get_args(Endpoint)}
"""Facts that have one of a few values."""

NEVER: dict[str, tuple[str, ...]] = {"model": ("auto",)}
"""Texts that a fact never is: ``auto`` leaves the model open, so there is none."""


class Range(NamedTuple):
    """The values of an ordered fact: from ``least`` on, which is ``out`` or in. ``known``: of every request."""

    least: float = 0.0
    out: bool = False
    whole: bool = True
    known: bool = True


RANGES: dict[str, Range] = {
    "tokens": Range(),
    "batch_size": Range(least=1.0),
    "timeout": Range(out=True, whole=False, known=False),
    "model_size": Range(whole=False, known=False),
}

SAME = {"context_size": "tokens"}
"""Facts by two names."""

SECRETS = re.compile(r"authorization|cookie|key|secret|token|password|credential", re.IGNORECASE)
"""Words in names of headers that carry secrets."""

PROVIDERS = UNAVAILABLE, AVAILABLE = "_unavailable", "_available"
"""Ends of facts about a provider. They are each other's opposite."""


def kind_of(name: str) -> Kind | None:
    """The kind of a fact; None if there is no such fact."""
    if name.startswith(HEADER) and name != HEADER:
        return "text"
    return "flag" if provider_of(name) is not None else PLAIN.get(name)


def provider_of(name: str) -> tuple[str, str] | None:
    """The provider that a fact is about, and the end that says what; None if it is about none."""
    ends = (end for end in PROVIDERS if name.endswith(end) and name != end and name not in PLAIN)
    return next(((name.removesuffix(end), end) for end in ends), None)


def secret(name: str) -> bool:
    """True for headers whose values nobody should read in an explanation."""
    return name.startswith(HEADER) and SECRETS.search(name) is not None


def alike(name: str) -> tuple[str, ...]:
    """What an unknown name may have been meant for."""
    stem, _, end = name.rpartition("_")
    about = tuple(stem + known for known in PROVIDERS) if stem and "ava" in end else ()
    rest = name.partition(".")[2]
    return (*PLAIN, *about, *((HEADER + rest,) if rest else ()))
