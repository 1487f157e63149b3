"""An answer told as OpenAI's stream: a role first, then deltas, a finish, usage if it is asked for, [DONE].

For dialects whose own streams have another shape. One choice, whose frames all begin with the same bytes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.outcome import Usage
from pointsman.model.request import Request
from pointsman.providers.shapes import wants_usage

DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode


class Chunks:
    """The frames of one stream. ``model`` may be set until the role was told."""

    __slots__ = ("_chat", "_head", "_request", "model")

    def __init__(self, request: Request, model: str) -> None:
        self._request = request
        self._chat = request.endpoint == "chat"
        self._head = b""  # the beginning of every frame; empty until the role was told
        self.model = model

    def opening(self) -> bytes:
        """The role, once and first; of a completion nothing."""
        if self._head:
            return b""
        head = {
            "id": f"{'chatcmpl' if self._chat else 'cmpl'}-{self._request.id}",
            "object": "chat.completion.chunk" if self._chat else "text_completion",
            "created": int(self._request.at),
            "model": self.model,
        }
        self._head = b"data: " + _encode(head)[:-1] + b',"choices":['
        return self._delta({"role": "assistant", "content": ""}) if self._chat else b""

    def piece(self, channel: str, text: str, more: dict[str, Any] | None = None) -> bytes:
        """Some more of a text, in its field; ``more`` stands beside it in the choice."""
        opening = b"" if self._head else self.opening()
        said = b'"%b":%b' % (channel.encode(), _encode(text))
        if self._chat:
            said = b'"delta":{%b}' % said
        if more:
            said += b"," + _encode(more)[1:-1]
        return b'%b%b{"index":0,%b,"finish_reason":null}]}\n\n' % (opening, self._head, said)

    def call(self, call: dict[str, Any]) -> bytes:
        """The beginning of a tool call."""
        return self.opening() + self._delta({"tool_calls": [call]})

    def thought(self, block: dict[str, Any]) -> bytes:
        """A thought that can be sent back, whole."""
        return self.opening() + self._delta({"thinking_blocks": [block]})

    def arguments(self, index: int, text: str) -> bytes:
        """Some more of what the call of this number was made with."""
        said = b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (index, _encode(text))
        return b'%b{"index":0,"delta":%b,"finish_reason":null}]}\n\n' % (self._head, said)

    def finish(self, reason: str) -> bytes:
        return self.opening() + self._delta({}, reason)

    def end(self, usage: dict[str, Any] | Usage) -> bytes:
        """Behind the finish: the usage, if the caller wants it, and the end mark."""
        if not wants_usage(self._request):
            return DONE
        return self._head + b'],"usage":' + _encode(usage) + b"}\n\n" + DONE

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        said = {"delta": delta} if self._chat else {"text": ""}
        return self._head + _encode({"index": 0, **said, "finish_reason": finish}) + b"]}\n\n"
