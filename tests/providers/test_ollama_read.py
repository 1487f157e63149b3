"""From Ollama's answers to OpenAI's: whole replies, embeddings, errors, and streams cut anywhere."""

from __future__ import annotations

import base64
import json
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import FailureKind, Usage
from pointsman.providers.ollama import DIALECT
from pointsman.providers.ollama.read import created

AT = "2024-05-01T12:00:00.123456789Z"
TAIL = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 4}
CALL = {"function": {"name": "now", "arguments": {"zone": "UTC"}}}


def asked(endpoint: str = "chat", **body):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return request(endpoint=endpoint, body=raw, id="0123456789abcdef01234567")


def read(body: dict | bytes, endpoint: str = "chat", status: int = 200, **fields):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.read(asked(endpoint, **fields), "llama3", Answered(status, {}, data))


def answer(body: dict, endpoint: str = "chat", **fields) -> dict:
    found = read(body, endpoint, **fields)
    assert isinstance(found, Understood)
    return json.loads(found.body)


def test_a_chat_answer_in_openais_shape():
    """Every field that clients read, from Ollama's reply."""
    reply = {"model": "llama3:8b", "created_at": AT, "message": {"role": "assistant", "content": "hi"}, **TAIL}
    assert answer(reply) == {
        "id": "chatcmpl-0123456789abcdef01234567",
        "object": "chat.completion",
        "created": 1714564800,
        "model": "llama3:8b",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hi"}, "logprobs": None, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    assert read(reply).usage == Usage(3, 4, 7)


def test_a_completion_in_openais_shape():
    """/api/generate answers with ``response``."""
    found = answer({"response": "hi", "created_at": AT, **TAIL}, "completions")
    assert (found["object"], found["model"]) == ("text_completion", "llama3")
    assert found["choices"] == [{"index": 0, "text": "hi", "logprobs": None, "finish_reason": "stop"}]


@pytest.mark.parametrize(
    ("reason", "finish"), [("stop", "stop"), ("length", "length"), ("load", "stop"), (None, "stop"), ("unload", "stop")]
)
def test_finish_reasons(reason, finish):
    """OpenAI's clients know stop, length and tool_calls."""
    assert answer({"message": {}, **TAIL, "done_reason": reason})["choices"][0]["finish_reason"] == finish


def test_tool_calls_and_thoughts():
    """Arguments become text, calls get ids and an index, thoughts get a name of their own."""
    found = answer({"message": {"content": "", "thinking": "hm", "tool_calls": [CALL, CALL]}, **TAIL})["choices"][0]
    calls = found["message"]["tool_calls"]
    assert found["finish_reason"] == "tool_calls"
    assert (found["message"]["content"], found["message"]["reasoning_content"]) == (None, "hm")
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"zone": "UTC"}] * 2
    assert len({call["id"] for call in calls}) == 2


@pytest.mark.parametrize("endpoint", ["chat", "completions", "embeddings"])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"7", b'{"message":', b'{"embeddings": 5}', b'{"x":' + b"[" * 100_000, b"\xff"],
)
def test_rubbish_is_garbage(endpoint, body):
    """A 200 that is no reply is a failure, not a crash and not an answer."""
    assert read(body, endpoint).kind is FailureKind.GARBAGE


@pytest.mark.parametrize("body", [{}, {"message": {"content": "half"}, "done": False}, {"message": {"content": "x"}}])
def test_an_answer_that_is_not_done_is_none(body):
    """Half an answer is not passed off as a whole one."""
    assert read(body).kind is FailureKind.GARBAGE


def test_an_error_in_a_200_is_a_failure():
    """And its words are not told."""
    found = read({"error": "CUDA out of memory at /var/x"})
    assert (found.kind, found.body) == (FailureKind.SERVER_ERROR, None)
    assert "CUDA" not in found.detail


@pytest.mark.parametrize("endpoint", ["chat", "completions", "embeddings"])
def test_an_error_in_a_200_is_understood(endpoint):
    """Whatever was asked for."""
    found = DIALECT.read(request(endpoint=endpoint), "m", Answered(200, {}, b'{"error": "prompt too long; exceeded"}'))
    assert (found.kind, found.status) == (FailureKind.CONTEXT, 200)
    assert json.loads(found.body)["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("status", "error", "kind", "told"),
    [
        (404, "model 'x' not found, try pulling it first", FailureKind.NOT_FOUND, True),
        (400, "x does not support tools", FailureKind.BAD_REQUEST, True),
        (503, "server busy, please try again", FailureKind.OVERLOADED, False),
        (500, "llama runner process has terminated", FailureKind.SERVER_ERROR, False),
    ],
)
def test_errors_of_the_server(status, error, kind, told):
    """Ollama's ``{"error": "..."}`` in OpenAI's shape where the caller may see it."""
    found = read({"error": error}, status=status)
    shown = json.loads(found.body)["error"]["message"] if found.body is not None else None
    assert (found.kind, shown) == (kind, error if told else None)


@pytest.mark.parametrize(
    "counts",
    [
        {"eval_count": -4},
        {"eval_count": None},
        {"prompt_eval_count": 10**400},
        {"eval_count": 1.5},
        {"eval_count": "4"},
    ],
)
def test_counts_that_make_no_sense_are_not_believed(counts):
    """The answer is passed on all the same."""
    found = read({"message": {"content": "hi"}, "done": True, **counts})
    assert isinstance(found, Understood)
    assert found.usage == Usage()


VECTORS = [[0.5, -1.25, 3.0], [0, 1, 2]]


def test_embeddings_as_floats():
    """One entry a text, in order, with the tokens counted."""
    found = answer({"model": "e", "embeddings": VECTORS, "prompt_eval_count": 6}, "embeddings")
    assert [(d["index"], d["embedding"]) for d in found["data"]] == [(0, [0.5, -1.25, 3.0]), (1, [0.0, 1.0, 2.0])]
    assert (found["object"], found["usage"]) == ("list", {"prompt_tokens": 6, "total_tokens": 6})


def test_embeddings_as_base64():
    """Little-endian 32-bit floats, which is what OpenAI's client asks for unless told otherwise."""
    found = answer({"embeddings": VECTORS}, "embeddings", encoding_format="base64")
    unpacked = [list(struct.unpack("<3f", base64.b64decode(d["embedding"]))) for d in found["data"]]
    assert unpacked == VECTORS


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=8))
def test_base64_loses_nothing(vector):
    """Any 32-bit vector comes back as it was."""
    body = msgspec.json.encode({"embeddings": [[x if abs(x) < 1e39 else 0.0 for x in vector]]})
    found = DIALECT.read(asked("embeddings", encoding_format="base64"), "m", Answered(200, {}, body))
    packed = base64.b64decode(json.loads(found.body)["data"][0]["embedding"])
    assert list(struct.unpack(f"<{len(vector)}f", packed)) == [x if abs(x) < 1e39 else 0.0 for x in vector]


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2024-05-01T12:00:00Z", 1714564800),
        ("2024-05-01T12:00:00.5Z", 1714564800),
        (AT, 1714564800),
        ("2024-05-01T14:00:00.123456789+02:00", 1714564800),
        ("2024-05-01T05:00:00-07:00", 1714564800),
        ("", 0),
        ("yesterday", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00", 0),
    ],
)
def test_times(moment, seconds):
    """Go writes nanoseconds and a zero time; OpenAI wants whole seconds since 1970."""
    assert created(moment) == seconds


@given(st.text(max_size=40) | st.datetimes().map(lambda d: d.isoformat()))
def test_no_time_breaks_anything(moment):
    """Rubbish is zero."""
    assert created(moment) >= 0


@given(st.binary(max_size=200), st.sampled_from(["chat", "completions", "embeddings"]))
def test_any_reply_is_read_or_refused(body, endpoint):
    """No bytes are a crash."""
    assert isinstance(read(body, endpoint), (Understood, Refusal))


def test_null_is_a_field_that_is_not_there():
    """Beside a call, and in an answer of nothing."""
    nothing = {"model": None, "created_at": None, **TAIL}
    called = answer({"message": {"content": None, "tool_calls": [CALL]}, **nothing})["choices"][0]
    assert (called["message"]["content"], called["finish_reason"]) == (None, "tool_calls")
    assert answer({"message": {"content": None}, **nothing})["choices"][0]["message"]["content"] == ""
