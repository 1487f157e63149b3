"""The lists of ``words.toml``: by what an order is recognised, and by what a text is about software."""

from __future__ import annotations

import tomllib
from enum import Enum
from importlib.resources import files

from pointsman.library.categories import TaskCategory


class Act(Enum):
    """What the verb of an order asks for. ``acts.py`` says which category that is."""

    IMPLEMENT = "implement"
    CREATE = "create"
    GIVE = "give"
    WISH = "wish"
    IMPROVE = "improve"
    RESTRUCTURE = "restructure"
    TEST = "test"
    DOCUMENT = "document"
    FIX = "fix"
    INVESTIGATE = "investigate"
    FIND = "find"
    REVIEW = "review"
    INSPECT = "inspect"


def _phrases(listed: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in listed.split(",")]


_read = tomllib.loads(files("pointsman.library.detection").joinpath("words.toml").read_text("utf-8"))
_sets = {name: frozenset(words.split()) for name, words in _read["sets"].items()}

VERBS = {verb: Act(act) for act, verbs in _read["verbs"].items() for verb in _phrases(verbs)}
LONGEST = max(verb.count(" ") + 1 for verb in VERBS)
"""Words of the longest verb."""

LEADING = _sets["leading"]
"""What may stand before the verb of an order."""

NOUNS = {noun: TaskCategory(name) for name, nouns in _read["nouns"].items() for noun in nouns.split()}
"""What makes an object a test, a document, a review or a fix."""

PAIRS = {pair: TaskCategory(name) for name, pairs in _read["pairs"].items() for pair in _phrases(pairs)}
"""Two words that say together what neither says alone."""

PARTS = _sets["parts"]
"""A test class is a test and a documentation page is documentation; a test runner is a program."""

PIECES = _sets["pieces"]
"""What is written as a part of a document or a test: "add an example to the README"."""

SKIPPED = _sets["skipped"]
"""Before a noun."""

STOPS = _sets["stops"]
"""Behind a noun: there it ends."""

BEHIND = _sets["behind"]
"""Behind an object that is an order without a verb: "unit tests for"."""

CHANGES = _sets["changes"]
"""What is reviewed, whatever is in it."""

JUDGED = CHANGES | _sets["judged"]
"""What is looked at to be judged."""

ASKING = _sets["asking"]
"""Behind "check": then something is to be found out."""

FAULTS = _sets["faults"]

STYLE = _sets["style"]
"""What is wrong with it is no bug."""

QUALITY = _sets["quality"]
"""What is improved by restructuring."""

REMARKS = _sets["remarks"]
"""Documentation of code, but review of a change of it."""

PROSE = _sets["prose"]
"""What is written or made and is no code."""

LABELS = {label: TaskCategory(name) for name, labels in _read["labels"].items() for label in _phrases(labels)}
"""What stands before the colon at the beginning of a commit or a ticket."""

TRADE = frozenset(_read["trade"]["names"].split()) | {
    form for noun in _read["trade"]["nouns"].split() for form in (noun, f"{noun}s", f"{noun}es")
}
"""What only software has or is."""
