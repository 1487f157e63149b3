"""How the servers that speak OpenAI's format differ from each other: data, and one struct for the work at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.mock.said import Said, count

if TYPE_CHECKING:
    from pointsman.mock.asked import Asked


class Work(msgspec.Struct, frozen=True):
    """One answer in the making. ``seed`` is 32 hex digits that follow from the provider and the request's number.
    ``cached``: tokens of the prompt that came from a cache.
    """

    seed: str
    created: int
    asked: Asked
    said: list[Said]
    cached: int = 0

    @property
    def completion_tokens(self) -> int:
        return count(self.said)


def no_extras(_work: Work) -> dict[str, Any]:
    return {}


Told = Callable[[int, int], dict[str, Any]]
"""Cached tokens and the prompt's -> fields of the usage."""


class Flavour(msgspec.Struct, frozen=True, kw_only=True):
    """Fields a server adds, and its habits.

    ``common`` is in every answer and chunk, ``whole`` and ``part`` in one of them; ``message``, ``choice`` and
    ``chunk_choice`` likewise inside. ``first_content`` is what the role-first chunk carries; a server without such a
    chunk has ``delta_role``: the role in every delta. ``null_usage``: chunks before the last say ``usage: null`` when
    usage was asked for. ``named_finish`` ends an answer whose tool was forced by name; ``whole_tool_calls`` are
    streamed in one chunk. ``extras`` go into whole
    answers and the last chunk, ``embedding_extras`` and ``_details`` into embedding answers and their usage.
    ``before`` is a chunk that stands before all others, ``comments`` what does besides. ``thoughts`` is the field
    beside the content that thoughts come in; ``cached`` is how a server with a cache tells what came from there.
    """

    ident: Callable[[str, str], str]
    common: dict[str, Any] = {}
    whole: dict[str, Any] = {}
    part: dict[str, Any] = {}
    message: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    chunk_choice: dict[str, Any] = {}
    details: dict[str, Any] = {}
    first_content: str | None = ""
    delta_role: bool = False
    last_delta: dict[str, Any] = {}
    null_usage: bool = False
    eager: bool = False
    named_finish: str = "tool_calls"
    whole_tool_calls: bool = False
    extras: Callable[[Work], dict[str, Any]] = no_extras
    embedding_extras: Callable[[Work], dict[str, Any]] = no_extras
    embedding_details: dict[str, Any] = {}
    before: dict[str, Any] = {}
    comments: bytes = b""
    thoughts: str = ""
    cached: Told | None = None

    def finish(self, choice: Said) -> str:
        named = any(call.tool.named for call in choice.calls)
        return self.named_finish if named else choice.finish

    def usage(self, work: Work) -> dict[str, Any]:
        completion = work.completion_tokens
        prompt = work.asked.prompt_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            **self.details,
            **(self.cached(work.cached, prompt) if self.cached is not None else {}),
        }

    def with_extras(self, extras: Callable[[Work], dict[str, Any]]) -> Flavour:
        """The same with further fields of whole answers and last chunks."""
        return msgspec.structs.replace(self, extras=extras)
