"""From OpenAI-shaped answers to Ollama's.

Of times is told what is known: when, and how long it took here from the request to the end; the parts of it as the
server tells them, else of a stream as they were here: to its first content, and from there. How long a model was loaded
is not known, and left out as Ollama leaves out a zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import msgspec

from pointsman.errors import UpstreamFailed
from pointsman.fronts.chunks import NOTHING, Call, Choice, Said, read_answer
from pointsman.fronts.ollama.moments import moment, nanoseconds
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request

REASONS = {"tool_calls": "stop", "function_call": "stop"}
"""OpenAI's reasons to finish for which Ollama has another word; those it has none for keep theirs."""

LONGEST = 1e9
"""Milliseconds that can be believed: eleven days."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Shape(msgspec.Struct, frozen=True):
    """How a path's answers say what was said. ``spoken`` makes the fields of a text, thoughts and calls; a piece of a
    stream is what stands between ``opening``, a text and ``closing``.
    """

    spoken: Callable[[str, str, list[dict[str, Any]]], dict[str, Any]]
    opening: bytes
    closing: bytes


def _message(text: str, thought: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thought:
        message["thinking"] = thought
    if calls:
        message["tool_calls"] = calls
    return {"message": message}


def _response(text: str, thought: str, _calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {"response": text, "thinking": thought} if thought else {"response": text}


CHATTED = Shape(_message, b'"message":{"role":"assistant","content":', b"}")
GENERATED = Shape(_response, b'"response":', b"")


def whole(shape: Shape) -> Callable[[Request, bytes, Watch], bytes]:
    """How a path tells a whole answer. Raises UpstreamFailed."""

    def tell(request: Request, body: bytes, watch: Watch) -> bytes:
        answer = read_answer(body)
        choice = (answer.choices or [Choice()])[0]
        said = choice.message or Said(content=choice.text)
        calls = [called(number, call) for number, call in enumerate(said.tool_calls or ())]
        told = {
            **opening(request, answer.model, watch),
            **shape.spoken(said.text or said.declined, said.thought, calls),
            **ending(choice),
            **figures(answer.counted or NO_USAGE, watch.seconds(), parts_told(answer.timings)),
        }
        probable = logprobs(choice.logprobs)
        return _encode({**told, "logprobs": probable} if probable else told)

    return tell


def opening(request: Request, model: Any, watch: Watch) -> dict[str, Any]:
    """The first fields of an answer, or of a line."""
    return {"model": model if isinstance(model, str) else request.model or "", "created_at": moment(watch.now())}


def ending(choice: Choice) -> dict[str, Any]:
    """Why it ends."""
    reason = choice.finish_reason if isinstance(choice.finish_reason, str) else "stop"
    return {"done": True, "done_reason": REASONS.get(reason, reason)}


def figures(usage: Usage, seconds: float, parts: tuple[float, float]) -> dict[str, int]:
    """Counts and times: of all, of the prompt and of the answer. Nothing is told of what is not known."""
    prompt, answer = parts
    told = {
        "total_duration": nanoseconds(seconds),
        "prompt_eval_count": usage.prompt_tokens,
        "prompt_eval_duration": nanoseconds(prompt),
        "eval_count": usage.completion_tokens,
        "eval_duration": nanoseconds(answer),
    }
    return {name: figure for name, figure in told.items() if figure}


def parts_told(timings: Any) -> tuple[float, float]:
    """Seconds for the prompt and for the answer, as llama.cpp tells them; zeros where they are not told."""
    told = timings if isinstance(timings, dict) else {}
    prompt, answer = (told.get(name) for name in ("prompt_ms", "predicted_ms"))
    return (prompt / 1000, answer / 1000) if _is_span(prompt) and _is_span(answer) else (0.0, 0.0)


def _is_span(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value < LONGEST


def called(number: int, call: Call) -> dict[str, Any]:
    """A call; its arguments are an object here. What is none is handed on as the text it is."""
    function = {"index": number, "name": call.name, "arguments": _object((call.function or NOTHING).arguments)}
    return {"id": call.id, "function": function} if isinstance(call.id, str) and call.id else {"function": function}


def _object(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments or {}
    if not arguments.strip():
        return {}
    try:
        found = _decode(arguments)
    except UNREADABLE:
        return {"arguments": arguments}
    return found if isinstance(found, dict) else {"arguments": found}


def logprobs(told: Any) -> Any:
    """What OpenAI says of each token of a chat."""
    return told.get("content") if isinstance(told, dict) else None


class _Vector(msgspec.Struct, gc=False):
    embedding: msgspec.Raw
    index: Any = None


class _Vectors(msgspec.Struct, gc=False):
    data: list[_Vector]
    model: Any = None
    usage: Any = None


_decode_vectors = msgspec.json.Decoder(_Vectors).decode


def embedded(request: Request, body: bytes, watch: Watch) -> bytes:
    """``/api/embed``: figures stay as the server wrote them. Raises UpstreamFailed."""
    found, vectors = _vectors(body)
    counted = found.usage.get("prompt_tokens") if isinstance(found.usage, dict) else None
    told: dict[str, Any] = {
        "model": found.model if isinstance(found.model, str) else request.model or "",
        "embeddings": vectors,
        "total_duration": nanoseconds(watch.seconds()),
    }
    if isinstance(counted, int):
        told["prompt_eval_count"] = counted
    return _encode(told)


def embedded_one(_request: Request, body: bytes, _watch: Watch) -> bytes:
    """``/api/embeddings``: one vector. Raises UpstreamFailed."""
    _, vectors = _vectors(body)
    return _encode({"embedding": vectors[0] if vectors else []})


def _vectors(body: bytes) -> tuple[_Vectors, list[msgspec.Raw]]:
    """In the order of the texts that they are of."""
    try:
        found = _decode_vectors(body)
    except UNREADABLE:
        raise UpstreamFailed("the answer has a shape that can't be told in this protocol") from None
    if all(isinstance(vector.index, int) for vector in found.data):
        found.data.sort(key=lambda vector: vector.index)
    vectors = [vector.embedding for vector in found.data]
    if not all(bytes(memoryview(vector)[:1]) == b"[" for vector in vectors):
        raise UpstreamFailed("the answer's vectors are no lists of numbers")
    return found, vectors
