"""A body with another model: all that is not the model is what the caller wrote, to the byte."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, request
from pointsman.gateway.body import LARGE, LOOKED_INTO, read_body
from pointsman.gateway.envelope import Envelope
from pointsman.model.request import Spelt
from pointsman.providers.openai import DIALECT

blanks = st.text(" \n\r\t", max_size=3)
plain = st.text(min_size=1, max_size=8)
tricky = st.sampled_from(
    [
        '"model"',
        '","model":"x',
        "}",
        '{"model":',
        "\\",
        '\\"',
        "model ",
        "\x1f",
        "ü",
        "😀",
        "é\u2028",
        "model\\",
    ]
)
texts = plain | tricky
KNOWN = LOOKED_INTO | {"messages", *Envelope.__struct_fields__}
"""Fields whose values are looked at."""

names = texts.filter(lambda name: name not in KNOWN)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "messages"]) | texts, inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def spelt_text(draw, text: str) -> str:
    """A text as JSON, some of its characters escaped in one of the ways that there are."""
    out = []
    for sign in text:
        units = [f"{unit:04x}" for unit in memoryview(sign.encode("utf-16-le")).cast("H")]
        ways = ["".join(f"\\u{unit}" for unit in units), "".join(f"\\u{unit.upper()}" for unit in units)]
        ways += [json.dumps(sign, ensure_ascii=False)[1:-1]] * 3
        out.append(draw(st.sampled_from(ways)))
    return '"' + "".join(out) + '"'


def spelt_value(value: object) -> st.SearchStrategy[str]:
    layouts = [{"separators": (",", ":")}, {}, {"indent": 1}, {"ensure_ascii": False}]
    return st.sampled_from([json.dumps(value, **layout) for layout in layouts])


@st.composite
def bodies(draw, *, named: bool = True, spaced: bool = True) -> tuple[str, str]:
    """What stands before and behind the value of the model, or with no model before and behind the first brace."""
    gap = blanks if spaced else st.just("")
    fields = draw(st.dictionaries(names, values, max_size=4))
    fields = {**fields, "messages": [], **({"model": None} if named else {})}
    written = []
    for name in draw(st.permutations(list(fields))):
        value = "\0" if name == "model" else draw(spelt_value(fields[name]))
        written.append(draw(gap) + draw(spelt_text(name)) + draw(gap) + ":" + draw(gap) + value + draw(gap))
    body = draw(gap) + "{" + ",".join(written) + "}" + draw(gap)
    before, _, behind = body.partition("\0" if named else "{")
    return before, behind


models = st.sampled_from(['"m"', '"auto"', "null", '"\\u006d"', '"a\\"model\\":1"']) | texts.flatmap(spelt_text)


def sent(body: str, params: dict | None = None) -> str:
    asked = read_body("chat", body.encode(), {}, "id")
    return DIALECT.write(asked, deployment("d", params=params or {}), 'ser"ved').body.decode()


@given(bodies(), models)
def test_every_byte_but_the_model_is_the_callers(body, model):
    """Wherever the model stands, however it is spelt, and whatever else looks like it."""
    before, behind = body
    assert sent(before + model + behind) == before + r'"ser\"ved"' + behind


@given(bodies(spaced=False), models)
def test_so_it_is_without_blanks(body, model):
    """Those bodies are written from their fields."""
    before, behind = body
    assert sent(before + model + behind) == before + r'"ser\"ved"' + behind


@pytest.mark.parametrize("spaced", [True, False])
@given(data=st.data())
def test_a_model_that_is_missing_comes_last(spaced, data):
    """Content chose it; nothing else comes in."""
    before, behind = data.draw(bodies(named=False, spaced=spaced))
    inside, _, after = behind.rpartition("}")
    assert sent(before + "{" + behind) == before + "{" + inside + r',"model":"ser\"ved"}' + after


@given(bodies(), models)
def test_parameters_that_a_deployment_adds_come_first(body, model):
    """The caller's own word for one stays where it stands."""
    before, behind = body
    out = sent(before + model + behind, {"zz": 1, "messages": "x"})
    start = before.index("{") + 1
    assert out == before[:start] + '"zz":1,' + before[start:] + r'"ser\"ved"' + behind


@pytest.mark.parametrize("gap", ["", " "], ids=["compact", "spaced"])
@pytest.mark.parametrize("size", [10, LARGE, 10 * LARGE])
def test_large_bodies_too(size, gap):
    """However much there is before the model and behind it."""
    text = "ü" * size
    body = f'{{"messages":{gap}["{text}"],"model":{gap}"m","x":"{text}"}}'
    assert sent(body) == body.replace('"m"', r'"ser\"ved"')


@pytest.mark.parametrize("left", [{"fallbacks": ["x"]}, {"tags": ["x"]}, {"metadata": {"tags": ["x"], "a": 1}}])
def test_a_field_that_is_taken_out_is_not_sent_after_all(left):
    """Such a body is written from the fields that are left."""
    body = json.dumps({"model": "m", **left, "messages": []}, indent=1)
    told = json.loads(sent(body))
    assert told == {"model": 'ser"ved', **({"metadata": {"a": 1}} if "metadata" in left else {}), "messages": []}


def test_a_copy_of_such_fields_has_no_text():
    """Who changes them can't send on what they were."""
    asked = read_body("chat", b'{"model": "m", "messages": []}', {}, "id")
    assert type(asked.body) is Spelt
    for copy in (asked.body.copy(), {**asked.body}, asked.body | {}):
        assert type(copy) is dict


def test_a_text_that_is_not_of_its_fields_is_refused():
    """Rather than sent."""
    with pytest.raises(ValueError, match="not that of its fields"):
        DIALECT.write(request(body=Spelt({"model": msgspec.Raw(b"1")}, b"[1, 2]")), deployment("d"), "m")
