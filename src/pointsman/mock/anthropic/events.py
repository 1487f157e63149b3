"""What was said, in Anthropic's shape: whole, or as named server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import HOLE
from pointsman.mock.events import event
from pointsman.mock.message import SSE, Reply, Stream, encode, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.flavour import Work
    from pointsman.mock.said import Said

THOUGHT = "The question is about trains, as ever."
SIGNATURE = "c2ltdWxhdGVk"
REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_HOLE = encode(HOLE)


STOP = event({"type": "message_stop"})


def message_reply(work: Work, cache: dict[str, int], headers: bytes, *, thinks: bool) -> Reply:
    said = work.said[0]
    content: list[dict[str, Any]] = []
    if thinks:
        content.append({"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE})
    if not said.calls:
        content.append({"type": "text", "text": said.text})
    content += [{**_call(work, said, n), "input": call.arguments} for n, call in enumerate(said.calls)]
    body = {**_message(work), "content": content, **_ending(said), "usage": _usage(work, cache)}
    return json_reply(body, headers=headers, tokens=work.completion_tokens, slow=True)


def message_stream(work: Work, cache: dict[str, int], headers: bytes, *, thinks: bool) -> Stream:
    said = work.said[0]
    index = int(thinks)
    started = {**_message(work), "content": [], "stop_reason": None, "stop_sequence": None}
    started["usage"] = _usage(work, cache) | {"output_tokens": 1}
    opening = [event({"type": "message_start", "message": started}), event({"type": "ping"})]
    if thinks:
        opening += _thought()
    opening.append(_block(work, said, 0, index))
    usage = {"output_tokens": work.completion_tokens}
    closing = [
        event({"type": "content_block_stop", "index": index + max(len(said.calls), 1) - 1}),
        event({"type": "message_delta", "delta": _ending(said), "usage": usage}),
        STOP,
    ]
    return Stream(SSE, _steps(work, said, index), b"".join(opening), b"".join(closing), headers)


def _block(work: Work, said: Said, number: int, index: int) -> bytes:
    block = _call(work, said, number) if said.calls else {"type": "text", "text": ""}
    return event({"type": "content_block_start", "index": index, "content_block": block})


def _steps(work: Work, said: Said, first: int) -> Iterator[bytes]:
    """The tokens of a text, or of one call after the other: a block each, the first of which is open."""
    if not said.calls:
        yield from _deltas({"type": "text_delta", "text": HOLE}, first, said.tokens)
    for number, call in enumerate(said.calls):
        index = first + number
        turn = b""
        if number:
            turn = event({"type": "content_block_stop", "index": index - 1}) + _block(work, said, number, index)
        for step in _deltas({"type": "input_json_delta", "partial_json": HOLE}, index, call.tokens):
            yield turn + step
            turn = b""


def _deltas(delta: dict[str, Any], index: int, tokens: list[str]) -> Iterator[bytes]:
    whole = event({"type": "content_block_delta", "index": index, "delta": delta})
    before, _, after = whole.rpartition(_HOLE)
    return (b"%b%b%b" % (before, encode(token), after) for token in tokens)


def _thought() -> list[bytes]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [{"type": "thinking_delta", "thinking": THOUGHT}, {"type": "signature_delta", "signature": SIGNATURE}]
    return [
        event({"type": "content_block_start", "index": 0, "content_block": block}),
        *[event({"type": "content_block_delta", "index": 0, "delta": delta}) for delta in deltas],
        event({"type": "content_block_stop", "index": 0}),
    ]


def _call(work: Work, said: Said, number: int) -> dict[str, Any]:
    ident = f"toolu_01{work.seed[:20]}{number:02x}"
    return {"type": "tool_use", "id": ident, "name": said.calls[number].tool.name, "input": {}}


def _message(work: Work) -> dict[str, Any]:
    return {"id": f"msg_01{work.seed[:22]}", "type": "message", "role": "assistant", "model": work.asked.model}


def _ending(said: Said) -> dict[str, Any]:
    reason = "stop_sequence" if said.stopped_by is not None else REASONS[said.finish]
    return {"stop_reason": reason, "stop_sequence": said.stopped_by}


def _usage(work: Work, cache: dict[str, int]) -> dict[str, Any]:
    return {
        "input_tokens": work.asked.prompt_tokens - sum(cache.values()),
        **cache,
        "output_tokens": work.completion_tokens,
        "service_tier": "standard",
    }
