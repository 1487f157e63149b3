"""Half letters are exchanged, whole ones and what only looks like one are left alone."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.providers.letters import whole_letters


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"\ud83d", rb"\ufffd"),
        (rb"a\uDE00b", rb"a\ufffdb"),
        (rb"\ude00\ud83d", rb"\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", rb"\ufffd\ud83d\ude00"),
        (rb"\ud83d\ude00\ude00", rb"\ud83d\ude00\ufffd"),
        (rb"\ud83d\n\ude00", rb"\ufffd\n\ufffd"),
        (rb"\ud83d\ude00", None),
        (rb"\\ud83d", None),
        (rb"\\\ud83d", rb"\\\ufffd"),
        (rb"\ud7ff\ue000\u00fc", None),
        (rb"\ud83", None),
        ("ü😀".encode(), None),
    ],
)
def test_only_halves_are_exchanged(written, read):
    """A pair is a letter; a backslash that is escaped escapes nothing."""
    assert whole_letters(written) == (written if read is None else read)


@given(st.text(st.characters(categories=["Cs", "Lu"]) | st.sampled_from('\\"\nu😀d8'), max_size=12))
def test_whatever_python_writes_can_be_read(text):
    """And what was a letter still is one; two halves that are side by side are one."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert msgspec.json.decode(whole_letters(json.dumps([text]).encode())) == [joined]
