"""What is said of a configuration, and what is never said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.findings import MAX_SHOWN, Finding, Place, Report


def test_a_finding_is_one_line_with_place_severity_key_and_suggestion():
    """``str`` of a finding is what an editor can jump to and a person can act on."""
    finding = Finding("error", "a.yaml", 3, 5, "model_list[0].rmp", "unknown key `rmp`", "did you mean `rpm`?")

    assert str(finding) == "a.yaml:3:5: error: model_list[0].rmp: unknown key `rmp` (did you mean `rpm`?)"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (("a.yaml", 3, 5), "a.yaml:3:5: error: wrong"),
        (("a.yaml", 3, 0), "a.yaml:3: error: wrong"),
        (("a.yaml", 0, 0), "a.yaml: error: wrong"),
        (("", 0, 0), "error: wrong"),
    ],
)
def test_what_is_not_known_of_a_place_is_left_out(place, shown):
    """No number 0, and no empty colon."""
    assert str(Finding("error", *place, "", "wrong")) == shown


def test_findings_follow_the_files_and_their_lines():
    """Findings are told file by file in reading order, then line by line, whatever order they were found in."""
    report = Report()
    report.file("b.yaml")
    report.file("a.yaml")
    for file, line in (("a.yaml", 1), ("b.yaml", 9), ("b.yaml", 2)):
        report.say("warning", (file, line), "here {}", line, place=Place(file, line, 1))

    assert [(f.file, f.line) for f in report.findings()] == [("b.yaml", 2), ("b.yaml", 9), ("a.yaml", 1)]


def test_a_wrong_path_is_told_once():
    """After an error, the same path is not complained of again."""
    report = Report()
    report.error(("a",), "first")
    report.error(("a",), "second")
    report.warning(("a",), "third")

    assert [f.message for f in report.findings()] == ["first"]


def test_warnings_alike_are_counted():
    """Many warnings that say the same are told three times, the last with the number of the rest."""
    report = Report()
    for index in range(10):
        report.warning(("model_list", index, "order"), "not acted on")

    messages = [f.message for f in report.findings()]
    assert messages == ["not acted on", "not acted on", "not acted on; so in 7 more places"]


def test_errors_alike_are_all_told():
    """Every error is told, however many say the same."""
    report = Report()
    for index in range(10):
        report.error(("model_list", index, "order"), "wrong")

    assert len(report.findings()) == 10


def test_odd_keys_are_quoted_and_escaped():
    """A key with dots, spaces or control characters can't be mistaken for a path or disturb a terminal."""
    report = Report()
    report.error(("exact_matches", "llama3.1:8b", "x\x1b[31m"), "wrong")

    assert report.findings()[0].key == "exact_matches['llama3.1:8b']['x\\\\x1b[31m']"


@given(
    st.text(alphabet="0123456789abcdef{}\\'\"\n\x1b é", min_size=4),
    st.text(max_size=MAX_SHOWN - 1),
    st.text(max_size=80),
)
def test_no_message_repeats_a_secret(secret, before, after):
    """A value that contains a known secret is masked in messages, suggestions and keys, whatever is around it."""
    report = Report()
    report.secret(secret)
    value = before + secret + after
    report.error(("section", value), "unknown {}, near {}", value, secret, suggestion="not {0}")
    finding = report.findings()[0]

    assert finding.message == "unknown `***`, near `***`"
    assert finding.suggestion == "not `***`"
    assert finding.key in ("section['***']", "section.***")


def test_a_secret_behind_what_is_shown_is_cut_off():
    """What is shown of a long name has nothing of it."""
    report = Report()
    report.secret("hunter2")
    report.error(("k",), "unknown {}", "a" * MAX_SHOWN + "hunter2")

    assert report.findings()[0].message == f"unknown `{'a' * (MAX_SHOWN - 1)}…`"


@given(st.text())
def test_any_word_can_be_shown(word):
    """A message with any word in it is one printable line of bounded length."""
    report = Report()
    report.error(("k",), "unknown {}", word)
    message = report.findings()[0].message

    assert message.isprintable()
    assert len(message) < 800
