"""Names in conditions that nobody has. Tags have a page of their own: ``test_check_tags.py``."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

HERE = {"providers": {"ollama": {"models": ["m"]}}}


def told(condition, **sections):
    rules = {"r": {"provider": "ollama", "condition": condition}}
    loaded = load_mapping({**HERE, "request_metadata_routing": rules, **sections}, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.message} ({f.suggestion})" for f in loaded.findings if f.severity == "warning"]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ('capability == "coding"', []),
        ('capability == "codin"', ["`codin`"]),
        ('not capability in ["coding", "poetry", "prose"]', ["`poetry`", "`prose`"]),
        ('capability == ""', []),
        ('capability matches "^c"', []),
        ("capability", []),
        ('header.x-capability == "codin"', []),
    ],
)
def test_a_capability_in_a_condition_should_be_configured(condition, names):
    """A request that asks for another one is refused before any rule is asked."""
    findings = told(condition, capabilities={"coding": {"provider": "ollama"}})
    assert [finding.split()[4].rstrip(":") for finding in findings] == names
    assert all("no request is let in with it" in finding for finding in findings)
    assert all(("did you mean `coding`?" in finding) == ("codin`" in finding) for finding in findings)


def test_where_no_capabilities_are_configured_none_is_missed():
    """They may stand in another file."""
    assert told('capability == "coding"') == []
