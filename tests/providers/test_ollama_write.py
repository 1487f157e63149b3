"""From OpenAI's question to Ollama's: a table of fields, and clear words for what can't be said."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, request
from pointsman.providers.lacking import USUAL
from pointsman.providers.ollama import DIALECT
from pointsman.providers.ollama.write import LACKS
from pointsman.providers.shapes import Inexpressible

USER = {"role": "user", "content": "hi"}
PIXEL = base64.b64encode(b"\x89PNG...").decode()
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "now", "parameters": {}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "UTC"}'}}


def raw(body: str | dict) -> dict[str, msgspec.Raw]:
    text = body if isinstance(body, str) else json.dumps(body)
    return msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw])


def write(body: str | dict, endpoint: str = "chat", params: dict | None = None, **more):
    asked = request(endpoint=endpoint, body=raw(body), **more)
    return DIALECT.write(asked, deployment("d", params=params or {}), "llama3:8b")


def sent(body: dict, endpoint: str = "chat", params: dict | None = None, **more) -> dict:
    body = {**({"messages": [USER]} if endpoint == "chat" else {}), **body}
    return json.loads(write(body, endpoint, params, **more).body)


def options(body: dict, params: dict | None = None) -> dict:
    return sent(body, params=params).get("options", {})


@pytest.mark.parametrize(
    ("endpoint", "body", "path", "expected"),
    [
        ("chat", {"messages": [USER]}, "/api/chat", {"messages": [USER], "stream": False}),
        ("completions", {"prompt": "once"}, "/api/generate", {"prompt": "once", "stream": False}),
        (
            "completions",
            {"prompt": ["once"], "suffix": "end"},
            "/api/generate",
            {"prompt": "once", "suffix": "end", "stream": False},
        ),
        ("embeddings", {"input": "a"}, "/api/embed", {"input": "a"}),
        ("embeddings", {"input": ["a", "b"], "dimensions": 8}, "/api/embed", {"input": ["a", "b"], "dimensions": 8}),
    ],
)
def test_each_endpoint_has_its_path_and_shape(endpoint, body, path, expected):
    """Three questions, three paths; ``stream`` is always said, since Ollama streams unless told not to."""
    wire = write(body, endpoint)
    assert (wire.path, json.loads(wire.body)) == (path, {"model": "llama3:8b", **expected})


def test_a_stream_is_asked_for():
    """As the request wishes."""
    assert sent({}, stream=True)["stream"] is True


@pytest.mark.parametrize(
    ("field", "option"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
        ({"seed": 7}, {"seed": 7}),
        ({"max_tokens": 5}, {"num_predict": 5}),
        ({"max_completion_tokens": 5}, {"num_predict": 5}),
        ({"stop": "END"}, {"stop": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop": ["A", "B"]}),
        ({"frequency_penalty": 1}, {"frequency_penalty": 1}),
        ({"presence_penalty": 1}, {"presence_penalty": 1}),
        ({"mirostat": 2}, {"mirostat": 2}),
        ({"num_ctx": 8192, "num_gpu": 1}, {"num_ctx": 8192, "num_gpu": 1}),
        ({"options": {"num_ctx": 1}}, {"num_ctx": 1}),
        ({"temperature": None, "stop": None}, {}),
        ({"user": "u", "n": 1, "metadata": {}, "stream_options": {}, "logit_bias": {}, "tool_choice": "auto"}, {}),
    ],
)
def test_sampling_parameters_become_options(field, option):
    """OpenAI's names become Ollama's; what has no counterpart is left out; others are options of Ollama's own."""
    assert options(field) == option


@pytest.mark.parametrize(
    ("params", "body", "expected"),
    [
        ({"num_ctx": 2048, "num_gpu": 0}, {}, {"num_ctx": 2048, "num_gpu": 0}),
        ({"temperature": 0.9}, {"temperature": 0.1}, {"temperature": 0.1}),
        ({"num_ctx": 2048}, {"options": {"num_ctx": 8192}}, {"num_ctx": 8192}),
        ({"temperature": 0.9}, {"options": {"temperature": 0.1}}, {"temperature": 0.1}),
        ({"options": {"num_ctx": 2048, "top_k": 3}}, {"options": {"num_ctx": 8192}}, {"num_ctx": 8192, "top_k": 3}),
        ({"options": {"temperature": 0.9}}, {"temperature": 0.1}, {"temperature": 0.1}),
        ({"max_tokens": 1, "max_completion_tokens": 2}, {"max_tokens": 5}, {"num_predict": 5}),
        ({"max_completion_tokens": 2}, {"max_tokens": 5}, {"num_predict": 5}),
        ({"max_tokens": 2}, {"max_completion_tokens": 5}, {"num_predict": 5}),
        ({"max_tokens": 2}, {"options": {"num_predict": 5}}, {"num_predict": 5}),
        ({"temperature": 0.9}, {"temperature": None}, {}),
    ],
)
def test_a_deployments_parameters_are_defaults_and_the_caller_wins(params, body, expected):
    """However the two spell the same option, top level or inside ``options``."""
    assert options(body, params) == expected


def test_what_stands_beside_options_stays_there():
    """keep_alive, think and format are fields of the request itself; the caller's win here too."""
    params = {"keep_alive": "10m", "think": True}
    found = sent({"keep_alive": -1}, params=params)
    assert (found["keep_alive"], found["think"], found.get("options")) == (-1, True, None)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}, SCHEMA),
        ({"type": "text"}, None),
        ({"type": "json_schema"}, None),
        ({"type": "json_schema", "json_schema": 5}, None),
        (None, None),
        ("json", None),
    ],
)
def test_response_formats(wanted, expected):
    """A JSON object or a schema is Ollama's ``format``; a text is none."""
    assert sent({"response_format": wanted}).get("format") == expected


def parts(*contents: dict) -> dict:
    return {"role": "user", "content": list(contents)}


def spoken(text: str) -> dict:
    return {"type": "text", "text": text}


SHOWN = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
BARE_CALL = {"id": "x", "function": {"name": "now", "arguments": ""}}


def calling(arguments: dict) -> dict:
    return {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "now", "arguments": arguments}}]}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (USER, USER),
        ({"role": "developer", "content": "x"}, {"role": "system", "content": "x"}),
        ({"role": "assistant", "content": None}, {"role": "assistant", "content": ""}),
        ({"role": "assistant"}, {"role": "assistant", "content": ""}),
        (parts(spoken("a"), spoken("b")), {"role": "user", "content": "a\nb"}),
        (parts(spoken("a"), SHOWN), {"role": "user", "content": "a", "images": [PIXEL]}),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, calling({"zone": "UTC"})),
        ({"role": "assistant", "content": "", "tool_calls": [BARE_CALL]}, calling({})),
        ({"role": "tool", "name": "now", "content": "12"}, {"role": "tool", "tool_name": "now", "content": "12"}),
        ({"role": "tool", "tool_call_id": "unknown", "content": "12"}, {"role": "tool", "content": "12"}),
    ],
)
def test_messages(message, expected):
    """Roles, parts, images, tool calls and their results in Ollama's words."""
    assert sent({"messages": [message]})["messages"] == [expected]


def test_a_tools_result_gets_the_tools_name_back():
    """OpenAI tells results apart by call id, Ollama by the tool's name."""
    calls = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "12"}
    assert sent({"messages": [calls, result]})["messages"][1] == {"role": "tool", "content": "12", "tool_name": "now"}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field in sorted(LACKS) for value in USUAL.get(field, ())]
)
def test_what_asks_for_nothing_is_no_trouble(field, value):
    """Many clients write down what is usual."""
    assert sent({field: value}).keys() - {"options"} <= {"model", "messages", "stream"}


@pytest.mark.parametrize(
    ("effort", "expected"),
    [("none", False), ("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high"), ("xhigh", "high")],
)
def test_how_much_to_think(effort, expected):
    """Ollama's own word is ``think``, which counts before it; the caller's before the deployment's."""
    assert sent({"reasoning_effort": effort})["think"] == expected
    assert sent({"reasoning_effort": effort}, params={"think": True})["think"] == expected
    assert sent({"reasoning_effort": effort, "think": True})["think"] is True
    assert sent({}, params={"reasoning_effort": effort})["think"] == expected
    assert "think" not in sent({"reasoning_effort": None})


def test_no_tool_is_to_be_chosen():
    """Then none is offered."""
    assert "tools" not in sent({"tools": [TOOL], "tool_choice": "none"})
    assert sent({"tools": [TOOL], "tool_choice": "auto"})["tools"] == [TOOL]


def test_tools_are_passed_on():
    """Ollama takes them as OpenAI writes them; an empty list is none."""
    assert sent({"tools": [TOOL]})["tools"] == [TOOL]
    assert "tools" not in sent({"tools": []})


def image(url) -> dict:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]}


def called(arguments) -> dict:
    return {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]}


REFUSED = [
    ("chat", {"messages": [USER], "n": 2}, "n"),
    ("chat", {"messages": [USER], "logprobs": True}, "logprobs"),
    ("chat", {"messages": [USER], "logit_bias": {"50256": -100}}, "logit_bias"),
    ("chat", {"messages": [USER], "tool_choice": "required"}, "tool_choice"),
    ("chat", {"messages": [USER], "parallel_tool_calls": False}, "parallel_tool_calls"),
    ("chat", {"messages": [USER], "reasoning_effort": "much"}, "reasoning_effort"),
    ("chat", {"messages": [USER], "reasoning_effort": 5}, "reasoning_effort"),
    ("completions", {"prompt": "a", "echo": True}, "echo"),
    ("chat", {}, "messages"),
    ("chat", {"messages": {"role": "user"}}, "messages"),
    ("chat", {"messages": ["hi"]}, "messages"),
    ("chat", {"messages": [{"content": "hi"}]}, "messages"),
    ("chat", {"messages": [{"role": 5}]}, "messages"),
    ("chat", {"messages": [{"role": "user", "content": 5}]}, "messages"),
    ("chat", {"messages": [{"role": "user", "content": [5]}]}, "messages"),
    ("chat", {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages"),
    ("chat", {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages"),
    ("chat", image({"url": "https://example.com/cat.png"}), "messages"),
    ("chat", image({"url": "data:image/png;base64,!!!"}), "messages"),
    ("chat", image({"url": "data:image/png;base64,é"}), "messages"),
    ("chat", image({"url": 5}), "messages"),
    ("chat", image(None), "messages"),
    ("chat", {"messages": [{"role": "assistant", "tool_calls": [5]}]}, "messages"),
    ("chat", {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}, "messages"),
    ("chat", called("{not json"), "messages"),
    ("chat", called("[" * 100_000), "messages"),
    ("chat", called("1e400"), "messages"),
    ("completions", {"prompt": ["a", "b"]}, "prompt"),
    ("completions", {"prompt": [1, 2, 3]}, "prompt"),
    ("completions", {"prompt": [[1, 2]]}, "prompt"),
    ("completions", {"prompt": "a", "n": 3}, "n"),
    ("embeddings", {"input": [1, 2, 3]}, "input"),
    ("embeddings", {"input": [[1, 2], [3]]}, "input"),
    ("embeddings", {"input": []}, "input"),
    ("embeddings", {}, "input"),
]


@pytest.mark.parametrize(("endpoint", "body", "field"), REFUSED)
def test_what_ollama_has_no_words_for_is_refused_by_name(endpoint, body, field):
    """The message begins with the field, so that the caller knows what to change."""
    with pytest.raises(Inexpressible) as caught:
        write(body, endpoint)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("value", ["1e400", "[1e400]", '{"a": -1e999}', "1" * 5000])
def test_a_number_that_no_float_holds_is_refused_by_name(value):
    """OpenAI's dialect passes it on unread; here it has to be read, and is refused rather than a crash."""
    with pytest.raises(Inexpressible, match=r"^mirostat_tau: "):
        write('{"messages": [], "mirostat_tau": ' + value + "}")


def test_an_integer_of_any_size_passes():
    """JSON knows no machine words."""
    assert options({"seed": 10**30}) == {"seed": 10**30}


def deeper(frames: int, call):
    """Call from further down the stack, as a flow does."""
    return deeper(frames - 1, call) if frames else call()


@pytest.mark.parametrize("frames", [0, 20, 60])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_refused_by_name(opening, closing, frames):
    """Wherever the parser or the writer gives up, it is the request's fault and not a crash."""
    refused = 0
    for depth in range(300, 1000, 7):
        nested = '{"messages": [], "x": ' + opening * depth + "1" + closing * depth + "}"
        try:
            fields = raw(nested)
        except RecursionError:
            break
        try:
            deeper(frames, lambda fields=fields: DIALECT.write(request(body=fields), deployment("d"), "m"))
        except Inexpressible as reason:
            assert str(reason).startswith(("x: ", "request: "))  # noqa: PT017  a refusal is right, with these words
            refused += 1
    assert refused or not frames


KEYS = ["role", "content", "type", "text", "image_url", "url", "tool_calls", "function", "name", "arguments"]
FIELDS = ["messages", "prompt", "input", "n", "stop", "tools", "options", "response_format", "format", "suffix"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(FIELDS), values), st.sampled_from(["chat", "completions", "embeddings"]))
def test_any_body_is_written_or_refused(body, endpoint):
    """No shape of a body is a crash."""
    try:
        wire = write(body, endpoint)
    except Inexpressible as reason:
        assert ": " in str(reason)  # noqa: PT017  as above
    else:
        assert json.loads(wire.body)["model"] == "llama3:8b"
