"""Triton's whole replies as OpenAI's, and those that are none."""

from __future__ import annotations

import base64
import json
from array import array

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.providers.triton import DIALECT

REPLY = {"model_name": "ensemble", "model_version": "1", "sequence_id": 0, "text_output": "Hello there"}
COUNTED = {**REPLY, "num_input_tokens": 7, "num_output_tokens": 2}


def asked(endpoint: str = "chat", **body):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return request(endpoint=endpoint, body=raw, id="0123", tokens=5)


def read(reply: object, what=None, status: int = 200) -> Understood | Refusal:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return DIALECT.read(what or asked(), "m", Answered(status, {}, body))


def body(reply: object, what=None) -> dict:
    found = read(reply, what)
    assert isinstance(found, Understood)
    return json.loads(found.body)


def test_an_answer_in_openais_shape():
    """With what it counted."""
    found = read(COUNTED)
    assert found.usage == Usage(7, 2, 9)
    assert json.loads(found.body) == {
        "id": "chatcmpl-0123",
        "object": "chat.completion",
        "created": 0,
        "model": "ensemble",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello there"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }


def test_a_text_completion():
    """In its own shape; the model goes by the name that was asked for where the reply has none."""
    found = body({"text_output": "x"}, asked("completions"))
    assert (found["id"], found["object"], found["model"]) == ("cmpl-0123", "text_completion", "m")
    assert found["choices"] == [{"index": 0, "text": "x", "logprobs": None, "finish_reason": "stop"}]


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({}, Estimate(5, 3, 8)),
        ({"num_output_tokens": 2}, Estimate(5, 2, 7)),
        ({"num_input_tokens": 7}, Estimate(7, 3, 10)),
        ({"num_input_tokens": [7], "num_output_tokens": [2, 3]}, Usage(7, 2, 9)),
        ({"num_input_tokens": 7, "num_output_tokens": 0}, Usage(7, 0, 7)),
        ({"num_input_tokens": -1, "num_output_tokens": "x"}, Estimate(5, 3, 8)),
    ],
)
def test_what_is_not_counted_is_estimated(told, usage):
    """And is told to be an estimate; figures that make no sense are not believed."""
    found = read({**REPLY, **told})
    assert (found.usage, found.usage.estimated) == (usage, usage.estimated)
    assert json.loads(found.body)["usage"]["total_tokens"] == usage.total_tokens


@pytest.mark.parametrize(
    ("told", "limit", "reason"),
    [
        ({"finish_reason": "length"}, None, "length"),
        ({"finish_reason": ["stop"]}, 2, "stop"),
        ({"finish_reason": "None"}, None, "stop"),
        ({}, 2, "length"),
        ({}, 3, "stop"),
        ({}, 0, "stop"),
        ({}, "x", "stop"),
    ],
)
def test_why_it_ended(told, limit, reason):
    """As the backend says it; else by the tokens that the request allows."""
    for name in ("max_tokens", "max_completion_tokens"):
        what = asked(**({} if limit is None else {name: limit}))
        assert body({**COUNTED, **told}, what)["choices"][0]["finish_reason"] == reason


def test_of_several_sequences_the_first():
    """Beams, say."""
    found = body({**REPLY, "text_output": ["one", "two"]})
    assert found["choices"][0]["message"]["content"] == "one"
    assert body({**REPLY, "text_output": []})["choices"][0]["message"]["content"] == ""


def test_probabilities_are_passed_on_to_who_asks_for_them():
    """By Triton's own word, as they were told."""
    told = {**REPLY, "cum_log_probs": -1.5, "output_log_probs": [-1.0, -0.5]}
    assert "cum_log_probs" not in body(told)["choices"][0]
    found = body(told, asked(return_log_probs=True))["choices"][0]
    assert (found["cum_log_probs"], found["output_log_probs"]) == (-1.5, [-1.0, -0.5])


def outputs(*shapes, datatype: str = "FP32", **more) -> dict:
    """Outputs of these shapes; each number is its place."""
    made = []
    for shape in shapes:
        size = 1
        for each in shape:
            size *= each
        made.append({"name": "x", "datatype": datatype, "shape": list(shape), "data": list(range(size))})
    return {"model_name": "e5", "outputs": made, **more}


@pytest.mark.parametrize(
    ("reply", "vectors"),
    [
        (outputs((2, 3)), [[0, 1, 2], [3, 4, 5]]),
        (outputs((2, 1, 3)), [[0, 1, 2], [3, 4, 5]]),
        (outputs((2, 4, 3), (2, 2)), [[0, 1], [2, 3]]),
        (outputs((3, 2), (2, 1)), [[0], [1]]),
    ],
)
def test_a_vector_for_each_text(reply, vectors):
    """The first output that has as many rows as there were texts, whatever comes before it."""
    found = read(reply, asked("embeddings", input=["a", "b"]))
    told = json.loads(found.body)
    assert [item["embedding"] for item in told["data"]] == vectors
    assert [item["index"] for item in told["data"]] == [0, 1]
    assert (told["model"], told["usage"]) == ("e5", {"prompt_tokens": 5, "total_tokens": 5})
    assert found.usage == Estimate(5, 0, 5)


def test_one_text_may_have_a_plain_vector():
    """Without a dimension for the texts; packed where that is asked for."""
    found = body(outputs((3,)), asked("embeddings", input="a", encoding_format="base64"))
    assert array("f", base64.b64decode(found["data"][0]["embedding"])).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        outputs((3, 3)),
        outputs((2, 0)),
        outputs((2,)),
        outputs((2, 3), datatype="INT32"),
        {"outputs": [{"datatype": "FP32", "shape": [2, 3], "data": [1]}]},
        {"outputs": [{"datatype": "FP32", "shape": [2, 1], "data": "ab"}]},
        {"outputs": []},
    ],
)
def test_what_has_no_vectors_is_no_answer(reply):
    """A reply of another make."""
    assert read(reply, asked("embeddings", input=["a", "b"])).kind is FailureKind.GARBAGE


def test_vectors_have_numbers():
    """Also those that are packed."""
    odd = {"outputs": [{"datatype": "FP32", "shape": [1, 2], "data": ["a", None]}]}
    assert read(odd, asked("embeddings", input="a", encoding_format="base64")).kind is FailureKind.GARBAGE


def test_a_text_may_come_as_a_tensor():
    """Of ``infer``: the first output of texts."""
    told = outputs((1, 2))
    told["outputs"].append({"name": "text_output", "datatype": "BYTES", "shape": [2], "data": ["Hello", " there"]})
    assert body(told)["choices"][0]["message"]["content"] == "Hello there"
    assert read(outputs((1, 2))).kind is FailureKind.GARBAGE


@pytest.mark.parametrize(
    ("status", "reply", "kind"),
    [
        (400, {"error": "unable to parse 'max_tokens'"}, FailureKind.BAD_REQUEST),
        (400, {"error": "Request for unknown model: 'x' is not found"}, FailureKind.NOT_FOUND),
        (404, {"error": "Request for unknown model: 'x' is not found"}, FailureKind.NOT_FOUND),
        (500, {"error": "Prompt length (9) exceeds maximum input length (8)."}, FailureKind.CONTEXT),
        (500, {"error": "Executor failed"}, FailureKind.SERVER_ERROR),
        (503, {"error": "Model is unavailable"}, FailureKind.OVERLOADED),
        (200, {"error": "generate expects model to produce exactly 1 response"}, FailureKind.SERVER_ERROR),
        (200, {**REPLY, "finish_reason": "abort"}, FailureKind.SERVER_ERROR),
        (200, {"model_name": "x"}, FailureKind.GARBAGE),
        (200, b"<html>", FailureKind.GARBAGE),
        (200, b"[1]", FailureKind.GARBAGE),
        (200, b'{"text_output": 3}', FailureKind.GARBAGE),
    ],
)
def test_errors_are_told_apart(status, reply, kind):
    """By status and sentence; a 200 may hold one."""
    found = read(reply, status=status)
    assert isinstance(found, Refusal)
    assert found.kind is kind


def test_an_error_may_stand_in_a_frame():
    """Where it was to be the first word of a stream."""
    for end in (b"\n\n", b"\r\n\r\n", b""):
        found = read(b'data: {"error":"Prompt length (9) exceeds maximum input length (8)."}' + end, status=500)
        assert (found.kind, found.status) == (FailureKind.CONTEXT, 500)
    assert read(b"data", status=500).kind is FailureKind.SERVER_ERROR


def test_the_caller_sees_what_was_wrong_with_his_request():
    """In OpenAI's shape; of a server's own trouble he sees nothing."""
    found = read({"error": "unable to parse 'max_tokens'"}, status=400)
    assert json.loads(found.body)["error"]["message"] == "unable to parse 'max_tokens'"
    assert read({"error": "cuda: out of memory"}, status=500).body is None


@given(
    reply=st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from([*COUNTED, "outputs", "finish_reason", "error"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2),
    ).map(lambda fields: json.dumps(fields).encode()),
    endpoint=st.sampled_from(["chat", "completions", "embeddings"]),
)
def test_no_reply_is_too_strange(reply, endpoint):
    """It is an answer or a refusal."""
    assert isinstance(read(reply, asked(endpoint, input="a")), Understood | Refusal)
