"""YAML text to plain data with places; a file can be wrong, but not dangerous."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config import yaml_marks
from pointsman.config.findings import Report
from pointsman.config.yaml_marks import read_yaml


def read(text: str | bytes):
    report = Report()
    document = read_yaml(text.encode() if isinstance(text, str) else text, "f.yaml", report)
    return document, [f"{f.line}:{f.column} {f.key}: {f.message}" for f in report.findings()]


TEXT = """\
model_list:
  - model_name: a
    litellm_params: {model: ollama/x, rpm: 5}
  -
    model_name: b
other: &o
  deep: [1, {x: 2}]
copy: *o
merged:
  <<: *o
  more: 3
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("model_list",), (1, 1)),
        (("model_list", 0), (2, 5)),
        (("model_list", 0, "model_name"), (2, 5)),
        (("model_list", 0, "litellm_params", "rpm"), (3, 39)),
        (("model_list", 1, "model_name"), (5, 5)),
        (("other", "deep", 1, "x"), (7, 14)),
        (("copy", "deep"), (7, 3)),
        (("merged", "more"), (11, 3)),
        (("merged", "deep"), (7, 3)),
        (("model_list", 7), (1, 1)),
        (("model_list", 0, "nothing", "below"), (2, 5)),
    ],
)
def test_every_key_and_item_has_its_place(path, place):
    """A key's place is where it is written, an alias's where its anchor is; what doesn't exist is where it would be."""
    document, _ = read(TEXT)
    found = document.marks.place(path)

    assert (found.line, found.column) == place


def test_merge_keys_inherit_and_own_keys_win():
    """``<<`` adds what a mapping does not say itself, the first of several first; a quoted ``<<`` is a key."""
    document, findings = read("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: {'<<': 4}\n")

    assert document.value["c"] == {"x": 3, "y": 1, "z": 2}
    assert document.value["d"] == {"<<": 4}
    assert findings == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1 a: stands twice in one mapping, first on line 1"),
        ("x:\n  - {p: 1, 'p': 2}\n", "2:12 x[0].p: stands twice in one mapping, first on line 2"),
        ("a: [1\n", "2:1 : this is not YAML: did not find expected ',' or ']'"),
        ("a: b: c\n", "1:5 : this is not YAML: mapping values are not allowed in this context"),
        ("a:\n\t- b\n", "2:1 : this is not YAML: found character that cannot start any token"),
        ("a: *b\n", "1:4 : no anchor of this name stands before it: `b`"),
        ("a: &a [*a]\n", "1:8 : an alias inside of its own anchor has no end: `a`"),
        ("? [a]\n: 1\n", "1:3 : a key must be text, not a mapping or a list"),
        ("a: &a {}\n? *a\n: 1\n", "2:3 : a key must be text, not a mapping or a list"),
        ("a: 1\n---\nb: 2\n", "2:1 : a second document begins here; write one per file"),
        ("a: {<<: 5}\n", "1:9 : `<<` takes a mapping or a list of mappings"),
        ("a: !thing 5\n", "1:4 a: has a tag that is not known here: `!thing`"),
        ("a: !!int five\n", "1:4 a: is not what its tag says: `int`"),
        ("a: !!python/object:x {}\n", "1:4 a: has a tag that is not known here: `tag:yaml.org,2002:python/object:x`"),
        (b"a: \x00", "0:0 : this is not a text file in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "0:0 : this is not a text file in UTF-8"),
        ("[" * 100_000, "1:65 : this is nested deeper than 64 levels"),
        ("{a: " * 100_000, "1:257 : this is nested deeper than 64 levels"),
        ("- " * 100_000, "1:129 : this is nested deeper than 64 levels"),
    ],
)
def test_what_is_wrong_is_a_finding_with_its_place(text, finding):
    """Broken, ambiguous, foreign or hostile YAML is a finding with line and column."""
    _, findings = read(text)

    assert findings == [finding]


def test_aliases_that_multiply_are_refused():
    """Ten levels of ten aliases each are a few lines of text and ten thousand million values: refused while reading."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
    document, findings = read("\n".join(lines))

    assert document is None
    assert findings[0].endswith("the aliases up to here come to more than 500000 values")


def test_a_file_too_large_is_not_parsed(monkeypatch):
    """Beyond the limit not a byte is parsed."""
    monkeypatch.setattr(yaml_marks, "MAX_BYTES", 10)

    assert read("[" * 11) == (None, ["0:0 : this is larger than 10 bytes"])


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_document_is_nothing_and_no_error(text):
    """A file that says nothing has the value None; what to think of that is the caller's business."""
    document, findings = read(text)

    assert (document.value, findings) == (None, [])


def test_the_pure_python_reader_finds_the_same_places(monkeypatch):
    """Where libyaml is not compiled in, values and places are the same."""
    fast, _ = read(TEXT)
    monkeypatch.setattr(yaml_marks, "LOADER", yaml.SafeLoader)
    slow, _ = read(TEXT)

    assert slow == fast


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]))
"""Characters that YAML allows unescaped."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_is_yaml(value):
    """What JSON writes, this reader reads as the same value."""
    document, findings = read(json.dumps(value, ensure_ascii=False))

    assert (document.value, findings) == (value, [])


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?<~ \n\t0.e", max_size=80))
def test_no_bytes_raise(text):
    """Any bytes are a document or findings, never an exception."""
    document, findings = read(text)

    assert document is not None or findings
