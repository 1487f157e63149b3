"""Labelled prompts as they are read, and a split that is the same everywhere."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.lab.data import TERM, Intents, Labelled, held_out, own, read_intents, read_tasks
from pointsman.routing.classify.shipped import prompts


def written(path, *rows):
    path.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    return path


def test_tasks_are_lines_with_a_prompt_and_a_task(tmp_path):
    """Other columns are nobody's business here."""
    path = written(
        tmp_path / "t.jsonl", {"prompt": "p", "task": "code", "source": "s"}, {"prompt": "q", "task": "chat"}
    )
    assert read_tasks(path) == [Labelled("p", "code"), Labelled("q", "chat")]


def test_intents_are_told_apart_by_split_and_scope(tmp_path):
    """To learn from, to measure on, and outside of everything whatever the split."""
    path = written(
        tmp_path / "i.jsonl",
        {"prompt": "a", "intent": "x", "split": "train", "oos": False},
        {"prompt": "b", "intent": "x", "split": "val", "oos": False},
        {"prompt": "c", "intent": "oos", "split": "train", "oos": True},
        {"prompt": "d", "intent": "oos", "split": "val", "oos": True},
    )
    outside = [Labelled("c", "oos"), Labelled("d", "oos")]
    assert read_intents(path) == Intents([Labelled("a", "x")], [Labelled("b", "x")], outside)


def test_a_line_that_is_none_is_an_error(tmp_path):
    with pytest.raises(msgspec.DecodeError):
        read_tasks(written(tmp_path / "t.jsonl", {"prompt": "p"}))


def test_our_own_terms_count_less_than_prompts():
    assert {row.weight for row in own()} == {1.0, TERM}
    assert len(own()) == len(prompts())


def test_every_prompt_is_held_out_in_one_part():
    """The same prompt always in the same part, whatever stands around it."""
    rows = [Labelled(f"prompt {number}", "x") for number in range(100)]
    parts = [held_out(rows, part)[1] for part in range(5)]
    assert sorted(row for part in parts for row in part) == sorted(rows)
    assert all(len(part) > 5 for part in parts)
    kept, rest = held_out(rows, 2)
    assert sorted([*kept, *rest]) == sorted(rows)
    assert held_out(rows[::-1], 2)[1] == rest[::-1]
