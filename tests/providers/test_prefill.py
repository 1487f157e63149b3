"""A request for the rest of an answer: what is added to it, what is left as it was, and when it can't be made."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.fakes import request
from pointsman.providers.prefill import continued

USER = {"role": "user", "content": "Tell"}


def asked(endpoint: str = "chat", **fields):
    if endpoint == "chat":
        fields.setdefault("messages", [USER])
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}
    return request(endpoint=endpoint, body=raw, stream=True)


def read(body) -> dict:
    return {name: json.loads(bytes(value)) for name, value in body.items()}


def test_the_answer_so_far_is_the_last_message():
    """Nothing else changes but the room that is left."""
    before = asked(temperature=0.5, max_tokens=50, max_completion_tokens=None)
    body = read(continued(before, "openai_compatible", {"content": 'Once "upon'}, 20).body)
    assert body == {
        "messages": [USER, {"role": "assistant", "content": 'Once "upon'}],
        "temperature": 0.5,
        "max_tokens": 30,
        "max_completion_tokens": None,
    }
    assert read(before.body)["messages"] == [USER]


def test_vllm_is_told_not_to_begin_a_turn():
    """It would take the message for a finished one."""
    body = read(continued(asked(), "vllm", {"content": "Once"}, 1).body)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


def test_a_text_goes_on_behind_its_prompt():
    """In the one way there is, for every kind of server."""
    body = read(continued(asked("completions", prompt="Once", max_tokens=10), "vllm", {"text": " upon"}, 9).body)
    assert body == {"prompt": "Once upon", "max_tokens": 1}


@pytest.mark.parametrize(
    ("endpoint", "fields", "told"),
    [
        ("chat", {}, {"reasoning_content": "hm"}),
        ("chat", {}, {"reasoning": "hm", "content": "Once"}),
        ("chat", {"messages": [USER, {"role": "assistant", "content": "I say"}]}, {"content": "Once"}),
        ("chat", {"messages": []}, {"content": "Once"}),
        ("chat", {"messages": "Tell"}, {"content": "Once"}),
        ("chat", {"messages": [7]}, {"content": "Once"}),
        ("chat", {"max_tokens": "many"}, {"content": "Once"}),
        ("chat", {"max_tokens": 1}, {"content": "Once"}),
        ("chat", {"max_tokens": 5, "max_completion_tokens": 1}, {"content": "Once"}),
        ("completions", {"prompt": ["a", "b"]}, {"text": "Once"}),
        ("completions", {"prompt": [1, 2]}, {"text": "Once"}),
        ("completions", {"prompt": "a", "suffix": "z"}, {"text": "Once"}),
        ("completions", {"prompt": "a", "echo": True}, {"text": "Once"}),
    ],
)
def test_what_cannot_be_put_so_is_not(endpoint, fields, told):
    """Thoughts, the caller's own beginning, several prompts, an answer as long as may be, what is no request at all."""
    assert continued(asked(endpoint, **fields), "openai", told, 1) is None
