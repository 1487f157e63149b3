"""Fields that there are no words for, told from those that ask for nothing."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.providers.lacking import SERVICE, USUAL, lacking, refuse, usual, without
from pointsman.providers.shapes import Inexpressible

LACKS = frozenset({"seed", "n", "logprobs", "store", "logit_bias"})


def fields(body: dict | str) -> dict[str, msgspec.Raw]:
    text = body if isinstance(body, str) else json.dumps(body)
    return msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ()),
        ({"messages": []}, ()),
        ({"n": 2, "messages": [], "seed": 0}, ("n", "seed")),
        ({"n": 1, "logprobs": False, "seed": None, "logit_bias": {}}, ()),
        ({"n": 1.0}, ()),
        ({"n": True, "logprobs": 0}, ("n", "logprobs")),
        ({"store": True}, ()),
        ({"logit_bias": {str(number): 1 for number in range(50)}}, ("logit_bias",)),
        ('{"n": 1e999}', ("n",)),
    ],
)
def test_what_is_lacking(body, expected):
    """In the request's order; what is usual, null or the service's own affair is not."""
    assert lacking(fields(body), LACKS) == expected


def test_a_closed_vocabulary():
    """All that is not known is lacking, as far as it asks for anything."""
    asked = fields({"messages": [], "odd": 1, "seed": 5, "n": 1, "user": "x"})
    assert lacking(asked, frozenset(), frozenset({"messages", "seed"})) == ("odd",)


def test_all_others_stay():
    """And are the same values."""
    asked = fields({"a": 1, "b": 2, "c": 3})
    assert without(asked, ("a", "x")) == {"b": asked["b"], "c": asked["c"]}


def test_tools_go_with_what_is_said_of_them():
    """Who chooses among tools that are not there means nothing."""
    asked = fields({"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "user": "u"})
    assert without(asked, ("tools",)).keys() == {"user"}


def test_a_refusal_is_about_the_first():
    """None is one about nothing."""
    refuse(())
    with pytest.raises(Inexpressible, match=r"^seed: this provider has no word for it, nor for n$") as caught:
        refuse(("seed", "n"))
    assert caught.value.field == "seed"


def test_what_is_usual_is_said_of_openais_fields_alone():
    """None of them is the service's own affair, and null asks for nothing anywhere."""
    assert USUAL.keys().isdisjoint(SERVICE)
    assert usual("anything", None)
    assert not usual("anything", 0)
