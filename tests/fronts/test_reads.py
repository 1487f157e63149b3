"""Whatever a body of another protocol holds, it is a request in OpenAI's words or a refusal that names the place."""

from __future__ import annotations

import copy
from random import Random

import msgspec
import pytest

from pointsman.errors import InvalidBody
from pointsman.fronts import FRONTS
from pointsman.model.request import Fields

CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1]}}
RESULT = {
    "type": "tool_result",
    "tool_use_id": "toolu_1",
    "content": [{"type": "text", "text": "rain"}, {"type": "image", "source": {"type": "url", "url": "http://x/y"}}],
    "is_error": False,
}
PARTS = [
    {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
    {"type": "document", "title": "t", "source": {"type": "text", "data": "x", "media_type": "text/plain"}},
]
ANTHROPIC = {
    "model": "m",
    "max_tokens": 5,
    "stream": True,
    "system": [{"type": "text", "text": "s"}],
    "messages": [
        {"role": "user", "content": PARTS},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": ""}, CALL]},
        {"role": "user", "content": [RESULT, {"type": "text", "text": "and?"}]},
    ],
    "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "stop_sequences": ["x"],
    "thinking": {"type": "enabled", "budget_tokens": 3000},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
    "metadata": {"user_id": "u"},
    "top_k": 3,
}
SAID = [
    {"type": "input_text", "text": "hi"},
    {"type": "input_image", "image_url": "http://x/y", "detail": "low"},
    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
]
RESPONSES = {
    "model": "m",
    "stream": True,
    "instructions": "s",
    "input": [
        {"role": "user", "content": SAID},
        {"type": "reasoning", "summary": [], "encrypted_content": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "rain"}]},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
    "reasoning": {"effort": "low"},
    "include": ["message.output_text.logprobs"],
    "max_output_tokens": 5,
}
OPTIONS = {"temperature": 0.5, "num_predict": 5, "repeat_penalty": 1.1, "num_ctx": 4096, "stop": ["x"]}
OLLAMA = {
    "model": "m",
    "stream": True,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "hi", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "t",
            "tool_calls": [{"function": {"name": "f", "arguments": {}}}],
        },
        {"role": "tool", "tool_name": "f", "content": "rain"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "format": {"type": "object"},
    "options": OPTIONS,
    "think": "low",
    "keep_alive": "5m",
}
PROMPT = {"model": "m", "system": "s", "prompt": "hi", "images": ["AAAA"], "format": "json", "options": OPTIONS}
RICH = {
    "/v1/messages": ANTHROPIC,
    "/v1/messages/count_tokens": ANTHROPIC,
    "/v1/responses": RESPONSES,
    "/api/chat": OLLAMA,
    "/api/generate": PROMPT,
}
STRANGE = (
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "x",
    "😀" * 3,
    [],
    [None],
    [[]],
    {},
    {"type": "x"},
    {"type": 3},
    [{}],
    {"role": []},
)

_fields = msgspec.json.Decoder(Fields).decode


def read(path, body):
    return FRONTS[path].read(_fields(msgspec.json.encode(body)), {})


def said(asked):
    """The request in OpenAI's words, as data."""
    return msgspec.json.decode(msgspec.json.encode(asked.body))


def places(value, place=()):
    """Every place in some JSON."""
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield from places(child, (*place, key))


def with_one(body, place, value):
    """A copy that has ``value`` in that place."""
    if not place:
        return value
    changed = copy.deepcopy(body)
    at = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return changed


@pytest.mark.parametrize("path", RICH)
def test_a_rich_body_is_wholly_said(path):
    asked = read(path, RICH[path])
    assert asked.lost == {}
    assert said(asked)["messages"][0] == {"role": "system", "content": "s"}


@pytest.mark.parametrize("path", RICH)
def test_whatever_stands_anywhere_is_read_or_refused(path):
    """Each place of a rich body with each of some strange values, and many with two of them."""
    body, dice = RICH[path], Random(3)
    every = [place for place in places(body) if place]
    strange = [with_one(body, place, value) for place in every for value in STRANGE]
    for _ in range(500):
        first, second = dice.choice(every), dice.choice(every)
        if first[: len(second)] != second and second[: len(first)] != first:
            strange.append(with_one(with_one(body, first, dice.choice(STRANGE)), second, dice.choice(STRANGE)))
    kinds = {"said": 0, "lost": 0, "refused": 0}
    for changed in strange:
        try:
            asked = read(path, changed)
        except InvalidBody:
            kinds["refused"] += 1
            continue
        assert isinstance(said(asked)["messages"], list)
        kinds["lost" if asked.lost else "said"] += 1
    assert min(kinds["said"], kinds["refused"]) > 20
    assert kinds["lost"] > 20 or path not in ("/v1/messages", "/v1/responses")


def test_anthropics_turns_are_openais_messages():
    """Results of tools come before what the user says besides, and their images after them."""
    told = said(read("/v1/messages", ANTHROPIC))
    roles = [message["role"] for message in told["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "user"]
    assert told["messages"][2]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":[1]}'}
    assert told["messages"][3] == {"role": "tool", "tool_call_id": "toolu_1", "content": "rain"}
    assert [part["type"] for part in told["messages"][4]["content"]] == ["image_url", "text"]
    assert told["reasoning_effort"] == "low"
    assert told["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert (told["parallel_tool_calls"], told["stop"], told["user"]) == (False, ["x"], "u")
    assert told["stream_options"] == {"include_usage": True}


def test_calls_of_a_response_join_the_turn_that_made_them():
    told = said(read("/v1/responses", RESPONSES))
    assert [message["role"] for message in told["messages"]] == ["system", "user", "assistant", "tool"]
    assert told["messages"][2]["content"] == "a"
    assert told["messages"][2]["tool_calls"][0]["id"] == "c"
    assert (told["max_tokens"], told["logprobs"]) == (5, True)


@pytest.mark.parametrize(
    ("path", "more", "field"),
    [
        ("/v1/messages", {"mcp_servers": [{}]}, "mcp_servers"),
        ("/v1/messages", {"a_field_of_tomorrow": 1}, "a_field_of_tomorrow"),
        ("/v1/messages", {"messages": [{"role": "user", "content": [{"type": "server_tool_use"}]}]}, "messages"),
        ("/v1/responses", {"conversation": "c"}, "conversation"),
        ("/v1/responses", {"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ("/v1/responses", {"text": {"format": {"type": "grammar"}}}, "text"),
    ],
)
def test_what_openais_chat_has_no_words_for_is_told_by_name(path, more, field):
    assert list(read(path, {**RICH[path], **more}).lost) == [field]


@pytest.mark.parametrize(
    ("path", "more", "named"),
    [
        ("/v1/responses", {"instructions": [5]}, "instructions"),
        ("/v1/responses", {"text": 5}, "text"),
        ("/v1/responses", {"text": {"format": 5}}, "text.format"),
        ("/v1/responses", {"reasoning": 5}, "reasoning"),
        ("/v1/responses", {"reasoning": {"effort": 5}}, "reasoning.effort"),
        ("/v1/responses", {"include": 5}, "include"),
        ("/v1/responses", {"include": [5]}, "include"),
        ("/v1/messages", {"metadata": 5}, "metadata"),
        ("/v1/messages", {"metadata": {"user_id": 5}}, "metadata.user_id"),
        ("/v1/messages", {"system": [{"type": "text", "text": 5}]}, "system"),
        ("/v1/messages", {"thinking": 5}, "thinking"),
        ("/v1/messages", {"thinking": {"type": "enabled", "budget_tokens": "x"}}, "thinking.budget_tokens"),
        ("/v1/messages", {"output_config": 5}, "output_config"),
        ("/v1/messages", {"output_config": {"effort": 5}}, "output_config.effort"),
        ("/v1/messages", {"output_config": {"format": 5}}, "output_config.format"),
        ("/v1/messages", {"output_config": {"format": {"type": "json_schema", "schema": 5}}}, "output_config.format"),
        ("/v1/messages", {"messages": []}, "messages"),
        ("/v1/messages", {"system": 0}, "system"),
        ("/v1/messages/count_tokens", {"messages": []}, "messages"),
        ("/api/chat", {"think": 5}, "think"),
        ("/api/chat", {"format": 5}, "format"),
        ("/api/chat", {"options": 5}, "options"),
        ("/api/generate", {"system": 5}, "system"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(path, more, named):
    with pytest.raises(InvalidBody, match=named) as refused:
        read(path, {**RICH[path], **more})
    assert refused.value.param == named.partition(".")[0]


def response_of(*items):
    return said(read("/v1/responses", {"model": "m", "input": list(items)}))["messages"]


def called(ident):
    return {"type": "function_call", "call_id": ident, "name": "f", "arguments": "{}"}


def answered(ident):
    return {"type": "function_call_output", "call_id": ident, "output": f"of {ident}"}


def spoken(text, role="assistant"):
    return {"type": "message", "role": role, "content": text}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([called("a"), spoken("x"), answered("a")], [("assistant", "x", ["a"]), ("tool", "of a", [])]),
        ([spoken("x"), called("a"), spoken("y"), answered("a")], [("assistant", "x\ny", ["a"]), ("tool", "of a", [])]),
        (
            [called("a"), called("b"), answered("a"), spoken("x"), answered("b")],
            [("assistant", None, ["a", "b"]), ("tool", "of a", []), ("tool", "of b", []), ("assistant", "x", [])],
        ),
        (
            [called("a"), spoken("x", "user"), answered("a"), called("b"), answered("b")],
            [("assistant", None, ["a"]), ("tool", "of a", []), ("user", "x", []), ("assistant", None, ["b"]),
             ("tool", "of b", [])],
        ),
        (
            [spoken("x"), spoken("y"), answered("z")],
            [("assistant", "x", []), ("assistant", "y", []), ("tool", "of z", [])],
        ),
    ],
)  # fmt: skip
def test_results_follow_the_turn_with_their_calls(items, expected):
    """Text of that turn is part of it, before or after its calls."""
    told = response_of(*items)
    calls = [[call["id"] for call in message.get("tool_calls", ())] for message in told]
    assert [(m["role"], m["content"], ids) for m, ids in zip(told, calls, strict=True)] == expected


@pytest.mark.parametrize("strict", [None, True, False])
def test_a_schema_of_anthropics_is_strict_only_if_that_is_said(strict):
    """OpenAI refuses schemas with optional properties that are."""
    form = {"type": "json_schema", "schema": {"type": "object"}} | ({} if strict is None else {"strict": strict})
    told = said(read("/v1/messages", {**ANTHROPIC, "output_config": {"format": form}}))["response_format"]
    assert told["json_schema"].get("strict") is strict


def test_a_documents_title_and_context_are_told():
    text = {"type": "document", "title": "T", "context": "C", "source": {"type": "text", "data": "x"}}
    file = {**text, "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}
    both = [{"role": "user", "content": [text, file]}]
    told = said(read("/v1/messages", {"model": "m", "max_tokens": 5, "messages": both}))["messages"][0]["content"]
    assert told == [
        {"type": "text", "text": "T\nC\nx"},
        {"type": "text", "text": "C"},
        {"type": "file", "file": {"filename": "T", "file_data": "data:application/pdf;base64,AAAA"}},
    ]
