"""Content decides last, and in the order of the stages: hints, names, rules, tasks, categories, the default."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pointsman.config.load import from_mapping
from pointsman.errors import PointsmanError
from pointsman.fakes import FakeView, LoadedDice, request
from pointsman.model.decision import Decision
from pointsman.model.request import Hints
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.shapes import Heard
from pointsman.routing.topology import compile_topology

AT = {"api_key": "k", "api_base": "http://up.example/v1"}
CODE = "Write a Python function to sort a list"
ACT = "Schedule a meeting with Ana"
HELLO = "Good morning!"


def model(name: str) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": f"openai/{name}", **AT}}


NAMES = ("coder", "counter", "anyone", "actor", "talker")
PAGE: dict[str, Any] = {
    "model_list": [model(name) for name in NAMES],
    "tasks": {"tool_calling": "actor", "chat": "talker"},
    "semantic_router": {"categories": {"code": "coder", "math": "counter", "general": "anyone"}},
}
ENCODER = {"kind": "http", "model": "e5", "endpoint": "http://embed.example/v1"}


def pipeline(**more: Any) -> Pipeline:
    page = {**PAGE, **more}
    return Pipeline(compile_topology(from_mapping({key: value for key, value in page.items() if value is not None})))


def asked(text: str, name: str | None = None, **hints: Any):
    body = {"messages": msgspec.Raw(msgspec.json.encode([{"role": "user", "content": text}]))}
    return request(name, body=body, hints=Hints(**hints)) if hints else request(name, body=body)


def decide(made: Pipeline, *said: Any, heard: Heard | None = None, **hints: Any) -> Decision:
    return made.decide(asked(*said, **hints), FakeView(), LoadedDice(), heard=heard)


def told(decision: Decision) -> dict[str, str]:
    return {step.stage: step.reason for step in decision.steps}


both = pipeline()


@pytest.mark.parametrize(("text", "name", "route", "served"), [
    (CODE, None, "semantic", "coder"),
    (HELLO, None, "semantic", "anyone"),
    (ACT, None, "task", "actor"),  # rules of the tasks come first
    (HELLO, "auto/tasks", "task", "talker"),  # who asks for tasks gets one
    (CODE, "auto/tasks", "task", "talker"),
    (ACT, "auto/semantic", "semantic", "anyone"),  # who asks for categories is asked for no task
    (CODE, "counter", "exact", "counter"),  # a name is not looked into
])  # fmt: skip
def test_who_decides(text, name, route, served):
    decision = decide(both, text, name)
    assert (decision.route, decision.choice.model_name) == (route, served)


def test_a_hint_settles_it_before_any_reading():
    """The caller's word is told as the reason."""
    decision = decide(both, CODE, task_class="chat")
    assert (decision.route, decision.choice.model_name) == ("task", "talker")
    assert told(decision)["task"].startswith("the caller says 'chat'; ")


def test_what_was_read_is_told_with_what_became_of_it():
    """One sentence: the figures, then the model."""
    reason = told(decide(both, CODE))["semantic"]
    assert reason.startswith("code ")
    assert "model 'coder'" in reason


def test_a_stage_that_has_nothing_to_say_says_so():
    """The task stage's word stands in the trace of a decision by category."""
    assert told(decide(both, CODE))["task"] == "no task's words; likeness is the semantic router's"


def test_with_tasks_alone_likeness_and_conversation_are_theirs():
    made = pipeline(semantic_router=None)
    assert decide(made, HELLO).choice.model_name == "talker"
    assert decide(made, "What's the weather like in Oslo right now?").choice.model_name == "actor"


def test_where_nothing_fits_the_default_provider_is_next():
    """Categories without a fallback leave it to the next stage."""
    categories = {"categories": {"code": "coder"}}
    more = {"providers": {"home": {"kind": "openai_compatible", **AT, "default_model": "own"}}}
    made = pipeline(tasks=None, semantic_router=categories, default_provider="home", **more)
    assert decide(made, HELLO).route == "default"
    assert decide(made, CODE).route == "semantic"


def test_where_nobody_is_next_the_error_says_what_was_read():
    made = pipeline(tasks=None, semantic_router={"categories": {"code": "coder"}})
    with pytest.raises(PointsmanError) as refused:
        decide(made, HELLO)
    assert "names no model" in str(refused.value)


def test_the_order_of_categories_makes_no_difference():
    listed = PAGE["semantic_router"]["categories"]
    turned = pipeline(semantic_router={"categories": dict(reversed(listed.items()))})
    for text in (CODE, HELLO, "Solve the integral of x^2 dx", "qqqq"):
        assert decide(turned, text).choice.model_name == decide(both, text).choice.model_name


# ---- what an encoder is asked for

remote = pipeline(semantic_router={**PAGE["semantic_router"], "encoder": ENCODER, "sticky": 60})


@pytest.mark.parametrize(("said", "hints", "wanted"), [
    ((CODE,), {}, True),
    ((CODE, "auto/semantic"), {}, True),
    ((CODE, "coder"), {}, False),  # a name
    ((CODE, "auto/tasks"), {}, False),  # another router
    ((ACT,), {}, False),  # settled by its task
    ((CODE,), {"task_class": "chat"}, False),
    ((CODE,), {"session": "s"}, False),  # kept by its session
    ((CODE,), {"session": "t"}, True),
    (("",), {}, False),
    ((CODE,), {"capability": "unknown"}, False),  # will be refused
])  # fmt: skip
def test_an_encoder_is_asked_only_where_its_word_counts(said, hints, wanted):
    view = FakeView(labels={"s": "code"})
    assert (remote.wanted(asked(*said, **hints), view) is not None) is wanted


def test_the_lexical_encoder_is_never_asked():
    assert both.wanted(asked(CODE), FakeView()) is None


def test_what_the_encoder_says_decides():
    """And where it says nothing the lexical one stands in."""
    wanted = remote.wanted(asked(HELLO), FakeView())
    assert wanted is not None
    rows = [[1.0, 0.0] if number == 0 else [0.0, 1.0] for number in range(len(wanted[1]))]
    decision = decide(remote, HELLO, heard=Heard([1.0, 0.0], rows))
    assert (decision.choice.model_name, "http" in told(decision)["semantic"]) == ("coder", True)
    decision = decide(remote, CODE, heard=Heard(detail="it is down"))
    assert decision.choice.model_name == "coder"
    assert "lexical in place of http (it is down)" in told(decision)["semantic"]
