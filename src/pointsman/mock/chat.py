"""/v1/chat/completions: what was said, in OpenAI's shape, whole or as server-sent events."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pointsman.mock.message import SSE, Reply, Stream, encode, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.flavour import Flavour, Work
    from pointsman.mock.said import Called, Said

DONE = b"data: [DONE]\n\n"
THOUGHT = "The caller wants an answer, so one is given."
HOLE = "\0"
_HOLE = encode(HOLE)


def frame(value: Any) -> bytes:
    return b"data: %b\n\n" % encode(value)


def around_hole(value: Any) -> tuple[bytes, bytes]:
    """A frame in two halves around the string HOLE: encoding the rest once makes a token cost next to nothing."""
    before, _, after = frame(value).rpartition(_HOLE)
    return before, after


def chat_reply(flavour: Flavour, work: Work, headers: bytes = b"") -> Reply:
    body = {
        "id": flavour.ident("chatcmpl", work.seed),
        "object": "chat.completion",
        "created": work.created,
        "model": work.asked.model,
        "choices": [
            {
                "index": index,
                "message": _message(flavour, work, index),
                **flavour.choice,
                "finish_reason": flavour.finish(choice),
            }
            for index, choice in enumerate(work.said)
        ],
        "usage": flavour.usage(work),
        **flavour.common,
        **flavour.whole,
        **flavour.extras(work),
    }
    return json_reply(body, headers=headers, tokens=work.completion_tokens, slow=True)


def _message(flavour: Flavour, work: Work, index: int) -> dict[str, Any]:
    choice = work.said[index]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.text,
        **flavour.message,
        **_thought(flavour, work),
    }
    if choice.calls:
        message["content"] = None
        message["tool_calls"] = [
            {"id": call_id(work, index, number), "type": "function", "function": _function(call)}
            for number, call in enumerate(choice.calls)
        ]
    return message


def _thought(flavour: Flavour, work: Work) -> dict[str, str]:
    return {flavour.thoughts: THOUGHT} if flavour.thoughts and work.asked.thinks else {}


def _function(call: Called) -> dict[str, str]:
    return {"name": call.tool.name, "arguments": call.text}


def call_id(work: Work, index: int, number: int) -> str:
    """Of a choice's call of this number."""
    return f"call_{work.seed[:20]}{number:02x}{index:02x}"


def chat_stream(flavour: Flavour, work: Work, headers: bytes = b"") -> Stream:
    return Stream(
        SSE,
        _steps(flavour, work),
        opening=_opening(flavour, work),
        closing=_closing(flavour, work),
        headers=headers,
        eager=flavour.eager,
    )


def chunk_body(flavour: Flavour, work: Work, choices: list[dict[str, Any]]) -> dict[str, Any]:
    body = {
        "id": flavour.ident("chatcmpl", work.seed),
        "object": "chat.completion.chunk",
        "created": work.created,
        "model": work.asked.model,
        **flavour.common,
        **flavour.part,
        "choices": choices,
    }
    if flavour.null_usage and work.asked.include_usage and choices:
        body["usage"] = None
    return body


def _piece(
    flavour: Flavour, work: Work, index: int, delta: dict[str, Any], finish: str | None = None
) -> dict[str, Any]:
    if flavour.delta_role:
        delta = {"role": "assistant", "content": "", **delta}
    choice = {"index": index, "delta": delta, **flavour.chunk_choice, "finish_reason": finish}
    return chunk_body(flavour, work, [choice])


def _opening(flavour: Flavour, work: Work) -> bytes:
    """A role-first chunk for each choice, where the server has one, thoughts, and the heads of its first tool call."""
    frames = [flavour.comments]
    if flavour.before:
        frames.append(frame(flavour.before))
    thought = _thought(flavour, work)
    for index, choice in enumerate(work.said):
        first = {"role": "assistant", "content": None if choice.calls else flavour.first_content}
        if not flavour.delta_role:
            frames.append(frame(_piece(flavour, work, index, first)))
        if thought:
            frames.append(frame(_piece(flavour, work, index, thought)))
        if choice.calls and not flavour.whole_tool_calls:
            frames.append(_call_head(flavour, work, index, 0))
    return b"".join(frames)


def _call_head(flavour: Flavour, work: Work, index: int, number: int) -> bytes:
    function = {"name": work.said[index].calls[number].tool.name, "arguments": ""}
    call = {"index": number, "id": call_id(work, index, number), "type": "function", "function": function}
    return frame(_piece(flavour, work, index, {"tool_calls": [call]}))


def _steps(flavour: Flavour, work: Work) -> Iterator[bytes]:
    """The next token of every choice together, until the longest has ended."""
    streams = [_tokens(flavour, work, index, choice) for index, choice in enumerate(work.said)]
    if len(streams) == 1:
        return streams[0]
    return (b"".join(step) for step in zip_longest(*streams, fillvalue=b""))


def _tokens(flavour: Flavour, work: Work, index: int, choice: Said) -> Iterator[bytes]:
    if not choice.calls:
        return _deltas(flavour, work, index, {"content": HOLE}, choice.tokens)
    if flavour.whole_tool_calls:
        calls = [
            {"id": call_id(work, index, number), "index": number, "type": "function", "function": _function(call)}
            for number, call in enumerate(choice.calls)
        ]
        return iter([frame(_piece(flavour, work, index, {"tool_calls": calls}))])
    return _calls(flavour, work, index, choice)


def _calls(flavour: Flavour, work: Work, index: int, choice: Said) -> Iterator[bytes]:
    """The arguments of one call after the other; the head of each later one comes before its first token."""
    for number, call in enumerate(choice.calls):
        head = _call_head(flavour, work, index, number) if number else b""
        delta = {"tool_calls": [{"index": number, "function": {"arguments": HOLE}}]}
        for step in _deltas(flavour, work, index, delta, call.tokens):
            yield head + step
            head = b""


def _deltas(flavour: Flavour, work: Work, index: int, delta: dict[str, Any], tokens: list[str]) -> Iterator[bytes]:
    before, after = around_hole(_piece(flavour, work, index, delta))
    return (b"%b%b%b" % (before, encode(token), after) for token in tokens)


def _closing(flavour: Flavour, work: Work) -> bytes:
    """A finish chunk for each choice, usage if it was asked for, and the end mark."""
    frames = []
    extras = flavour.extras(work)
    last = len(work.said) - 1
    for index, choice in enumerate(work.said):
        body = _piece(flavour, work, index, flavour.last_delta, flavour.finish(choice))
        if index == last and not work.asked.include_usage:
            body |= extras
        frames.append(frame(body))
    if work.asked.include_usage:
        frames.append(frame({**chunk_body(flavour, work, []), "usage": flavour.usage(work), **extras}))
    return b"".join([*frames, DONE])
