"""Ollama's names of models: one without a tag means its ``latest``, and some clients write that out."""

from __future__ import annotations

from collections.abc import Callable

LATEST = ":latest"


def meant(name: str, serves: Callable[[str], bool]) -> str:
    """The way to write a name in which it is served, if it is in one of them only."""
    if name.endswith(LATEST):
        other = name.removesuffix(LATEST)
    elif ":" in name.rpartition("/")[2]:
        return name
    else:
        other = f"{name}{LATEST}"
    return other if not serves(name) and serves(other) else name
