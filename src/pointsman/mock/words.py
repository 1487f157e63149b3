"""What a simulated model says: words that follow from the request alone, so that every run reads the same.

The first token names who spoke, ``[provider/model]``. One word is one token; token counts of prompts are an estimate
of four characters a token. Values for tools and JSON answers follow their JSON Schema.
"""

from __future__ import annotations

from hashlib import shake_128
from typing import Any

import msgspec

_RAILWAY = (
    "signal points track lever frame junction siding platform engine carriage whistle lantern timetable driver "
    "guard yard switch rail sleeper ballast bridge tunnel viaduct station branch line express freight wagon coal "
    "steam boiler smoke brake coupling buffer turntable depot crossing gate mile post gradient curve cutting "
    "embankment shunt marshal depart arrive wait pass clear hold north south east west morning evening slow swift "
    "green amber red"
)
_VOCABULARY = _RAILWAY.split()
_SPACED = tuple(f" {_VOCABULARY[byte % len(_VOCABULARY)]}" for byte in range(256))

SHORTEST = 16
LONGEST = 47
PIECE = 4
"""Characters of a piece of JSON."""

encode = msgspec.json.Encoder().encode


def natural(speaker: str, model: str, prompt: str, variant: int = 0, least: int = 0) -> list[str]:
    """The tokens a model would say of itself: 16 to 47 of them, at least ``least``."""
    seed = shake_128(f"{speaker}\0{model}\0{variant}\0{prompt}".encode("utf-8", "surrogatepass"))
    length = SHORTEST + seed.digest(1)[0] % (LONGEST - SHORTEST + 1)
    digest = seed.digest(max(length, least))
    return [f"[{speaker}/{model}]", *[_SPACED[byte] for byte in digest[1:]]]


def estimate(text: str) -> int:
    """Tokens of a text, about."""
    return (len(text) + 3) // 4


def pieces(text: str) -> list[str]:
    """A text that is not words, cut into tokens."""
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def cut_at_stop(tokens: list[str], stop: tuple[str, ...]) -> tuple[list[str], str | None]:
    """The tokens before the first stop sequence, and which one it was."""
    text = "".join(tokens)
    found = [(text.find(word), word) for word in stop if word and word in text]
    if not found:
        return tokens, None
    end, word = min(found)
    kept: list[str] = []
    for token in tokens:
        if end <= 0:
            break
        kept.append(token[:end])
        end -= len(token)
    return kept, word


def token_ids(text: str) -> list[int]:
    """Ids for /tokenize: as many as the estimate says, the same for the same text."""
    digest = shake_128(text.encode("utf-8", "surrogatepass")).digest(2 * estimate(text))
    return [int.from_bytes(digest[place : place + 2], "big") for place in range(0, len(digest), 2)]


def sample(schema: Any, word: str, depth: int = 0) -> Any:
    """A value that fits a JSON Schema, as far as a plain one goes: type, enum, const, properties, items, anyOf."""
    if not isinstance(schema, dict) or depth > 8:
        return word
    if "const" in schema:
        return schema["const"]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list) and options:
            return sample(options[0], word, depth + 1)
    return _of_type(schema, word, depth)


def _of_type(schema: dict[str, Any], word: str, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else "string"
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        fields = properties if isinstance(properties, dict) else {}
        return {name: sample(inner, word, depth + 1) for name, inner in fields.items()}
    if kind == "array":
        return [sample(schema.get("items"), word, depth + 1)]
    low = schema.get("minimum", 1)
    plain: dict[str, Any] = {"integer": low, "number": low, "boolean": True, "null": None}
    return plain.get(str(kind), word)
