"""References to the environment, and values that JSON could not say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.environment import Environment, resolved
from pointsman.config.findings import Report

ENVIRON = {"HOST": "gpu-1", "KEY": "sk-very-secret", "EMPTY": "", "PORT": "11434"}


def resolve(data, environ=ENVIRON):
    report = Report()
    environment = Environment(environ)
    value = resolved(data, environment, report)
    return value, [f"{f.severity} {f.key}: {f.message}" for f in report.findings()], environment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("os.environ/KEY", "sk-very-secret"),
        ("${KEY}", "sk-very-secret"),
        ("http://${HOST}:${PORT}", "http://gpu-1:11434"),
        ("${NOPE:-fallback}", "fallback"),
        ("${EMPTY:-}x", "x"),
        ("${HOST:-other}", "gpu-1"),
        ("$${HOST}", "${HOST}"),
        ("$HOST ${1} ${} ${a-b}", "$HOST ${1} ${} ${a-b}"),
        ("see os.environ/KEY", "see os.environ/KEY"),
    ],
)
def test_references_are_resolved_in_any_text(text, value):
    """Whole values and parts of values are replaced, with a default where one is given; ``$${`` stays literal."""
    data, findings, _ = resolve({"a": [{"b": text}]})

    assert (data, findings) == ({"a": [{"b": value}]}, [])


@pytest.mark.parametrize("text", ["os.environ/NOPE", "${NOPE}", "x${NOPE}y", "${EMPTY}"])
def test_a_missing_variable_is_an_error(text):
    """A variable that is not set, or empty, is an error that names it and where it stands."""
    _, findings, _ = resolve({"s": {"timeout": text}})

    assert len(findings) == 1
    assert findings[0].startswith("error s.timeout: environment variable `")


@pytest.mark.parametrize("text", ["os.environ/NOPE", "${NOPE}"])
def test_a_missing_key_is_a_warning_and_no_key(text):
    """An api_key whose variable is not set is None: many local servers want none."""
    data, findings, _ = resolve({"p": {"api_key": text}})

    assert data == {"p": {"api_key": None}}
    assert findings == ["warning p.api_key: environment variable `NOPE` is not set or empty: no key is sent"]


def test_the_configurations_own_variables_come_first():
    """``environment_variables`` may refer to the process's, wins over it, and is not part of the result."""
    data, findings, environment = resolve(
        {"environment_variables": {"HOST": "own-${PORT}", "N": 5, "UNUSED": True}, "a": "${HOST}/${N}"}
    )

    assert data == {"a": "own-11434/5"}
    assert findings == []
    assert environment.unused() == ["UNUSED"]


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "pythonpath"])
def test_variables_that_change_what_programs_run_are_not_taken(name):
    """A configuration can't set PATH and its like."""
    _, findings, environment = resolve({"environment_variables": {name: "/evil"}})

    assert environment.own == {}
    assert findings == [f"warning environment_variables.{name}: is not taken from a configuration"]


class Thing:
    """Something that is no data."""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "expected a finite number of at most 64 bits"),
        (-math.inf, "expected a finite number of at most 64 bits"),
        (10**30, "expected a finite number of at most 64 bits"),
        ("half \ud800", "has half a character in it (a lone surrogate)"),
        (Thing(), "is not plain data (text, numbers, lists, mappings)"),
        (b"bytes", "is not plain data (text, numbers, lists, mappings)"),
        ({1: 2}, "has a key that is not text"),
    ],
)
def test_what_json_can_not_say_is_an_error(value, words):
    """Numbers beyond sense, half characters and Python objects are told with their place."""
    _, findings, _ = resolve({"a": [0, value]})

    assert findings == [f"error a[1]: {words}"]


def test_data_that_contains_itself_is_an_error():
    """A list within itself ends in a finding, not in a stack overflow."""
    loop: list[object] = []
    loop.append(loop)
    _, findings, _ = resolve({"a": loop})

    assert findings == ["error a[0]: is nested deeper than 64 levels, or too large"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 100) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), PLAIN, max_size=3))
def test_data_without_references_stays_as_it_is(data):
    """Plain data comes out equal, and nothing is said of it."""
    expected = {key: value for key, value in data.items() if key != "environment_variables"}
    value, findings, _ = resolve(data)
    if "${" not in str(data) and "os.environ/" not in str(data):
        assert (value, findings) == (expected, [])
