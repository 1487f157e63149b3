"""OpenAI's whole answers in Ollama's words."""

from __future__ import annotations

import json

import pytest

from pointsman.errors import UpstreamFailed
from pointsman.fakes import FakeClock, request
from pointsman.fronts.ollama import CHAT, EMBED, EMBEDDINGS, GENERATE
from pointsman.fronts.ollama.errors import broken
from pointsman.fronts.shapes import Watch

AT = 1_790_000_000.25
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def told(front, body):
    clock = FakeClock()
    watch = Watch(AT, clock)
    clock.advance(1.5)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(front.whole(request("m"), data, watch))


def answer(message, reason="stop", **more):
    return {
        "model": "up",
        "choices": [{"index": 0, "message": message, "finish_reason": reason, **more}],
        "usage": USAGE,
    }


def test_a_chat():
    """Text, reason, figures, and how long it took; what nobody knows is left out."""
    assert told(CHAT, answer({"role": "assistant", "content": "hi"})) == {
        "model": "up",
        "created_at": "2026-09-21T14:13:21.750000Z",
        "message": {"role": "assistant", "content": "hi"},
        "done": True,
        "done_reason": "stop",
        "total_duration": 1_500_000_000,
        "prompt_eval_count": 7,
        "eval_count": 3,
    }


def test_a_prompts_answer():
    """Of a chat, and of a completion."""
    assert told(GENERATE, answer({"content": "hi", "reasoning_content": "h"}))["response"] == "hi"
    assert told(GENERATE, answer({"content": "hi", "reasoning_content": "h"}))["thinking"] == "h"
    completion = {"choices": [{"index": 0, "text": "go on", "finish_reason": "length"}]}
    found = told(GENERATE, completion)
    assert (found["response"], found["done_reason"], found["model"]) == ("go on", "length", "m")
    assert "eval_count" not in found


def test_thoughts_calls_and_refusals():
    """Arguments are an object; what is none is handed on as the text it is."""
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"function": {"name": "g", "arguments": ""}},
        {"function": {"name": "h", "arguments": "not json"}},
        {"function": {"name": "i", "arguments": "[1]"}},
        {"function": {"name": "j", "arguments": {"y": 2}}},
    ]
    message = told(CHAT, answer({"content": None, "reasoning": "hm", "tool_calls": calls}, "tool_calls"))["message"]
    assert (message["content"], message["thinking"]) == ("", "hm")
    assert message["tool_calls"] == [
        {"id": "a", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}},
        {"function": {"index": 1, "name": "g", "arguments": {}}},
        {"function": {"index": 2, "name": "h", "arguments": {"arguments": "not json"}}},
        {"function": {"index": 3, "name": "i", "arguments": {"arguments": [1]}}},
        {"function": {"index": 4, "name": "j", "arguments": {"y": 2}}},
    ]
    assert told(CHAT, answer({"content": None, "refusal": "no"}))["message"]["content"] == "no"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "stop"),
        ("content_filter", "content_filter"),
        (None, "stop"),
    ],
)
def test_why_it_ends(reason, expected):
    """What Ollama has no word for keeps its own."""
    assert told(CHAT, answer({"content": "x"}, reason))["done_reason"] == expected


def test_how_probable_each_token_was():
    """As OpenAI says it of a chat."""
    probable = [{"token": "hi", "logprob": -0.5, "bytes": None, "top_logprobs": []}]
    assert told(CHAT, answer({"content": "hi"}, logprobs={"content": probable}))["logprobs"] == probable
    assert "logprobs" not in told(CHAT, answer({"content": "hi"}, logprobs=None))


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        ({"prompt_ms": 20.5, "predicted_ms": 500}, (20_500_000, 500_000_000)),
        ({"prompt_ms": 20.5}, (None, None)),
        ({"prompt_ms": -1, "predicted_ms": 5}, (None, None)),
        ({"prompt_ms": 1, "predicted_ms": 1e300}, (None, None)),
        ([], (None, None)),
    ],
)
def test_times_are_the_servers_where_it_tells_them(timings, expected):
    """As llama.cpp does; what can't be believed is not told."""
    found = told(CHAT, {**answer({"content": "hi"}), "timings": timings})
    assert (found.get("prompt_eval_duration"), found.get("eval_duration")) == expected
    assert found["total_duration"] == 1_500_000_000


def test_vectors_stay_as_they_were_written():
    """In the order of their texts."""
    body = b'{"data":[{"index":1,"embedding":[2.50, 1e-3]},{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":4}}'
    watch = Watch(AT, FakeClock())
    assert EMBED.whole(request("m"), body, watch) == (
        b'{"model":"m","embeddings":[[1],[2.50, 1e-3]],"total_duration":0,"prompt_eval_count":4}'
    )
    assert EMBEDDINGS.whole(request("m"), body, watch) == b'{"embedding":[1]}'
    assert EMBEDDINGS.whole(request("m"), b'{"data":[]}', watch) == b'{"embedding":[]}'


@pytest.mark.parametrize(
    ("front", "body"),
    [(CHAT, b"[]"), (CHAT, b"{"), (EMBED, b'{"data":{}}'), (EMBED, b'{"data":[{"embedding":"AAAA"}]}')],
)
def test_what_nobody_could_read_is_the_upstreams_failure(front, body):
    with pytest.raises(UpstreamFailed):
        told(front, body)


def test_errors_are_one_sentence():
    """Whatever they were."""
    body = b'{"error":{"message":"no such model","type":"x","code":1}}'
    assert CHAT.error(404, body, "id") == b'{"error":"no such model"}'
    assert broken(body) == b'{"error":"no such model"}\n'
    assert {CHAT.error(500, odd, "id") for odd in (b"", b"[1]", b'{"error":"x"}', b'{"error":{"message":1}}')} == {
        b'{"error":"the request failed"}'
    }
