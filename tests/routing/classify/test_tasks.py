"""Which task a request is: hints, features, words, likeness and what is left, in this order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pointsman.config.load import from_mapping
from pointsman.fakes import FakeView, request
from pointsman.model.request import Hints
from pointsman.routing.classify.tasks import TaskReader
from pointsman.routing.shapes import Asked, Verdict
from pointsman.routing.topology import compile_topology
from support.simulated import EXAMPLES

MODEL = {"model_name": "m", "litellm_params": {"model": "openai/gpt-4o", "api_key": "k"}}
BARE = dict.fromkeys(("vision", "tool_calling", "memory", "reasoning", "chat"), "m")
NOBODY = Asked(None)
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}}


def reader(tasks: dict[str, Any], **more: Any) -> TaskReader:
    made = from_mapping({"model_list": [MODEL], "tasks": tasks, **more})
    assert made.tasks is not None
    return TaskReader(compile_topology(made), made.tasks)


def read(made: TaskReader, text: Any, *, asked: Asked = NOBODY, tokens: int = 0, **body: Any) -> Verdict:
    fields = {"messages": [{"role": "user", "content": text}], **body}
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return made(request(None, body=raw, tokens=tokens, hints=Hints()), asked, None, FakeView())


bare = reader(BARE)


@pytest.mark.parametrize(("text", "body", "label", "reason"), [
    ([PICTURE, {"type": "text", "text": "Add it"}], {"tools": [{}]}, "vision", "vision: it has images"),
    ("What is in this picture?", {"tools": [{}]}, "vision", "vision: its words 'in this picture'"),
    ("What is next?", {"tools": [{"type": "function"}]}, "tool_calling", "tool_calling: it offers tools"),
    ("Schedule a meeting", {}, "tool_calling", "tool_calling: its words 'schedule'"),
    ("Who is Ana?", {"reasoning_effort": "high"}, "memory", "memory: its words 'who is ana?'"),
    ("Good morning", {"reasoning_effort": "high"}, "reasoning", "reasoning: its reasoning_effort asks for it"),
    ("Derive the formula, step by step", {}, "reasoning", "reasoning: its words 'derive'"),
])  # fmt: skip
def test_features_and_words_in_the_order_of_the_tasks(text, body, label, reason):
    """Images before tools, tools before memory, memory before reasoning; the reason has what decided."""
    assert read(bare, text, **body) == Verdict(label, reason)


def test_what_has_no_words_goes_by_likeness():
    """The reason has the nearest task's similarity and the next one's."""
    verdict = read(bare, "What's the weather like in Oslo right now?")
    assert verdict.label == "tool_calling"
    assert verdict.reason.startswith("most like tool_calling ")
    assert verdict.reason.endswith("lexical")
    assert set(verdict.scores) == set(BARE)


@pytest.mark.parametrize("text", ["", "qqqq zzzz", "Explain what inflation is", "Write a Python class"])
def test_everything_else_is_conversation(text):
    """Also what is clearly something that has no task here."""
    verdict = read(bare, text)
    assert (verdict.label, verdict.reason) == ("chat", "none of the tasks fits: 'chat', for everything else")


def test_words_do_not_count_against_a_text_that_reads_otherwise():
    """``create`` in a request for code is no action."""
    assert read(bare, "Create a calendar event for Friday").label == "tool_calling"
    assert read(bare, "Create a Python class with two methods and a unit test").label != "tool_calling"


def test_without_a_task_for_conversation_the_next_stage_is_asked():
    only = reader({"vision": "m", "memory": "m"})
    assert read(only, "Good morning").label is None


def test_a_hint_counts_more_than_everything():
    """What the caller says is not looked into."""
    verdict = read(bare, [PICTURE], asked=Asked(None, task="memory"))
    assert verdict == Verdict("memory", "the caller says 'memory'")


# ---- what a configuration says of a task


def test_a_task_with_words_of_its_own_is_known_by_these_alone():
    """The usual words of its name don't count any more, nor does likeness."""
    own = reader({"tool_calling": {"model": "m", "patterns": ["abracadabra"]}, "chat": "m"})
    assert read(own, "Schedule a meeting").label == "chat"
    assert read(own, "Say ABRACADABRA").reason == "tool_calling: its words 'ABRACADABRA'"
    assert read(own, "abracadabras").label == "chat"


def test_a_task_with_words_of_its_own_keeps_its_mark():
    """Tools that are offered are tool calling under that name, unless it has a condition of its own."""
    own = reader({"tool_calling": {"model": "m", "patterns": ["abracadabra"]}, "chat": "m"})
    assert read(own, "Hi", tools=[{}]).label == "tool_calling"
    conditional = reader({"tool_calling": {"model": "m", "when": "stream"}, "chat": "m"})
    assert read(conditional, "Hi", tools=[{}]).label == "chat"


def test_examples_are_matched_by_likeness():
    """A name that nobody knows, with utterances."""
    made = reader(
        {"legal": {"model": "m", "utterances": ["Check this contract", "Is this clause valid?"]}, "chat": "m"}
    )
    verdict = read(made, "Please check the contract")
    assert verdict.label == "legal"
    assert "most like legal" in verdict.reason
    assert read(made, "Good morning").label == "chat"


def test_conditions_are_told():
    made = reader({"big": {"model": "m", "when": "tokens > 100"}, "chat": "m"})
    assert read(made, "Hi", tokens=101).reason == "big: tokens > 100 holds"
    assert read(made, "Hi", tokens=100).label == "chat"


def test_the_first_that_fits_wins():
    """In document order, whatever is more alike."""
    words = {"model": "m", "patterns": ["tea"]}
    assert read(reader({"a": words, "b": words, "chat": "m"}), "tea").label == "a"
    assert read(reader({"b": words, "a": words, "chat": "m"}), "tea").label == "b"


@pytest.mark.parametrize("text", ["Schedule a meeting", "Good morning", "What's the weather like in Oslo right now?"])
def test_what_is_longer_than_a_bound_goes_to_the_long_context(text):
    """By words, by likeness or as what is left: the task's bound is looked at last."""
    bounds = {name: {"model": "m", "max_context_tokens": 1000} for name in ("tool_calling", "chat")}
    made = reader({**bounds, "memory": "m", "long_context": "memory"})
    usual = read(made, text, tokens=1000).label
    assert usual in ("tool_calling", "chat")
    longer = read(made, text, tokens=1001)
    assert longer.label == "memory"
    assert longer.reason.endswith("but about 1001 tokens are more than 1000")


# ---- beside a semantic router

CATEGORIES = {"semantic_router": {"categories": {"code": "m", "general": "m"}}}


@pytest.mark.parametrize(("text", "label"), [
    ("Schedule a meeting", "tool_calling"), ("Good morning", None), ("What's the weather like in Oslo?", None),
])  # fmt: skip
def test_beside_a_semantic_router_only_rules_speak(text, label):
    """Likeness and what is left are the semantic router's."""
    assert read(reader(BARE, **CATEGORIES), text).label == label


def test_who_asks_for_tasks_gets_one():
    """``auto/tasks`` asks for this router alone."""
    assert read(reader(BARE, **CATEGORIES), "Good morning", asked=Asked("auto/tasks")).label == "chat"


# ---- accuracy


@pytest.mark.parametrize(("part", "least"), [("seen", 0.9), ("unseen", 0.8)])
def test_names_alone_are_right_for_most_prompts(part, least):
    """The prompts of the example, without its words: ``-s`` prints the share and what is missed."""
    labelled = yaml.safe_load((EXAMPLES / "task-models/prompts.yaml").read_text())[part]
    found = [(text, label, read(bare, text).label) for label, texts in labelled.items() for text in texts]
    missed = [each for each in found if each[1] != each[2]]
    print(f"\n{part}, by names alone: {1 - len(missed) / len(found):.1%} of {len(found)}")  # noqa: T201
    for text, label, got in missed:
        print(f"  missed: {text!r} is {label}, taken for {got}")  # noqa: T201
    assert len(missed) <= len(found) * (1 - least)


@examples(max_examples=50)
@given(st.text(), st.integers(0, 10**6))
def test_every_text_has_a_task(text, tokens):
    """As long as there is one for conversation."""
    assert read(bare, text, tokens=tokens).label in BARE
