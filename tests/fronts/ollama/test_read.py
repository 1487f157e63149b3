"""Ollama's requests in OpenAI's words: conversations, options, what is left out and what is told to be lost."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.errors import InvalidBody
from pointsman.fronts.ollama import CHAT, EMBED, EMBEDDINGS, GENERATE
from pointsman.fronts.ollama.names import meant

HI = {"role": "user", "content": "hi"}
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
SCHEMA = {"type": "object"}


def asked(front, **body):
    return front.read({name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}, {})


def said(front, **body):
    """The fields of the request in OpenAI's words; nothing is lost."""
    found = asked(front, **body)
    assert found.lost == {}
    return {name: json.loads(bytes(raw)) for name, raw in found.body.items()}


def messages(*turns):
    return said(CHAT, model="m", stream=False, messages=list(turns))["messages"]


def call(name, **more):
    return {**more, "function": {"name": name, "arguments": {"x": 1}}}


def made(name, ident):
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": '{"x":1}'}}


def test_a_chat_streams_unless_it_says_otherwise():
    """Figures come at a stream's end."""
    assert said(CHAT, model="m", messages=[HI]) == {"model": "m", **STREAMED, "messages": [HI]}
    assert said(CHAT, model="m", messages=[HI], stream=None) == {"model": "m", **STREAMED, "messages": [HI]}
    assert said(CHAT, model="m", messages=[HI], stream=False) == {"model": "m", "messages": [HI]}


def test_tools_stay_as_they_were_written():
    """None are none."""
    tools = msgspec.Raw(b'[ {"type":"function"} ]')
    fields = {"messages": msgspec.Raw(b'[{"role":"user"}]'), "tools": tools}
    assert bytes(CHAT.read(fields, {}).body["tools"]) == bytes(tools)
    assert "tools" not in said(CHAT, messages=[HI], tools=[])


def test_images_become_parts_behind_the_text():
    """Known by how they begin; what is an address already stays one."""
    images = ["/9j/4AA", "iVBORw0", "R0lGODl", "UklGRg", "AAAA", "data:image/bmp;base64,Qk0"]
    [message] = messages({**HI, "images": images})
    urls = [part["image_url"]["url"] for part in message["content"][1:]]
    assert message["content"][0] == {"type": "text", "text": "hi"}
    assert [url.partition(";")[0] for url in urls] == [
        *(f"data:image/{kind}" for kind in ("jpeg", "png", "gif", "webp", "png", "bmp"))
    ]
    assert urls[0] == "data:image/jpeg;base64,/9j/4AA"
    assert messages({"role": "user", "images": ["AAAA"]})[0]["content"][0]["type"] == "image_url"


def test_results_find_their_calls():
    """By id, by the tool's name, or in turn; calls without an id get one."""
    turns = [
        {"role": "assistant", "content": "", "tool_calls": [call("a"), call("b"), call("a"), call("c", id="own")]},
        {"role": "tool", "tool_name": "b", "content": "1"},
        {"role": "tool", "tool_call_id": "own", "content": "2"},
        {"role": "tool", "tool_name": "a", "content": "3"},
        {"role": "tool", "content": "4"},
        {"role": "tool", "tool_name": "z", "content": "5"},
    ]
    first, *results = messages(*turns)
    calls = [made("a", "call_1"), made("b", "call_2"), made("a", "call_3"), made("c", "own")]
    assert first == {"role": "assistant", "content": None, "tool_calls": calls}
    assert [result["tool_call_id"] for result in results] == ["call_2", "own", "call_1", "call_3", "call_0"]
    assert [result["content"] for result in results] == ["1", "2", "3", "4", "5"]


def test_arguments_that_are_a_text_already_stay_one():
    """As some clients send OpenAI's messages here."""
    turn = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}
    assert messages(turn)[0]["tool_calls"][0]["function"]["arguments"] == '{"a": 1}'


def test_thoughts_of_earlier_turns_are_left_out():
    """OpenAI's protocol does not carry them."""
    assert messages({"role": "assistant", "content": "4", "thinking": "2+2"}) == [{"role": "assistant", "content": "4"}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"num_predict": 5}, {"max_tokens": 5}),
        ({"num_predict": -1}, {}),
        ({"num_predict": -2}, {}),
        ({"temperature": 0, "top_p": 0.9, "seed": 0}, {"temperature": 0, "top_p": 0.9, "seed": 0}),
        ({"stop": ["a", "b"], "presence_penalty": 1}, {"stop": ["a", "b"], "presence_penalty": 1}),
        ({"repeat_penalty": 1.1}, {"repetition_penalty": 1.1, "repeat_penalty": 1.1}),
        ({"mirostat": 2, "typical_p": 0.5}, {"mirostat": 2, "typical_p": 0.5}),
        ({"num_ctx": 4096, "num_thread": 8, "use_mmap": True, "num_gpu": 99}, {}),
        ({"top_k": None, "stop": []}, {}),
    ],
)
def test_options_have_the_words_of_openai_and_of_those_who_speak_it(options, expected):
    """What concerns Ollama's memory alone is left out."""
    bare = {"model": "m", "messages": [HI]}
    assert said(CHAT, **bare, stream=False, options=options) == {**bare, **expected}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"format": "json"}, {"response_format": {"type": "json_object"}}),
        ({"format": ""}, {}),
        (
            {"format": SCHEMA},
            {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}},
        ),
        ({"think": True}, {"reasoning_effort": "medium"}),
        ({"think": "high"}, {"reasoning_effort": "high"}),
        ({"think": False}, {}),
        ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"keep_alive": "10m"}, {}),
    ],
)
def test_other_fields(field, expected):
    bare = {"model": "m", "messages": [HI]}
    assert said(CHAT, **bare, stream=False, **field) == {**bare, **expected}


def test_what_has_no_words_is_told_by_name():
    """With what in it it is."""
    found = asked(CHAT, messages=[HI], options={"new": 1, "seed": 2, "newer": 3}, tool_choice="auto")
    assert found.lost == {"options": "new, newer", "tool_choice": ""}
    assert bytes(found.body["seed"]) == b"2"
    assert asked(GENERATE, prompt="x", context=[1], template="t").lost == {"context": "", "template": ""}
    assert asked(GENERATE, prompt="x", context=[], template="").lost == {}
    assert asked(GENERATE, prompt="x", raw=True, system="s", images=["AA"], think=True).lost == {
        "system": "",
        "images": "",
        "think": "",
    }


@pytest.mark.parametrize(
    ("front", "name", "value"),
    [
        (CHAT, "messages", b'[{"role":"user","x":1e999}]'),
        (GENERATE, "prompt", rb'"\ud83d"'),
        (GENERATE, "images", b"[1e999]"),
    ],
)
def test_what_few_can_read_is_for_ollama_alone(front, name, value):
    """It may take it; nobody is taken to have asked for nothing."""
    found = front.read({name: msgspec.Raw(value)}, {})
    assert (list(found.lost), found.idle) == ([name], b"")


def test_a_prompt_is_a_chat_of_one_turn():
    """After what the system says, with images beside it."""
    told = said(GENERATE, model="m", prompt="hi", system="s", images=["AAAA"], stream=False)
    assert [message["role"] for message in told["messages"]] == ["system", "user"]
    assert told["messages"][1]["content"][1]["type"] == "image_url"
    assert asked(GENERATE, prompt="hi").endpoint == "chat"


def test_a_text_to_go_on_with_is_a_completion():
    """No template is wanted, or a text shall follow."""
    assert said(GENERATE, prompt="a", raw=True, stream=False) == {"prompt": "a"}
    assert said(GENERATE, prompt="a", suffix="c", stream=False) == {"prompt": "a", "suffix": "c"}
    assert said(GENERATE, prompt="a", raw=True) == {"prompt": "a", **STREAMED}
    assert {asked(GENERATE, prompt="a", **how).endpoint for how in ({"raw": True}, {"suffix": "c"})} == {"completions"}


@pytest.mark.parametrize(
    ("front", "body", "reason"),
    [
        (CHAT, {"messages": []}, b'"load"'),
        (CHAT, {}, b'"load"'),
        (GENERATE, {}, b'"load"'),
        (GENERATE, {"prompt": "", "raw": True}, b'"load"'),
        (GENERATE, {"keep_alive": 0}, b'"unload"'),
        (CHAT, {"keep_alive": "0s"}, b'"unload"'),
        (EMBED, {"input": ""}, b'"data":[]'),
        (EMBED, {"input": []}, b'"data":[]'),
        (EMBEDDINGS, {}, b'"data":[]'),
    ],
)
def test_nothing_to_say_is_for_ollamas_memory_alone(front, body, reason):
    """So whoever has none answers that it is done."""
    assert reason in asked(front, **body).idle


@pytest.mark.parametrize(
    ("front", "body"), [(CHAT, {"messages": [HI]}), (GENERATE, {"images": ["AA"]}), (EMBED, {"input": ["a"]})]
)
def test_something_to_say_is_for_anybody(front, body):
    assert asked(front, **body).idle == b""


def test_texts_to_embed():
    """One or several; how much of them fits, and no option, changes what a vector is."""
    assert said(EMBED, model="m", input=["a", "b"], dimensions=8) == {
        "model": "m",
        "input": ["a", "b"],
        "dimensions": 8,
    }
    assert said(EMBED, input="a", truncate=False, keep_alive=1, options={"num_ctx": 1, "new": 2}) == {"input": "a"}
    assert said(EMBEDDINGS, model="m", prompt="a") == {"model": "m", "input": "a"}
    assert asked(EMBED, input="a", encoding="x").lost == {"encoding": ""}


@pytest.mark.parametrize(
    ("front", "body", "param"),
    [
        (CHAT, {"messages": {}}, "messages"),
        (CHAT, {"messages": ["hi"]}, "messages"),
        (CHAT, {"messages": [{"role": "user", "content": ["a"]}]}, "messages"),
        (CHAT, {"messages": [{**HI, "images": [1]}]}, "messages"),
        (CHAT, {"messages": [{**HI, "tool_calls": {}}]}, "messages"),
        (CHAT, {"messages": [{**HI, "tool_calls": [{"function": {}}]}]}, "messages"),
        (CHAT, {"messages": [HI], "options": [1]}, "options"),
        (CHAT, {"messages": [HI], "format": "xml"}, "format"),
        (CHAT, {"messages": [HI], "think": 1.5}, "think"),
        (GENERATE, {"prompt": ["a"]}, "prompt"),
        (GENERATE, {"prompt": "a", "system": 1}, "system"),
        (GENERATE, {"prompt": "a", "images": "AA"}, "images"),
        (EMBEDDINGS, {"prompt": ["a"]}, "prompt"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(front, body, param):
    with pytest.raises(InvalidBody) as raised:
        asked(front, **body)
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("name", "served", "expected"),
    [
        ("m:latest", {"m"}, "m"),
        ("m", {"m:latest"}, "m:latest"),
        ("me/m", {"me/m:latest"}, "me/m:latest"),
        ("host:5000/m", {"host:5000/m:latest"}, "host:5000/m:latest"),
        ("m:latest", {"m", "m:latest"}, "m:latest"),
        ("m:latest", {"n"}, "m:latest"),
        ("m:7b", {"m"}, "m:7b"),
        (":latest", {"m"}, ":latest"),
    ],
)
def test_names_without_a_tag_are_those_of_the_latest(name, served, expected):
    """And the other way round, where only one of them is served."""
    assert meant(name, served.__contains__) == expected
