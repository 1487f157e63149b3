"""How many parameters a simulated model says it has."""

from __future__ import annotations

import re

IN_NAME = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])", re.IGNORECASE)
UNITS = {"b": 10**9, "m": 10**6}
EMBEDDER = 136_727_040
"""Of nomic-embed-text."""


def parameters_of(model: str, told: float, usual: int) -> int:
    """The number that the options tell in billions, else what the name says, else the usual one."""
    if told > 0:
        return round(told * 10**9)
    found = IN_NAME.search(model)
    if found is not None:
        return round(float(found[1]) * UNITS[found[2].lower()])
    return EMBEDDER if "embed" in model else usual


def human(parameters: int) -> str:
    """As Ollama prints it: ``7.6B``, ``70B``, ``136.73M``."""
    for unit, digits in (("B", 1), ("M", 2)):
        number = parameters / UNITS[unit.lower()]
        if number >= 1:
            return f"{number:.0f}{unit}" if number.is_integer() else f"{number:.{digits}f}{unit}"
    return str(parameters)
