"""Ollama's NDJSON stream as OpenAI's SSE stream: a role first, then deltas, then finish, usage if asked for, [DONE]."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import NO_USAGE, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.ollama.read import Message, Reply, created, finish_reason, tool_calls, usage_of
from pointsman.providers.refusals import inside
from pointsman.providers.said import NOT_JSON
from pointsman.providers.shapes import wants_usage
from pointsman.providers.transcript import Transcript

MAX_LINE = 1024 * 1024
"""Bytes, the line end not counted: a line that is longer is rubbish, not an answer."""

_decode_line = msgspec.json.Decoder(Reply).decode
_encode = msgspec.json.Encoder().encode


class NdjsonReader:
    """One stream. Lines may be cut anywhere; what is not a line yet waits in ``_rest``."""

    def __init__(self, request: Request, model: str) -> None:
        self._request = request
        self._model = model
        self._rest = b""
        self._calls = 0
        self._named = False  # the role was told
        self._transcript: Transcript | None = None
        self.content = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.usage: Usage = NO_USAGE
        self.deltas = 0
        self.skipped = 0

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        data = self._rest + data
        *lines, self._rest = data.split(b"\n")
        if len(data) > MAX_LINE:
            return self._large(lines)
        return b"".join([self._whole(line) for line in lines])

    def _whole(self, line: bytes) -> bytes:
        """What a line says that has ended."""
        return self._line(line) if line.strip() else b""

    def _large(self, lines: list[bytes]) -> bytes:
        """Lines one of which, or the one that has begun behind them, may be too long."""
        told = []
        for line in lines:
            self._measure(line)
            told.append(self._whole(line))
        self._measure(self._rest)
        return b"".join(told)

    def _measure(self, line: bytes) -> None:
        if len(line) > MAX_LINE and not self.finished and self.refusal is None:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a line of more than {MAX_LINE} bytes", 200)

    @property
    def begun(self) -> bool:
        return self.content

    @property
    def ending(self) -> bool:
        return self.finished

    def remember(self) -> None:
        self._transcript = Transcript()

    def said(self) -> dict[str, str] | None:
        return self._transcript.texts() if self._transcript is not None else None

    def close(self) -> bytes:
        """The last line may lack its end. Half of one is no rubbish: the stream was cut."""
        rest, self._rest = self._rest, b""
        skipped = self.skipped
        told = self._line(rest) if rest.strip() else b""
        self.skipped = skipped
        return told

    def _line(self, line: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        try:
            reply = _decode_line(line)
        except NOT_JSON:
            self.skipped += 1
            return b""
        if reply.error is not None:
            self.refusal = inside(line, "an error inside the stream")
            return b""
        return self._frames(reply)

    def _frames(self, reply: Reply) -> bytes:
        frames = []
        chat = self._request.endpoint == "chat"
        if chat and not self._named:
            frames.append(self._frame(reply, {"delta": {"role": "assistant", "content": ""}}))
            self._named = True
        delta = self._delta(reply.message or Message()) if chat else None
        text = "" if chat else (reply.response or "")
        if delta or text:
            self.content = True
            self.deltas += 1
            said = {"delta": delta} if chat else {"text": text}
            self._write_down(delta or said)
            frames += [self._frame(reply, part) for part in _parts(said)]
        if reply.done:
            frames += self._ending(reply)
        return b"".join(frames)

    def _write_down(self, said: dict[str, Any]) -> None:
        if self._transcript is not None:
            for channel, text in said.items():
                self._transcript.add(channel, text)

    def _delta(self, message: Message) -> dict[str, Any]:
        delta: dict[str, Any] = {}
        if message.content:
            delta["content"] = message.content
        if message.thinking:
            delta["reasoning_content"] = message.thinking
        if message.tool_calls:
            delta["tool_calls"] = tool_calls(self._request, message.tool_calls, self._calls)
            self._calls += len(message.tool_calls)
        return delta

    def _ending(self, reply: Reply) -> list[bytes]:
        self.usage = usage_of(reply)
        self.content = self.finished = True
        blank: dict[str, Any] = {"delta": {}} if self._request.endpoint == "chat" else {"text": ""}
        frames = [self._frame(reply, blank, finish_reason(reply, self._calls > 0))]
        if wants_usage(self._request):
            frames.append(self._frame(reply, None))
        return [*frames, b"data: [DONE]\n\n"]

    def _frame(self, reply: Reply, choice: dict[str, Any] | None, finish: str | None = None) -> bytes:
        chat = self._request.endpoint == "chat"
        body: dict[str, Any] = {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{self._request.id}",
            "object": "chat.completion.chunk" if chat else "text_completion",
            "created": created(reply.created_at),
            "model": reply.model or self._model,
            "choices": [] if choice is None else [{"index": 0, **choice, "finish_reason": finish}],
        }
        if choice is None:
            body["usage"] = self.usage
        return b"data: " + _encode(body) + b"\n\n"


def _parts(said: dict[str, Any]) -> list[dict[str, Any]]:
    """A frame's worth each: clients read one call of a frame, as OpenAI sends them."""
    delta = said.get("delta", {})
    calls = delta.get("tool_calls", [])
    if len(calls) < 2:
        return [said]
    return [{"delta": {**delta, "tool_calls": calls[:1]}}, *[{"delta": {"tool_calls": [call]}} for call in calls[1:]]]


def reader(request: Request, model: str) -> NdjsonReader:
    return NdjsonReader(request, model)
