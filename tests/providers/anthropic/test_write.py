"""From OpenAI's question to Anthropic's: a table of fields, and clear words for what can't be said."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider, request
from pointsman.providers.anthropic import DIALECT
from pointsman.providers.anthropic.write import HANDLED, OWN, TAKES
from pointsman.providers.lacking import SERVICE, USUAL
from pointsman.providers.shapes import Inexpressible

MODEL = "claude-sonnet-4-5"
USER = {"role": "user", "content": "hi"}
PLACE = provider(kind="anthropic", base_url="https://api.anthropic.com")
PIXEL = base64.b64encode(b"\x89PNG...").decode()
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": SCHEMA}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "UTC"}'}}
TURN = {"role": "user", "content": [{"type": "text", "text": "hi"}]}


def write(body: dict, endpoint: str = "chat", model: str = MODEL, *, stream: bool = False, **more):
    fields = msgspec.json.decode(json.dumps(body).encode(), type=dict[str, msgspec.Raw])
    asked = request(endpoint=endpoint, body=fields, stream=stream)
    return DIALECT.write(asked, deployment("d", at=PLACE, **more), model)


def sent(body: dict, endpoint: str = "chat", model: str = MODEL, **more) -> dict:
    body = {**({"messages": [USER]} if endpoint == "chat" else {}), **body}
    return json.loads(write(body, endpoint, model, **more).body)


def further(body: dict, model: str = MODEL, **more) -> dict:
    """What is sent beside the plainest request."""
    plain = {"model": model, "max_tokens": 4096, "messages": [TURN]}
    return {name: value for name, value in sent(body, model=model, **more).items() if plain.get(name) != value}


def test_the_plainest_question():
    """Its path below any base URL, a conversation, and a length, which Anthropic wants."""
    wire = write({"messages": [USER]})
    assert wire.path == "/v1/messages"
    assert json.loads(wire.body) == {"model": MODEL, "max_tokens": 4096, "messages": [TURN]}


def test_a_stream_is_asked_for():
    """As the request wishes, whatever the body says."""
    assert further({"stream_options": {"include_usage": True}}, stream=True) == {"stream": True}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"temperature": 1.7}, {"temperature": 1}),
        ({"top_p": 0.9, "top_k": 3}, {"top_p": 0.9, "top_k": 3}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}),
        ({"temperature": None, "stop": None, "tools": None, "logit_bias": None}, {}),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}),
        ({"safety_identifier": "s"}, {"metadata": {"user_id": "s"}}),
        ({"user": "u", "safety_identifier": "s"}, {"metadata": {"user_id": "u"}}),
        ({"container": "c", "speed": "fast"}, {"container": "c", "speed": "fast"}),
        ({"response_format": {"type": "text"}}, {}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
    ],
)
def test_fields(body, expected):
    """OpenAI's names become Anthropic's; Anthropic's own pass."""
    assert further(body) == expected


@pytest.mark.parametrize("field", sorted(SERVICE - HANDLED))
def test_what_concerns_the_service_alone_is_left_out(field):
    """The answer is the same without it."""
    assert further({field: "x"}) == {}


NEUTRAL = [(field, value) for field, values in sorted(USUAL.items()) for value in values if field not in TAKES]


@pytest.mark.parametrize(("field", "value"), NEUTRAL)
def test_what_asks_for_nothing_is_left_out_and_anything_else_refused(field, value):
    """Many clients write down what is usual."""
    assert further({field: value}) == {}
    with pytest.raises(Inexpressible, match=f"^{field}: "):
        sent({field: 2})


def test_all_that_is_refused_is_named():
    """The first one is the field that it is about."""
    with pytest.raises(
        Inexpressible, match=r"^seed: this provider has no word for it, nor for logprobs, odd$"
    ) as caught:
        sent({"seed": 1, "logprobs": True, "n": 1, "user": "x", "odd": {}})
    assert caught.value.field == "seed"


def test_what_the_deployment_asks_in_vain_is_not_the_callers_fault():
    """And the message says so."""
    with pytest.raises(Inexpressible, match=r"^num_ctx: .* the deployment's litellm_params say it$"):
        sent({}, params={"num_ctx": 2048})
    with pytest.raises(Inexpressible, match=r"^num_ctx: this provider has no word for it$"):
        sent({"num_ctx": 2048})


@pytest.mark.parametrize(
    ("params", "most", "body", "length"),
    [
        ({}, 64_000, {}, 64_000),
        ({"max_tokens": 100}, 64_000, {}, 100),
        ({"max_tokens": 100}, None, {"max_completion_tokens": 7}, 7),
        ({"max_completion_tokens": 100}, None, {"max_tokens": 7}, 7),
        ({"max_tokens": 100}, None, {"max_tokens": None}, 4096),
    ],
)
def test_how_long_an_answer_may_be(params, most, body, length):
    """The caller's word, the deployment's, the model's, then what every model can do."""
    assert sent(body, params=params, max_output=most)["max_tokens"] == length


def test_a_deployments_parameters_are_defaults_and_the_caller_wins():
    """However the two spell a field."""
    params = {"stop_sequences": ["A"], "temperature": 0.2, "thinking": {"type": "adaptive"}, "user": "p"}
    found = further({"stop": ["B"], "temperature": 0.4}, params=params)
    assert found == {
        "stop_sequences": ["B"],
        "temperature": 0.4,
        "thinking": {"type": "adaptive"},
        "metadata": {"user_id": "p"},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
        ({"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "now"}}},
            {"tool_choice": {"type": "tool", "name": "now"}},
        ),
        ({"parallel_tool_calls": True}, {}),
        ({"parallel_tool_calls": False}, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
    ],
)
def test_tools_and_who_chooses(body, expected):
    """A function is its name, what it is for, and a schema."""
    tool = {"name": "now", "description": "The time.", "input_schema": SCHEMA}
    assert further({"tools": [TOOL], **body}) == {"tools": [tool], **expected}


def test_tools_in_full_and_in_short():
    """``strict`` and marks for the cache are kept; a function without parameters has none."""
    strict = {"type": "function", "function": {"name": "f", "strict": True}, "cache_control": {"type": "ephemeral"}}
    assert further({"tools": [strict]})["tools"] == [
        {
            "name": "f",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        }
    ]
    assert further({"tools": [], "tool_choice": "auto", "parallel_tool_calls": False}) == {}


def use(ident: str) -> dict:
    return {"type": "tool_use", "id": ident, "name": "now", "input": {"zone": "UTC"}}


def result(ident: str, content: object) -> dict:
    return {"type": "tool_result", "tool_use_id": ident, "content": content}


def test_a_conversation_in_turns():
    """The system stands apart wherever it spoke; results of several tools and what the user adds are one turn."""
    other = {**CALL, "id": "call:2"}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": ""}]},
        {"role": "assistant", "content": "", "tool_calls": [CALL, other]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12"},
        {"role": "tool", "tool_call_id": "call:2", "content": [{"type": "text", "text": "13"}]},
        {"role": "developer", "content": [{"type": "text", "text": "Really."}]},
        {"role": "user", "content": "and?"},
    ]
    found = sent({"messages": messages})
    assert found["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Really."}]
    assert found["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [use("call_1"), use("call_2")]},
        {
            "role": "user",
            "content": [
                result("call_1", "12"),
                result("call_2", [{"type": "text", "text": "13"}]),
                {"type": "text", "text": "and?"},
            ],
        },
    ]


def test_images_and_marks():
    """Base64 data and addresses; a part that is marked for the cache stays so."""
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.com/cat.jpg"},
        {"type": "text", "text": "What is it?", "cache_control": {"type": "ephemeral"}},
    ]
    [turn] = sent({"messages": [{"role": "user", "content": parts}]})["messages"]
    assert turn["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.jpg"}},
        parts[2],
    ]


OLD = ["claude-3-5-haiku-20241022", "claude-sonnet-4-20250514", "claude-opus-4-1", "claude-haiku-4-5", "claude-2.1"]
NEW = ["claude-opus-4-6", "claude-sonnet-5", "claude-opus-5-5", "claude-fable-5-1", "house-model"]


@pytest.mark.parametrize("model", OLD)
@pytest.mark.parametrize(
    ("effort", "body", "expected"),
    [
        ("minimal", {"max_tokens": 9000}, 1024),
        ("medium", {"max_tokens": 9000}, 2048),
        ("high", {"max_tokens": 9000}, 4096),
        ("xhigh", {"max_tokens": 9000}, 4500),
        ("high", {"max_tokens": 2000}, None),
        ("none", {"max_tokens": 9000}, None),
    ],
)
def test_older_models_are_given_tokens_to_think_with(model, effort, body, expected):
    """Half of the answer's length at most, and nothing below the least."""
    found = sent({"reasoning_effort": effort, **body}, model=model)
    assert found.get("thinking") == (expected and {"type": "enabled", "budget_tokens": expected})
    assert (found["max_tokens"], "output_config" in found) == (body["max_tokens"], False)


def test_thoughts_come_on_top_of_a_length_that_nobody_chose():
    """The answer is as long as it would be without."""
    assert sent({"reasoning_effort": "high"})["max_tokens"] == 4096 + 4096


def test_older_models_don_t_think_behind_a_tools_result():
    """They would want their earlier thoughts back."""
    calls = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    told = {"role": "tool", "tool_call_id": "call_1", "content": "12"}
    body = {"messages": [USER, calls, told], "reasoning_effort": "high", "max_tokens": 9000}
    assert "thinking" not in sent(body)
    assert sent(body, model="claude-opus-5")["thinking"] == {"type": "adaptive"}


def test_thoughts_that_are_sent_back_are_the_models_own():
    """As they were; what nobody signed is left out. Older models may think on."""
    own = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "redacted_thinking", "data": "y"}]
    other = [{"type": "thinking", "thinking": "Hm.", "signature": ""}, 3]
    calls = {"role": "assistant", "content": None, "tool_calls": [CALL], "thinking_blocks": [*own, *other]}
    told = {"role": "tool", "tool_call_id": "call_1", "content": "12"}
    found = sent({"messages": [USER, calls, told], "reasoning_effort": "high", "max_tokens": 9000})
    assert found["messages"][1]["content"][:-1] == own
    assert found["thinking"]["type"] == "enabled"


@pytest.mark.parametrize("model", NEW)
def test_newer_models_are_told_an_effort(model):
    """They decide themselves; the caller's own words count first."""
    assert further({"reasoning_effort": "minimal"}, model) == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
    }
    assert further({"reasoning_effort": "none"}, model) == {"thinking": {"type": "disabled"}}
    own = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert further({"reasoning_effort": "high", **own}, model) == own


def test_an_effort_and_a_schema_stand_side_by_side():
    """In one object, with what the caller has put there."""
    form = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    body = {"reasoning_effort": "high", "response_format": form, "output_config": {"effort": "max"}}
    assert sent(body, model="claude-opus-5")["output_config"] == {
        "effort": "max",
        "format": {"type": "json_schema", "schema": SCHEMA},
    }


@pytest.mark.parametrize("prompt", ["once", ["once"]])
def test_a_prompt_is_what_a_user_says(prompt):
    """Anthropic's models only converse."""
    turn = {"role": "user", "content": [{"type": "text", "text": "once"}]}
    assert sent({"prompt": prompt}, "completions")["messages"] == [turn]


def shown(url: object) -> dict:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]}


def called(**call: object) -> dict:
    return {"messages": [{"role": "assistant", "tool_calls": [{**CALL, **call}]}]}


REFUSED = [
    ({"n": 2}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"functions": [{}]}, "functions"),
    ({"mirostat": 2}, "mirostat"),
    ({"messages": {"role": "user"}}, "messages"),
    ({"messages": ["hi"]}, "messages"),
    ({"messages": [{"content": "hi"}]}, "messages"),
    ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages"),
    ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages"),
    ({"messages": [{"role": "tool", "content": "12"}]}, "messages"),
    (shown("ftp://example.com/cat.png"), "messages"),
    (shown({"url": "data:image/png;base64,!!!"}), "messages"),
    (shown(None), "messages"),
    (called(id=None), "messages"),
    (called(function={}), "messages"),
    (called(function={"name": "f", "arguments": "{no json"}), "messages"),
    (called(function={"name": "f", "arguments": "[1]"}), "messages"),
    ({"tools": "all"}, "tools"),
    ({"tools": [{"type": "web_search"}]}, "tools"),
    ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
    ({"reasoning_effort": "much"}, "reasoning_effort"),
    ({"output_config": 5, "response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "output_config"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_what_anthropic_has_no_words_for_is_refused_by_name(body, field):
    """The message begins with the field, so that the caller knows what to change."""
    with pytest.raises(Inexpressible) as caught:
        sent(body)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("endpoint", "body", "field"),
    [
        ("completions", {"prompt": ["a", "b"]}, "prompt"),
        ("completions", {"prompt": [1, 2]}, "prompt"),
        ("completions", {"prompt": "a", "suffix": "b"}, "suffix"),
        ("completions", {"prompt": "a", "echo": True}, "echo"),
        ("embeddings", {"input": "a"}, "input"),
    ],
)
def test_other_questions_that_can_t_be_asked(endpoint, body, field):
    """Several prompts, prompts of numbers, and vectors."""
    with pytest.raises(Inexpressible, match=f"^{field}: "):
        sent(body, endpoint)


KEYS = ["role", "content", "type", "text", "image_url", "url", "tool_calls", "function", "name", "arguments", "id"]
FIELDS = ["messages", "prompt", "input", "stop", "tools", "tool_choice", "response_format", "reasoning_effort", "user"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["user", "tool", "high", "auto"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from([*FIELDS, *sorted(OWN), "max_tokens", "temperature"]), values),
    st.sampled_from(["chat", "completions", "embeddings"]),
    st.sampled_from(OLD[:1] + NEW[:1]),
)
def test_any_body_is_written_or_refused(body, endpoint, model):
    """No shape of a body is a crash."""
    try:
        wire = write(body, endpoint, model)
    except Inexpressible as reason:
        assert ": " in str(reason)  # noqa: PT017  a refusal is right, with these words
    else:
        assert json.loads(wire.body)["model"] == model
