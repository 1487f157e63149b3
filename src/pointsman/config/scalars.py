"""Plain YAML scalars as YAML 1.2's core schema reads them: ``1e-06`` is a number, ``yes`` and ``on`` are text.

PyYAML's own resolver speaks YAML 1.1, where ``1e-06`` is text, ``yes`` is true and ``1:30`` is ninety.
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCT = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)\Z")

MAX_DIGITS = 400
"""Longer numbers are beyond any float; they are read as infinite, which is refused later with its place."""

TAGS = ("null", "bool", "int", "float", "str")


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    infinite = _INFINITE.match(text)
    if infinite:
        return -math.inf if infinite[1] == "-" else math.inf
    for form, base in ((_INT, 10), (_OCT, 8), (_HEX, 16)):
        if form.match(text):
            return math.inf if len(text) > MAX_DIGITS else int(text, base)
    return float(text) if _FLOAT.match(text) else text


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit ``!!tag``. Raises ValueError if it is not of that type."""
    value: Scalar = text if tag == "str" else plain(text)
    if tag == "float" and type(value) is int:
        value = float(value)
    wanted = {"null": type(None), "bool": bool, "int": int, "float": float, "str": str}.get(tag)
    if wanted is None or type(value) is not wanted:
        raise ValueError(tag)
    return value
