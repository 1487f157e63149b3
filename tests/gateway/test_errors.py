"""The one mapping from errors to responses: every class, in OpenAI's shape, with the headers that help."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman import errors
from pointsman.errors import AtLimit, NoCandidate, PointsmanError, UpstreamFailed
from pointsman.gateway.errors import error_response, head_lines
from pointsman.model.outcome import CONSEQUENCES

CLASSES = sorted(
    (c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, PointsmanError)),
    key=lambda c: c.__name__,
)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_openais_shape(kind):
    """Four fields, a status of an error, words that are stable."""
    status, headers, body = error_response(
        kind("a sentence", **({} if issubclass(kind, UpstreamFailed) else {"param": "model"}))
    )
    error = json.loads(body)["error"]
    assert 400 <= status < 600
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["message"], error["code"], error["type"]) == ("a sentence", kind.code, kind.type)
    assert all(isinstance(error[field], str) and error[field] for field in ("type", "code"))
    assert head_lines(headers).count(b"\r\n") == len(headers)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_stands_in_the_tree(kind):
    """The tree at the top of the file is the whole family."""
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind", CLASSES)
def test_a_mistake_of_the_callers_is_a_4xx_and_ours_a_5xx(kind):
    """RequestRefused and its children blame the request, and only what may change by itself is retryable."""
    if issubclass(kind, errors.RequestRefused):
        assert 400 <= kind.status < 500
    if kind.retryable:
        assert kind.status in (408, 429, 500, 502, 503, 504)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", [None, 0.0, 0.2, 1.0, 7.2, 1e300, -5.0])
def test_every_429_and_503_says_when_to_come_back(status, wait):
    """In whole seconds, at least one, at most an hour."""
    kind = AtLimit if status == 429 else NoCandidate
    for error in (kind("x", retry_after=wait), UpstreamFailed("x", status=status, retry_after=wait)):
        found, headers, _ = error_response(error)
        assert found == status
        assert 1 <= int(headers["retry-after"]) <= 3600
        assert wait is None or int(headers["retry-after"]) >= min(wait, 3600)


@pytest.mark.parametrize("kind", sorted({c.status for c in CONSEQUENCES.values()}))
def test_every_consequence_can_be_told(kind):
    """Whatever an attempt came to has a response, with Retry-After where it is due."""
    status, headers, _ = error_response(UpstreamFailed("x", status=kind))
    assert (status, "retry-after" in headers) == (kind, kind in (429, 503))


def test_other_errors_name_no_time():
    """Waiting would not help."""
    assert "retry-after" not in error_response(errors.ModelNotFound("x"))[1]


def test_a_missing_key_is_asked_for():
    """A 401 says which scheme opens."""
    assert error_response(errors.Unauthorized("x"))[1] == {"www-authenticate": "Bearer"}


@given(st.text())
def test_any_sentence_is_json(message):
    """Whatever a message holds, the body is valid and says the same."""
    assert json.loads(error_response(PointsmanError(message))[2])["error"]["message"] == message


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (404, False), (429, True), (502, True), (504, True)])
def test_an_upstreams_failure_is_retryable_if_it_may_pass(status, retryable):
    """A bad request stays bad."""
    assert UpstreamFailed("x", status=status).retryable is retryable


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_tells_what_it_is_in_one_line(kind):
    """For logs and shells."""
    assert repr(kind("a sentence")).endswith(": a sentence)")
