"""The words of the well-known tasks: few, whole, and where something is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.classes import CLASSES
from pointsman.routing.classify.text import folded
from pointsman.routing.classify.words import WORDS, words_of

SAID = {
    "vision": ["What is in this image?", "Describe the attached picture", "Is there a cat in the photo?", "the Image"],
    "tool_calling": ["Add milk to my list", "please DELETE it", "Could you schedule a call?", "I'd like to book a room",
                     "It is dark. Turn on the light", "remind me at nine"],
    "memory": ["Do you remember Ana?", "What did I say?", "Who is Ana?", "last time we met", "I told you my name",
               "What is my shoe size?"],
    "reasoning": ["Prove it", "Think carefully about it", "step by step, please", "a logic puzzle",
                  "Plan a move without downtime", "the pros and cons of it"],
}  # fmt: skip

UNSAID = {
    "vision": ["I can't picture it", "Imagine a sea", "My imagination"],
    "tool_calling": ["That is a nice address", "the additive", "an unscheduled stop", "my creative class",
                     "The recall of old songs"],
    "memory": ["a memorable day", "Who is the president of Peru?", "He toldered"],
    "reasoning": ["an improved version", "the planet", "approved", "psychological"],
    "chat": ["hello"],
    "billing": ["Add it"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_words_that_speak_for_a_task(name, text):
    assert words_of(name, folded(text))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in UNSAID.items() for text in texts])
def test_words_that_do_not(name, text):
    """Parts of other words, other senses, and tasks without words."""
    assert words_of(name, folded(text)) is None


def test_words_in_the_middle_of_a_long_text_are_not_asked():
    """A passage may say anything."""
    passage = "The sea was calm that night and nobody spoke. " * 20
    assert words_of("memory", folded(f"{passage} Do you remember Ana? {passage}")) is None
    assert words_of("memory", folded(f"{passage} {passage} Do you remember Ana?")) == "remember"


@given(st.text())
def test_no_text_breaks_it(text):
    assert all(found is None or found.strip() == found for found in (words_of(name, folded(text)) for name in WORDS))


def test_words_are_of_well_known_tasks():
    assert set(WORDS) <= set(CLASSES)
