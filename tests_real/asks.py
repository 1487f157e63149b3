"""What the tests say to the model, and what they may expect of an answer."""

from __future__ import annotations

from typing import Any

from line import MODEL

HELLO = [{"role": "user", "content": "Which track is free?"}]
ENDLESS = 1900  # tokens: seconds of work for the model server, and still within its context
TOO_LONG = [{"role": "user", "content": "x" * 5000}]  # a token a byte: more than the context


def chat(tokens: int, **more: Any) -> dict[str, Any]:
    """A chat request for exactly so many tokens; temperature 0 unless told, so that it can be repeated."""
    return {"model": MODEL, "messages": HELLO, "max_tokens": tokens, "temperature": 0, **more}


def is_whole(answer: Any, tokens: int) -> bool:
    """True for a chat completion of that many visible characters that ended for want of room."""
    choice = answer.choices[0]
    text = choice.message.content
    return (
        choice.finish_reason == "length"
        and len(text) == tokens
        and text.isascii()
        and text.isprintable()
        and answer.usage.completion_tokens == tokens
    )


def spoken(chunks: list[Any]) -> str:
    """The text of a chat stream."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def ending(chunks: list[Any]) -> str | None:
    """The finish reason of a chat stream; None if it was cut."""
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    return reasons[-1] if reasons else None
