"""OpenAI's stream as Ollama's lines: one for each piece, calls whole, and a last one with reason and figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pointsman.fronts.calls import Calls
from pointsman.fronts.chunks import ABSENT, Call, Choice, Function, Said, read_chunks
from pointsman.fronts.ollama.answer import Shape, called, ending, figures, logprobs, opening, parts_told
from pointsman.fronts.ollama.errors import broken
from pointsman.fronts.ollama.moments import moment
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request

LINES = b"application/x-ndjson"

BEAT = b" "
"""White space before the next line, which JSON passes over."""

NONE = Said()

_encode = msgspec.json.Encoder().encode


def lines(shape: Shape) -> Callable[[Request, Watch], Lines]:
    """How a path tells a stream."""
    return lambda request, watch: Lines(shape, request, watch)


class Lines:
    """One stream. Calls are told when nothing more can come to them."""

    def __init__(self, shape: Shape, request: Request, watch: Watch) -> None:
        self._shape = shape
        self._request = request
        self._watch = watch
        self._model: Any = None
        self._head = b""  # the beginning of every line, up to its moment
        self._calls = Calls()
        self._arguments: list[list[str]] = []  # the pieces of each call's
        self._end = Choice()
        self._usage: Usage = NO_USAGE
        self._timings: Any = None
        self._first: float | None = None

    def tell(self, frames: bytes) -> bytes:
        told: list[bytes] = []
        for chunk in read_chunks(frames):
            if chunk is None:
                told.append(self._ended())
                continue
            if chunk.model is not None and chunk.model != self._model:
                self._named(chunk.model)
            if chunk.usage is not ABSENT:
                self._usage = chunk.counted or self._usage
            if chunk.timings is not None:
                self._timings = chunk.timings
            for choice in chunk.choices or ():
                if choice.index == 0:
                    self._chosen(choice, told)
        return b"".join(told)

    def heard(self, _first: bytes, _last: bytes) -> None:
        """Errors stand alone."""

    def broken(self, error: bytes) -> bytes:
        return broken(error)

    def _named(self, model: Any) -> None:
        self._model = model
        self._head = b""

    def _chosen(self, choice: Choice, told: list[bytes]) -> None:
        delta = choice.delta or NONE
        content = delta.content if choice.delta is not None else choice.text
        text = content if type(content) is str else delta.text
        thought, probable = delta.thought, logprobs(choice.logprobs)
        if delta.tool_calls:
            self._called(delta.tool_calls)
        if thought or probable:
            told.append(self._line(text, thought, [], probable))
        elif text:
            told.append(self._piece(text))
        if delta.refusal is not None and delta.declined:
            told.append(self._piece(delta.declined))
        if choice.finish_reason:
            self._end = choice

    def _piece(self, text: str) -> bytes:
        """A line of a text alone, as nearly all are."""
        if self._first is None:
            self._first = self._watch.seconds()
        if not self._head:
            named = opening(self._request, self._model, self._watch)["model"]
            self._head = b'{"model":%b,"created_at":"' % _encode(named)
        shape = self._shape
        return b'%b%b",%b%b%b,"done":false}\n' % (
            self._head,
            moment(self._watch.now()).encode(),
            shape.opening,
            _encode(text),
            shape.closing,
        )

    def _line(self, text: str, thought: str, calls: list[dict[str, Any]], probable: Any = None) -> bytes:
        if self._first is None:
            self._first = self._watch.seconds()
        said = {**self._opening(), **self._shape.spoken(text, thought, calls), "done": False}
        return _encode({**said, "logprobs": probable} if probable else said) + b"\n"

    def _called(self, pieces: list[Call]) -> None:
        for number, arguments in self._calls.told(pieces):
            if number == len(self._arguments):
                self._arguments.append([])
            self._arguments[number].append(arguments)

    def _ended(self) -> bytes:
        calls = [
            called(number, Call(None, head.id, Function(head.name, "".join(pieces))))
            for number, (head, pieces) in enumerate(zip(self._calls.heads, self._arguments, strict=True))
        ]
        before = self._line("", "", calls) if calls else b""
        seconds, parts = self._watch.seconds(), parts_told(self._timings)
        if not any(parts) and self._first is not None:
            parts = self._first, seconds - self._first
        last = {
            **self._opening(),
            **self._shape.spoken("", "", []),
            **ending(self._end),
            **figures(self._usage, seconds, parts),
        }
        return before + _encode(last) + b"\n"

    def _opening(self) -> dict[str, Any]:
        return opening(self._request, self._model, self._watch)
