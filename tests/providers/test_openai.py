"""OpenAI's dialect: what is asked is what the caller wrote, what is answered is what the upstream wrote."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider, request
from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import FailureKind, Usage
from pointsman.providers.openai import DIALECT

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.text(min_size=1, max_size=12).filter(lambda name: name != "task")  # a hint, which OpenAI does not get
bodies = st.dictionaries(names, values, max_size=8)
layouts = st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 2}, {"ensure_ascii": False}])


def fields(body: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def written(body: dict, params: dict | None = None, model: str = "upstream", layout: dict | None = None, **more):
    asked = request(body=fields(json.dumps(body, **(layout or {})).encode()), **more)
    return DIALECT.write(asked, deployment("d", params=params or {}), model)


@given(bodies, layouts)
def test_every_field_but_the_model_passes_byte_for_byte(body, layout):
    """Whatever the values and the layout: what is inside a field is not touched."""
    before = fields(json.dumps(body, **layout).encode())
    after = fields(written(body, layout=layout).body)
    assert bytes(after.pop("model")) == b'"upstream"'
    before.pop("model", None)
    assert {name: bytes(raw) for name, raw in after.items()} == {name: bytes(raw) for name, raw in before.items()}


@pytest.mark.parametrize("number", ["1e400", "1E+2", "-0.0", "1.10", "123456789012345678901234567890"])
def test_numbers_are_not_recalculated(number):
    """A figure that a float can't hold passes as it was written."""
    asked = request(body=fields(f'{{"odd": {number}}}'.encode()))
    assert f'"odd":{number}'.encode() in DIALECT.write(asked, deployment("d"), "m").body


KINDS = ["openai", "openai_compatible", "vllm", "llama_cpp_python", "llama_cpp_native"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("params", [{}, {"temperature": 0.5}], ids=["plain", "with parameters"])
def test_a_task_goes_to_servers_of_which_nothing_is_known(kind, params):
    """A custom server may live by it, the known ones ignore or refuse it; every other field goes to all."""
    asked = request(body=fields(b'{"input":"x","task":"code","return_multivector":false,"encoding_format":"float"}'))
    at = deployment("d", at=provider(kind=kind), params=params)
    sent = json.loads(DIALECT.write(asked, at, "m").body)
    expected = {**params, "input": "x", "return_multivector": False, "encoding_format": "float", "model": "m"}
    assert sent == ({**expected, "task": "code"} if kind == "openai_compatible" else expected)
    assert "task" in asked.body


@pytest.mark.parametrize("kind", KINDS)
def test_a_deployments_own_task_is_sent_wherever_it_is(kind):
    """Who configures it knows why."""
    at = deployment("d", at=provider(kind=kind), params={"task": "set"})
    sent = json.loads(DIALECT.write(request(body={}), at, "m").body)
    assert sent["task"] == "set"


few = st.dictionaries(st.sampled_from(["temperature", "stop", "x"]), values, max_size=3)


@given(few, few)
def test_a_deployments_parameters_are_defaults(body, params):
    """The caller's own value wins; the model is the deployment's."""
    sent = json.loads(written(body, params).body)
    assert sent == {**params, **body, "model": "upstream"}


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("http://h:1", "/v1/chat/completions"),
        ("http://h:1/openai", "/v1/chat/completions"),
        ("http://h:1/v1", "/chat/completions"),
        ("http://h:1/api/v3", "/chat/completions"),
        ("http://h:1/v1beta/openai", "/chat/completions"),
        ("http://v2.example:1", "/v1/chat/completions"),
        ("http://h:1/vision", "/v1/chat/completions"),
    ],
)
def test_the_version_comes_into_the_path_once(base_url, path):
    """A base URL that names a version is taken at its word; any other gets /v1."""
    asked = request(body=fields(b"{}"))
    at = deployment("d", at=provider(base_url=base_url))
    assert DIALECT.write(asked, at, "m").path == path


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [("chat", "/v1/chat/completions"), ("completions", "/v1/completions"), ("embeddings", "/v1/embeddings")],
)
def test_each_endpoint_has_its_path(endpoint, path):
    """Three questions, three paths."""
    asked = request(body=fields(b"{}"), endpoint=endpoint)
    assert DIALECT.write(asked, deployment("d", at=provider(base_url="http://h:1")), "m").path == path


def read(body: bytes, endpoint: str = "chat", status: int = 200):
    return DIALECT.read(request(endpoint=endpoint), "m", Answered(status, {}, body))


ANSWER = (
    b'{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'
)


@pytest.mark.parametrize(
    ("body", "endpoint", "usage"),
    [
        (ANSWER, "chat", Usage(3, 4, 7)),
        (b'{"choices":[{}]}', "chat", Usage()),
        (b'{"choices":[{}],"usage":null}', "completions", Usage()),
        (b'{"choices":[{}],"error":null}', "completions", Usage()),
        (b'{"data":[{}],"usage":{"prompt_tokens":3,"total_tokens":3}}', "embeddings", Usage(3, 0, 3)),
    ],
)
def test_an_answer_passes_as_it_is(body, endpoint, usage):
    """Only its usage is looked at."""
    assert read(body, endpoint) == Understood(body, usage)


@pytest.mark.parametrize(
    "usage",
    [
        '{"prompt_tokens": null}',
        '{"total_tokens": 7.5}',
        '{"total_tokens": -7}',
        '{"total_tokens": 1' + "0" * 400 + "}",
        '{"total_tokens": "7"}',
        "[]",
        '"much"',
        "7",
    ],
)
def test_an_answer_is_not_lost_because_its_usage_makes_no_sense(usage):
    """Figures that are none are not believed; the answer still is the answer."""
    body = f'{{"choices":[{{"message":{{}}}}],"usage":{usage}}}'.encode()
    assert read(body) == Understood(body, Usage())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FailureKind.GARBAGE),
        (b"<html>", FailureKind.GARBAGE),
        (b"[1]", FailureKind.GARBAGE),
        (b"null", FailureKind.GARBAGE),
        (b"{}", FailureKind.GARBAGE),
        (b'{"choices":null}', FailureKind.GARBAGE),
        (b'{"choices":[{"mess', FailureKind.GARBAGE),
        (b'{"choices":[{"message":{"content":"\xff"}}]}', FailureKind.GARBAGE),
        (b'{"choices":[{}],"\xff":1}', FailureKind.GARBAGE),
        (b'{"data":[1]}', FailureKind.GARBAGE),
        (b'{"x":' + b"[" * 100_000, FailureKind.GARBAGE),
        (b'{"error":{"message":"out of memory"}}', FailureKind.SERVER_ERROR),
        (b'{"choices":[{}],"error":"out of memory"}', FailureKind.SERVER_ERROR),
    ],
)
def test_a_200_that_is_no_answer_is_a_failure(body, kind):
    """Rubbish, nothing, and errors dressed as success; no word of them in the detail."""
    found = read(body)
    assert isinstance(found, Refusal)
    assert (found.kind, found.status, found.body) == (kind, 200, None)
    assert "memory" not in found.detail


@pytest.mark.parametrize("status", [201, 204, 302, 400, 500])
def test_only_a_200_is_an_answer(status):
    """Whatever its body looks like."""
    assert isinstance(read(ANSWER, status=status), Refusal)


@given(st.binary(max_size=300))
def test_no_reply_breaks_the_reader(body):
    """Any bytes come to an answer or a refusal."""
    assert isinstance(read(body), (Understood, Refusal))


@pytest.mark.parametrize("half", [rb"\ud83d", rb"\uDE00 x", rb"\ud83d\ud83d\ude00"])
def test_an_answer_with_half_a_letter_is_an_answer(half):
    """An answer that was cut within an emoji passes as it came, and its figures count."""
    body = b'{"choices":[{"message":{"content":"%b"}}],"usage":{"total_tokens":7}}' % half
    read = DIALECT.read(request(), "m", Answered(200, {}, body))
    assert (read.body, read.usage.total_tokens) == (body, 7)
