"""The shipped detector: the verb of an order decides, words are whole, other trades are unknown, no text breaks it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.prose import MOST
from pointsman.library.detector import Reading, ShippedDetector

detector = ShippedDetector()

USED = """
import sys
from pointsman import TaskRouter

router = TaskRouter()
router.register_model("a")
router.route_task("implement a binary search algorithm")
print("numpy" in sys.modules)
router.get_task_category("hello")
print("numpy" in sys.modules)
"""


def test_numpy_is_loaded_for_the_first_prompt_that_needs_it():
    """It takes longer than all of ours together; an order alone decides without it."""
    done = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


EXAMPLES = [
    ("implement a binary search algorithm", "coding"),
    ("implement a new function", "coding"),
    ("optimize the query", "refactoring"),
    ("optimize", "refactoring"),
    ("please review this", "code_review"),
    ("clean up", "refactoring"),
    ("some task", "unknown"),
    ("critical-task", "unknown"),
    ("another-task", "unknown"),
]
HEADS = [
    ("write tests for the refactored parser", "testing"),
    ("refactor the tests", "refactoring"),
    ("document the test helper", "documentation"),
    ("review this fix for the login bug", "code_review"),
    ("fix the failing test", "debugging"),
    ("add tests for the bug fix", "testing"),
    ("implement a debugger", "coding"),
    ("implement a code review bot", "coding"),
    ("write a test runner", "coding"),
    ("build a documentation generator", "coding"),
    ("write unit tests for the documentation generator", "testing"),
    ("fix the documentation generator", "debugging"),
    ("fix the typos in the documentation", "documentation"),
    ("comment on this pull request", "code_review"),
    ("comment this function", "documentation"),
    ("add an example to the README", "documentation"),
    ("explain why this function crashes", "debugging"),
    ("explain this function", "documentation"),
]
ASKED = [
    ("could you please write some unit tests for the parser?", "testing"),
    ("I need you to refactor this class", "refactoring"),
    ("why is this endpoint returning 500?", "debugging"),
    ("LGTM?", "code_review"),
    ("can you approve this PR", "code_review"),
    ("I have just changed the parser. Please add tests.", "testing"),
    ("The parser is done, write the docs", "documentation"),
    ("unit tests for the tokenizer", "testing"),
    ("fix(parser): wrong offset", "debugging"),
    ("feat: export as CSV", "coding"),
    ("docs: describe the retry policy", "documentation"),
    ("what does this code do?", "documentation"),
]
PASTED = [
    ("```python\ndef test_it():\n    fix.me()\n```\nwrite a docstring for this", "documentation"),
    ("def review(x):\n    return x\n\nWrite unit tests for it.", "testing"),
    ('Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nKeyError: 3', "debugging"),
]
SLOW = """The report takes an hour.

for c in customers:
    error = load(c)
    rows.append(c)

Please rewrite it so that it gets faster; the output has to stay the same."""
EMPTY = """Since the last update the list stays empty.

1. Open the page
2. Press F5

It worked before, and there is nothing in the console. Version 3.4, Firefox."""
LONG = [(SLOW, "refactoring"), (EMPTY, "debugging")]
OTHER_TRADES = [
    "what is the capital of France",
    "how are you?",
    "What is 2 + 2?",
    "how do I bake bread?",
    "write a poem about autumn",
    "explain the water cycle",
    "The witness had to testify in court",
    "the latest contest",
    "Was ist die Hauptstadt von Portugal?",
    "Let $f(x) = \\frac{x^2 - 4}{x - 2}$. Find its limit at 2.",
    "fix my bicycle",
]
WORDLESS = ["", " \n\t", "2+2", "....", "((((", "\x00\x01\x02", "\ud800\udfff", "\u200b", "🙂"]


@pytest.mark.parametrize(("prompt", "expected"), [*EXAMPLES, *HEADS, *ASKED, *PASTED, *LONG])
def test_what_is_ordered_decides(prompt, expected):
    """Not what the order is about; behind good manners, after other sentences, beside code."""
    assert detector.explain(prompt).category.value == expected, detector.explain(prompt).why


@pytest.mark.parametrize(("prompt", "expected"), HEADS)
def test_capitals_and_typography_make_no_difference(prompt, expected):
    for other in (prompt.upper(), prompt.title(), f"  “{prompt}”", f"{prompt}!!", f"- {prompt}", f"{prompt}\r\n"):
        assert detector.detect(other).value == expected, other


@pytest.mark.parametrize("prompt", OTHER_TRADES)
def test_other_trades_are_unknown(prompt):
    assert detector.detect(prompt) is TaskCategory.UNKNOWN, detector.explain(prompt).why


@pytest.mark.parametrize("word", ["testify", "latest", "contest", "attest", "protest", "testament"])
def test_words_are_whole(word):
    """A part of a word is no word."""
    assert detector.detect(f"the {word} of the year") is not TaskCategory.TESTING


@pytest.mark.parametrize("prompt", WORDLESS)
def test_without_a_word_it_is_unknown(prompt):
    found = detector.explain(prompt)
    assert (found.category, found.why) == (TaskCategory.UNKNOWN, "there is no word in it")


@pytest.mark.parametrize("order", ["fix the bug in the parser", "write unit tests for the parser"])
def test_the_ends_of_a_long_prompt_count(order):
    """Ten million characters take as long as four thousand; what is asked stands at either end."""
    filler = "lorem ipsum dolor sit amet. " * 400_000
    expected = detector.detect(order)
    assert detector.detect(f"{order}\n{filler}") is expected
    assert detector.detect(f"{filler}\n{order}") is expected
    kept = f"{filler[: MOST // 2]}\n{filler[-MOST // 2 :]}"
    assert detector.detect(filler) is detector.detect(kept)


@settings(max_examples=200)
@given(st.text() | st.text("fix test()`_.,:;\n\"'-{}#") | st.binary().map(lambda b: b.decode("latin-1")))
def test_no_text_breaks_it(text):
    """It has a category, a reason, and a likelihood for each category; together they are 1."""
    found = detector.explain(text)
    assert isinstance(found, Reading)
    assert found.category is detector.detect(text)
    assert set(found.scores) == set(TaskCategory)
    assert sum(found.scores.values()) == pytest.approx(1.0)
    assert found.why
    assert "\n" not in found.why


@pytest.mark.parametrize(("prompt", "told"), [
    ("Please write tests for the parser", "the order 'write tests'"),
    ("fix(parser): wrong offset", "the label 'fix'"),
    ("here is the stack trace", "the phrase 'stack trace'"),
    ("unit tests for the tokenizer", "the order 'unit tests'"),
])  # fmt: skip
def test_it_says_which_words_decided(prompt, told):
    assert detector.explain(prompt).why.startswith(told)


def test_it_gives_figures_where_likeness_decided():
    """How like the category, and how likely about software at all."""
    found = detector.explain("Prices have to be shown without tax for business customers in our web shop's API")
    share = found.scores[found.category] / (1 - found.scores[TaskCategory.UNKNOWN])
    assert f"{share:.2f} like {found.category.value}" in found.why
    assert f"{1 - found.scores[TaskCategory.UNKNOWN]:.2f} likely about software" in found.why
