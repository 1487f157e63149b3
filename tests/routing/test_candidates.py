"""Every deployment beside a decision: in or out, by which stage, why, by which figures, and what would change it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import (
    Capability,
    Category,
    ExactMatch,
    MetadataRule,
    Pattern,
    ProviderShare,
    SemanticSettings,
    SizeRule,
    Strategies,
    TagSettings,
    Task,
    TaskSettings,
    WarmSettings,
)
from pointsman.errors import AtLimit, PointsmanError
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.flow.drive import run
from pointsman.flow.effects import Embedded
from pointsman.flow.explain import Account, Wish, explain
from pointsman.flow.trip import Core
from pointsman.model.condition import Compare, Condition, Fact
from pointsman.model.outcome import FailureKind
from pointsman.model.prices import Price, PriceList, PriceTable
from pointsman.model.request import Hints
from pointsman.model.rest import BreakerSettings
from pointsman.routing.advice import BETTER, UNKNOWN
from pointsman.routing.explain import as_data, candidates_text
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

PA, PB = provider("pa"), provider("pb")


def told(made, name="m", resting=(), failed=(), **more) -> Account:
    """An account of a dry run. ``resting`` were told to wait 20 s; the breakers of ``failed`` are open."""
    board = Scoreboard(FakeClock(), LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))
    for member in made.deployments:
        for names, kind, wait in ((resting, FailureKind.RATE_LIMITED, 20.0), (failed, FailureKind.RESET, None)):
            if member.id in names:
                lease = board.take(member)
                board.failed(lease, kind, wait)
                board.give_back(lease)
    core = Core(Pipeline(compile_topology(made)), board, LoadedDice())
    return run(explain(request(name, **more), core, Wish(everybody=True)), lambda _: Embedded())


def rows(made, name="m", **more) -> dict[str, dict]:
    return {row["deployment"]: row for row in told(made, name, **more).candidates}


def short(row: dict) -> tuple:
    return row.get("excluded_by"), row["reason"], row.get("change")


TWO = (deployment("a", at=PA), deployment("b", at=PB))


def test_the_choice_the_others_and_those_who_serve_something_else():
    """One row a deployment, with the words of the strategy and its figures."""
    made = settings(deployment("a", weight=7), deployment("b", weight=3), deployment("o", "other"))
    assert rows(made) == {
        "a": {
            "deployment": "a",
            "provider": "up",
            "kept": True,
            "chosen": True,
            "reason": "simple-shuffle by weight: a has 70.0% of the draw",
            "terms": {"share": 0.7},
        },
        "b": {
            "deployment": "b",
            "provider": "up",
            "kept": True,
            "chosen": False,
            "reason": "simple-shuffle by weight: a has 70.0% of the draw",
            "terms": {"share": 0.3},
            "change": "another draw; a higher weight makes it likelier",
        },
        "o": {
            "deployment": "o",
            "provider": "up",
            "kept": False,
            "chosen": False,
            "excluded_by": "exact",
            "reason": "does not serve the name asked for",
            "change": "name model 'other'",
        },
    }


def test_tags():
    """Another tag of the same name's, or no tag at all."""
    made = settings(
        deployment("a", tags=("code",)),
        deployment("b", tags=("math", "default")),
        deployment("c"),
        deployment("o", "other", tags=("code",)),
        tags=TagSettings(enabled=True),
    )
    found = rows(made, hints=Hints(("code",)))
    assert short(found["b"]) == ("tag", "its tags are math, default", "send tag 'math'")
    assert short(found["c"]) == ("tag", "it has no tags", "send no tags")
    assert short(found["o"]) == ("tag", "does not serve the name asked for", "name model 'other'")


def test_a_tag_that_nobody_has_leaves_everybody_out():
    """An error has the same account: the steps to it, and each deployment's way in."""
    made = settings(deployment("a", tags=("code",)), tags=TagSettings(enabled=True, prefix="r-"))
    account = told(made, hints=Hints(("r-maths",)))
    assert (account.decision, account.error.code) == (None, "no_deployment_with_tag")
    assert [(step.stage, step.after) for step in account.error.steps][-1] == ("tag", 0)
    assert short(account.candidates[0]) == ("tag", "its tags are code", "send tag 'r-code'")


def test_a_name_that_nobody_serves_leaves_everybody_out():
    """The last stage that was asked has the last word."""
    account = told(settings(*TWO), "stranger")
    assert account.error.code == "model_not_found"
    assert [step.stage for step in account.error.steps] == ["exact", "pattern", "default"]
    assert {short(row) for row in account.candidates} == {
        ("default", "does not serve the name asked for", "name model 'm'")
    }


HIGH = Condition('header.x-priority == "high"', Compare(Fact("header.x-priority"), "==", "high"))


def test_metadata_rules():
    """The rule that holds, by its name and its words."""
    made = settings(*TWO, metadata=(MetadataRule("high", "pb", HIGH),))
    found = rows(made, headers={b"x-priority": b"high"})
    assert found["b"]["chosen"]
    assert short(found["a"]) == (
        "metadata",
        "a rule leads elsewhere, it is at pa",
        "a request that rule 'high' does not apply to (header.x-priority == \"high\")",
    )


def test_capabilities():
    """Who is too small is told so, who is none of them is told that."""
    made = settings(
        deployment("small", "s", size=7.0),
        deployment("large", "l", size=70.0),
        deployment("other", "o", at=PB),
        capabilities={"big": Capability("big", providers=("up",), min_size=13.0)},
    )
    found = rows(made, None, hints=Hints(capability="big"))
    assert found["large"]["chosen"]
    assert short(found["small"]) == ("capability", "its size is 7B", "leave X-Capability out and name model 's'")
    assert short(found["other"])[2] == "leave X-Capability out and name model 'o'"


TASKS = TaskSettings((Task("code", "c", ("python",)), Task("chat", "m")))


def test_tasks_and_categories():
    """The task that would have led there, and the name that does in any case."""
    semantic = SemanticSettings((Category("general", "g"),), "general")
    made = settings(deployment("c", "c"), *TWO, deployment("g", "g"), tasks=TASKS, semantic=semantic)
    found = rows(made, None, body={"messages": b'[{"role":"user","content":"python please"}]'})
    assert found["c"]["chosen"]
    assert short(found["a"]) == ("task", "is not the model for 'code'", "send X-Task: chat or name model 'm'")
    assert short(found["g"])[2] == "a text more like category 'general' or name model 'g'"


def test_filters():
    """What a deployment can't do, has no room for, rests from, or is not warm for."""
    made = settings(
        deployment("fit"),
        deployment("blind", vision=False),
        deployment("toolless", tools=False),
        deployment("narrow", context=10),
        deployment("full", max_parallel_requests=0),
        deployment("low", tpm=5),
        deployment("resting"),
        deployment("broken"),
    )
    body = {
        "messages": b'[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]',
        "tools": b'[{"type":"function"}]',
    }
    found = rows(made, resting=("resting",), failed=("broken",), body=body, tokens=50)
    assert found["fit"]["chosen"]
    out = {name: (row["excluded_by"], row["change"]) for name, row in found.items() if name != "fit"}
    assert out == {
        "blind": ("requirements", "a request without images"),
        "toolless": ("requirements", "a request without tools"),
        "narrow": ("requirements", "a request of at most 10 tokens"),
        "full": ("limits", "when a request there ends, or higher limits"),
        "low": ("limits", "a request of at most 5 tokens, or a higher tpm"),
        "resting": ("health", "in 20.0 s, when its rest is over"),
        "broken": ("health", "when its breaker lets a request try it, in 5.0 s"),
    }


def test_limits_of_a_minute_say_when_there_is_room_again():
    """The wait that the scoreboard knows of."""
    clock = FakeClock()
    one, two = deployment("one", rpm=1), deployment("two")
    made = settings(one, two)
    board = Scoreboard(clock, LoadedDice([0.5]))
    board.give_back(board.take(one))
    core = Core(Pipeline(compile_topology(made)), board, LoadedDice())
    found = {row["deployment"]: row for row in run(explain(request(), core, Wish(everybody=True)), None).candidates}
    assert found["one"]["change"] == f"in {board.wait(one):.1f} s, or higher limits"
    assert board.wait(one) > 0


def test_a_higher_order_stands_by():
    """It is asked when those before it have failed."""
    made = settings(deployment("a", order=1), deployment("b", order=2))
    account = told(made)
    assert [(s.stage, s.before, s.after) for s in account.decision.steps if s.stage == "order"] == [("order", 2, 1)]
    row = account.candidates[1]
    assert (row["fallback"], *short(row)) == (
        1,
        "order",
        "its order is 2",
        "when everybody before it has failed; or a lower order",
    )


def test_members_of_fallback_groups_say_how_far_down_they_are():
    """Not excluded for good: next in line."""
    made = settings(*TWO, deployment("x", "x"), deployment("y", "y"), fallbacks={"m": ("x", "y")})
    found = rows(made)
    assert (found["x"]["fallback"], found["y"]["fallback"]) == (1, 2)
    assert found["y"]["change"] == "when everybody before it has failed; or name model 'y'"
    assert "fallback" not in found["b"]


def test_a_choice_from_a_fallback_group_is_not_said_to_be_excluded():
    """Nobody is chosen and left out at once; who made room for it is told why."""
    made = settings(deployment("a"), deployment("x", "x"), fallbacks={"m": ("x",)})
    found = rows(made, resting=("a",))
    assert (found["x"]["chosen"], found["x"]["kept"], found["x"]["fallback"]) == (True, True, 1)
    assert short(found["a"]) == (
        "health",
        "cooling down for 20.0 s more (rate_limited)",
        "in 20.0 s, when its rest is over",
    )


def test_who_could_not_stand_in_is_told_by_the_reason_why():
    """A member of a fallback group does not serve the name, but that is not why it was left out."""
    made = settings(deployment("a"), deployment("x", "x"), fallbacks={"m": ("x",)})
    account = told(made, resting=("a", "x"))
    assert type(account.error) is AtLimit
    found = {row["deployment"]: row for row in account.candidates}
    assert short(found["x"]) == (
        "fallback",
        "cooling down for 20.0 s more (rate_limited)",
        "in 20.0 s, when its rest is over",
    )
    assert not any(row["kept"] or row["chosen"] for row in account.candidates)


OPEN = deployment("pa", "*", PA, model=None)


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({"exact": {"e": ExactMatch("e", "pa")}}, "name model 'e'"),
        ({"patterns": (Pattern("^llama", "pa"),)}, "name a model that '^llama' matches"),
        ({"default_provider": "pa"}, "name a model that no rule knows"),
        ({"sizes": (SizeRule("< 8B", "pa"),)}, "a rule that leads to provider 'pa'"),
    ],
)
def test_an_open_deployment_is_reached_by_a_rule(more, change):
    """It has no name of its own."""
    assert rows(settings(deployment("m1"), OPEN, **more))["pa"]["change"] == change


def test_an_open_deployment_stands_under_the_names_that_it_serves():
    """A redundant model's place is told by the name it was bound to, once."""
    made = settings(
        OPEN, deployment("pb", "*", PB, model=None), redundant={"m": (ProviderShare("pa"), ProviderShare("pb"))}
    )
    assert set(rows(made)) == {"m@pa", "m@pb"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_would_change_the_pick_is_known_for_every_strategy(strategy):
    """By one of the figures that it tells."""
    known = {"context": 8192, "input_cost": 1e-6, "output_cost": 2e-6}
    account = told(settings(*[deployment(name, **known) for name in "ab"], strategies=Strategies(strategy)))
    kept = [row for row in account.candidates if not row["chosen"]]
    assert len(kept) == 1
    assert kept[0]["terms"].keys() & BETTER.keys()
    assert kept[0]["change"] in BETTER.values()


def test_a_member_of_which_the_strategy_knows_nothing_says_so():
    """There is no figure to be better by."""
    made = settings(deployment("a", input_cost=1e-6), deployment("b"), strategies=Strategies("lowest-cost"))
    assert short(rows(made)["b"])[2] == UNKNOWN


UNWRITTEN = {"written": None, "written_hour": None}


def test_prices_are_told_with_whose_word_they_are():
    """Of those that have any; the text names the table beside its dollars."""
    at = provider("openai", base_url="https://api.openai.com")
    table = PriceTable({"api.openai.com": PriceList(date(2026, 10, 1), {"m": Price(2.0, 8.0, 0.5)})})
    members = (deployment("a", "m", at), deployment("b", output_cost=1.0), deployment("c"))
    made = settings(*members, prices=(table,), strategies=Strategies("lowest-cost"))
    found = rows(made)
    assert {name: row.get("prices") for name, row in found.items()} == {
        "a": {"input": 2e-6, "output": 8e-6, "cached": 0.5e-6, **UNWRITTEN, "source": "table of 2026-10-01"},
        "b": {"input": 0.0, "output": 1.0, "cached": None, **UNWRITTEN, "source": "configuration"},
        "c": None,
    }
    first, second, _ = candidates_text(list(found.values())).split("\n")
    assert first.endswith("dollars 0.0024 (table of 2026-10-01)")
    assert "table" not in second


def test_the_text_has_a_line_for_everybody():
    """The choice first; names of callers take no liberties."""
    made = settings(deployment("a", "m\n\x1b[31m"), deployment("b", "m\n\x1b[31m"), deployment("o", "other"))
    account = told(made, "m\n\x1b[31m", fallbacks=("other",))
    lines = candidates_text(account.candidates).split("\n")
    assert [line.split()[:2] for line in lines] == [["chosen", "a"], ["kept", "b"], ["excluded", "o"]]
    assert all(line.isprintable() for line in lines)
    assert lines[2].endswith("to change it: when everybody before it has failed; or name model 'other'")


names = st.sampled_from(["m", "x", "e", "auto", "stranger", None])
tags = st.lists(st.sampled_from(["code", "math", "!code", "&math"]), max_size=2, unique=True).map(tuple)
members = st.lists(
    st.tuples(
        st.sampled_from(["m", "x", "c"]),
        st.sampled_from([PA, PB]),
        st.lists(st.sampled_from(["code", "math", "default"]), max_size=2, unique=True).map(tuple),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, 0, 5]),
    ),
    min_size=1,
    max_size=6,
)


@given(members, names, tags, st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)), st.booleans())
def test_every_account_is_whole(drawn, name, asked, resting, failed, filtered):
    """Whatever is asked of whatever: one row each, the choice is kept and has no change, everybody else has one, who is
    out is out by a stage that spoke, and verbose or not the decision is the same.
    """
    group = [
        deployment(f"d{n}", model, at, tags=tags, order=order, max_parallel_requests=most)
        for n, (model, at, tags, order, most) in enumerate(drawn)
    ]
    made = settings(
        *group,
        OPEN,
        tags=TagSettings(enabled=filtered),
        fallbacks={"m": ("x",)},
        exact={"e": ExactMatch("e", "pa")},
        warm=WarmSettings(),
    )
    hints = Hints(asked) if asked else Hints()
    try:
        account = told(
            made,
            name,
            tuple(f"d{n}" for n in resting),
            tuple(f"d{n}" for n in failed),
            hints=hints,
        )
    except PointsmanError as error:
        assert not error.steps  # noqa: PT017  or it would have been told
        return
    listed = [row["deployment"] for row in account.candidates]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) >= {d.id for d in group}
    chosen = [row for row in account.candidates if row["chosen"]]
    assert [row["deployment"] for row in chosen] == ([account.decision.choice.id] if account.decision else [])
    steps = account.decision.steps if account.decision else account.error.steps
    spoke = {step.stage for step in steps}
    for row in account.candidates:
        assert row["reason"]
        assert row["kept"] is ("excluded_by" not in row)
        assert row["chosen"] is ("change" not in row)
        assert row.get("excluded_by", "strategy") in spoke | {"strategy"}
    if account.decision:
        kept = {d.id for d in account.decision.pool}
        assert {row["deployment"] for row in account.candidates if row["kept"]} == kept
        assert as_data(account.decision)["deployment"] in kept
