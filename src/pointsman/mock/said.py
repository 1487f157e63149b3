"""From what was asked to what is said: tokens, finish reason, counts. The same request always gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.mock.words import cut_at_stop, encode, natural, pieces, sample

if TYPE_CHECKING:
    from pointsman.mock.asked import Asked, Tool


class Called(msgspec.Struct, frozen=True):
    """A call of a function. The tokens are the pieces of its arguments' JSON."""

    tool: Tool
    arguments: Any
    tokens: list[str]

    @property
    def text(self) -> str:
        return "".join(self.tokens)


class Said(msgspec.Struct, frozen=True):
    """One choice. The tokens of one that calls are those of all its calls."""

    tokens: list[str]
    finish: str
    calls: tuple[Called, ...] = ()
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.tokens)


def say(speaker: str, asked: Asked) -> list[Said]:
    """All choices of an answer."""
    return [_say(speaker, asked, variant) for variant in range(asked.n)]


def _say(speaker: str, asked: Asked, variant: int) -> Said:
    if asked.tools:
        calls = tuple(_call(tool, f"{speaker}-{variant}") for tool in asked.tools)
        return Said([token for call in calls for token in call.tokens], "tool_calls", calls)
    tokens = _words(speaker, asked, variant)
    if asked.json_schema is not None:
        schema = asked.json_schema or {"type": "object", "properties": {"answer": {"type": "string"}}}
        tokens = pieces(encode(sample(schema, "".join(tokens))).decode())
    tokens, stopped_by = cut_at_stop(tokens, asked.stop)
    if asked.limit is not None and len(tokens) > asked.limit:
        return Said(tokens[: asked.limit], "length")
    return Said(tokens, "stop", stopped_by=stopped_by)


def _call(tool: Tool, word: str) -> Called:
    arguments = sample(tool.schema, word)
    return Called(tool, arguments, pieces(encode(arguments).decode()))


def _words(speaker: str, asked: Asked, variant: int) -> list[str]:
    """What is said of itself; behind a beginning of its own words the rest of them, behind another one new words."""
    begun = asked.begun
    if not begun:
        return natural(speaker, asked.model, asked.prompt, variant, asked.least)
    tokens = natural(speaker, asked.model, asked.prompt, variant, asked.least + len(begun.split(" ")))
    if not "".join(tokens).startswith(begun):
        return natural(speaker, asked.model, f"{asked.prompt}\0{begun}", variant, asked.least)[1:]
    left = len(begun)
    while left >= len(tokens[0]) and len(tokens) > 1:
        left -= len(tokens.pop(0))
    return [tokens[0][left:], *tokens[1:]]


def count(said: list[Said]) -> int:
    return sum([len(choice.tokens) for choice in said])
