"""Texts that callers give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pointsman.errors import Misuse


def text(value: Any, name: str) -> str:
    """One that says something."""
    if not isinstance(value, str) or not value.strip():
        raise Misuse(f"{name} is a text that says something, not {value!r:.80}", param=name)
    return value


def prompts_of(prompts: Iterable[str]) -> Iterator[str]:
    """Several prompts. One by itself is not its letters."""
    if isinstance(prompts, (str, bytes)):
        raise Misuse("route_many takes a list of prompts; for one there is route_task", param="prompts")
    try:
        return iter(prompts)
    except TypeError:
        raise Misuse(f"prompts is a list of texts, not {prompts!r:.80}", param="prompts") from None
