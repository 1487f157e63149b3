"""The whole order of thought: names to choices, and what is said when there is no choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import ExactMatch, Pattern, RouterSettings, Strategies
from pointsman.errors import AtLimit, InvalidBody, ModelNotFound, NoCandidate, TooManyTokens
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.outcome import FailureKind
from pointsman.model.rest import BreakerSettings
from pointsman.routing import settle
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import FILTERS, RESOLVERS, Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

MOST = RouterSettings().max_fallbacks

P, Q = provider("p", default_model="house"), provider("q")
OPEN_P, OPEN_Q = deployment("p", "*", P, model=None), deployment("q", "*", Q, model=None)


def board() -> Scoreboard:
    return Scoreboard(FakeClock(), LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))


def down(view: Scoreboard, *members, kind: FailureKind = FailureKind.SERVER_ERROR) -> None:
    for member in members:
        lease = view.take(member)
        view.failed(lease, kind)
        view.give_back(lease)


def decide(made, name: str | None = "m", view: Scoreboard | None = None, draws=(0.0,), **more):
    return Pipeline(compile_topology(made)).decide(request(name, **more), view or board(), LoadedDice(draws))


def plan(decision) -> list[tuple[str, str, int]]:
    return [(leg.deployment.id, leg.model, leg.tier) for leg in legs(decision)]


ROUTES = settings(
    deployment("m1", "m", P, model="upstream-m"),
    OPEN_P,
    OPEN_Q,
    exact={"e": ExactMatch("e", "q"), "o": ExactMatch("o", "q", model="other")},
    patterns=(Pattern("^llama", "q"),),
    aliases={"nick": "m", "to-e": "e", "to-llama": "llama-3", "to-nobody": "stranger"},
    default_provider="p",
)


@pytest.mark.parametrize(
    ("name", "route", "choice", "upstream"),
    [
        ("m", "exact", "m1", "upstream-m"),
        ("e", "exact", "q", "e"),
        ("o", "exact", "q", "other"),
        ("llama-3", "pattern", "q", "llama-3"),
        ("stranger", "default", "p", "stranger"),
        (None, "default", "p", "house"),
        ("nick", "exact", "m1", "upstream-m"),
        ("to-e", "exact", "q", "e"),
        ("to-llama", "pattern", "q", "llama-3"),
        ("to-nobody", "default", "p", "stranger"),
    ],
)
def test_a_name_is_settled_by_the_first_stage_that_knows_it(name, route, choice, upstream):
    """Alias, exact, pattern, default: in this order, and the upstream is asked for the right name."""
    decision = decide(ROUTES, name)
    assert (decision.model, decision.route, decision.choice.id, decision.upstream_model) == (
        name,
        route,
        choice,
        upstream,
    )


def test_every_stage_says_a_word_in_order():
    """The steps of a decision are the stages asked, then the filters, then the strategy."""
    stages = [step.stage for step in decide(ROUTES, "stranger").steps]
    assert stages == ["alias", "exact", "pattern", "default", "limits", "health", "strategy"]
    assert stages == [stage for stage in (*dict(RESOLVERS), *dict(FILTERS), "strategy") if stage in stages]


@pytest.mark.parametrize("aliases", [{"a": "b", "b": "a"}, {"a": "a"}, {"a": "b", "b": "c", "c": "a"}])
def test_a_circle_of_aliases_ends(aliases):
    """An alias is followed once: a circle is a name that is not served, not an endless search."""
    with pytest.raises(ModelNotFound):
        decide(settings(deployment("m1"), aliases=aliases), "a")


def test_an_unknown_name_is_told_the_near_ones():
    """Misspelt names get a hint, best first; hidden names are not given away."""
    made = settings(
        deployment("x", "gpt-4o-mini"),
        deployment("y", "llama-3"),
        deployment("z", "gpt-4o-min"),
        hidden=frozenset({"gpt-4o-min"}),
    )
    with pytest.raises(ModelNotFound) as caught:
        decide(made, "gpt-4o-mimi")
    told = caught.value
    assert (told.status, told.code, told.param) == (404, "model_not_found", "model")
    assert told.message == "model 'gpt-4o-mimi' is not served here; near names: gpt-4o-mini"


@given(st.text(max_size=300).filter(lambda name: name != "gpt-4o-mini" and not name.startswith("auto/")))
def test_any_unknown_name_is_refused_in_one_printable_line(name):
    """However it is written, the refusal is short and has no line break of the caller's."""
    with pytest.raises(ModelNotFound) as caught:
        decide(settings(deployment("x", "gpt-4o-mini")), name)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 2500


def test_no_model_and_no_default_is_the_callers_mistake():
    """It is a 400 about ``model``, not a 404 about nothing."""
    with pytest.raises(InvalidBody) as caught:
        decide(settings(deployment("m1")), None)
    assert (caught.value.status, caught.value.param) == (400, "model")


@pytest.mark.parametrize(("fallbacks", "groups"), [(None, ["m", "b"]), ((), ["m"]), (("c", "c", "m"), ["m", "c", "m"])])
def test_the_callers_fallbacks_take_the_place_of_the_configured(fallbacks, groups):
    """None: as configured; a list: just these, each once; an empty list: nobody."""
    made = settings(*[deployment(name, name) for name in ("m", "b", "c")], fallbacks={"m": ("b",)})
    decision = decide(made, fallbacks=fallbacks)
    assert [tier.group for tier in decision.tiers] == groups
    assert len({leg[0] for leg in plan(decision)}) == len(plan(decision))


def test_an_unknown_fallback_of_the_callers_is_their_mistake():
    """The refusal names the fallback, though the model itself is served."""
    with pytest.raises(ModelNotFound, match="'nobody' is not served here"):
        decide(settings(deployment("m1")), fallbacks=("nobody",))


def test_a_million_fallbacks_are_cut_to_the_longest_plan():
    """What a caller sends bounds nothing; the plan does."""
    made = settings(OPEN_P, default_provider="p")
    decision = decide(made, fallbacks=tuple(f"f{n}" for n in range(100_000)))
    assert len(decision.tiers) == MOST + 1


def test_a_circle_of_fallbacks_ends():
    """Every group is entered once, breadth first."""
    made = settings(
        *[deployment(name, name) for name in "abc"], fallbacks={"a": ("b", "c"), "b": ("a", "c"), "c": ("a", "b")}
    )
    assert plan(decide(made, "a")) == [("a", "a", 0), ("b", "b", 1), ("c", "c", 2)]


def test_a_long_chain_of_fallbacks_is_cut():
    """The group asked for and five more."""
    chain = [deployment(f"d{n}", f"g{n}") for n in range(20)]
    made = settings(*chain, fallbacks={f"g{n}": (f"g{n + 1}",) for n in range(19)})
    assert [leg[0] for leg in plan(decide(made, "g0"))] == [f"d{n}" for n in range(MOST + 1)]


def test_a_rules_own_fallback_comes_first_and_counts_as_one():
    """The provider of an exact entry's ``fallback`` is asked before the configured groups; the plan stays bounded."""
    chain = [deployment(f"d{n}", f"g{n}") for n in range(9)]
    made = settings(
        *chain,
        OPEN_P,
        OPEN_Q,
        exact={"e": ExactMatch("e", "p", fallback="q")},
        fallbacks={"e": tuple(f"g{n}" for n in range(9))},
    )
    decision = decide(made, "e")
    assert plan(decision)[:3] == [("p", "e", 0), ("q", "e", 1), ("d0", "g0", 2)]
    assert len(decision.tiers) == MOST + 2


def test_fallbacks_of_an_alias_come_before_those_of_its_target():
    """Who is asked for by another name may have other fallbacks."""
    made = settings(
        *[deployment(name, name) for name in "abc"], aliases={"x": "a", "y": "a"}, fallbacks={"a": ("b",), "x": ("c",)}
    )
    assert [tier.group for tier in decide(made, "x").tiers] == ["a", "c"]
    assert [tier.group for tier in decide(made, "y").tiers] == ["a", "b"]


def test_a_request_without_a_model_has_the_fallbacks_of_the_one_it_gets():
    """The house's model falls back as if it had been asked for by name."""
    made = settings(OPEN_P, deployment("b", "b"), default_provider="p", fallbacks={"house": ("b",)})
    assert plan(decide(made, None)) == plan(decide(made, "house")) == [("p", "house", 0), ("b", "b", 1)]


def test_default_fallbacks_stand_behind_every_group_without_its_own():
    """And not behind one that has its own, nor behind themselves."""
    made = settings(*[deployment(n, n) for n in "abz"], fallbacks={"b": ("a",)}, default_fallbacks=("z",))
    groups = {name: [tier.group for tier in decide(made, name).tiers] for name in ("a", "b", "z", "stranger")}
    assert groups == {"a": ["a", "z"], "b": ["b", "a"], "z": ["z"], "stranger": ["z"]}


@pytest.mark.parametrize(
    ("listed", "choice", "upstream", "tiers"),
    [
        ("e", "p", "e", [("e", "e")]),
        ("o", "q", "upstream", [("o", "upstream"), ("p", "upstream")]),
        ("m", "m2", "m", [("m", "m")]),
        ("nick", "p", "e", [("e", "e")]),
        ("llama-3", "p", "llama-3", [("llama-3", "llama-3")]),
    ],
)
def test_a_default_fallback_leads_where_a_request_for_its_name_leads(listed, choice, upstream, tiers):
    """By its exact entry with that entry's fallback, by an alias, or by a pattern."""
    rules = (ExactMatch("e", "p"), ExactMatch("o", "q", "p", "upstream"), ExactMatch("m", "q"))
    made = settings(
        deployment("m1", "m", P),
        deployment("m2", "m", Q),
        OPEN_P,
        OPEN_Q,
        exact={rule.name: rule for rule in rules},
        aliases={"nick": "e"},
        patterns=(Pattern("^llama", "p"),),
        default_fallbacks=(listed,),
    )
    decision = decide(made, "stranger")
    assert (decision.route, decision.choice.id, decision.upstream_model) == ("default", choice, upstream)
    assert [(tier.group, tier.name) for tier in decision.tiers] == tiers


def test_a_group_that_is_down_makes_way_for_the_next():
    """The choice comes from the first fallback group with somebody fit, and the plan starts there."""
    made = settings(*[deployment(n, n) for n in "abc"], fallbacks={"a": ("b", "c")})
    view = board()
    down(view, *made.deployments[:2])
    decision = decide(made, "a", view)
    assert (decision.tier, plan(decision)) == (2, [("c", "c", 2), ("a", "a", 0), ("b", "b", 1)])
    told = [(step.stage, step.before, step.after) for step in decision.steps[-3:]]
    assert told == [("fallback", 1, 0), ("fallback", 1, 1), ("strategy", 1, 1)]


def test_when_nobody_is_fit_open_breakers_are_asked_in_need():
    """The group asked for first, with a step that says so; a guess about health ends no service."""
    made = settings(deployment("a1", "a"), deployment("b1", "b"), fallbacks={"a": ("b",)})
    view = board()
    down(view, *made.deployments)
    decision = decide(made, "a", view)
    assert (decision.choice.id, decision.tier) == ("a1", 0)
    told = [(step.stage, step.before, step.after) for step in decision.steps[-3:]]
    assert told == [("fallback", 1, 0), ("need", 1, 1), ("strategy", 1, 1)]


def test_in_need_the_group_asked_for_comes_before_its_fallbacks():
    """Also where a fallback's failure is longest ago; inside the group the one that failed least recently is asked."""
    made = settings(deployment("a1", "a"), deployment("a2", "a"), deployment("b1", "b"), fallbacks={"a": ("b",)})
    clock = FakeClock()
    view = Scoreboard(clock, LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))
    for member in reversed(made.deployments):
        down(view, member)
        clock.advance(1)
    assert decide(made, "a", view).choice.id == "a2"


def test_in_need_nobody_is_asked_who_said_to_wait():
    """A fallback group with an open breaker comes before a group that rests after a rate limit."""
    made = settings(deployment("a1", "a"), deployment("b1", "b"), fallbacks={"a": ("b",)})
    view = board()
    down(view, made.deployments[0], kind=FailureKind.RATE_LIMITED)
    down(view, made.deployments[1])
    assert decide(made, "a", view).choice.id == "b1"


def test_when_everybody_said_to_wait_the_error_prints_the_steps():
    """429 with the time until somebody may be fit, the stage and each one's reason; no address."""
    made = settings(deployment("a1", "a"), deployment("a2", "a"), deployment("b1", "b"), fallbacks={"a": ("b",)})
    view = board()
    down(view, *made.deployments, kind=FailureKind.RATE_LIMITED)
    with pytest.raises(NoCandidate) as caught:
        decide(made, "a", view)
    error = caught.value
    assert (error.status, type(error), error.retry_after) == (429, AtLimit, 5.0)
    assert "[health] a1: cooling down for 5.0 s more (rate_limited); a2: " in error.message
    assert "127.0.0.1" not in error.message


def test_when_everybody_is_at_a_limit_it_is_a_429():
    """The caller is told which limit and when there is room again."""
    limited = deployment("a1", "a", rpm=1)
    view = board()
    view.give_back(view.take(limited))
    with pytest.raises(AtLimit) as caught:
        decide(settings(limited), "a", view)
    assert (caught.value.status, caught.value.retry_after) == (429, 60.0)
    assert "[limits] a1: 1 requests a minute reached" in caught.value.message


def test_some_resting_and_the_others_at_a_limit_is_a_503():
    """It is not the caller's pace alone that is wrong."""
    limited, broken = deployment("a1", "a", rpm=1), deployment("a2", "a")
    view = board()
    view.give_back(view.take(limited))
    down(view, broken, kind=FailureKind.AUTH)
    with pytest.raises(NoCandidate) as caught:
        decide(settings(limited, broken), "a", view)
    assert caught.value.status == 503


def used(view: Scoreboard, member, tokens: int) -> None:
    """Tokens of a minute are gone."""
    lease = view.take(member)
    view.succeeded(lease, tokens)
    view.give_back(lease)


@pytest.mark.parametrize("broken", [False, True])
def test_a_request_that_fits_nowhere_at_any_time_is_not_told_to_wait(broken):
    """The most that a minute of anybody has is less: a 4xx that says both figures, whoever rests meanwhile."""
    made = settings(
        deployment("a1", "a", tpm=100),
        deployment("a2", "a", tpm=300),
        deployment("b1", "b", tpm=200),
        fallbacks={"a": ("b",)},
    )
    view = board()
    down(view, *(made.deployments if broken else ()), kind=FailureKind.RATE_LIMITED)
    with pytest.raises(TooManyTokens) as caught:
        decide(made, "a", view, tokens=301)
    told = caught.value
    assert (told.status, told.code, told.retryable, told.retry_after) == (413, "too_many_tokens", False, None)
    assert "301 tokens" in told.message
    assert "300 a minute" in told.message


@pytest.mark.parametrize(("tokens", "choice", "tier"), [(100, "a1", 0), (101, "a2", 0), (301, "b1", 1)])
def test_a_large_request_goes_where_it_fits(tokens, choice, tier):
    """To the others of the group first, then to the fallback groups."""
    made = settings(
        deployment("a1", "a", tpm=100), deployment("a2", "a", tpm=300), deployment("b1", "b"), fallbacks={"a": ("b",)}
    )
    decision = decide(made, "a", tokens=tokens)
    assert (decision.choice.id, decision.tier) == (choice, tier)


@pytest.mark.parametrize(("tokens", "wait"), [(10, 20.0), (40, 20.0), (41, 60.0), (100, 60.0)])
def test_a_busy_minute_is_a_429_with_the_time_that_this_request_has_to_wait(tokens, wait):
    """A larger request waits until more of the minute is forgotten; who never has room for it is not waited for."""
    clock = FakeClock()
    view = Scoreboard(clock, LoadedDice([0.5]))
    small, busy = deployment("a1", "a", tpm=9), deployment("a2", "a", tpm=100)
    used(view, busy, 40)
    clock.advance(40.0)
    used(view, busy, 60)
    with pytest.raises(AtLimit) as caught:
        decide(settings(small, busy), "a", view, tokens=tokens)
    assert (caught.value.status, caught.value.retry_after) == (429, wait)
    assert f"a1: {tokens} tokens are more than its 9 a minute; a2: 100 tokens a minute reached" in caught.value.message


def test_the_time_to_wait_is_that_of_the_fallback_group_if_it_is_the_sooner():
    """Whoever can take the request first ends the wait."""
    limited, other = deployment("a1", "a", tpm=10), deployment("b1", "b")
    view = board()
    down(view, other, kind=FailureKind.RATE_LIMITED)
    with pytest.raises(NoCandidate) as caught:
        decide(settings(limited, other, fallbacks={"a": ("b",)}), "a", view, tokens=11)
    assert caught.value.retry_after == 5.0


@pytest.mark.parametrize("strategy", ["round_robin", "simple-shuffle", "least_loaded"])
@pytest.mark.parametrize(
    "catch", [{"default_fallbacks": ("m",)}, {"default_provider": "p"}, {"patterns": (Pattern(".", "p"),)}]
)
def test_names_that_callers_make_up_fill_no_memory(strategy, catch, monkeypatch):
    """Neither the names resolved nor the turns of groups grow with what is asked for."""
    monkeypatch.setattr(settle, "MAX_RESOLUTIONS", 50)
    made = settings(deployment("m1"), deployment("m2"), OPEN_P, strategies=Strategies(strategy), **catch)
    pipeline, view, dice = Pipeline(compile_topology(made)), board(), LoadedDice([0.3])
    for n in range(300):
        asked = request(f"made-up-{n}", fallbacks=(f"fallback-{n}",))
        decision = pipeline.decide(asked, view, dice)
        view.give_back(view.take(decision.choice, decision.tiers[0].group))
    assert len(pipeline._settler._known) <= 50
    assert set(view._turns) <= {"m"}


def test_forgetting_resolutions_changes_no_decision(monkeypatch):
    """The memory of names is a shortcut: with room for one name every decision is as before."""
    asked = ["m", "e", "llama-3", "stranger", None, "nick"] * 2
    long = Pipeline(compile_topology(ROUTES))
    expected = [long.decide(request(name), board(), LoadedDice()) for name in asked]
    monkeypatch.setattr(settle, "MAX_RESOLUTIONS", 1)
    short = Pipeline(compile_topology(ROUTES))
    assert [short.decide(request(name), board(), LoadedDice()) for name in asked] == expected
