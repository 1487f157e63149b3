"""One answer, written by one thread and read by others."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import InstanceClosed, StillWorking
from pointsman.library.instances.answer import MANY, Answer


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(1, 50))
def test_it_keeps_its_last_characters(pieces, most):
    """However it comes; how many came and how many are missing is known."""
    answer, text = Answer(most), "".join(pieces)
    for piece in pieces:
        answer.add(piece)
    assert (answer.text, answer.length) == (text[-most:], len(text))
    assert answer.dropped == max(len(text) - most, 0)
    answer.complete()
    assert answer.result() == answer.text == text[-most:]


def test_memory_is_bounded():
    """In characters, and in pieces."""
    answer = Answer(most=100)
    for _ in range(10 * MANY):
        answer.add("x")
        assert len(answer._pieces) <= MANY
        assert sum(map(len, answer._pieces)) <= 201


def test_it_ends_once():
    """What settles it first holds."""
    answer, other = Answer(), Answer()
    answer.complete("one")
    answer.fail(InstanceClosed("x"))
    answer.complete("two")
    assert (answer.result(), answer.text, answer.done) == ("one", "one", True)
    other.fail(InstanceClosed("x"))
    other.complete("two")
    with pytest.raises(InstanceClosed):
        other.result()
    assert other.text == ""


def test_a_time_out_of_its_own_is_told_from_waiting_too_long():
    """Both are TimeoutErrors."""
    answer = Answer()
    with pytest.raises(StillWorking, match="no answer within 0 s; the work goes on"):
        answer.result(0)
    answer.fail(TimeoutError("mine"))
    with pytest.raises(TimeoutError, match="mine"):
        answer.result(0)


def test_readers_see_it_grow():
    """What one thread adds is there for another, whole and in order."""
    answer = Answer()
    writing = Thread(target=lambda: [answer.add("ab") for _ in range(20_000)] and answer.complete())
    writing.start()
    seen = 0
    while not answer.done:
        text = answer.text
        assert len(text) >= seen
        assert text == "ab" * (len(text) // 2)
        seen = len(text)
    writing.join()
    assert answer.result() == "ab" * 20_000
