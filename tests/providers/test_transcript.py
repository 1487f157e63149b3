"""What was told is kept letter by letter, in bounded memory."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from pointsman.providers.transcript import MANY, MOST, Transcript


@given(st.lists(st.tuples(st.sampled_from(["content", "reasoning"]), st.text())))
def test_nothing_is_lost_or_moved(pieces):
    """Each channel is its pieces in order."""
    it, expected = Transcript(), {}
    for channel, text in pieces:
        it.add(channel, text)
        expected[channel] = expected.get(channel, "") + text
    assert it.texts() == expected


def test_what_is_no_text_spoils_it_for_good():
    """A tool call, a list of parts: there is nothing to go on from."""
    for spoil in (Transcript.spoil, lambda it: it.add("content", [{"type": "text"}])):
        it = Transcript()
        it.add("content", "a")
        spoil(it)
        it.add("content", "b")
        assert it.texts() is None


def test_more_than_the_most_is_not_kept():
    """To the letter, all channels together."""
    it = Transcript()
    it.add("reasoning", "x")
    it.add("content", "x" * (MOST - 1))
    assert it.texts() is not None
    it.add("content", "")
    it.add("content", "x")
    assert it.texts() is None


def test_a_long_answer_takes_little_more_than_its_letters():
    """Tokens are put together every so often."""
    it, tokens = Transcript(), 50 * MANY
    tracemalloc.start()
    for number in range(tokens):
        it.add("content", f"{number:5}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(it.texts()["content"]) == 5 * tokens
    assert kept < 5 * tokens + 100 * MANY
