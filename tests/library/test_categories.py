"""The categories by name: every usual spelling is taken, and a wrong one is told what it might have been."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import Misuse, UnknownCategory
from pointsman.library.categories import TaskCategory, category_of


def test_names_are_the_words_in_upper_case():
    """CODE_REVIEW is "code_review"."""
    assert [category.name.lower() for category in TaskCategory] == [category.value for category in TaskCategory]
    assert len(TaskCategory) == 7


@pytest.mark.parametrize("category", TaskCategory)
def test_a_category_is_known_by_all_of_its_names(category):
    """As itself, its word, its name, the Go constant, with hyphens or blanks, in any case."""
    go = "Task" + category.value.title().replace("_", "")
    for word in (category, category.value, category.name, go, go.upper(), category.value.replace("_", "-")):
        assert category_of(word) is category
    assert category_of(f" {category.value.replace('_', ' ')} ") is category


@pytest.mark.parametrize(("word", "expected"), [
    ("review", TaskCategory.CODE_REVIEW),
    ("docs", TaskCategory.DOCUMENTATION),
    ("tests", TaskCategory.TESTING),
    ("Refactor", TaskCategory.REFACTORING),
    ("debug", TaskCategory.DEBUGGING),
    ("bug-fix", TaskCategory.DEBUGGING),
    ("code", TaskCategory.CODING),
    ("CODE-REVIEW", TaskCategory.CODE_REVIEW),
    ("TaskCategory.TESTING", TaskCategory.TESTING),
])  # fmt: skip
def test_other_spellings_are_taken(word, expected):
    assert category_of(word) is expected


@pytest.mark.parametrize(("word", "meant"), [
    ("codeing", "coding"),
    ("debuging", "debugging"),
    ("refactering", "refactoring"),
    ("code_reviw", "code_review"),
])  # fmt: skip
def test_a_slip_is_told_the_nearest(word, meant):
    with pytest.raises(UnknownCategory, match=f"did you mean '{meant}'"):
        category_of(word)


@pytest.mark.parametrize(
    "word", ["", "task", "gardening", "x" * 10_000, None, 7, TaskCategory, b"coding", float("nan")]
)
def test_nonsense_is_told_all_there_are(word):
    """In a message of bounded length, as a misuse of the library and a ValueError."""
    with pytest.raises(UnknownCategory) as told:
        category_of(word)
    assert all(category.value in str(told.value) for category in TaskCategory)
    assert len(str(told.value)) < 400
    assert isinstance(told.value, (Misuse, ValueError))
    assert told.value.param == "category"


@given(st.text())
def test_no_word_breaks_it(word):
    """It is a category or an UnknownCategory."""
    with contextlib.suppress(UnknownCategory):
        assert isinstance(category_of(word), TaskCategory)
