"""One decision, three ways to print it, one set of steps."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.model.secret import Secret
from pointsman.routing.explain import as_data, as_text, hints_data
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard

PLACE = provider("secretive", base_url="http://10.1.2.3:9999/v1", api_key=Secret("sk-very-secret"))
OPEN = deployment("secretive", "*", PLACE, model=None)
MADE = settings(
    deployment("m1", "m", PLACE),
    deployment("m2", "m", PLACE, rpm=0),
    deployment("b1", "b", PLACE),
    OPEN,
    fallbacks={"m": ("b",)},
    default_provider="secretive",
)


def decide(name: str | None, resting: tuple[str, ...] = (), **more):
    board = Scoreboard(FakeClock(), LoadedDice([0.5]))
    for member in MADE.deployments:
        if member.id in resting:
            lease = board.take(member)
            board.failed(lease, FailureKind.FORBIDDEN)
            board.give_back(lease)
    return Pipeline(compile_topology(MADE)).decide(request(name, **more), board, LoadedDice())


NASTY = ["m", "b", "stranger", "m\nfake  1 -> 1  forged", "\x1b[31mred", "\u2028x", "é\x85"]
names = st.sampled_from(NASTY) | st.text(min_size=1).filter(lambda name: not name.startswith("auto/"))
"""What begins with auto/ asks for a router, and there is none."""


@given(names)
def test_text_and_data_say_the_same_steps(name):
    """Every step of the one stands in the other, in the same order, with the same numbers and words."""
    decision = decide(name)
    data, lines = as_data(decision), as_text(decision).splitlines()
    assert len(lines) == len(data["steps"]) + 2
    for step, line in zip(data["steps"], lines[1:-1], strict=True):
        stage, rest = line.split(maxsplit=1)
        before, _, after, reason = rest.split(maxsplit=3)
        assert (stage, int(before), int(after), reason) == (
            step["stage"],
            step["before"],
            step["after"],
            step["reason"],
        )


@given(names, st.lists(names, max_size=3))
def test_no_name_of_a_callers_makes_a_line_or_a_colour(name, fallbacks):
    """Line breaks and terminal codes in names are printed as what they are."""
    decision = decide(name, fallbacks=tuple(fallbacks))
    text = as_text(decision)
    assert len(text.split("\n")) == len(decision.steps) + 2
    assert all(line.isprintable() for line in text.split("\n"))


def test_the_text_reads_well():
    """The example of the documentation: asked, chosen, each step, the plan."""
    lines = as_text(decide("m")).splitlines()
    assert lines[0] == "m -> m1  (m at secretive)"
    assert lines[1].split()[:4] == ["exact", "4", "->", "2"]
    assert lines[-1] == "  plan      m1, then b1 (fallback b), then m2"


def test_a_request_without_a_model_says_so():
    """There is no name to print."""
    made = settings(deployment("p", "*", provider("p", default_model="house"), model=None), default_provider="p")
    decision = Pipeline(compile_topology(made)).decide(
        request(None), Scoreboard(FakeClock(), LoadedDice()), LoadedDice()
    )
    assert as_text(decision).startswith("(no model named) -> p  (house at p)")


@given(names)
def test_the_data_is_json_and_its_plan_is_the_plan(name):
    """What ``POST /v1/route`` answers is what will be done."""
    decision = decide(name)
    data = json.loads(json.dumps(as_data(decision)))
    told = [(entry["deployment"], entry["model"], entry["fallback"]) for entry in data["plan"]]
    assert told == [(leg.deployment.id, leg.model, leg.tier) for leg in legs(decision)]
    assert (data["deployment"], data["upstream_model"]) == (told[0][0], told[0][1])


def test_no_explanation_names_an_address_or_a_key():
    """Explanations go to callers."""
    decision = decide("m", resting=("m2",))
    for told in (as_text(decision), json.dumps(as_data(decision)), repr(as_data(decision))):
        assert "10.1.2.3" not in told
        assert "sk-very-secret" not in told


def test_what_is_not_passed_on_is_told():
    """A task that the provider does not take; one that takes it gets it, and nothing is said."""
    told = decide("m", hints=Hints(task="code"))
    assert (as_data(told)["not_sent"], as_text(told).splitlines()[-1]) == (
        ["task"],
        "  not sent  task: secretive does not take it",
    )
    custom = deployment("d", at=provider("custom", "openai_compatible"))
    board = Scoreboard(FakeClock(), LoadedDice())
    taken = Pipeline(compile_topology(settings(custom))).decide(request(hints=Hints(task="x")), board, LoadedDice())
    assert as_data(taken)["not_sent"] == []


def test_the_data_says_what_the_request_was_taken_to_carry():
    """Tags and task, beside what the caller said."""
    hints = Hints(("a", "b"), task="code", session="s")
    data = as_data(decide("m", hints=hints))
    assert (data["tags"], data["task"]) == (["a", "b"], None)
    assert hints_data(hints) == {"tags": ("a", "b"), "task": "code", "session": "s"}
    assert hints_data(Hints()) == {}
