"""Where an answer ends in what a program says, however that is cut into pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.library.instances.ending import LONGEST_LINE, AtClose, Ending, ending_for

MARKERS = [None, "> ", "\n\n", "aab", ">", re.compile("^> "), re.compile("^a+>"), re.compile("(?i)^B")]


def heard(ending: Ending, pieces: list[str]) -> tuple[str, bool]:
    """All that was taken for the answer, and whether it is complete; nobody is asked again after that."""
    said = ""
    for piece in pieces:
        more, complete = ending.feed(piece)
        said += more
        if complete:
            return said, True
    return said, False


@pytest.mark.parametrize(
    ("marker", "text", "answer"),
    [
        (None, "one\ntwo\n", "one"),
        (None, "\n", ""),
        ("> ", "one\ntwo\n> three", "one\ntwo\n"),
        ("END\n", "one END END\n", "one END "),
        (re.compile("^> "), "a > b\n> ", "a > b\n"),
        (re.compile(r"^\[\d+ tokens\]$"), "[x tokens]\n[12 tokens]\nunasked", "[x tokens]\n"),
        (re.compile("^done", re.IGNORECASE), "not done\r\nDONE\r\n", "not done\r\n"),
        (re.compile("a.b$", re.DOTALL), "one a b", "one "),
    ],
)
def test_the_answer_stands_before_its_end(marker, text, answer):
    """A line's end, a text, a pattern in a line that is complete or not yet."""
    assert heard(ending_for(marker)(), [text]) == (answer, True)


@pytest.mark.parametrize("marker", MARKERS, ids=repr)
@given(st.lists(st.text("ab> \n", max_size=6), max_size=12))
def test_pieces_make_no_difference(marker, pieces):
    """Letter by letter, as it came, or all at once: the same answer, or none; nothing of the marker is ever let out."""
    text, make = "".join(pieces), ending_for(marker)
    whole = heard(make(), [text])
    assert heard(make(), pieces)[1] == heard(make(), list(text))[1] == whole[1]
    if whole[1]:
        assert heard(make(), pieces) == heard(make(), list(text)) == whole
    else:
        assert text.startswith(heard(make(), pieces)[0])


@given(st.text("ab> \n"))
def test_what_has_no_marker_is_all_answer(text):
    """The end of the output is the end, and what is held back is no more than may become a marker."""
    assert heard(AtClose(), [text]) == (text, False)
    said, complete = heard(ending_for("aab")(), [text])
    assert complete or len(text) - len(said) <= 2


def test_a_line_without_end_is_let_go():
    """Memory for a pattern is bounded: what is longer than a line is passed on."""
    ending = ending_for(re.compile("^> "))()
    said, complete = heard(ending, ["x" * 1000] * 10)
    assert (len(said) >= 10_000 - LONGEST_LINE, complete) == (True, False)
    assert heard(ending, ["\n> "]) == ("x" * (10_000 - len(said)) + "\n", True)
