"""OpenAI's answers and streams, as much of them as can be said in another protocol. Upstreams spell them loosely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from pointsman.errors import UpstreamFailed
from pointsman.model.outcome import Usage
from pointsman.providers.frames import payload_of, split_frames
from pointsman.providers.letters import whole_letters
from pointsman.providers.values import count

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

DONE = b"[DONE]"
ABSENT = msgspec.Raw(b"null")


class Function(msgspec.Struct, gc=False):
    name: Any = None
    arguments: Any = None

    @property
    def written(self) -> str:
        """The arguments as the text of JSON that they are at OpenAI."""
        told = self.arguments
        return told if isinstance(told, str) else "" if told is None else _encode(told).decode()


NOTHING = Function()


class Call(msgspec.Struct, gc=False):
    """A tool call, or the next piece of one. ``calls`` tells which it is a piece of."""

    index: Any = None
    id: Any = None
    function: Function | None = None

    @property
    def ident(self) -> str:
        """Empty if it has none."""
        return self.id if isinstance(self.id, str) else ""

    @property
    def name(self) -> str:
        name = (self.function or NOTHING).name
        return name if isinstance(name, str) else ""


class Said(msgspec.Struct, gc=False):
    """A message, or the next piece of one."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: list[Call] | None = None

    @property
    def thought(self) -> str:
        told = self.reasoning_content or self.reasoning
        return told if isinstance(told, str) else ""

    @property
    def declined(self) -> str:
        return self.refusal if isinstance(self.refusal, str) else ""

    @property
    def text(self) -> str:
        content = self.content
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else ()
        return "".join([p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)])


class Choice(msgspec.Struct, gc=False):
    """``message`` of an answer, ``delta`` of a chunk, ``text`` of a completion. ``stop_reason`` is vLLM's word for the
    text that ended it.
    """

    index: Any = 0
    message: Said | None = None
    delta: Said | None = None
    text: Any = None
    finish_reason: Any = None
    stop_reason: Any = None
    logprobs: Any = None


class Chunk(msgspec.Struct, gc=False):
    """An answer or a chunk of one. ``timings`` is llama.cpp's, in milliseconds."""

    id: Any = None
    model: Any = None
    created: Any = None
    choices: list[Choice] | None = None
    usage: msgspec.Raw = ABSENT
    timings: Any = None

    @property
    def thought_tokens(self) -> int:
        """How many tokens of the answer were thoughts, as far as it is told."""
        try:
            details = _decode_details(self.usage)
        except NOT_JSON:
            return 0
        told = details.completion_tokens_details if details is not None else None
        return count(told.get("reasoning_tokens")) if isinstance(told, dict) else 0

    @property
    def counted(self) -> Usage | None:
        """Figures that make sense, if there are any."""
        try:
            return _decode_usage(self.usage)
        except NOT_JSON:
            return None


_decode_usage: Callable[[msgspec.Raw], Usage | None] = msgspec.json.Decoder(Usage | None).decode


class _Details(msgspec.Struct, gc=False):
    completion_tokens_details: Any = None


_decode_details = msgspec.json.Decoder(_Details | None).decode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_chunk = msgspec.json.Decoder(Chunk).decode


def read_answer(body: bytes) -> Chunk:
    """A whole answer. Raises UpstreamFailed if it is one that nobody could read."""
    answer = _read(body)
    if answer is None:
        raise UpstreamFailed("the answer has a shape that can't be told in this protocol")
    return answer


def read_chunks(frames: bytes) -> Iterator[Chunk | None]:
    """The chunks of whole frames; None for the end of a stream. What makes no sense was never an answer."""
    end = len(frames) - 2
    if frames.startswith(b"data: {") and frames.find(b"\n\n") == end and b"\r" not in frames:
        payloads: list[bytes | None] = [frames[6:end]]
    else:
        payloads = [payload_of(frame) for frame in split_frames(frames)]
    for payload in payloads:
        if payload is None:
            continue
        if payload.strip() == DONE:
            yield None
            continue
        chunk = _read(payload) or _without_odd_calls(payload)
        if chunk is not None:
            yield chunk


def _read(payload: bytes) -> Chunk | None:
    try:
        return _decode_chunk(payload)
    except NOT_JSON:
        pass
    try:
        return _decode_chunk(whole_letters(payload))
    except NOT_JSON:
        return None


def _without_odd_calls(payload: bytes) -> Chunk | None:
    """A chunk some of whose calls are none: its text is told all the same."""
    try:
        value = _decode(whole_letters(payload))
        for choice in value["choices"]:
            delta = choice.get("delta")
            calls = delta.pop("tool_calls", None) if delta else None
            if isinstance(calls, list):
                delta["tool_calls"] = [call for call in calls if _is_call(call)]
        return _decode_chunk(_encode(value))
    except (*NOT_JSON, KeyError, TypeError, AttributeError):
        return None


def _is_call(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function"), dict | None)
