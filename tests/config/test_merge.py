"""Several files as one document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.findings import Report
from pointsman.config.merge import merged
from pointsman.config.yaml_marks import read_yaml


def merge(*texts: str):
    report = Report()
    documents = [read_yaml(text.encode(), f"{number}.yaml", report) for number, text in enumerate(texts, start=1)]
    whole = merged(documents, report)
    return whole, [f"{f.file}:{f.line}:{f.column} {f.key}: {f.message}" for f in report.findings()]


def test_mappings_merge_and_lists_join():
    """Mappings merge at every depth, lists join in the order of the files, and every part keeps its own place."""
    whole, findings = merge(
        "a: {x: 1}\nl: [1, {k: 2}]\n", "b: 1\na:\n  y: 2\n  deep: {p: 1}\nl:\n  - {k: 3}\n", "a: {deep: {q: 2}}\n"
    )

    assert whole.value == {"a": {"x": 1, "y": 2, "deep": {"p": 1, "q": 2}}, "l": [1, {"k": 2}, {"k": 3}], "b": 1}
    assert findings == []
    assert str(whole.marks.place(("a", "x"))) == "1.yaml:1:5"
    assert str(whole.marks.place(("a", "deep", "p"))) == "2.yaml:4:10"
    assert str(whole.marks.place(("a", "deep", "q"))) == "3.yaml:1:12"
    assert str(whole.marks.place(("l", 2, "k"))) == "2.yaml:6:6"


@pytest.mark.parametrize(
    ("one", "other", "finding"),
    [
        ("a: {t: 30}\n", "x: 1\na:\n  t: 60\n", "2.yaml:3:3 a.t: has another value in 1.yaml:1:5"),
        ("t: 1\n", "t: true\n", "2.yaml:1:1 t: is something else in 1.yaml:1:1"),
        ("t: [1]\n", "t: {a: 1}\n", "2.yaml:1:1 t: is something else in 1.yaml:1:1"),
        ("t: {a: 1}\n", "t: text\n", "2.yaml:1:1 t: is something else in 1.yaml:1:1"),
    ],
)
def test_a_contradiction_names_both_places_and_no_value(one, other, finding):
    """The same scalar with different values is an error at the second place that names the first."""
    assert merge(one, other)[1] == [finding]


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("t: 30\n", "t: 30\n", {"t": 30}),
        ("t:\n", "t: 30\n", {"t": 30}),
        ("t: 30\n", "t:\n", {"t": 30}),
        ("t:\n", "t: {a: 1}\n", {"t": {"a": 1}}),
        ("t: {a: 1}\n", "t: ~\n", {"t": {"a": 1}}),
    ],
)
def test_saying_the_same_or_nothing_is_no_contradiction(one, other, value):
    """Equal scalars agree, and a key with nothing behind it agrees with everything."""
    whole, findings = merge(one, other)

    assert (whole.value, findings) == (value, [])


KEYS = st.sampled_from("abcd")
TREES = st.dictionaries(KEYS, st.recursive(st.lists(st.integers()), lambda t: st.dictionaries(KEYS, t, max_size=3)))


@given(TREES)
def test_a_document_in_pieces_is_the_same_document(tree):
    """A document cut into one file per top-level key comes together again, value and key order alike."""
    pieces = [json.dumps({key: value}) for key, value in tree.items()]
    whole, findings = merge(*pieces)

    assert (whole.value, findings) == (tree, [])


@given(TREES, TREES, TREES)
def test_merging_is_associative_up_to_findings(one, two, three):
    """Merging three files gives what merging the third to the merged first two gives."""
    texts = [json.dumps(tree) for tree in (one, two, three)]
    report = Report()
    documents = [read_yaml(text.encode(), "f", report) for text in texts]
    at_once = merged(documents, report).value
    in_steps = merged([merged(documents[:2], report), documents[2]], report).value

    assert at_once == in_steps
