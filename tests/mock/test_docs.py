"""docs/mock.md tells what there is: no kind, fault or option more or less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pointsman.mock import KINDS, Options, parse_fault
from pointsman.mock.faults import FAULTS
from pointsman.testing import MockOptions

PAGE = (Path(__file__).parents[2] / "docs" / "mock.md").read_text()
TABLES = [line for line in PAGE.splitlines() if line.startswith("| `")]
SPECS = [
    spec.replace("=N", "=3").replace("=MS", "=50")
    for line in TABLES
    for spec in re.findall(r"`([^`]*)`", line.split("|")[1])
    if spec not in KINDS
]


@pytest.mark.parametrize("spec", SPECS)
def test_every_spelling_of_the_page_is_a_fault(spec):
    """Each fault as the page spells it is read."""
    assert parse_fault(spec).name in FAULTS


def test_the_page_has_every_fault_and_kind():
    """The page's tables name all faults and all kinds."""
    assert {parse_fault(spec).name for spec in SPECS} == set(FAULTS)
    assert {line.split("`")[1] for line in TABLES} & set(KINDS) == set(KINDS)


def test_the_keywords_are_the_options():
    """MockProvider takes exactly the options there are, and the page names each."""
    assert set(MockOptions.__annotations__) == set(Options.__struct_fields__)
    assert [name for name in Options.__struct_fields__ if name not in PAGE] == []
