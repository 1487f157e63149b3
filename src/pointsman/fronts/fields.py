"""The fields of a body in another protocol: which are looked into, and which nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.model.request import Fields
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.values import values_of

NOTHING = (b"null", b"false")

_encode = msgspec.json.Encoder().encode


def look_into(fields: Fields, known: Collection[str], others: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of the ``known`` fields, and those for which there are no words: all but ``others`` that say
    something, and what can't be read (half letters, numbers beyond all bounds), which its own kind of server may take.
    """
    body: dict[str, Any] = {}
    lost: dict[str, str] = {}
    for name, raw in fields.items():
        if name in known:
            try:
                body |= values_of({name: raw})
            except Inexpressible as reason:
                lost[name] = str(reason).partition(": ")[2]
        elif name not in others and bytes(raw) not in NOTHING:
            lost[name] = ""
    return body, lost


def an_object(value: Any, name: str) -> dict[str, Any]:
    """The value of the field ``name``, or of one within it; empty if it says nothing. Raises InvalidBody."""
    if value is not None and not isinstance(value, dict):
        raise InvalidBody(f"{name} must be an object", param=_top(name))
    return value or {}


def a_text(value: Any, name: str) -> str:
    """The same of a text."""
    if value is not None and not isinstance(value, str):
        raise InvalidBody(f"{name} must be a text", param=_top(name))
    return value or ""


def _top(name: str) -> str:
    """The body's field of a place within it."""
    return re.split(r"[.:]", name, maxsplit=1)[0]


def raw_fields(out: Mapping[str, Any]) -> Fields:
    """Values as a body's fields; those that are raw already stay as they were written."""
    return {name: v if isinstance(v, msgspec.Raw) else msgspec.Raw(_encode(v)) for name, v in out.items()}
