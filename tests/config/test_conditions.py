"""Conditions as people write them: what can be said, what it means, and what is told of anything else."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config import facts
from pointsman.config.address import Addresses
from pointsman.config.conditions import MAX_DEPTH, OPERATORS, Conditions
from pointsman.config.environment import Environment
from pointsman.config.findings import Place, Report
from pointsman.config.grammar import MAX_LENGTH
from pointsman.config.places import Places
from pointsman.config.registry import Registry
from pointsman.fakes import request, settings
from pointsman.model.condition import ALWAYS, All, Compare, Condition, Fact, Not, Some
from pointsman.model.request import Endpoint, Hints
from pointsman.routing import conditions as routing
from pointsman.routing.topology import compile_topology

HERE = ("fallback_chains", "default", "chain", 0, "condition")
STREAM, TOOLS, IMAGES = Fact("stream"), Fact("tools"), Fact("images")


def read(text):
    """The condition and the findings."""
    report = Report(lambda _path: Place("pointsman.yaml", 7, 9))
    places = Places(Addresses(Registry(Environment({}), report), report))
    return Conditions(places, report).read(text, HERE), report.findings()


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("always", ALWAYS.root),
        ("never", Some(())),
        ('model_size >= "13B"', Compare(Fact("model_size"), ">=", 13.0)),
        ("model_size>=13B", Compare(Fact("model_size"), ">=", 13.0)),
        ("model_size < 8x7B", Compare(Fact("model_size"), "<", 56.0)),
        ("model_size < 500M", Compare(Fact("model_size"), "<", 0.5)),
        ("timeout <= 5s", Compare(Fact("timeout"), "<=", 5.0)),
        ('timeout < "500ms"', Compare(Fact("timeout"), "<", 0.5)),
        ("timeout > 2m", Compare(Fact("timeout"), ">", 120.0)),
        ('header.x-priority == "high"', Compare(Fact("header.x-priority"), "==", "high")),
        ("header.X-Priority in ['high', \"urgent\"]", Compare(Fact("header.x-priority"), "in", ("high", "urgent"))),
        ("batch_size > 1", Compare(Fact("batch_size"), ">", 1.0)),
        ("tokens > 1e4", Compare(Fact("tokens"), ">", 10_000.0)),
        ("stream", STREAM),
        ("stream == true", STREAM),
        ("stream != False", STREAM),
        ("stream == false", Not(STREAM)),
        ("always == false", Some(())),
        ("not never", ALWAYS.root),
        ("not not stream", STREAM),
        ("ollama_unavailable", Fact("ollama_unavailable")),
        ("not llama-cpp_available", Not(Fact("llama_cpp_native_available"))),
        (r'model matches "^gpt-\d"', Compare(Fact("model"), "matches", r"^gpt-\d")),
        (r'model == "a\"b"', Compare(Fact("model"), "==", 'a"b')),
        ('"gpu" in tags', Compare(Fact("tags"), "==", "gpu")),
        ("capability", Fact("capability")),
        ("not stream and tools", All((Not(STREAM), TOOLS))),
        ("stream or tools and images", Some((STREAM, All((TOOLS, IMAGES))))),
        ("(stream OR tools) AND NOT images", All((Some((STREAM, TOOLS)), Not(IMAGES)))),
        ("stream\n  and tools", All((STREAM, TOOLS))),
        ("(" * 400 + "stream" + ")" * 400, STREAM),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_meant(text, root):
    """Numbers have their unit worked out, headers are in lower case, ``not`` binds before ``and``, ``and`` before ``or``."""
    condition, findings = read(text)

    assert [f for f in findings if f.severity == "error"] == []
    assert condition == Condition(text, root)


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("modle_size > 3", "nothing is known as `modle_size`", "did you mean `model_size`?"),
        ("headers.x-priority == 'a'", "nothing is known as `headers.x-priority`", "did you mean `header.x-priority`?"),
        ("ollama_unavailble", "nothing is known as `ollama_unavailble`", "did you mean `ollama_unavailable`?"),
        ("x-priority == 'high'", "nothing is known as `x-priority`", "a header is written header.NAME"),
        ("stream > 3", "`stream` is true or false and can't be compared by `>`", "by ==, !="),
        ("stream == 3", "`stream` is true or false, `3` is none", ""),
        ("tokens", "`tokens` is a number and has to be compared with one", ""),
        ("tokens == 'five'", "`tokens` is a number, `'five'` is none", ""),
        ("tokens > 8k", "`tokens` is a number, `8k` is none", ""),
        ("tokens > 1e999", "`tokens` is a number, `1e999` is none", ""),
        ("tokens > 5s", "`tokens` is a number, `5s` is none", ""),
        ("model_size > 5s", '`model_size` is a size like "13B", `5s` is none', ""),
        ("timeout > 13B", '`timeout` is a time like "5s", `13B` is none', ""),
        ("model == 3", "`model` is text, `3` is none", "put it in quotes"),
        ("model < 'a'", "`model` is text and can't be compared by `<`", "by ==, !=, in, matches"),
        ("tags != 'a'", "`tags` is several texts and can't be compared by `!=`", "write not `tags` == …"),
        ("tokens matches '5'", "`tokens` is a number and can't be compared by `matches`", "by ==, !=, <, <=, >, >=, in"),
        ("tokens in 5", "`in` can't stand with `tokens` like that", "lists in brackets go with in"),
        ("tokens == [5]", "`==` can't stand with `tokens` like that", "lists in brackets go with in"),
        ("'a' in model", "nothing can be in `model`: it is one value", "turn it round: `model` in […]"),
        ("endpoint == 'chats'", "`endpoint` is never `chats`", f"one of: {', '.join(get_args(Endpoint))}"),
        ("model matches '(?=a)'", "is not a regular expression for RE2: `invalid perl operator: (?=`",
         "lookarounds take more than linear time; list two patterns instead"),
        ("header.x == high", "can't be read as a condition from `high` on, character 13", "put it in quotes"),
        ("stream && tools", "can't be read as a condition from `&&` on, character 8", "write and"),
        ("stream = true", "can't be read as a condition from `=` on, character 8", "write =="),
        ("!stream", "can't be read as a condition from `!stream` on, character 1", "write not"),
        ("model == 'a", "has a quote without an end, at character 10", ""),
        ("header.authorization 'a'", "can't be read as a condition from `…` on, character 22", ""),
        ("stream tools", "can't be read as a condition from `tools` on, character 8", ""),
        ("stream and", "is a condition that ends too early", ""),
        ("(stream", "is a condition that ends too early", ""),
        (" ", "says nothing", "leave it out, or write always"),
        ("not " * (MAX_DEPTH + 1) + "stream", f"is nested deeper than {MAX_DEPTH} levels", ""),
        ("stream or " * 120 + "stream", f"is longer than {MAX_LENGTH} characters", ""),
    ],
)  # fmt: skip
def test_anything_else_is_one_error_with_its_place(text, message, suggestion):
    """Names nobody knows, types that don't go together, and what can't be read at all."""
    condition, findings = read(text)

    assert condition is None
    assert [(f.severity, str(f.place), f.message, f.suggestion) for f in findings] == [
        ("error", "pointsman.yaml:7:9", message, suggestion)
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('header.authorization == "Bearer abc"', 'header.authorization == "***"'),
        (
            "stream and header.X-Api-Key in ['abc', 'd'] or tools",
            """stream and header.X-Api-Key in ["***", "***"] or tools""",
        ),
        ("header.x-priority == 'abc'", "header.x-priority == 'abc'"),
        ("model == 'known-secret'", "model == '***'"),
    ],
)
def test_secrets_in_a_condition_are_compared_and_never_shown(text, shown):
    """What is compared with a secret header, and what came from the environment: not in explanations, not in a repr."""
    report = Report()
    report.secret("known-secret")
    places = Places(Addresses(Registry(Environment({}), report), report))
    condition = Conditions(places, report).read(text, HERE)

    assert condition.text == shown
    assert repr(condition) == f"Condition({shown!r})"
    assert "abc" in str(msgspec.to_builtins(condition.root)) or "known-secret" in str(
        msgspec.to_builtins(condition.root)
    )


def test_an_unknown_name_lists_the_known_ones_if_none_is_near():
    """Every fact, and how those of headers and providers are written."""
    _, (finding,) = read("weather")

    assert (
        finding.suggestion == f"known: {', '.join(facts.PLAIN)}, header.NAME, PROVIDER_unavailable, PROVIDER_available"
    )


def test_the_facts_are_those_that_routing_finds():
    """Same names in both rooms, and answers of the kind that was promised."""
    kinds = {
        "flag": bool,
        "text": str,
        "texts": tuple,
        "number": int | float,
        "size": int | float,
        "seconds": int | float,
    }
    asked = request("llama-7b", timeout=2.0, tokens=5, hints=Hints(tags=("a",)))
    found = routing.Facts(asked, compile_topology(settings()), None)

    assert facts.PLAIN.keys() == routing.PLAIN.keys()
    for name, kind in facts.PLAIN.items():
        assert isinstance(routing.fact(name)(found), kinds[kind]), name
    assert routing.fact("header.x-priority")(found) == ""
    assert (facts.HEADER, set(facts.PROVIDERS)) == (routing.HEADER, {routing.UNAVAILABLE, routing.AVAILABLE})


def test_every_operator_holds_and_fails_as_written():
    """Read here, compiled there: what is written decides requests as it says."""
    asked = request("llama-7b", tokens=5, timeout=2.0, headers={b"x-priority": b"HIGH"}, hints=Hints(tags=("a", "b")))
    found = routing.Facts(asked, compile_topology(settings()), None)
    table = {
        "tokens == 5": True, "tokens != 5": False, "tokens < 6": True, "tokens <= 4": False, "tokens in [4, 5]": True,
        "model_size >= '7B'": True, "model_size > 7B": False, "timeout < 1500ms": False, "timeout >= 2s": True,
        "header.x-priority == 'high'": True, "header.x-priority in ['Low', 'High']": True, "header.x-other == ''": True,
        "model matches '^llama-'": True, "model == 'LLAMA-7b'": False, "tags == 'b'": True, "'c' in tags": False,
        "not stream and (tools or tags)": True, "always and not never": True,
    }  # fmt: skip

    assert {text: routing.compiled(read(text)[0])(found) for text in table} == table


WORDS = st.sampled_from(
    [*facts.PLAIN, "header.x", "ollama_unavailable", "and", "or", "not", "in", "matches", "(", ")", "[", "]", ",", "==",
     "!=", "<", ">=", "'a'", '"13B"', "13B", "5s", "5", "-1.5e3", "true", "&&", "'"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_condition_or_one_error(text):
    """Nothing else is ever raised, and what was read can be compiled and asked."""
    condition, findings = read(text)
    errors = [f for f in findings if f.severity == "error"]

    assert (condition is None) == (len(errors) == 1)
    if condition is not None:
        assert msgspec.convert(msgspec.to_builtins(condition), Condition) == condition
        if "ollama" not in text:
            asked = routing.Facts(request("llama-7b"), compile_topology(settings()), None)
            assert routing.compiled(condition)(asked) in (True, False)


def test_every_kind_of_fact_has_operators():
    """No kind is forgotten in the table of operators."""
    assert OPERATORS.keys() == set(facts.PLAIN.values())
