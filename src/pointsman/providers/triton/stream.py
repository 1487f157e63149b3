"""Triton's ``generate_stream`` as OpenAI's stream: a role first, then deltas, then finish, usage if asked for, [DONE].

Triton has no mark for the end: a stream is complete when HTTP says that the reply is. Where a backend tells why an
answer ended, its last frame does, and a stream without that was cut.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.chunks import Chunks
from pointsman.providers.frames import BOM, frame_end, payload_of, split_frames
from pointsman.providers.refusals import inside
from pointsman.providers.said import NOT_JSON
from pointsman.providers.transcript import Transcript
from pointsman.providers.triton.read import (
    GAVE_UP,
    Reply,
    asks_probabilities,
    finish_reason,
    first,
    limit_of,
    probabilities,
    usage_of,
)
from pointsman.providers.values import count

MAX_FRAME = 1024 * 1024
"""Bytes, line ends around it not counted: a frame that is longer is rubbish, not an answer."""

LEADING = b"\r\n" + BOM
"""What may stand before a frame and is none of it."""

GOES_ON = "None"

_decode = msgspec.json.Decoder(Reply).decode
_encode = msgspec.json.Encoder().encode


class TritonReader:
    """One stream. Frames may be cut anywhere; what is not a whole one yet waits in ``_rest``."""

    def __init__(self, request: Request, model: str) -> None:
        self._request = request
        self._chat = request.endpoint == "chat"
        self._rest = b""
        self._chunks = Chunks(request, model)
        self._prompt: Any = None
        self._completion: int | None = None
        self._frames = 0
        self._reasons = False  # the backend says of each frame whether it is the last
        self._probable = asks_probabilities(request)
        self._transcript: Transcript | None = None
        self.content = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.deltas = 0
        self.skipped = 0

    @property
    def usage(self) -> Usage:
        return usage_of(self._request, self._prompt, self._completion, self.deltas)

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

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        seen = len(self._rest)
        data = self._rest + data
        end = frame_end(data, seen)
        self._rest = data[end:]
        frames = split_frames(data[:end])
        if len(data) > MAX_FRAME:
            return self._large(frames)
        return b"".join([self._frame(frame) for frame in frames])

    def _large(self, frames: list[bytes]) -> bytes:
        """Frames one of which, or the one that has begun behind them, may be too long."""
        told = []
        for frame in frames:
            self._measure(frame)
            told.append(self._frame(frame))
        self._measure(self._rest)
        return b"".join(told)

    def _measure(self, frame: bytes) -> None:
        if len(frame.strip(b"\r\n")) > MAX_FRAME and not self.finished and self.refusal is None:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a frame of more than {MAX_FRAME} bytes", 200)

    def close(self) -> bytes:
        """The reply has ended, and the answer with it. The last frame may lack its empty line; half of one was cut."""
        rest, self._rest = self._rest.strip(LEADING), b""
        frames, skipped = self._frames, self.skipped
        told = self._frame(rest) if rest else b""
        self.skipped = skipped
        cut = bool(rest) and self._frames == frames
        if self.finished or self.refusal is not None or self._reasons or cut or not self._frames:
            return told
        return told + self._ending("")

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        payload = payload_of(frame)
        if payload is None:
            payload = payload_of(frame.lstrip(LEADING))
            if payload is None:
                return b""
        try:
            reply = _decode(payload)
        except NOT_JSON:
            self.skipped += 1
            return b""
        if reply.error is not None:
            self.refusal = inside(payload, "an error inside the stream", begun=self.content)
            return b""
        return self._told(reply)

    def _told(self, reply: Reply) -> bytes:
        self._frames += 1
        if reply.num_input_tokens is not None:
            self._prompt = first(reply.num_input_tokens)
        if reply.num_output_tokens is not None:
            self._completion = (self._completion or 0) + count(first(reply.num_output_tokens))
        self._chunks.model = reply.model_name or self._chunks.model
        opening = self._chunks.opening()
        text = reply.text
        piece = self._piece(text, reply) if text else b""
        if reply.finish_reason is None:
            return opening + piece
        self._reasons = True
        reason = reply.reason
        if reason in GAVE_UP:
            self.refusal = Refusal(FailureKind.SERVER_ERROR, f"a stream that ended with {reason!r}", 200)
            return opening + piece
        return opening + piece + (self._ending(reason) if reason not in ("", GOES_ON) else b"")

    def _piece(self, text: str, reply: Reply) -> bytes:
        self.content = True
        self.deltas += 1
        if self._transcript is not None:
            self._transcript.add("content" if self._chat else "text", text)
        more = probabilities(reply) if self._probable else None
        return self._chunks.piece("content" if self._chat else "text", text, more)

    def _ending(self, told: str) -> bytes:
        self.content = self.finished = True
        tokens = self._completion if self._completion is not None else self._frames
        finish = self._chunks.finish(finish_reason(told, tokens, limit_of(self._request)))
        return finish + self._chunks.end(self.usage)


def reader(request: Request, model: str) -> TritonReader:
    return TritonReader(request, model)
