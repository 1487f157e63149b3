"""From what was asked to what is said: tokens, finish reason, counts. The same request always gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.mock.words import cut_at_stop, encode, natural, pieces, sample

if TYPE_CHECKING:
    from pointsman.mock.asked import Asked, Tool


class Said(msgspec.Struct, frozen=True):
    """One choice. For a tool call the tokens are the pieces of its arguments' JSON."""

    tokens: list[str]
    finish: str
    tool: Tool | None = None
    arguments: Any = None
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.tokens)


def say(speaker: str, asked: Asked) -> list[Said]:
    """All choices of an answer."""
    return [_say(speaker, asked, variant) for variant in range(asked.n)]


def _say(speaker: str, asked: Asked, variant: int) -> Said:
    if asked.tool is not None:
        arguments = sample(asked.tool.schema, f"{speaker}-{variant}")
        return Said(pieces(encode(arguments).decode()), "tool_calls", asked.tool, arguments)
    tokens = _words(speaker, asked, variant)
    if asked.json_schema is not None:
        schema = asked.json_schema or {"type": "object", "properties": {"answer": {"type": "string"}}}
        tokens = pieces(encode(sample(schema, "".join(tokens))).decode())
    tokens, stopped_by = cut_at_stop(tokens, asked.stop)
    if asked.limit is not None and len(tokens) > asked.limit:
        return Said(tokens[: asked.limit], "length")
    return Said(tokens, "stop", stopped_by=stopped_by)


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
