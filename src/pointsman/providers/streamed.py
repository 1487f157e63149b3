"""A whole answer told as the stream that was asked for: some servers, and proxies before them, ignore ``stream``.

It works on answers in the caller's shape, whichever dialect they came in. Values stay as the upstream wrote them.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from pointsman.model.exchange import Refusal, Understood
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Fields, Request
from pointsman.providers.shapes import wants_usage

REPEATED = ("id", "created", "model", "system_fingerprint", "service_tier")
"""Fields of an answer that each of its chunks carries; what else there is goes with the last finish reason."""

MOST_REPEATED = 16 * 1024 * 1024
"""Bytes that the parts common to all chunks may come to; beyond it an answer is an accident, or made to cost memory."""

ABSENT = msgspec.Raw(b"null")
DONE = b"data: [DONE]\n\n"

UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_choices = msgspec.json.Decoder(Annotated[list[Fields], msgspec.Meta(min_length=1)]).decode
_decode_calls = msgspec.json.Decoder(list[Fields] | None).decode
_decode_text = msgspec.json.Decoder(str).decode


def streamed(request: Request, answer: Understood) -> Understood | Refusal:
    """Content first, then finish reasons, usage if it was asked for and is known, and the end mark."""
    try:
        frames = _frames(request, answer.body)
    except UNREADABLE:
        return Refusal(FailureKind.GARBAGE, "no stream, and no answer that could be told as one", 200)
    return Understood(b"".join([*frames, DONE]), answer.usage, stream=True)


def _frames(request: Request, body: bytes) -> list[bytes]:
    """Raises one of UNREADABLE."""
    if b"\n" in body or b"\r" in body:  # laid out for readers; a frame's data is one line
        body = msgspec.json.format(body, indent=-1)
    rest = _decode_fields(body)
    choices = _decode_choices(rest.pop("choices", ABSENT))
    usage = rest.pop("usage", ABSENT)
    chat = request.endpoint == "chat"
    head: dict[str, Any] = {name: rest.pop(name) for name in REPEATED if name in rest}
    rest.pop("object", None)
    head["object"] = "chat.completion.chunk" if chat else "text_completion"
    if 2 * len(choices) * len(_frame(head, [])) > MOST_REPEATED:
        raise ValueError
    told = [(_message if chat else _text)(index, choice) for index, choice in enumerate(choices)]
    frames = [_frame(head, [said]) for said, _ in told]
    frames += [_frame(head, [ended]) for _, ended in told[:-1]]
    frames.append(_frame({**rest, **head}, [told[-1][1]]))
    if bytes(usage) != b"null" and wants_usage(request):
        frames.append(_frame({**head, "usage": usage}, []))
    return frames


def _message(index: int, choice: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """A message as a delta, and the chunk's choice that ends it."""
    message: dict[str, Any] = {"role": "assistant", **_decode_fields(choice.pop("message", ABSENT))}
    calls = _decode_calls(message.get("tool_calls", ABSENT))
    if calls is not None:
        message["tool_calls"] = [{"index": number, **call} for number, call in enumerate(calls)]
    return _parted({"index": index, **choice, "delta": message}, {"delta": {}})


def _text(index: int, choice: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    _decode_text(choice.get("text", ABSENT))
    return _parted({"index": index, **choice}, {"text": ""})


def _parted(choice: dict[str, Any], blank: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a choice says, and how it ends. A whole answer without a reason has ended all the same."""
    reason = choice.get("finish_reason", ABSENT)
    ended = {"index": choice["index"], **blank, "finish_reason": "stop" if bytes(reason) == b"null" else reason}
    return {**choice, "finish_reason": None}, ended


def _frame(fields: dict[str, Any], choices: list[dict[str, Any]]) -> bytes:
    return b"data: " + _encode({**fields, "choices": choices}) + b"\n\n"
