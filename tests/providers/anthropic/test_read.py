"""Anthropic's whole replies as OpenAI's, and its errors as kinds of failure."""

from __future__ import annotations

import json

import pytest

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import FailureKind, PromptDetails, Usage
from pointsman.providers.anthropic import DIALECT

USED = {"input_tokens": 10, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 7}


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def message(*content: dict, **more) -> dict:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": list(content),
            "stop_reason": "end_turn", "stop_sequence": None, "usage": USED, **more}  # fmt: skip


def read(body, endpoint: str = "chat", status: int = 200, headers: dict | None = None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.read(
        request(endpoint=endpoint, id="0123", at=1_714_564_800.7), "claude", Answered(status, headers or {}, raw)
    )


def answer(*content: dict, endpoint: str = "chat", **more) -> dict:
    return json.loads(read(message(*content, **more), endpoint).body)


def test_a_message_in_openais_shape():
    """Text of several blocks is one; tokens from a cache and into it count as the prompt's."""
    assert answer(text("Hel"), text("lo")) == {
        "id": "chatcmpl-0123",
        "object": "chat.completion",
        "created": 1_714_564_800,
        "model": "claude-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 18,
            "completion_tokens": 7,
            "total_tokens": 25,
            "prompt_tokens_details": {"cached_tokens": 5, "cache_creation_tokens": 3},
        },
    }
    assert read(message(text("x"))).usage == Usage(18, 7, 25, PromptDetails(5, 3, hour_tokens=0))


def test_calls_and_thoughts():
    """A call's arguments are JSON's text; thoughts stand beside the words, and as blocks that can be sent back."""
    use = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {"zone": "UTC"}}
    bare = {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    [choice] = answer(thought, {"type": "redacted_thinking", "data": "y"}, use, bare, stop_reason="tool_use")["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "thinking_blocks": [thought, {"type": "redacted_thinking", "data": "y"}],
        "tool_calls": [
            {"index": 0, "id": "toolu_1", "type": "function",
             "function": {"name": "now", "arguments": '{"zone":"UTC"}'}},
            {"index": 1, "id": "toolu_2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("of a later day", "stop"),
        (None, "stop"),
    ],
)
def test_why_it_ended(reason, finish):
    """In OpenAI's words."""
    assert answer(text("x"), stop_reason=reason)["choices"][0]["finish_reason"] == finish


def test_a_text_completion():
    """The text alone."""
    found = answer({"type": "thinking", "thinking": "Hm.", "signature": ""}, text("once"), endpoint="completions")
    assert (found["object"], found["id"]) == ("text_completion", "cmpl-0123")
    assert found["choices"] == [{"index": 0, "text": "once", "logprobs": None, "finish_reason": "stop"}]


def test_figures_that_make_no_sense_are_not_believed():
    """The answer still is one. What was thought is told if Anthropic does."""
    odd = {"input_tokens": -1, "output_tokens": "many", "output_tokens_details": {"thinking_tokens": 4}}
    found = answer(text("x"), usage=odd)["usage"]
    assert (found["total_tokens"], found["completion_tokens_details"]) == (0, {"reasoning_tokens": 4})
    assert answer(text("x"), usage=None)["usage"]["total_tokens"] == 0


def error(kind: str, words: str) -> dict:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error("invalid_request_error", "max_tokens: Field required"), FailureKind.BAD_REQUEST),
        (400, error("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), FailureKind.CONTEXT),
        (401, error("authentication_error", "invalid x-api-key"), FailureKind.AUTH),
        (403, error("permission_error", "no"), FailureKind.FORBIDDEN),
        (404, error("not_found_error", "model: claude-0"), FailureKind.NOT_FOUND),
        (429, error("rate_limit_error", "slow down"), FailureKind.RATE_LIMITED),
        (500, error("api_error", "oh"), FailureKind.SERVER_ERROR),
        (529, error("overloaded_error", "Overloaded"), FailureKind.OVERLOADED),
        (200, error("overloaded_error", "Overloaded"), FailureKind.OVERLOADED),
        (200, {"type": "message"}, FailureKind.GARBAGE),
        (200, {"content": [{"text": "untyped"}]}, FailureKind.GARBAGE),
        (200, b"<html>", FailureKind.GARBAGE),
        (200, b"", FailureKind.GARBAGE),
    ],
)
def test_errors(status, body, kind):
    """Each is the kind of failure that it says; the caller sees the words of those that are its own fault."""
    refused = read(body, status=status)
    assert isinstance(refused, Refusal)
    assert refused.kind is kind
    own = kind in (FailureKind.BAD_REQUEST, FailureKind.CONTEXT, FailureKind.NOT_FOUND)
    assert (refused.body is not None) == own


def test_how_long_to_wait():
    """What the header asks for."""
    assert read(error("rate_limit_error", "x"), status=429, headers={b"retry-after": b"12"}).retry_after == 12


def test_null_is_a_field_that_is_not_there():
    """Of a block of any type."""
    found = answer(
        {"type": "new", "text": None, "thinking": None, "id": None}, text("a"), {"type": "text", "text": None}
    )
    assert found["choices"][0]["message"]["content"] == "a"
