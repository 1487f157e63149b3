"""Hints: what a caller says beside the model's name, read from headers and body, or refused by name."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pointsman.config.settings import TagSettings
from pointsman.errors import InvalidBody, InvalidHeader, RequestRefused
from pointsman.fakes import deployment, settings
from pointsman.gateway.body import LARGE, read_body
from pointsman.gateway.hints import HEADERS, LARGEST, LONGEST, MOST_TAGS
from pointsman.model.request import NO_HINTS, Hints, Request
from pointsman.testing import MockProvider
from support.fleet import member, place
from support.serving import gateway, post, send

ASK = {"model": "m", "input": "hi"}


def read(body: dict | bytes | None = None, headers: dict[str, str | bytes] | None = None) -> Request:
    given = {n.encode(): v if isinstance(v, bytes) else v.encode() for n, v in (headers or {}).items()}
    raw = body if isinstance(body, bytes) else json.dumps({**ASK, **(body or {})}).encode()
    return read_body("embeddings", raw, given, "id")


def hints(body: dict | bytes | None = None, **headers: str | bytes) -> Hints:
    return read(body, {name.replace("_", "-"): value for name, value in headers.items()}).hints


def refused(kind: type[RequestRefused], body: dict | bytes | None = None, **headers: str | bytes) -> str:
    """The place that the refusal names. What was sent is not repeated."""
    with pytest.raises(kind) as caught:
        hints(body, **headers)
    assert caught.value.status == 400
    assert len(caught.value.message) < 200
    return caught.value.param


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, {}),
        ({"user": "u", "metadata": {"a": "b"}}, {"x-priority": "high", "user-agent": "x"}),
        ({"task": None, "tags": None, "metadata": None}, {"x-task": "", "x-litellm-tags": " , "}),
        ({"tags": [], "metadata": {"tags": [], "session_id": ""}}, {"x-capability": " "}),
        ({"metadata": {"tags": ""}}, {}),
        ({"metadata": {"tags": " , "}}, {}),
    ],
)
def test_a_request_that_says_nothing_shares_one_object(body, headers):
    """Nothing said, said emptily or with null is the same, so the short way to a decision is open."""
    assert read(body, headers).hints is NO_HINTS


def test_each_hint_has_its_place():
    """Headers and body side by side."""
    found = hints(
        {"task": "retrieval.query"},
        x_capability="code_generation",
        x_task="code",
        x_chain="ha",
        x_pointsman_session="s",
    )
    assert found == Hints((), "retrieval.query", "code", "code_generation", "ha", "s")


@pytest.mark.parametrize(
    ("body", "headers", "tags"),
    [
        ({}, {"x-litellm-tags": " a, b ,,c"}, ("a", "b", "c")),
        ({}, {"x-litellm-tags": "b", "x-pointsman-tags": "a"}, ("a", "b")),
        ({"tags": ["c"]}, {"x-litellm-tags": "a"}, ("c",)),
        ({"tags": []}, {"x-litellm-tags": "a"}, ()),
        ({"tags": None}, {"x-litellm-tags": "a"}, ("a",)),
        ({"metadata": {"tags": ["c"]}}, {"x-litellm-tags": "a"}, ("c", "a")),
        ({"metadata": {"tags": "c"}}, {"x-litellm-tags": "a"}, ("c", "a")),
        ({"metadata": {"tags": " c, b ,,é"}, "tags": ["a"]}, {}, ("c", "b", "é", "a")),
        ({"metadata": {"tags": ["c", "a"]}, "tags": ["b", "c"]}, {"x-litellm-tags": "z"}, ("c", "a", "b")),
        ({"tags": ["with, comma", "!not", "&and"]}, {}, ("with, comma", "!not", "&and")),
        ({"tags": ["é", "日本"]}, {}, ("é", "日本")),
        ({}, {"x-litellm-tags": "é"}, ("é",)),
    ],
)
def test_tags_come_from_three_places(body, headers, tags):
    """As in LiteLLM: the body's take the place of the headers', ``metadata.tags`` stand beside either; none twice. In
    ``metadata`` they may also be written as in a header.
    """
    assert read(body, headers).hints.tags == tags


@pytest.mark.parametrize(
    ("body", "headers", "session"),
    [
        ({"metadata": {"session_id": "c"}}, {"x-litellm-session-id": "b", "x-pointsman-session": "a"}, "a"),
        ({"metadata": {"session_id": "c"}}, {"x-litellm-session-id": "b"}, "b"),
        ({"metadata": {"session_id": "c"}}, {}, "c"),
        ({"metadata": {"session_id": 5}}, {}, None),
        ({"metadata": {"session_id": ["c"]}}, {}, None),
    ],
)
def test_the_nearest_name_of_a_session_counts(body, headers, session):
    """Our header, LiteLLM's, the body's; a number in ``metadata`` is the caller's own business."""
    assert read(body, headers).hints.session == session


def test_tags_are_taken_out_and_everything_else_stays_as_it_was_written():
    """The model never sees what was meant for the router; ``task`` is left to the provider's dialect."""
    body = read(
        b'{"model":"m","input":["a"],"task":"code","tags":["x"],"encoding_format":"base64","return_multivector":false,'
        b'"odd":1.50e1,"metadata":{"tags":["y"],"n":1.0e2,"session_id":"s"}}'
    ).body
    assert {name: bytes(raw) for name, raw in body.items()} == {
        "model": b'"m"',
        "input": b'["a"]',
        "task": b'"code"',
        "encoding_format": b'"base64"',
        "return_multivector": b"false",
        "odd": b"1.50e1",
        "metadata": b'{"n":1.0e2,"session_id":"s"}',
    }


@pytest.mark.parametrize("metadata", [b"5", b'"x"', b"[1]", b'{"tags":5}', b'{"tags":{"a":1}}', b"{ }"])
def test_metadata_that_holds_no_tags_is_the_upstreams(metadata):
    """Whatever else may have that name."""
    asked = read(b'{"input":"x","metadata":' + metadata + b"}")
    assert bytes(asked.body["metadata"]) == metadata
    assert asked.hints is NO_HINTS


@pytest.mark.parametrize("tags", [["x"], "x", "x, y"])
def test_metadata_of_tags_alone_is_not_passed_on(tags):
    """Nothing is left of it."""
    assert "metadata" not in read({"metadata": {"tags": tags}}).body
    assert read({"metadata": {"tags": tags, "a": "b"}}).body["metadata"] == msgspec.Raw(b'{"a":"b"}')


LONG = "x" * (LONGEST + 1)


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        *[
            ("task", value, "task")
            for value in (5, True, [], {}, "", LONG, "a\nb", "\x1b[31m", "\u2028", "x" * LARGEST)
        ],
        *[("tags", value, "tags") for value in ("a", 5, {}, [5], [None], [""], [LONG], ["a\rb"], ["a"] * 65, [["a"]])],
        ("tags", ["x"] * LARGEST, "tags"),
        *[("metadata", {"tags": value}, "metadata.tags") for value in ([5], [""], [LONG], ["\x00"], ["a"] * 65)],
        *[("metadata", {"tags": value}, "metadata.tags") for value in (LONG, "a\nb", "a," * 65, "," * LARGEST)],
        ("metadata", {"tags": ["a"], "more": "x" * LARGEST}, "metadata"),
        *[("metadata", {"session_id": value}, "metadata.session_id") for value in (LONG, "a\nb")],
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_field_that_is_no_hint_is_refused_by_name(field, value, param, size):
    """A wrong type, a text too long, a character that is no part of a name; in small bodies and large ones."""
    more = {"filler": "x" * LARGE} if size == "large" else {}
    assert refused(InvalidBody, {field: value, **more}) == param


@pytest.mark.parametrize("name", sorted(name.decode() for name in HEADERS))
@pytest.mark.parametrize("value", [b"x" * 60_000, b"\xff\xfe", b"a\tb", "\u202eevil".encode(), b"\xc2\x85"])
def test_a_header_that_is_no_hint_is_refused_by_name(name, value):
    """A book, bytes that are no text, tabs, marks that turn a line round."""
    assert refused(InvalidHeader, None, **{name: value}) == name.title()


@pytest.mark.parametrize("headers", [["x-litellm-tags"], ["x-litellm-tags", "x-pointsman-tags"]])
def test_a_crowd_of_tags_is_refused(headers):
    """Wherever they come from, and together."""
    half = ",".join(f"{headers[0]}{n}" for n in range(MOST_TAGS // len(headers)))
    many = {name: half.replace(headers[0], name) for name in headers}
    assert len(read(None, many).hints.tags) == MOST_TAGS
    with pytest.raises(RequestRefused):
        read({"metadata": {"tags": ["one more"]}}, many)
    with pytest.raises(RequestRefused):
        read(None, {headers[0]: ",".join("abcdefgh"[n % 8] * n for n in range(1, 1000))[:60_000]})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
metadata = st.fixed_dictionaries({}, optional={"tags": anything, "session_id": anything, "other": anything})
bodies = st.fixed_dictionaries({}, optional={"task": anything, "tags": anything, "metadata": anything | metadata})
lines = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary(max_size=300) | st.text().map(str.encode))


@given(bodies, lines)
@example({"tags": ["\ud7ff", "\ue000"]}, {})
@example({}, {b"x-litellm-tags": b"," * 3000})
@example({}, {b"x-task": b"\r\nx-forged: 1"})
def test_any_hints_are_names_or_a_refusal(body, headers):
    """Whatever is sent: a 400 that names its place, or a few short texts that can stand on a line of a log."""
    raw = json.dumps({**ASK, **body}).encode()
    asked, refusal = None, None
    try:
        asked = read_body("embeddings", raw, headers, "id")
    except RequestRefused as error:
        refusal = error
    if asked is None:
        assert (refusal.status, bool(refusal.param), refusal.message.isprintable()) == (400, True, True)
        assert len(refusal.message) < 200
        return
    said = asked.hints
    names = [*said.tags, said.task, said.task_class, said.capability, said.chain, said.session]
    assert all(0 < len(name) <= LONGEST and name.isprintable() for name in names if name is not None)
    assert len(said.tags) == len(set(said.tags)) <= MOST_TAGS
    assert "tags" not in asked.body


@pytest.mark.parametrize("line", [b"x-task: a\rb", b"x-task: a\nb", b"x-chain: \x00", b"x-litellm-tags: a\x0b"])
async def test_line_breaks_never_get_past_the_parser(line):
    """The parser takes them for the end of a line, or refuses them: no value of a header has one."""
    async with MockProvider("openai", name="one") as one, gateway(settings(member(one))) as it:
        body = b'{"model":"m","messages":[]}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n%b\r\ncontent-length: %d\r\n\r\n" % (line, len(body))
        [reply] = await send(it.port, head + body)
        assert one.ledger.total == 0
    assert (reply.status, reply.error["code"]) == (400, "invalid_header")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/route"])
async def test_lines_of_one_header_are_one_list(path):
    """As HTTP has it: tags on two lines are all there, and a capability on two lines is none that anybody knows."""
    async with MockProvider("openai", name="one") as one:
        tagged = [deployment(tag, "m", place(one), tags=(tag,)) for tag in "ab"]
        made = settings(*tagged, tags=TagSettings(enabled=True, match_any=False))
        body = b'{"model":"m","messages":[]}'
        async with gateway(made) as it:
            [both] = await send(it.port, post(path, body, "x-litellm-tags: a", "x-litellm-tags: b"))
            [twice] = await send(it.port, post(path, body, "x-capability: a", "x-capability: b"))
    assert both.error["code"] == "no_deployment_with_tag"
    assert "a, b" in both.error["message"]
    assert "'a, b'" in twice.error["message"]
