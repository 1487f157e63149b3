"""YAML 1.2's core schema, row by row."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config import scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-06", 1e-06),
        ("1E6", 1e6),
        ("-2.5", -2.5),
        (".5", 0.5),
        ("3.", 3.0),
        ("12", 12),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0xfF", 255),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("-", "-"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("2025-10-19", "2025-10-19"),
        ("8B", "8B"),
        ("-.inf", -math.inf),
        ("1" * 500, math.inf),
        ("1e999", math.inf),
    ],
)
def test_plain_scalars_are_read_as_yaml_1_2_says(text, value):
    """A plain scalar has the type and the value of YAML 1.2's core schema."""
    read = scalars.plain(text)

    assert (type(read), read) == (type(value), value)


def test_not_a_number_is_a_number():
    """``.nan`` is read as such; refusing it is the next step's business."""
    assert math.isnan(scalars.plain(".nan"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number):
    """What Python writes for a finite float, YAML reads as the same float."""
    assert scalars.plain(repr(number)) == number


@given(st.text())
def test_no_text_is_too_odd(text):
    """Any text has a value, and reading it raises nothing."""
    assert isinstance(scalars.plain(text), str | int | float | bool | None)


@pytest.mark.parametrize(
    ("tag", "text", "value"), [("str", "12", "12"), ("int", "12", 12), ("float", "1", 1.0), ("null", "", None)]
)
def test_an_explicit_tag_decides(tag, text, value):
    """``!!str 12`` is text and ``!!float 1`` is a float."""
    read = scalars.tagged(tag, text)

    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(("tag", "text"), [("int", "x"), ("bool", "yes"), ("float", "a"), ("binary", "x")])
def test_a_tag_that_lies_is_refused(tag, text):
    """A value that is not of its tag's type is a ValueError."""
    with pytest.raises(ValueError, match=tag):
        scalars.tagged(tag, text)
