"""What ships: weights that fit these features, prompts of ours for every class, sources told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pointsman.config.classes import CLASSES, class_of
from pointsman.routing.classify import shipped as module
from pointsman.routing.classify.features import SIZE, VERSION
from pointsman.routing.classify.shipped import FOLDER, OVERLAPPING, prompts, shipped

LEARNT = sorted(set(CLASSES) - {"vision"})


def test_the_weights_are_of_this_version_and_small():
    """A row for each feature, a column for each class but vision, finite, at most 1.5 MB."""
    learnt = shipped()
    assert list(learnt.head.labels) == LEARNT
    assert learnt.head.table.shape == (SIZE, len(LEARNT))
    assert np.isfinite(learnt.head.table).all()
    assert (learnt.rarity >= 0).all()
    assert Path(str(FOLDER / "lexical.npz")).stat().st_size < 1_500_000


def test_weights_of_another_version_are_refused(tmp_path, monkeypatch):
    """Never used with features that they were not learnt from."""
    with (FOLDER / "lexical.npz").open("rb") as file, np.load(file) as stored:
        np.savez(tmp_path / "lexical.npz", **{**stored, "version": np.array(VERSION + 1)})
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    shipped.cache_clear()
    with pytest.raises(ValueError, match="version"):
        shipped()
    monkeypatch.undo()
    assert shipped().head.labels


def test_every_class_has_prompts_and_terms_of_ours():
    """At least twenty prompts and fifty terms each, no text twice in a class."""
    listed = prompts()
    assert len({(each.prompt, each.task) for each in listed}) == len(listed)
    for term, least in ((False, 20), (True, 50)):
        count = Counter(each.task for each in listed if each.term == term)
        assert sorted(count) == LEARNT
        assert min(count.values()) >= least


def test_the_readme_beside_the_weights_tells_what_they_are():
    """Counts, sources and licences of what was learnt from."""
    told = (FOLDER / "README.md").read_text()
    listed = prompts()
    assert f"{sum(not p.term for p in listed)} prompts and {sum(p.term for p in listed)} terms" in told
    assert all(f"| {label} |" in told for label in LEARNT)
    assert all(licence in told for licence in ("MIT", "Apache-2.0", "CC BY 3.0"))


def test_a_class_that_overlaps_others_takes_part_only_when_it_is_wanted():
    """A proof is reasoning where something is named so, else mathematics competes without it."""
    assert "reasoning" in OVERLAPPING
    assert "reasoning" not in shipped().knowing(frozenset({"math"})).labels
    assert "reasoning" in shipped().knowing(frozenset({"reasoning"})).labels


@pytest.mark.parametrize(("name", "known"), [
    ("code", "code"), ("Coding", "code"), ("TOOL-CALLING", "tool_calling"), ("function calling", "tool_calling"),
    ("maths", "math"), (" chat ", "chat"), ("billing", None), ("general", None), ("", None),
])  # fmt: skip
def test_names_of_classes_have_spellings(name, known):
    assert class_of(name) == known


def test_no_word_means_two_classes():
    words = [word for name, others in CLASSES.items() for word in (name, *others)]
    assert len(words) == len(set(words))


def test_the_lines_are_what_they_are_read_as():
    """Nothing in a line that nobody reads."""
    first = msgspec.json.decode((FOLDER / "prompts.jsonl").read_bytes().splitlines()[0])
    assert set(first) <= {"prompt", "task", "term"}
