"""What a caller wishes for the way of a request, in its body and in headers."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import InvalidBody, InvalidHeader, RequestRefused
from pointsman.fakes import settings
from pointsman.gateway.body import LARGE, read_body
from pointsman.gateway.turns import LARGEST, MOST
from pointsman.gateway.wishes import FIELDS, HEADERS, TURNS, UNCHANGEABLE
from pointsman.model.request import Request, Turn
from pointsman.testing import MockProvider
from support.fleet import member
from support.serving import gateway, post, send

ASK = {"model": "m", "messages": []}
TURNED = {"model": "b", "messages": [{"role": "user", "content": "short"}], "temperature": 0, "odd": [1.50]}


def read(endpoint: str = "chat", headers: dict[str, str] | None = None, **more) -> Request:
    given = {name.encode(): value.encode() for name, value in (headers or {}).items()}
    return read_body(endpoint, json.dumps({**ASK, **more}).encode(), given, "id")


def refused(kind: type[RequestRefused] = InvalidBody, **more) -> RequestRefused:
    with pytest.raises(kind) as caught:
        read(**more)
    assert (caught.value.status, caught.value.retryable) == (400, False)
    return caught.value


def wishes(asked: Request) -> tuple:
    return asked.num_retries, asked.timeout, asked.stream_timeout


@pytest.mark.parametrize("filler", [0, LARGE])
def test_wishes_are_understood_and_taken_out(filler):
    """The model never sees what was meant for the router."""
    wished = {"num_retries": 1, "timeout": 5, "stream_timeout": 0.5, "disable_fallbacks": False, "fallbacks": ["a"]}
    wished |= {"drop_params": True}
    wished |= {field: [field] for field in TURNS}
    asked = read(**wished, user="u", filler="x" * filler)
    assert asked.turns == {cause: Turn((field,)) for field, cause in TURNS.items()}
    assert (*wishes(asked), asked.disable_fallbacks, asked.fallbacks) == (1, 5.0, 0.5, False, ("a",))
    assert FIELDS.isdisjoint(asked.body)
    assert asked.drop_params is True
    assert wished.keys() == FIELDS
    assert bytes(asked.body["user"]) == b'"u"'


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_wish_of_null_is_none(field):
    """It is taken out all the same."""
    asked = read(**{field: None})
    assert field not in asked.body
    assert (*wishes(asked), asked.fallbacks, asked.disable_fallbacks) == (None, None, None, None, False)
    assert asked.turns == {}
    assert field not in asked.body


def test_no_fallbacks_is_a_wish_and_differs_from_none_named():
    """An empty list asks for none of the usual ones, ``disable_fallbacks`` for none at all, whatever else is named."""
    assert (read(fallbacks=[]).fallbacks, read().fallbacks) == ((), None)
    asked = read(fallbacks=["a"], disable_fallbacks=True, **{field: ["a"] for field in TURNS})
    assert (asked.fallbacks, asked.turns, asked.disable_fallbacks) == ((), {}, True)


@pytest.mark.parametrize(("field", "cause"), TURNS.items())
@pytest.mark.parametrize(
    ("listed", "names"),
    [
        (["a", {"model": "b"}], ("a", "b")),
        ([], ()),
        ([{"m": ["a", {"model": "b"}]}], ("a", "b")),
        ([{"n": ["c"]}, {"m": ["a"]}, {"*": ["d"]}], ("a",)),
        ([{"n": ["c"]}, {"*": ["d"]}], ("d",)),
        ([{"m": ["a"], "n": ["c"]}, {"m": ["b"]}], ("a",)),
        ([{"n": ["c"]}], ()),
        ([{"m": []}], ()),
    ],
)
def test_fallbacks_for_one_cause_may_stand_by_groups(field, cause, listed, names):
    """As LiteLLM has them: those of the name asked for count, else those of ``*``; the first of two."""
    assert read(**{field: listed}).turns == {cause: Turn(names)}


@pytest.mark.parametrize("field", TURNS)
def test_without_a_name_the_fallbacks_of_any_group_count(field):
    """Content decides whose they are."""
    listed = [{"m": ["a"]}, {"*": ["b"]}]
    assert [turn.names for turn in read(model="auto", **{field: listed}).turns.values()] == [("b",)]


@pytest.mark.parametrize("field", TURNS)
@pytest.mark.parametrize(
    "listed", ["a", 5, [5], [{}], [""], [{"m": "a"}], [{"m": [5]}], [{"m": [""]}], [{"m": [{}]}], ["a", {"m": ["b"]}]]
)
def test_a_list_for_one_cause_that_names_nobody_is_refused(field, listed):
    """By its name."""
    assert refused(**{field: listed}).param == field


@pytest.mark.parametrize("field", TURNS)
def test_a_fallback_for_one_cause_may_ask_otherwise(field):
    """A shorter text for a smaller window, say; checked as any fallback is."""
    asked = read(**{field: [{"m": [TURNED]}]})
    [turn] = asked.turns.values()
    assert (turn.names, turn.fields[0].keys()) == (("b",), TURNED.keys() - {"model"})
    assert refused(**{field: [{"m": [{"model": "b", "n": 0}]}]}).message.startswith(f"{field}[0]: n must be")


@pytest.mark.parametrize("header", sorted(name.decode() for name in HEADERS))
def test_a_header_counts_before_the_body(header):
    """Each has its field; an empty one says nothing."""
    field = HEADERS[header.encode()]
    assert getattr(read(headers={header: " 4 "}, **{field: 2}), field) == 4
    assert getattr(read(headers={header: ""}, **{field: 2}), field) == 2
    assert getattr(read(headers={header: "4"}), field) == 4


@pytest.mark.parametrize("field", ["num-retries", "timeout", "stream-timeout"])
def test_our_header_counts_before_the_one_of_litellm(field):
    """Whichever comes first."""
    headers = {f"x-litellm-{field}": "1", f"x-pointsman-{field}": "2"}
    for both in (headers, dict(reversed(headers.items()))):
        assert getattr(read(headers=both), field.replace("-", "_")) == 2


@pytest.mark.parametrize("header", sorted(name.decode() for name in HEADERS))
@pytest.mark.parametrize(
    "value", ["soon", "-1", "1e300", "1e999", "NaN", "Infinity", "0x5", "1_0", "٣", "[1]", '"1"', "1 2", "null", "true"]
)
def test_a_header_that_is_no_such_number_is_refused_by_name(header, value):
    """As JSON writes numbers and within the body's bounds."""
    error = refused(InvalidHeader, headers={header: value})
    assert (error.code, error.param) == ("invalid_header", header.title())


@pytest.mark.parametrize(
    ("header", "bad", "good"),
    [
        ("x-litellm-num-retries", ["11", "1.5"], ["0", "10"]),
        ("x-litellm-timeout", ["0", "1e-300", "0.0009", "86401"], ["0.001", "86400"]),
    ],
)
def test_the_bounds_of_a_header_are_those_of_the_field(header, bad, good):
    """Just outside is refused, just inside is taken."""
    for value in bad:
        refused(InvalidHeader, headers={header: value})
    for value in good:
        read(headers={header: value})


def test_what_is_asked_otherwise_in_a_fallback_is_kept_as_it_was_written():
    """Beside its name; a fallback that is a name alone has nothing, and if none has any there is nothing at all."""
    asked = read(fallbacks=["a", TURNED, {"model": "c"}])
    assert asked.fallbacks == ("a", "b", "c")
    assert [msgspec.json.decode(msgspec.json.encode(fields)) for fields in asked.fallback_fields] == [
        {},
        {name: value for name, value in TURNED.items() if name != "model"},
        {},
    ]
    assert read(fallbacks=["a", {"model": "c"}]).fallback_fields == ()


def test_fallbacks_are_no_part_of_the_requests_length():
    """The estimate is of what is sent."""
    long = [{"model": "b", "messages": ["x" * 4000]}]
    assert read(fallbacks=long).tokens <= read().tokens + 8
    assert read(context_window_fallbacks=long).tokens <= read().tokens + 8


@pytest.mark.parametrize("field", sorted(UNCHANGEABLE))
def test_a_fallback_cant_change_its_request(field):
    """What is ours and whether it streams is said once; the refusal says where it stands."""
    error = refused(fallbacks=["a", {"model": "b", field: None}])
    assert (error.param, error.message) == ("fallbacks", f"fallbacks[1] can't have a {field} of its own")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"temperature": "hot"}, "temperature: expected"),
        ({"n": 0}, "n must be between"),
        ({"messages": "hi"}, "messages must be a list"),
        ({"messages": 5}, "messages must be a list"),
    ],
)
def test_what_a_fallback_asks_is_checked_as_the_request_is(entry, problem):
    """Before anybody is asked."""
    error = refused(fallbacks=[{"model": "b", **entry}])
    assert error.param == "fallbacks"
    assert error.message.startswith(f"fallbacks[0]: {problem}")


def test_a_crowd_of_fallbacks_is_refused():
    """By their number and by their size."""
    assert len(read(fallbacks=["x"] * MOST).fallbacks) == MOST
    assert refused(fallbacks=["x"] * (MOST + 1)).param == "fallbacks"
    large = {"model": "b", "odd": "x" * (LARGEST - 100)}
    assert read(fallbacks=[large]).fallbacks == ("b",)
    assert refused(fallbacks=[large, large]).param == "fallbacks"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "n", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(sorted(FIELDS)), anything)
lines = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary(max_size=20) | st.floats().map(str).map(str.encode))


@given(bodies, lines)
def test_any_wishes_are_taken_or_a_refusal(body, headers):
    """Whatever is sent: a 400 that names its place, or values within their bounds, and fields of ours are gone."""
    try:
        asked = read_body("chat", json.dumps({**ASK, **body}).encode(), headers, "id")
    except RequestRefused as error:
        assert (error.status, bool(error.param)) == (400, True)  # noqa: PT017  either is right
        return
    assert FIELDS.isdisjoint(asked.body)
    assert asked.num_retries is None or 0 <= asked.num_retries <= 10
    assert all(time is None or 0.001 <= time <= 86_400 for time in (asked.timeout, asked.stream_timeout))
    assert len(asked.fallback_fields) in (0, len(asked.fallbacks or ()))
    assert all(len(turn.fields) in (0, len(turn.names)) for turn in asked.turns.values())


async def test_a_fallback_gets_what_the_caller_wants_it_to_get():
    """Over the wire: other messages and a further field there, and nothing of ours anywhere."""
    async with MockProvider("openai", name="one") as one, MockProvider("openai", name="two") as two:
        one.faults.set("status=500")
        made = settings(member(one, "m"), member(two, "b"))
        async with gateway(made) as it:
            body = {**ASK, "messages": [{"role": "user", "content": "long"}], "fallbacks": [TURNED], "num_retries": 0}
            [reply] = await send(it.port, post("/v1/chat/completions", json.dumps(body).encode()))
        assert reply.status == 200
        [first], [last] = one.ledger.entries, two.ledger.entries
    changed = {name: value for name, value in TURNED.items() if name != "model"}
    assert first.body["messages"][0]["content"] == "long"
    assert {name: value for name, value in last.body.items() if name != "model"} == changed
