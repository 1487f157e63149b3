"""The embedded encoder: names alone, examples, keywords; laws; and what people try on it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.routing.classify.kinds import THRESHOLDS, Kind, nearest
from pointsman.routing.classify.lexical import Lexical

MOST = 4000
NAMES = (Kind("code"), Kind("math"), Kind("general"))
BILLING = Kind(
    "billing", ("I was charged twice", "Send me the invoice", "How do I pay my bill?"), ("refund", "invoice")
)
TRAVEL = Kind("travel", ("Find me a flight", "Book a hotel by the sea", "Which train goes to Rome?"), ("passport",))

by_name = Lexical(NAMES, MOST)
by_example = Lexical((BILLING, TRAVEL), MOST)

CODE = "Write a Python function to sort a list"
TEXTS = st.text() | st.sampled_from([CODE, "Where is my refund?", "flight", "x = 1"])


def label(alike: Lexical, kinds, text: str) -> str | None:
    return nearest(alike.similarities(text), kinds, THRESHOLDS["lexical"]).label


@pytest.mark.parametrize(("text", "expected"), [
    (CODE, "code"),
    ("Solve the integral of x^2 dx", "math"),
    ("What is the capital of France?", None),
    ("Why does my loop never end? while i < 10: print(i)", "code"),
    ("If 3 apples cost $2.40, how much do 7 apples cost?", "math"),
    ("Tell me something nice", None),
    ("zxqv wqvz", None),
    ("", None),
    ("   ", None),
])  # fmt: skip
def test_well_known_names_need_nothing_else(text, expected):
    """Categories of which nothing is said but the name."""
    assert label(by_name, NAMES, text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("Why was my card charged two times?", "billing"),
    ("A flight to Madrid, please", "travel"),
    ("My passport has expired", "travel"),
    ("I want a refund", "billing"),
    ("Good morning", None),
    ("Explain photosynthesis", None),
])  # fmt: skip
def test_other_names_go_by_examples_and_keywords(text, expected):
    assert label(by_example, (BILLING, TRAVEL), text) == expected


@given(TEXTS)
def test_no_text_breaks_it(text):
    """Every category has a similarity, and every similarity is between 0 and 1."""
    for alike, names in ((by_name, {"code", "math", "general"}), (by_example, {"billing", "travel"})):
        found = alike.similarities(text)
        assert set(found) == names
        assert all(0.0 <= similarity <= 1.0 for similarity in found.values())


@settings(max_examples=25)
@given(st.permutations([*NAMES, BILLING, TRAVEL]), TEXTS)
def test_the_order_of_categories_makes_no_difference(kinds, text):
    """Neither to a similarity nor to the winner."""
    usual = Lexical((*NAMES, BILLING, TRAVEL), MOST).similarities(text)
    assert Lexical(kinds, MOST).similarities(text) == usual
    assert label(Lexical(kinds, MOST), kinds, text) == nearest(usual, kinds, THRESHOLDS["lexical"]).label


@given(st.lists(st.sampled_from(["refund", "invoice", "paid", "tax"]), unique=True), TEXTS)
def test_more_keywords_never_make_it_less_like(keywords, text):
    """Evidence adds up: a category with one keyword more has at least the similarity that it had."""
    before = 0.0
    for count in range(len(keywords) + 1):
        now = Lexical([Kind("billing", (), tuple(keywords[:count]))], MOST).similarities(text)["billing"]
        assert now >= before
        before = now


@given(st.lists(st.sampled_from(BILLING.texts), unique=True, min_size=1))
def test_a_category_is_like_its_own_examples(texts):
    """However few there are."""
    kind = Kind("billing", tuple(texts))
    found = Lexical([kind, TRAVEL], MOST)
    assert all(found.similarities(text)["billing"] > 0.8 for text in texts)


@pytest.mark.parametrize(
    "word", ["refund", "REFUND", "re\u200bfund", "\uff52\uff45\uff46\uff55\uff4e\uff44", "a refund.", "(refund)"]
)
def test_keywords_are_whole_words_in_any_dress(word):
    only = Lexical([Kind("billing", (), ("refund",))], MOST)
    assert only.similarities(word)["billing"] > THRESHOLDS["lexical"]
    assert only.similarities("refundable")["billing"] < THRESHOLDS["lexical"]


def test_a_keyword_in_passing_says_little():
    """In a long text one keyword is not enough, several are."""
    only = Lexical([Kind("billing", (), ("refund", "invoice", "tax"))], MOST)
    long = "She walked along the river and thought of nothing. " * 40
    assert only.similarities(f"{long} refund")["billing"] < THRESHOLDS["lexical"]
    assert only.similarities(f"{long} refund invoice tax")["billing"] > THRESHOLDS["lexical"]


@pytest.mark.parametrize("text", [
    "WRITE A PYTHON FUNCTION TO SORT A LIST",
    "Write a\u00a0Python\u200b function to sort a list",
    "\uff37\uff52\uff49\uff54\uff45 a Python function to sort a list",
    "Wriet a pyhton fucntion to sort a list",
    "please, could you write a python function to sort a list? thanks!!!",
])  # fmt: skip
def test_spelling_and_dress_make_no_difference(text):
    """The same choice under capitals, odd spaces, full-width letters, typing errors and good manners."""
    assert label(by_name, NAMES, text) == "code"


def test_repeating_oneself_does_not_help():
    """A hundred times the same words are no more like a category than a few times."""
    once = by_name.similarities("What is the capital of France? integral")["math"]
    often = by_name.similarities("What is the capital of France?" + " integral" * 500)["math"]
    assert label(by_name, NAMES, "integral") == "math"
    assert once < THRESHOLDS["lexical"]
    assert often <= by_name.similarities("integral")["math"]


@pytest.mark.parametrize("padding", ["The weather is nice. ", "Calculate the integral. ", "lorem ipsum "])
def test_what_lies_in_the_middle_of_a_long_text_is_not_what_is_asked(padding):
    """Two million characters between a question's beginning and its end."""
    assert label(by_name, NAMES, f"{CODE}. {padding * 100_000}. {CODE}, please") == "code"


def test_two_categories_may_be_the_same_class():
    """Both names are words for code: equal, and the first by name wins."""
    kinds = (Kind("programming"), Kind("coding"))
    found = Lexical(kinds, MOST).similarities(CODE)
    assert found["coding"] == found["programming"]
    assert label(Lexical(kinds, MOST), kinds, CODE) == "coding"
