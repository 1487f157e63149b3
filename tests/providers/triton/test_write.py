"""From OpenAI's question to Triton's: a table of fields a backend, paths, tensors, and words for what can't be said."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider, request
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.triton import DIALECT
from pointsman.providers.triton.write import DROPPED, NEUTRAL, SETTINGS

USER = {"role": "user", "content": "hi"}
PLACE = provider(kind="triton", base_url="http://127.0.0.1:8000")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TENSORRT_LLM = {
    "text_input": "hi",
    "max_tokens": 2000,
    "bad_words": "",
    "stop_words": "",
    "exclude_input_in_output": True,
    "return_num_input_tokens": True,
    "return_num_output_tokens": True,
    "stream": False,
}
VLLM = {
    "max_tokens": 2000,
    "exclude_input_in_output": True,
    "return_finish_reason": True,
    "return_num_input_tokens": True,
    "return_num_output_tokens": True,
    "stream": False,
}
LLMAPI = {
    "text_input": "hi",
    "sampling_param_max_tokens": 2000,
    "sampling_param_exclude_input_from_output": True,
    "return_finish_reason": True,
    "streaming": False,
}


def write(body: dict, endpoint: str = "chat", model: str = "ensemble", *, stream: bool = False, **more):
    fields = msgspec.json.decode(json.dumps(body).encode(), type=dict[str, msgspec.Raw])
    asked = request(endpoint=endpoint, body=fields, stream=stream)
    return DIALECT.write(asked, deployment("d", at=PLACE, **more), model)


def sent(body: dict, endpoint: str = "chat", **more) -> dict:
    body = {**({"messages": [USER]} if endpoint == "chat" else {}), **body}
    return json.loads(write(body, endpoint, **more).body)


def backend(name: str, **params) -> dict:
    return {"params": {"triton_backend": name, **params}}


def test_the_plainest_question_to_each_backend():
    """Each is told what its model would else do otherwise than expected."""
    assert sent({}) == sent({}, **backend("tensorrt_llm")) == TENSORRT_LLM
    assert sent({}, **backend("vllm")) == {"text_input": "hi", "parameters": VLLM}
    assert sent({}, **backend("llmapi")) == LLMAPI
    assert sent({"prompt": ["hi"]}, "completions") == TENSORRT_LLM


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"max_completion_tokens": 9}, {"max_tokens": 9}),
        ({"stop": "a"}, {"stop_words": ["a"]}),
        ({"stop": ["a", "b"]}, {"stop_words": ["a", "b"]}),
        ({"stop": None, "temperature": None}, {}),
        ({"seed": 7}, {"random_seed": 7, "seed": 7}),
        ({"temperature": 0.5, "top_p": 0.9, "top_k": 3}, {"temperature": 0.5, "top_p": 0.9, "top_k": 3}),
        ({"frequency_penalty": 1, "presence_penalty": 2}, {"frequency_penalty": 1, "presence_penalty": 2}),
        ({"bad_words": ["x"], "end_id": 2, "pad_id": 2}, {"bad_words": ["x"], "end_id": 2, "pad_id": 2}),
        ({"repetition_penalty": 1.1, "beam_width": 4}, {"repetition_penalty": 1.1, "beam_width": 4}),
        ({"return_log_probs": True}, {"return_log_probs": True}),
        ({"exclude_input_in_output": False}, {"exclude_input_in_output": False}),
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"guided_decoding_guide_type": "json"}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
            {"guided_decoding_guide_type": "json_schema", "guided_decoding_guide": json.dumps(SCHEMA).replace(" ", "")},
        ),
        ({"text_input": "another prompt"}, {}),
    ],
)
def test_what_tensorrt_llm_calls_it(body, expected):
    """Fields by their names there, and its own as they are; the prompt is what was said in the conversation."""
    assert sent(body) == {**TENSORRT_LLM, **expected}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"temperature": 0, "seed": 7, "max_completion_tokens": 9}, {"temperature": 0, "seed": 7, "max_tokens": 9}),
        ({"ignore_eos": True, "min_tokens": 3}, {"ignore_eos": True, "min_tokens": 3}),
        ({"return_cumulative_logprob": True}, {"return_cumulative_logprob": True}),
    ],
)
def test_what_vllm_s_backend_calls_it(body, expected):
    """Parameters, as long as each is one value."""
    assert sent(body, **backend("vllm")) == {"text_input": "hi", "parameters": {**VLLM, **expected}}


def test_lists_go_to_vllm_as_text():
    """A parameter of Triton's is one value, so sampling is said in an input."""
    found = sent({"stop": "a", "temperature": 0.5}, **backend("vllm"))
    said = json.loads(found.pop("sampling_parameters"))
    assert said == {"stop": ["a"], "temperature": 0.5, "max_tokens": 2000}
    assert found == {"text_input": "hi", **{k: v for k, v in VLLM.items() if k != "max_tokens"}}


def test_a_flag_that_an_old_vllm_does_not_know_is_not_said():
    """It would take it for a parameter of sampling."""
    flags = {name: False for name in VLLM if name.startswith("return_")}
    said = {name: value for name, value in VLLM.items() if name not in flags}
    assert sent({}, **backend("vllm", **flags)) == {"text_input": "hi", "parameters": said}


def test_what_the_llm_api_calls_it():
    """Parameters of sampling have a beginning of their own there."""
    body = {"temperature": 0.5, "top_k": 3, "stop": ["a"], "seed": 7, "max_tokens": 9, "lora_id": 1}
    prefixed = {f"sampling_param_{name}": body[name] for name in ("temperature", "top_k", "stop", "seed", "max_tokens")}
    assert sent(body, **backend("llmapi")) == {**LLMAPI, **prefixed, "lora_id": 1}


def test_what_the_deployment_says_stands_unless_the_caller_says_more():
    """Whichever way the two spell a field; null is no word of the caller's."""
    params = {"max_tokens": 100, "temperature": 0.1, "stop_words": ["x"], "chat_template": "plain", "end_id": 2}
    assert sent({}, params=params)["max_tokens"] == 100
    found = sent({"max_completion_tokens": 5, "stop": ["y"], "end_id": None, "temperature": None}, params=params)
    assert (found["max_tokens"], found["stop_words"]) == (5, ["y"])
    assert not {"chat_template", "end_id", "temperature"} & found.keys()


def test_how_long_an_answer_may_be_is_said_in_any_case():
    """By what is known of the model, else as LiteLLM says it."""
    assert sent({}, info={"max_output_tokens": 512})["max_tokens"] == 512
    assert sent({"max_tokens": None}, info={"max_output_tokens": "x"})["max_tokens"] == 2000


@pytest.mark.parametrize(
    ("body", "params", "limit"),
    [
        ({}, {}, 2000),
        ({}, {"max_tokens": 100}, 100),
        ({"max_tokens": None}, {"max_tokens": 100}, 2000),
        ({"max_tokens": 9}, {"max_tokens": 100}, None),
        ({"max_completion_tokens": 9}, {}, None),
        ({}, {"max_tokens": "many"}, None),
    ],
)
def test_how_long_it_may_be_is_told_where_the_caller_did_not_say(body, params, limit):
    """For whoever reads the answer, since Triton does not tell that it ended for it."""
    assert write({"messages": [USER], **body}, params=params).limit == limit
    assert write({"messages": [USER], **body}, params=params, path="/infer").limit == limit


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("ensemble", "/v2/models/ensemble/generate"),
        ("ensemble/versions/3", "/v2/models/ensemble/versions/3/generate"),
        ("org/model", "/v2/models/org%2Fmodel/generate"),
        ("a b?c#d", "/v2/models/a%20b%3Fc%23d/generate"),
        ("x\r\nhost: y", "/v2/models/x%0D%0Ahost%3A%20y/generate"),
        ("../../v1", "/v2/models/..%2F..%2Fv1/generate"),
        ("x/versions/y", "/v2/models/x%2Fversions%2Fy/generate"),
    ],
)
def test_a_model_is_asked_at_its_path(model, path):
    """Nothing in a name leads anywhere else; streams have a path of their own."""
    body = {"messages": [USER]}
    assert write(body, model=model).path == path
    assert write(body, model=model, stream=True).path == f"{path}_stream"
    assert write({"input": "a"}, "embeddings", model=model).path == path.replace("/generate", "/infer")


@pytest.mark.parametrize("model", [".", "..", ""])
def test_a_name_that_is_a_way_is_no_model(model):
    """A path would lead elsewhere by it."""
    with pytest.raises(Inexpressible, match="model: no model has such a name"):
        write({"messages": [USER]}, model=model)


def test_an_address_of_its_own_is_asked_as_it_is():
    """For what it is for."""
    body = {"messages": [USER]}
    assert write(body, path="/triton/generate").path == "/triton/generate"
    assert write(body, path="/triton/generate", stream=True).path == "/triton/generate_stream"
    assert write(body, path="/infer", stream=True).path == "/infer"
    for path in ("/infer", "/embeddings"):
        assert write({"input": "a"}, "embeddings", path=path).path == path
    with pytest.raises(Inexpressible, match="input: this deployment makes no embeddings"):
        write({"input": "a"}, "embeddings", path="/generate")
    with pytest.raises(Inexpressible, match="model: this deployment makes embeddings only"):
        write(body, path="/embeddings")


def test_a_question_in_tensors():
    """Where the address is one of ``infer``: what was said, with types and shapes."""
    body = {"temperature": 0.5, "stop": ["a", "b"], "flag": True, "max_tokens": 5, "weights": [1, 0.5], "word": "x"}
    found = {each.pop("name"): each for each in sent(body, path="/v2/models/m/infer")["inputs"]}
    assert found == {
        "text_input": {"shape": [1], "datatype": "BYTES", "data": ["hi"]},
        "max_tokens": {"shape": [1], "datatype": "INT32", "data": [5]},
        "temperature": {"shape": [1], "datatype": "FP32", "data": [0.5]},
        "stop_words": {"shape": [2], "datatype": "BYTES", "data": ["a", "b"]},
        "flag": {"shape": [1], "datatype": "BOOL", "data": [True]},
        "weights": {"shape": [2], "datatype": "FP32", "data": [1, 0.5]},
        "word": {"shape": [1], "datatype": "BYTES", "data": ["x"]},
    }
    batched = sent({}, path="/infer", params={"triton_batched": True})["inputs"]
    assert [each["shape"] for each in batched] == [[1, 1], [1, 1]]
    with pytest.raises(Inexpressible, match="mixed: this provider takes a value, or a list of values of one type"):
        sent({"mixed": [1, "a"]}, path="/infer")


@pytest.mark.parametrize(("given", "texts"), [("a", ["a"]), (["a", "b"], ["a", "b"])])
def test_texts_to_embed(given, texts):
    """A tensor of them, by LiteLLM's name for it or the model's."""
    tensor = {"name": "input_text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    asked = {"input": given, "encoding_format": "base64", "user": "u"}
    assert sent(asked, "embeddings") == {"inputs": [tensor]}
    params = {"triton_input": "TEXT", "triton_batched": True, "chat_template": "plain"}
    assert sent({"input": given}, "embeddings", params=params) == {
        "inputs": [{**tensor, "name": "TEXT", "shape": [len(texts), 1]}]
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"logprobs": True}, "logprobs"),
        ({"logprobs": 0}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"echo": True}, "echo"),
        ({"suffix": "x"}, "suffix"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"chat_template": "{{ messages }}"}, "chat_template"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages"),
        ({"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]}, "messages"),
        ({"messages": [3]}, "messages"),
    ],
)
def test_what_triton_has_no_words_for_is_refused_by_name(body, field):
    """Nothing is left out in silence that would change the answer."""
    with pytest.raises(Inexpressible, match=f"^{field}: ") as caught:
        sent(body)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["vllm", "llmapi"])
def test_formats_are_tensorrt_llm_s_alone(name):
    """Elsewhere they can't be asked for by every version."""
    with pytest.raises(Inexpressible, match="response_format: this provider takes text alone"):
        sent({"response_format": {"type": "json_object"}}, **backend(name))


@pytest.mark.parametrize(
    ("endpoint", "body", "field"),
    [
        ("completions", {"prompt": ["a", "b"]}, "prompt"),
        ("completions", {"prompt": [1, 2]}, "prompt"),
        ("embeddings", {"input": [1, 2]}, "input"),
        ("embeddings", {"input": []}, "input"),
        ("embeddings", {"input": "a", "dimensions": 3}, "dimensions"),
    ],
)
def test_nor_of_other_questions(endpoint, body, field):
    """Token arrays, several prompts, shorter vectors."""
    with pytest.raises(Inexpressible, match=f"^{field}: "):
        sent(body, endpoint)


def test_whose_field_it_is_is_said():
    """A caller can do nothing about a deployment's."""
    with pytest.raises(
        Inexpressible, match="n: this provider has no word for it; the deployment's litellm_params say it"
    ):
        sent({}, params={"n": 2})
    for params in ({"triton_backend": "onnx"}, {"chat_template": "jinja"}, {"chat_template": []}):
        with pytest.raises(Inexpressible, match=f"{next(iter(params))}: the deployment's litellm_params say none of"):
            sent({}, params=params)


def test_what_asks_for_nothing_is_left_out():
    """Wishes, and fields with the value that is usual anyway."""
    body = {name: values[0] for name, values in NEUTRAL.items()} | dict.fromkeys(DROPPED, "x")
    assert sent(body) == TENSORRT_LLM
    assert sent(dict.fromkeys((*NEUTRAL, *SETTINGS))) == TENSORRT_LLM


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(sorted({*NEUTRAL, *SETTINGS, "messages", "prompt", "input", "stop", "seed", "response_format"}))


@given(
    body=st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=5),
    endpoint=st.sampled_from(["chat", "completions", "embeddings"]),
    more=st.sampled_from([{}, {"path": "/infer"}, backend("vllm"), backend("llmapi")]),
)
def test_no_request_is_too_strange(body, endpoint, more):
    """It is written, or refused by the name of a field."""
    try:
        found = json.loads(write(body, endpoint, **more).body)
    except Inexpressible as reason:
        found = {"inputs": str(reason).removeprefix(f"{reason.field}: ")}
    assert found.get("text_input") is not None or found["inputs"]
