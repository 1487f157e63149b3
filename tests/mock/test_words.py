"""Words, counts, stops and samples follow from what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.mock.words import LONGEST, SHORTEST, cut_at_stop, estimate, natural, pieces, sample, token_ids


@given(st.text(), st.text(), st.text(), st.integers(0, 5), st.integers(0, 200))
def test_the_same_request_gives_the_same_words(speaker, model, prompt, variant, least):
    """Words are a function of who speaks, the model, the prompt and the choice; the first names the first two."""
    tokens = natural(speaker, model, prompt, variant, least)
    assert tokens == natural(speaker, model, prompt, variant, least)
    assert tokens[0] == f"[{speaker}/{model}]"
    assert max(SHORTEST, least) <= len(tokens) <= max(LONGEST, least)


def test_other_prompts_give_other_words():
    """A different prompt or choice is answered differently."""
    answers = [natural("p", "m", "one"), natural("p", "m", "two"), natural("p", "m", "one", variant=1)]
    assert len({tuple(tokens) for tokens in answers}) == 3


@given(st.lists(st.text(min_size=1, max_size=4), max_size=8), st.lists(st.text(max_size=3), max_size=3))
def test_nothing_is_said_after_a_stop(tokens, stop):
    """The kept tokens are the text up to the first stop sequence, none of which is left in it."""
    kept, word = cut_at_stop(tokens, tuple(stop))
    text = "".join(tokens)
    if word is None:
        assert kept == tokens
    else:
        assert "".join(kept) == text[: text.index(word)]
    assert not any(one in "".join(kept) for one in stop if one)


@given(st.text())
def test_pieces_join_to_the_text(text):
    """Cutting a text into tokens loses nothing."""
    assert "".join(pieces(text)) == text


@given(st.text())
def test_as_many_ids_as_tokens(text):
    """The tokenizer gives as many ids as the estimate says, always the same."""
    assert len(token_ids(text)) == estimate(text)
    assert token_ids(text) == token_ids(text)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "w"),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "boolean"}, True),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["c", "f"]}, "c"),
        ({"const": 5}, 5),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, 1),
        ({"type": "array", "items": {"type": "string"}}, ["w"]),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}}, {"a": 1, "b": "w"}),
        ({"type": "object"}, {}),
        (None, "w"),
    ],
)
def test_a_sample_fits_its_schema(schema, value):
    """Each plain schema of the table gets a value of its kind."""
    assert sample(schema, "w") == value


def test_a_schema_without_end_is_left():
    """A schema nested deeper than is reasonable ends in a word instead of a RecursionError."""
    schema: dict = {"type": "array"}
    schema["items"] = schema
    assert "w" in str(sample(schema, "w"))
