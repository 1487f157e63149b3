"""``tasks``: names, precedence, words, conditions and bounds, and tasks that nothing leads to."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest
import re2

from pointsman.config.load import load_mapping
from pointsman.config.settings import Task

NAMES = ("see", "do", "recall", "think", "talk")
MODELS = [{"model_name": name, "litellm_params": {"model": f"ollama/{name}"}} for name in NAMES]


def load(tasks, **options):
    return load_mapping({"model_list": MODELS, "tasks": tasks}, environ={}, **options)


def read(tasks):
    loaded = load(tasks)
    assert loaded.settings is not None, loaded.findings
    return loaded.settings.tasks


def told(loaded):
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings]


def test_without_the_section_there_are_no_tasks():
    """None, so that the stage is not asked."""
    assert read({}) is None


def test_tasks_keep_their_order_and_upper_case_names_are_the_same():
    """The document's names, in its spelling or ours; others are free."""
    section = {
        "VISION": "see",
        "Tool-Calling": "do",
        "Long Haul": {"model": "recall", "when": "tokens > 10"},
        "chat": "talk",
    }
    found = read(section)

    assert [(task.name, task.model) for task in found.tasks] == [
        ("vision", "see"), ("tool_calling", "do"), ("long haul", "recall"), ("chat", "talk"),
    ]  # fmt: skip


def test_a_name_twice_is_an_error():
    """In whatever spelling."""
    assert told(load({"vision": "see", "VISION": "do"})) == ["error tasks.VISION: is the task `vision` once more"]


def test_words_are_matched_as_words_and_expressions_as_they_are():
    """``add`` is not ``address``; what is more than words is RE2's; keywords are words whatever they look like."""
    task = read({"act": {"model": "do", "patterns": ["add", "^/[a-z]+"], "keywords": ["c++"]}, "chat": "talk"}).tasks[0]

    def found(text):
        return [re2.search(pattern, text) is not None for pattern in task.patterns]

    assert task.patterns[1] == "^/[a-z]+"
    assert found("Add a task") == [True, False, False]
    assert found("my address") == [False, False, False]
    assert found("/help with C++") == [False, True, True]


def test_a_single_word_may_stand_for_a_list():
    """``patterns: add``."""
    assert len(read({"act": {"model": "do", "patterns": "add"}, "chat": "talk"}).tasks[0].patterns) == 1


def test_everything_else_is_carried():
    """Condition, examples and bound."""
    task = read(
        {"think": {"model": "think", "when": "tokens > 5", "utterances": ["prove it", " "], "max_context_tokens": 9},
         "memory": "recall"}
    ).tasks[0]  # fmt: skip

    assert (task.when.text, task.utterances, task.most_tokens) == ("tokens > 5", ("prove it",), 9)


@pytest.mark.parametrize(
    ("section", "general", "own"),
    [
        ({"chat": {"model": "talk"}, "memory": "recall"}, "memory", None),
        ({"chat": {"model": "talk"}, "memory": "recall", "long_context": "CHAT"}, "chat", None),
        ({"chat": {"model": "talk"}, "memory": "recall", "long_context": {"model": "think"}}, "long_context", None),
        ({"chat": {"model": "talk", "long_context": "Memory"}, "memory": "recall"}, "memory", "memory"),
        ({"chat": {"model": "talk"}}, None, None),
    ],
)
def test_what_is_too_long_goes_to_the_task_that_is_named(section, general, own):
    """For all tasks or for one; without a word to ``long_context``, a task of that name, or memory."""
    found = read(section)

    assert (found.long_context, found.tasks[0].long_context) == (general, own)


@pytest.mark.parametrize(
    ("section", "finding"),
    [
        ({"chat": "tlk"}, "error tasks.chat: `tlk` is not defined here"),
        ({"chat": {"patterns": ["a"]}}, "error tasks.chat.model: is required"),
        ({"chat": {"model": "talk", "patterns": ["("]}}, "error tasks.chat.patterns[0]: is not a regular expression for RE2: `missing ): (`"),
        ({"chat": {"model": "talk", "patterns": [""]}}, "error tasks.chat.patterns[0]: must not be empty"),
        ({"chat": {"model": "talk", "patterns": ["a" * 1001]}}, "error tasks.chat.patterns[0]: is longer than 1000 characters"),
        ({"chat": {"model": "talk", "when": "tokns > 5"}}, "error tasks.chat.when: nothing is known as `tokns`"),
        ({"chat": {"model": "talk", "max_context_tokens": 0}}, "error tasks.chat.max_context_tokens: must be greater than 0"),
        ({"chat": "talk", "long_context": "memry"}, "error tasks.long_context: task `memry` is not defined here"),
        ({"chat": {"model": "talk", "long_context": "x"}}, "error tasks.chat.long_context: task `x` is not defined here"),
        ({"chat": {"modle": "talk"}}, "error tasks.chat.modle: unknown key `modle`"),
        ({"long_context": "memory"}, "error tasks.long_context: task `memory` is not defined here"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error_at_its_place(section, finding):
    """Names that lead nowhere, patterns, conditions and bounds."""
    assert finding in told(load(section))


def test_a_block_that_stands_alone_may_name_what_another_file_defines():
    """Then it is a warning."""
    loaded = load({"chat": "elsewhere", "long_context": "memory"}, standalone=True)

    assert loaded.settings is not None
    assert told(loaded) == [
        "warning tasks.chat: `elsewhere` is not defined here",
        "warning tasks.long_context: task `memory` is not defined here",
    ]


@pytest.mark.parametrize(
    ("section", "findings"),
    [
        ({"VISION": "see", "TOOL_CALLING": "do", "MEMORY": "recall", "REASONING": "think", "CHAT": "talk"}, []),
        ({"act": "do", "chat": "talk"}, ["tasks.act: nothing in a request leads to it, only the header X-Task"]),
        ({"act": {"model": "do", "utterances": ["do it"]}, "chat": "talk"}, []),
        ({"chat": "talk", "other": "do"}, ["tasks.other: nothing in a request leads to it, only the header X-Task"]),
        ({"chat": "talk", "deep": "think", "memory": "recall", "long_context": "deep"}, []),
        (
            {"all": {"model": "do", "when": "always"}, "chat": "talk"},
            ["tasks.chat: can never be reached: `all` takes its requests before"],
        ),
        (
            {
                "big": {"model": "do", "when": "tokens > 5"},
                "huge": {"model": "see", "when": "tokens > 50"},
                "chat": "talk",
            },
            ["tasks.huge: can never be reached: `big` takes its requests before"],
        ),
        (
            {
                "big": {"model": "do", "when": "tokens > 5"},
                "vision": {"model": "see", "when": "tokens > 50"},
                "chat": "talk",
            },
            [],
        ),
        ({"off": {"model": "do", "when": "never"}, "chat": "talk"}, ["tasks.off.when: can't hold for any request"]),
        (
            {"a": {"model": "do", "patterns": ["x", "y"]}, "b": {"model": "see", "patterns": ["y"]}, "chat": "talk"},
            ["tasks.b: can never be reached: tasks before it have all its patterns"],
        ),
        (
            {"chat": {"model": "talk", "max_context_tokens": 5}},
            ["tasks.chat.max_context_tokens: no other task takes what is larger"],
        ),
        (
            {"memory": {"model": "recall", "max_context_tokens": 5}},
            ["tasks.memory.max_context_tokens: no other task takes what is larger"],
        ),
    ],
)
def test_a_task_that_no_request_reaches_is_told(section, findings):
    """The well-known ones and the one for long contexts need no words of their own."""
    assert told(load(section)) == [f"warning {finding}" for finding in findings]


def test_a_task_is_only_what_was_written():
    """Defaults of the well-known tasks are the classifier's."""
    assert read({"vision": "see"}).tasks == (Task("vision", "see"),)
