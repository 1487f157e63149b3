"""Both readers on damaged streams: a few thousand of them here, as many as one likes with ``fuzz_readers.py``."""

from __future__ import annotations

from itertools import islice

import pytest

from support.cutting import corpus, escaped, unescaped
from support.fuzzing import HOLDS, streams

MANY = 400


@pytest.mark.parametrize("kind", HOLDS)
def test_what_must_hold_of_any_bytes_holds_of_damaged_streams(kind):
    """The same ones in every run."""
    for data in islice(streams(kind, seed=1), MANY):
        HOLDS[kind](data)


@pytest.mark.parametrize("kind", HOLDS)
def test_what_was_found_once_stays_found(kind):
    """Streams that fuzzing kept, whether they showed a mistake or only went another way."""
    for data in corpus(kind).values():
        HOLDS[kind](data)


def test_kept_streams_are_kept_to_the_byte():
    """They stand escaped, one a line."""
    every = bytes(range(256))
    assert unescaped(escaped(every)) == every
    assert "\n" not in escaped(every)
