"""What of an upstream's error the caller may see, and what becomes of it on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.exchange import Answered
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.providers.causes import kind_of
from pointsman.providers.refusals import inside, no_answer, refusal
from pointsman.providers.said import MOST_BYTES, MOST_PLACES, is_error, read_error


def answered(status: int, body: bytes, **headers: str) -> Answered:
    return Answered(status, {k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}, body)


def shown(status: int, body: dict | list) -> dict:
    return json.loads(refusal(answered(status, json.dumps(body).encode())).body)["error"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "too long"}}', "too long"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"object": "error", "message": "bad n"}', "bad n"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"msg": "field required"}]}', "field required"),
        (b'{"detail": {"error": {"message": "inner"}}}', "inner"),
        (b'[{"error": {"message": "in a list"}}]', "in a list"),
        (b'{"error": {"message": "inner"}, "message": "outer"}', "inner"),
        (b'{"error": {"code": 3}, "message": "outer"}', "outer"),
        (b'{"error": "{\\"error\\": {\\"message\\": \\"wrapped\\"}}"}', "wrapped"),
        (b'{"error": {"message": ""}}', None),
        (b'{"error": {"message": 5}}', None),
        (b'{"error": null}', None),
        (b"<html>Bad Gateway</html>", None),
        (b"", None),
        (b"[1]", None),
        (b"[]", None),
        (b'"text"', None),
        (b'{"error": "\xff"}', None),
        (b'{"error":' + b"[" * 5000, None),
        (b'{"error": "' + b"x" * MOST_BYTES + b'"}', None),
    ],
)
def test_the_sentence_of_an_error_body(body, message):
    """Found where the usual servers put it, and nowhere else; rubbish has none."""
    assert read_error(body).message == message


def test_a_nest_is_looked_into_so_far():
    """A body of very many parts costs no more than one of a few."""
    nest = json.dumps({"detail": [{"detail": [{"detail": [{"code": "x"}] * 8}] * 8}] * 8}).encode()
    assert len(read_error(nest).words) < MOST_PLACES


@given(st.binary(max_size=200), st.integers(100, 999))
def test_any_reply_can_be_read_as_a_refusal(body, status):
    """Rubbish in, a kind out; the detail holds the status and nothing of the body."""
    found = refusal(answered(status, body))
    assert (found.kind, found.detail, found.status) == (kind_of(status), f"status {status}", status)


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
nests = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "detail", "metadata", "raw", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(nests, st.sampled_from([400, 404, 422, 429, 500]), st.booleans())
def test_any_json_can_be_read_as_a_refusal(body, status, begun):
    """Whatever is where it should not be; what is shown has a sentence in OpenAI's shape, on one line."""
    data = json.dumps(body).encode()
    for found in (refusal(answered(status, data)), inside(data, "x", begun=begun)):
        assert found.kind in FailureKind
        if found.body is not None:
            assert isinstance(json.loads(found.body)["error"]["message"], str)
            assert b"\n" not in found.body


@pytest.mark.parametrize("status", [400, 422])
def test_the_callers_fault_is_told_in_the_upstreams_words(status):
    """A body in OpenAI's shape passes as it is."""
    body = b'{ "error": {"message":"x", "odd": 1e2} }'
    assert refusal(answered(status, body)).body == body


def test_a_body_of_many_lines_becomes_one():
    """So that it can be a stream's frame; only what stands between its values changes."""
    body = b'{\n  "error": {\r\n    "message": "a\\nb"\n  }\n}\n'
    assert refusal(answered(400, body)).body == b'{   "error": {     "message": "a\\nb"   } }'


def test_other_shapes_are_told_in_openais():
    """Ollama's and FastAPI's errors get the shape that callers know."""
    assert shown(400, {"error": "no tools"}) == {
        "message": "no tools",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert shown(422, {"detail": [{"msg": "field required"}]})["message"] == "field required"


TOO_LONG = "maximum context length is 8"
OLD = {"object": "error", "message": TOO_LONG, "type": "BadRequestError", "param": "messages", "code": 400}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"message": TOO_LONG}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": None}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": 400}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": "3051"}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": ""}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": "invalid_request_error"}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": "context_length_exceeded"}}, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": "prompt_too_long"}}, "prompt_too_long"),
        ({"error": TOO_LONG, "code": "Client specified an invalid argument"}, "context_length_exceeded"),
        ({"error": TOO_LONG}, "context_length_exceeded"),
        (OLD, "context_length_exceeded"),
        ([{"error": {"message": TOO_LONG, "code": 400}}], "context_length_exceeded"),
        ({"error": {"message": "content management policy", "code": None}}, "content_filter"),
        ({"error": {"message": "x", "code": "content_policy_violation"}}, "content_policy_violation"),
        ({"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, "content_filter"),
        ({"error": {"message": "Model Not Exist", "code": "invalid_request_error"}}, "model_not_found"),
        ({"error": {"message": "gone", "code": "model_decommissioned"}}, "model_decommissioned"),
        ({"error": {"message": "bad n", "code": 400}}, 400),
        ({"error": {"message": "bad n", "code": None}}, None),
    ],
)
def test_the_code_is_one_that_openais_users_test_for(body, code):
    """It is filled in where the upstream has none, a number, or one that says no more than "invalid"."""
    assert shown(400, body)["code"] == code


def test_a_sentence_that_stands_elsewhere_becomes_the_message():
    """An error without one of its own has none to pass on."""
    assert shown(400, {"error": {"message": None, "detail": "bad n"}})["message"] == "bad n"


def test_a_type_is_filled_in_too():
    """Azure has none; an error that has both is not touched."""
    error = {"message": "x", "type": None, "code": "content_filter", "status": 400}
    assert shown(400, {"error": error}) == {**error, "type": "invalid_request_error", "param": None}
    whole = b'{"error": {"message":"x", "type": "odd", "code": "context_length_exceeded"}, "more": 1}'
    assert refusal(answered(400, whole)).body == whole


def test_what_else_an_error_has_is_kept():
    """llama.cpp's figures, Azure's flags: beside the code, with the type that OpenAI gives such errors."""
    error = {"code": 400, "message": TOO_LONG, "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}
    assert shown(400, {"error": error}) == {
        "code": "context_length_exceeded",
        "message": TOO_LONG,
        "type": "invalid_request_error",
        "n_prompt_tokens": 9,
        "n_ctx": 8,
        "param": None,
    }
    assert shown(400, OLD) == {
        "message": TOO_LONG,
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_request_that_is_too_long_is_told_so_whatever_the_status(status):
    """And the caller is told 400."""
    found = refusal(answered(status, json.dumps(OLD).encode()))
    assert (found.kind, found.status, CONSEQUENCES[found.kind].status) == (FailureKind.CONTEXT, status, 400)
    assert json.loads(found.body)["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("status", [401, 403, 407, 408, 429, 500, 502, 503])
def test_what_is_not_the_callers_fault_is_not_told_in_the_upstreams_words(status):
    """Such bodies may hold keys, accounts and addresses."""
    body = b'{"error": {"message": "key sk-123 at 10.0.0.1"}}'
    assert refusal(answered(status, body)).body is None
    assert inside(body, "x").body is None


def test_a_very_long_sentence_is_cut():
    """An upstream's message is passed on in a bounded size when it is reshaped."""
    found = refusal(answered(400, json.dumps({"error": "x" * 100_000}).encode()))
    assert len(found.body) < 3000


@pytest.mark.parametrize(
    ("error", "type_", "code"),
    [
        ({"message": "died", "type": "server_error"}, "server_error", None),
        ({"message": "died", "code": 500}, None, 500),
    ],
)
def test_what_ends_a_stream_is_told_in_the_upstreams_words(error, type_, code):
    """In OpenAI's shape, with type and code as they were; the caller has read half an answer already."""
    nested, flat = json.dumps({"error": error}).encode(), json.dumps({"object": "error", **error}).encode()
    assert inside(nested, "x", begun=True).body == nested
    told = json.loads(inside(flat, "x", begun=True).body)["error"]
    assert told == {"message": "died", "type": type_, "param": None, "code": code}


@pytest.mark.parametrize(
    "type_", ["rate_limit_error", "insufficient_quota", "authentication_error", "permission_error"]
)
def test_accounts_are_not_told_of_in_a_stream_either(type_):
    """Their sentences name keys, organisations and plans."""
    body = json.dumps({"error": {"message": "organization org-123", "type": type_}}).encode()
    assert inside(body, "x", begun=True).body is None


@pytest.mark.parametrize(
    ("status", "body", "headers", "seconds"),
    [
        (429, {"error": {"message": "Please try again in 1.5s."}}, {}, 1.5),
        (429, {"error": {"message": "Please try again in 1.5s."}}, {"retry_after": "7"}, 7.0),
        (429, [{"error": {"message": "x", "details": [{"retryDelay": "36s"}]}}], {}, 36.0),
        (429, {"error": {"message": "x", "details": [{"retryDelay": "soon"}]}}, {}, None),
        (429, {"error": {"message": "Please try again in 2s."}}, {"retry_after": "nan"}, 2.0),
        (413, {"error": {"message": "Please try again in 2s.", "code": "rate_limit_exceeded"}}, {}, 2.0),
        (400, {"error": {"message": "Please try again in 2s."}}, {}, None),
        (503, {"error": {"message": "Please try again in 2s."}}, {}, None),
        (503, {}, {"retry_after": "7"}, 7.0),
    ],
)
def test_a_wait_in_the_body_is_the_last_resort(status, body, headers, seconds):
    """Of limits only: Gemini's field, OpenAI's and Groq's sentence."""
    assert refusal(answered(status, json.dumps(body).encode(), **headers)).retry_after == seconds


def test_a_wait_inside_a_200_is_read_too():
    """An error in a stream has no headers of its own."""
    body = {"error": {"message": "Rate limit reached, try again in 250ms", "code": 429}}
    found = inside(json.dumps(body).encode(), "x")
    assert (found.kind, found.status, found.retry_after) == (FailureKind.RATE_LIMITED, 200, 0.25)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": "x"}', True),
        (b'{"error": {}}', False),
        (b'{"object": "error", "message": "x"}', True),
        (b'{"type": "error"}', True),
        (b'[{"error": {"code": 429}}]', True),
        (b'{"object": "list"}', False),
        (b'{"detail": "x"}', False),
        (b"[]", False),
        (b"error", False),
        (b"", False),
    ],
)
def test_what_came_with_a_200_may_be_an_error_all_the_same(body, error):
    """If it says so; else it is rubbish."""
    assert is_error(body) is error
    found = no_answer(body, "without an answer inside")
    assert found.kind is FailureKind.GARBAGE or error
    assert found.detail == ("status 200 with an error inside" if error else "status 200 without an answer inside")
