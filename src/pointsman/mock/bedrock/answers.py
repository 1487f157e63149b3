"""What was said, in Converse's shape: whole, or as events of a binary stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.bedrock.frames import EVENT_STREAM, event
from pointsman.mock.message import Reply, Stream, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.flavour import Work
    from pointsman.mock.said import Said

THOUGHT = "The question is about trains, as ever."
SIGNATURE = "c2ltdWxhdGVk"
REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"
"""Beside each delta stands so much of it that lengths tell nothing of what is said."""


def converse_reply(work: Work, cache: dict[str, int], headers: bytes, *, thinks: bool) -> Reply:
    said = work.said[0]
    content: list[dict[str, Any]] = []
    if thinks:
        content.append({"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}})
    if not said.calls:
        content.append({"text": said.text})
    content += [{"toolUse": {**_call(work, said, n), "input": call.arguments}} for n, call in enumerate(said.calls)]
    body = {
        "metrics": {"latencyMs": 100},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": _reason(said),
        "usage": _usage(work, cache),
    }
    return json_reply(body, headers=headers, tokens=work.completion_tokens, slow=True)


def converse_stream(work: Work, cache: dict[str, int], headers: bytes, *, thinks: bool) -> Stream:
    said = work.said[0]
    index = int(thinks)
    opening = [event("messageStart", {"p": PADDING[:7], "role": "assistant"})]
    if thinks:
        opening += _thought()
    opening.append(_started(work, said, 0, index))
    ended = _stopped(index + max(len(said.calls), 1) - 1)
    reason = event("messageStop", {"p": PADDING[:5], "stopReason": _reason(said)})
    usage = {"metrics": {"latencyMs": 100}, "p": PADDING[:9], "usage": _usage(work, cache)}
    end = reason + event("metadata", usage)
    return Stream(EVENT_STREAM, _steps(work, said, index), b"".join(opening), ended + end, headers, end=end)


def _steps(work: Work, said: Said, first: int) -> Iterator[bytes]:
    """The tokens of a text, or of one call after the other: a block each, the first of which is open."""
    if not said.calls:
        for place, token in enumerate(said.tokens):
            yield _delta(first, {"text": token}, place)
    for number, call in enumerate(said.calls):
        index = first + number
        turn = _stopped(index - 1) + _started(work, said, number, index) if number else b""
        for place, token in enumerate(call.tokens):
            yield turn + _delta(index, {"toolUse": {"input": token}}, place)
            turn = b""


def _started(work: Work, said: Said, number: int, index: int) -> bytes:
    """The beginning of a call; a text has none."""
    if not said.calls:
        return b""
    start = {"toolUse": _call(work, said, number)}
    return event("contentBlockStart", {"contentBlockIndex": index, "p": PADDING[:3], "start": start})


def _stopped(index: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index, "p": PADDING[:11]})


def _thought() -> list[bytes]:
    deltas = [{"text": THOUGHT}, {"signature": SIGNATURE}]
    told = [_delta(0, {"reasoningContent": delta}, number) for number, delta in enumerate(deltas)]
    return [*told, _stopped(0)]


def _delta(index: int, delta: dict[str, Any], number: int) -> bytes:
    padding = PADDING[: number % len(PADDING) + 1]
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": padding})


def _call(work: Work, said: Said, number: int) -> dict[str, Any]:
    return {"name": said.calls[number].tool.name, "toolUseId": f"tooluse_{work.seed[:20]}{number:02x}"}


def _reason(said: Said) -> str:
    return "stop_sequence" if said.stopped_by is not None else REASONS[said.finish]


def _usage(work: Work, cache: dict[str, int]) -> dict[str, Any]:
    prompt, completion = work.asked.prompt_tokens, work.completion_tokens
    fresh = prompt - sum(cache.values())
    return {"inputTokens": fresh, "outputTokens": completion, "totalTokens": prompt + completion, **cache}
