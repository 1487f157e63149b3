"""What a request's body is like: images, tools, batches, effort, and what its user said last."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.routing import features

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}}


def asked(**body: Any):
    return request(body={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()})


def said(*messages: tuple[str, Any]):
    return asked(messages=[{"role": role, "content": content} for role, content in messages])


@pytest.mark.parametrize(("made", "text"), [
    (said(("user", "first"), ("assistant", "x"), ("user", "last")), "last"),
    (said(("system", "rules"), ("user", "ask"), ("assistant", "x"), ("tool", "output")), "ask"),
    (said(("user", [{"type": "text", "text": "one"}, PICTURE, {"type": "text", "text": "two"}])), "one\ntwo"),
    (said(("user", "earlier"), ("user", [PICTURE])), ""),
    (said(("user", ["plain", {"type": "text", "text": 5}])), "plain"),
    (said(("user", [{"type": "tool_result", "content": "output"}])), ""),
    (said(("system", "rules")), ""),
    (said(("user", None)), ""),
    (said(("user", 5)), ""),
    (asked(prompt="complete me"), "complete me"),
    (asked(prompt=["a", "b"]), "a\nb"),
    (asked(prompt=[1, 2, 3]), ""),
    (asked(input="embed me"), "embed me"),
    (asked(messages=[5]), ""),
    (asked(messages=[]), ""),
    (request(), ""),
])  # fmt: skip
def test_the_last_user_turn_is_what_is_read(made, text):
    """Never what a system, an assistant or a tool said; what makes no sense counts as absent."""
    assert features.last_words(made) == text


def test_the_data_of_images_is_no_text():
    """A picture of a megabyte has few tokens; what stands beside it counts."""
    large = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    made = said(("user", [{"type": "text", "text": "word " * 80}, large, "plain"]))
    sized = msgspec.structs.replace(made, tokens=len(made.body["messages"]) // 4)
    assert sized.tokens > 250_000
    assert 100 <= features.text_tokens(sized) <= 150
    assert features.text_tokens(request(tokens=7)) == 7


def test_a_long_turn_is_read_at_both_ends():
    """Megabytes too."""
    text = features.last_words(said(("user", "begin" + "x" * 3_000_000 + "end")), 20)
    assert len(text) <= 20
    assert text.startswith("begin")
    assert text.endswith("end")


@pytest.mark.parametrize(("made", "expected"), [
    (said(("user", [PICTURE])), True),
    (said(("user", [{"type": "input_image", "image_url": "x"}])), True),
    (said(("user", [{"type": "image", "source": {}}])), True),
    (said(("user", [PICTURE, {"type": "text", "text": "x" * 2_000_000}])), True),
    (said(("user", "what is in the image_url?")), False),
    (said(("user", [{"type": "text", "text": "image"}])), False),
    (said(("user", [{"type": ["image"]}])), False),
    (request(), False),
])  # fmt: skip
def test_images_are_parts_of_a_message(made, expected):
    """However large the messages are; the word alone is none."""
    assert features.has_images(made) is expected


@pytest.mark.parametrize(("made", "expected"), [
    (asked(tools=[{"type": "function"}]), True), (asked(functions=[{}]), True), (asked(tools=[]), False),
    (asked(tools=None), False), (request(), False),
])  # fmt: skip
def test_tools_are_offered(made, expected):
    assert features.has_tools(made) is expected


@pytest.mark.parametrize(("made", "expected"), [
    (asked(input=["a", "b"]), 2), (asked(input=[1, 2, 3]), 1), (asked(input="a"), 1), (asked(prompt=["a"] * 3), 3),
    (asked(n=4), 4), (asked(n="x"), 1), (asked(n=0), 1), (asked(input=[]), 1), (request(), 1),
])  # fmt: skip
def test_the_size_of_a_batch(made, expected):
    """Of a list of texts, else ``n``, else 1."""
    assert features.batch_size(made) == expected


@pytest.mark.parametrize(("made", "expected"), [
    (asked(reasoning_effort="high"), "high"), (asked(reasoning_effort=3), ""), (request(), ""),
])  # fmt: skip
def test_the_effort_that_is_asked_for(made, expected):
    assert features.reasoning_effort(made) == expected


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw):
    """A field's value may be anything; each feature is then absent."""
    made = request(body={name: msgspec.Raw(raw) for name in ("messages", "prompt", "input", "tools", "n")})
    assert isinstance(features.last_words(made), str)
    assert isinstance(features.has_images(made), bool)
    assert isinstance(features.has_tools(made), bool)
    assert features.batch_size(made) >= 1
