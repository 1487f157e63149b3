"""How statuses, error bodies and Retry-After are read, whatever an upstream sends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.providers.shapes import error_message, kind_of, refusal, retry_after

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def answered(status: int = 503, body: bytes = b"", **headers: str) -> Answered:
    return Answered(status, {k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (100, "garbage"),
        (201, "garbage"),
        (204, "garbage"),
        (301, "garbage"),
        (307, "garbage"),
        (400, "bad_request"),
        (401, "auth"),
        (402, "quota"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "bad_request"),
        (407, "auth"),
        (408, "timeout"),
        (409, "overloaded"),
        (410, "not_found"),
        (413, "bad_request"),
        (415, "bad_request"),
        (418, "bad_request"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (499, "bad_request"),
        (500, "server_error"),
        (501, "server_error"),
        (502, "server_error"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
        (599, "server_error"),
        (999, "server_error"),
    ],
)
def test_a_status_is_a_kind_of_failure(status, kind):
    """The table of docs/concepts/failures.md, row by row."""
    assert kind_of(status) is FailureKind(kind)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "too long"}}', "too long"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"object": "error", "message": "bad n"}', "bad n"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"msg": "field required"}]}', None),
        (b'{"error": {"code": 3}, "message": "outer"}', "outer"),
        (b'{"error": {"message": ""}}', None),
        (b'{"error": {"message": 5}}', None),
        (b'{"error": null}', None),
        (b"<html>Bad Gateway</html>", None),
        (b"", None),
        (b"[1]", None),
        (b'"text"', None),
        (b'{"error": "\xff"}', None),
        (b'{"error":' + b"[" * 5000, None),
    ],
)
def test_the_sentence_of_an_error_body(body, message):
    """Found where the usual servers put it, and nowhere else; rubbish has none."""
    assert error_message(body) == message


@given(st.binary(max_size=200), st.integers(100, 999))
def test_any_reply_can_be_read_as_a_refusal(body, status):
    """Rubbish in, a kind out; the detail holds the status and nothing of the body."""
    if status == 200:
        return
    found = refusal(answered(status, body))
    assert (found.kind, found.detail, found.status) == (kind_of(status), f"status {status}", status)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_the_callers_fault_is_told_in_the_upstreams_words(status):
    """A body in OpenAI's shape passes as it is, byte for byte."""
    body = b'{ "error": {"message":"x", "odd": 1e2} }'
    assert refusal(answered(status, body)).body == body


def test_other_shapes_are_told_in_openais():
    """Ollama's and FastAPI's errors get the shape that callers know."""
    found = json.loads(refusal(answered(400, b'{"error": "no tools"}')).body)
    assert found == {"error": {"message": "no tools", "type": "invalid_request_error", "param": None, "code": None}}


@pytest.mark.parametrize("status", [401, 403, 407, 408, 429, 500, 502, 503])
def test_what_is_not_the_callers_fault_is_not_told_in_the_upstreams_words(status):
    """Such bodies may hold keys, accounts and addresses."""
    assert refusal(answered(status, b'{"error": {"message": "key sk-123 at 10.0.0.1"}}')).body is None


def test_a_very_long_sentence_is_cut():
    """An upstream's message is passed on in a bounded size when it is reshaped."""
    found = refusal(answered(400, json.dumps({"error": "x" * 100_000}).encode()))
    assert len(found.body) < 3000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
        ({"retry_after": "0"}, None),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "-inf"}, None),
        ({"retry_after": "1e400"}, None),
        ({"retry_after": "1e9"}, 1e9),
        ({"retry_after": ""}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT", "date": DATE}, 12.0),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:00:00 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT", "date": "today"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 -0000", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 99999999999999999999 08:49:49 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 +99999999999999", "date": DATE}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers, seconds):
    """Seconds, fractions, milliseconds, dates against the reply's own date; absurd ones are no word at all."""
    assert retry_after(answered(**headers)) == seconds


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.none() | st.just(DATE) | st.text(max_size=40))
def test_no_retry_after_breaks_anything(value, date):
    """Whatever stands there: nothing, or a number of seconds above zero."""
    headers = {b"retry-after": value.encode("latin-1"), b"date": date.encode() if date is not None else b""}
    found = retry_after(Answered(429, headers, b""))
    assert found is None or 0 < found < float("inf")
