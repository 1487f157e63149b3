"""Reading a body: what is refused and how it is said, what is taken out, and that the rest stays as it was."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import InvalidBody
from pointsman.gateway.body import LARGE, MOST_KEYS, read_body
from pointsman.gateway.envelope import LONGEST_NAME

ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
FILLER = b'"filler":"' + b"x" * LARGE + b'",'


def read(body: bytes | dict, endpoint: str = "chat"):
    return read_body(endpoint, body if isinstance(body, bytes) else json.dumps(body).encode(), {}, "id")


def large(body: bytes) -> bytes:
    """The same object, but so large that it is read in one pass."""
    return body.replace(b"{", b"{" + FILLER, 1)


def refused(body: bytes | dict, endpoint: str = "chat") -> InvalidBody:
    with pytest.raises(InvalidBody) as caught:
        read(body, endpoint)
    error = caught.value
    assert (error.status, error.retryable) == (400, False)
    assert len(error.message) < 400
    return error


MALFORMED = {
    "empty": b"",
    "white space": b"  \n",
    "no JSON": b"hello",
    "cut": b'{"messages":[],',
    "two objects": b'{"messages":[]}{}',
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "a text": b'"messages"',
    "single quotes": b"{'messages':[]}",
    "a comma too many": b'{"messages":[],}',
    "a byte order mark": b'\xef\xbb\xbf{"messages":[]}',
    "UTF-16": '{"messages":[]}'.encode("utf-16"),
    "NaN": b'{"messages":[],"temperature":NaN}',
    "NaN where nobody looks": b'{"messages":[],"odd":[NaN]}',
    "Infinity": b'{"messages":[],"odd":-Infinity}',
    "1e400": b'{"messages":[],"temperature":1e400}',
    "a leading zero": b'{"messages":[],"seed":01}',
    "invalid UTF-8": b'{"messages":["\xff"]}',
    "invalid UTF-8 in a key": b'{"messages":[],"\xc3\x28":1}',
    "overlong UTF-8": b'{"messages":["\xc0\xaf"]}',
    "a surrogate in UTF-8": b'{"messages":["\xed\xa0\x80"]}',
    "a lone high surrogate": rb'{"messages":["\ud800 x"]}',
    "a lone high surrogate at the end": rb'{"messages":["\ud800"]}',
    "a lone low surrogate": rb'{"messages":["\udc00"]}',
    "surrogates the wrong way round": rb'{"messages":["\udc00\ud800"]}',
    "a lone surrogate in a key": rb'{"messages":[],"\ud800":1}',
    "a lone surrogate in the model": rb'{"messages":[],"model":"\ud800"}',
    "a raw line break in a text": b'{"messages":["a\nb"]}',
    "a NUL": b'{"messages":[]}\x00',
    "deep lists": b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep lists without end": b'{"messages":' + b"[" * 100_000,
    "deep objects": b'{"messages":[],"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "deep, in a hint": b'{"messages":[],"fallbacks":[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
}


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_plain_json_object_is_refused(name, size):
    """Small and large bodies are read in two ways, and refuse the same."""
    body = MALFORMED[name]
    refused(large(body) if size == "large" else body)


@pytest.mark.parametrize("field", ["fallbacks", "context_window_fallbacks", "metadata", "other"])
def test_every_depth_is_read_or_refused(field):
    """Also one that a first reader bears and a second does not, who is called from further in."""
    for depth in range(sys.getrecursionlimit() - 300, sys.getrecursionlimit()):
        inner = b"[" * depth + b"]" * depth
        value = b'{"tags":["x"],"a":%b}' % inner if field == "metadata" else b'[{"model":"m","a":%b}]' % inner
        try:
            read(b'{"messages":[],"%b":%b}' % (field.encode(), value))
        except InvalidBody as error:
            assert len(error.message) < 400  # noqa: PT017  either is right


@pytest.mark.parametrize("depth", range(200, 1100, 25))
def test_depth_is_read_or_refused(depth):
    """Wherever the parser gives up, it gives up with an InvalidBody."""
    nested = b'{"messages":[],"fallbacks":[{"model":"m","a":' + b"[" * depth + b"]" * depth + b"}]}"
    for body in (nested, large(nested)):
        try:
            assert read(body).fallbacks == ("m",)
        except InvalidBody as error:
            assert error.message  # noqa: PT017  a refusal is as good as an answer


DOUBLED = [
    b'{"model":"a","model":"b","messages":[]}',
    b'{"model": "a", "model": "b", "messages": []}',
    b'{"messages":[],"messages":[]}',
    b'{"messages":[],"odd":1,"odd":1}',
    b'{"messages":[],"model":"a","m\\u006fdel":"b"}',
    b'{"messages":[],"":1,"":2}',
    '{"messages":[],"é":1,"\\u00e9":2}'.encode(),
]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("body", DOUBLED)
def test_a_key_that_stands_twice_is_refused(body, size):
    """However it is written: two readers could see two different requests."""
    assert "twice" in refused(large(body) if size == "large" else body).message


@pytest.mark.parametrize("size", ["small", "large"])
def test_keys_may_repeat_in_different_objects(size):
    """Only one object's keys must differ; what is inside is the upstream's to judge."""
    body = b'{"messages":[{"role":"a"},{"role":"b"}],"x":{"model":1},"model":"m"}'
    assert read(large(body) if size == "large" else body).model == "m"


MISTYPED = [
    ("model", 5),
    ("model", ["m"]),
    ("stream", "yes"),
    ("stream", 1),
    ("temperature", "hot"),
    ("temperature", True),
    ("top_p", []),
    ("n", "2"),
    ("n", 1.5),
    ("max_tokens", "many"),
    ("max_completion_tokens", {}),
    ("presence_penalty", "x"),
    ("frequency_penalty", "x"),
    ("seed", 0.5),
    ("timeout", "soon"),
    ("num_retries", "2"),
    ("num_retries", 1.5),
    ("stream_timeout", "soon"),
    ("disable_fallbacks", "yes"),
    ("disable_fallbacks", 1),
    ("fallbacks", "m"),
    ("fallbacks", [5]),
    ("fallbacks", [{"a": ["b"]}]),
    ("fallbacks", [{"model": 5}]),
    ("fallbacks", [{"model": None}]),
    ("fallbacks", [""]),
    ("fallbacks", {"m": "x"}),
    ("fallbacks", ["x" * 5000]),
    ("fallbacks", ["x"] * 5000),
]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(("field", "value"), MISTYPED)
def test_a_wrong_type_is_refused_by_name(field, value, size):
    """``param`` says which field; the value is not repeated."""
    body = json.dumps({**ASK, field: value}).encode()
    assert refused(large(body) if size == "large" else body).param == field


@pytest.mark.parametrize(
    ("field", "bad", "good"),
    [
        ("n", [0, -1, 129, 10**9, 10**30], [1, 128, None]),
        ("timeout", [0, -1, 1e-300, 0.0009, 86_401, 1e300], [0.001, 86_400, None]),
        ("stream_timeout", [0, -1, 1e-300, 0.0009, 86_401, 1e300], [0.001, 86_400, None]),
        ("num_retries", [-1, 11, 10**9], [0, 10, None]),
        ("model", ["", "x" * (LONGEST_NAME + 1), "é" * 100_000], ["x" * LONGEST_NAME, None]),
    ],
)
def test_bounds(field, bad, good):
    """Just outside is refused by name, just inside is taken; null is as good as absent."""
    for value in bad:
        assert refused({**ASK, field: value}).param == field
    for value in good:
        read({**ASK, field: value})


@pytest.mark.parametrize(
    ("endpoint", "field"), [("chat", "messages"), ("completions", "prompt"), ("embeddings", "input")]
)
def test_what_is_asked_must_be_there(endpoint, field):
    """Messages are a list, prompts and inputs a text or a list; anything else is refused by name."""
    for content in (None, 5, True, {"a": 1}, *(["text"] if endpoint == "chat" else [])):
        assert refused({"model": "m", field: content}, endpoint).param == field
    assert refused({"model": "m"}, endpoint).param == field
    read({"model": "m", field: ["x"]}, endpoint)


@pytest.mark.parametrize(("model", "asked"), [("auto", None), (None, None), ("m", "m"), ("Auto", "Auto")])
def test_auto_leaves_the_choice_to_content(model, asked):
    """As does no model at all; any other name is a name."""
    assert read({**ASK, "model": model}).model == asked


@pytest.mark.parametrize(("stream", "wished"), [(True, True), (False, False), (None, False)])
def test_a_stream_is_what_was_asked_for(stream, wished):
    """Except for embeddings, which don't stream."""
    assert read({**ASK, "stream": stream}).stream is wished
    assert read({"input": "x", "stream": stream}, "embeddings").stream is False


def test_tokens_are_estimated_from_the_length():
    """Four bytes a token."""
    body = json.dumps(ASK).encode()
    assert read(body).tokens == len(body) // 4


def test_a_crowd_of_keys_is_refused():
    """A large body may not cost far more memory than it has bytes."""
    crowd = b'{"messages":[]' + b"".join(b',"k%d":1' % n for n in range(20_000)) + b"}"
    assert str(MOST_KEYS) in refused(crowd).message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
others = st.dictionaries(st.text(min_size=1, max_size=8).map(lambda name: "x_" + name), values, max_size=6)
layouts = st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}, {"ensure_ascii": False}])


@given(others, layouts, st.booleans())
def test_what_nobody_asks_for_stays_byte_for_byte(more, layout, is_large):
    """Any further fields in any layout are passed on as they were written."""
    text = json.dumps({**ASK, **more}, **layout).encode()
    asked = read(large(text) if is_large else text)
    assert {name: json.loads(bytes(raw)) for name, raw in asked.body.items() if name != "filler"} == {**ASK, **more}
    assert all(bytes(raw) in text for name, raw in asked.body.items() if name != "filler")


WORDS = [b"d8", b"\xff", b"1e9", b"-", b"null", b'"model"', b'"messages":[]', b'"timeout":']
pieces = st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", *WORDS])


@given(st.lists(pieces | st.binary(max_size=4), max_size=30).map(b"".join), st.booleans())
def test_any_bytes_are_a_request_or_an_invalid_body(body, is_large):
    """Nothing else is ever raised."""
    try:
        read(large(body) if is_large else body)
    except InvalidBody as error:
        assert len(error.message) < 400  # noqa: PT017  either is right


@given(st.data())
def test_a_body_with_one_byte_changed_is_a_request_or_an_invalid_body(data):
    """Damage on the way is told, not crashed on."""
    body = bytearray(json.dumps({**ASK, "timeout": 5, "n": 1, "stream": True, "fallbacks": ["a"]}).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(body))
    except InvalidBody as error:
        assert len(error.message) < 400  # noqa: PT017  either is right


def test_a_bytearray_is_as_good_as_bytes():
    """The lane hands over what it has gathered."""
    assert read_body("chat", bytearray(json.dumps(ASK).encode()), {}, "id").model == "m"
