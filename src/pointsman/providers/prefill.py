"""An answer begun elsewhere, given to a deployment to go on from: as the last message, or behind the prompt."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pointsman.model.request import Fields, Request

NOTHING: Fields = {}
BESIDES: dict[str, Fields] = {
    "vllm": {"continue_final_message": msgspec.Raw(b"true"), "add_generation_prompt": msgspec.Raw(b"false")}
}
"""What a kind of server is told beside the unfinished message; others take a last message of the assistant for one."""

NEITHER = frozenset({"suffix", "echo"})
"""Fields that make more of a prompt than the beginning of its answer."""

BOUNDS = ("max_tokens", "max_completion_tokens")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Message(msgspec.Struct, gc=False):
    role: str | None = None


_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_bound = msgspec.json.Decoder(int | None).decode


def continued(request: Request, kind: str, told: Mapping[str, str], tokens: int) -> Request | None:
    """The request for what follows ``told``, which were about so many tokens; None if it can't be put so: thoughts were
    told, the conversation ends with the assistant's own words already, there is not one prompt, or no token is left.
    """
    chat = request.endpoint == "chat"
    text = told.get("content" if chat else "text")
    if text is None or len(told) > 1 or not NEITHER.isdisjoint(request.body):
        return None
    try:
        begun = _messages(request, text) if chat else _prompt(request, text)
        bounds = {name: _less(request.body[name], tokens) for name in BOUNDS if name in request.body}
    except UNREADABLE:
        return None
    if begun is None or None in bounds.values():
        return None
    besides = BESIDES.get(kind, NOTHING) if chat else NOTHING
    return msgspec.structs.replace(request, body={**request.body, **bounds, **begun, **besides})


def _messages(request: Request, text: str) -> Fields | None:
    turns = _decode_list(request.body["messages"])
    if not turns or _decode_message(turns[-1]).role == "assistant":
        return None
    return {"messages": msgspec.Raw(_encode([*turns, {"role": "assistant", "content": text}]))}


def _prompt(request: Request, text: str) -> Fields:
    return {"prompt": msgspec.Raw(_encode(_decode_text(request.body["prompt"]) + text))}


def _less(bound: msgspec.Raw, tokens: int) -> msgspec.Raw | None:
    """What is left of a bound on tokens; None if nothing is, and the answer lacked no more than its last word."""
    most = _decode_bound(bound)
    if most is None:
        return bound
    return msgspec.Raw(_encode(most - tokens)) if most > tokens else None
