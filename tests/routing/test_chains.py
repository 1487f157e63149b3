"""What follows the group asked for: order levels, fallback providers, fallback groups, and chains with conditions."""

from __future__ import annotations

import pytest

from pointsman.config.settings import Capability, ChainMember, ExactMatch, FallbackChain, Pattern, Task, TaskSettings
from pointsman.errors import InvalidHeader, NoCandidate
from pointsman.fakes import deployment, provider, settings
from pointsman.model.condition import Compare, Condition, Fact
from pointsman.model.outcome import FailureKind
from support.deciding import board, decide, down, open_at, plan, said, when

PLACES = {name: provider(name) for name in ("vllm", "ollama", "cpp", "other")}
OPEN = {name: open_at(place) for name, place in PLACES.items()}
LARGE = Condition('model_size >= "13B"', Compare(Fact("model_size"), ">=", 13.0))
DEFAULT = FallbackChain(
    "default", (ChainMember("vllm", LARGE), ChainMember("ollama", when("always")), ChainMember("cpp"))
)
SPARE = FallbackChain("spare", (ChainMember("ollama"), ChainMember("cpp", when("ollama_unavailable"))), 3, 0.5)


def chained(name="llama-7b", view=None, chains=(DEFAULT,), hints=(), **more):
    more.setdefault("default_provider", "other")
    made = settings(*OPEN.values(), chains={chain.name: chain for chain in chains}, **more)
    return decide(made, name, view, **dict(hints))


def tiers(decision) -> list[tuple[str, str | None]]:
    """Each tier's group and its chain."""
    return [(tier.group, tier.link.chain if tier.link else None) for tier in decision.tiers]


def test_the_default_chain_follows_every_request():
    """After its own group and fallbacks, member by member, for the name asked for."""
    decision = chained()
    assert tiers(decision) == [("llama-7b", None), ("vllm", "default"), ("ollama", "default"), ("cpp", "default")]
    assert [leg[:2] for leg in plan(decision)] == [(name, "llama-7b") for name in ("other", "vllm", "ollama", "cpp")]


@pytest.mark.parametrize(
    ("more", "hints", "chain"),
    [
        ({"exact": {"llama-7b": ExactMatch("llama-7b", "other", chain="spare")}}, {"chain": "mine"}, "spare"),
        ({"patterns": (Pattern("^llama", "other", chain="spare"),)}, {"chain": "mine"}, "spare"),
        ({"capabilities": {"spare": Capability("spare")}}, {"capability": "spare", "chain": "mine"}, "spare"),
        ({}, {"chain": "mine"}, "mine"),
        ({}, {}, "default"),
    ],
)
def test_a_chain_is_chosen_by_the_rule_then_the_capability_then_the_caller(more, hints, chain):
    """Else it is the default one."""
    mine = FallbackChain("mine", (ChainMember("cpp"),))
    decision = chained(chains=(DEFAULT, SPARE, mine), hints=hints.items(), **more)
    assert {link for _, link in tiers(decision)[1:]} == {chain}


def test_the_chain_of_a_task_s_name_is_followed():
    """Where the content or the caller says what it is about."""
    tasks = TaskSettings((Task("spare", "m"), Task("chat", "m")))
    decision = chained(None, chains=(DEFAULT, SPARE), tasks=tasks, hints={"task_class": "spare"}.items())
    assert (decision.route, decision.tiers[1].link.chain) == ("task", "spare")


def test_an_unknown_chain_is_refused_with_those_there_are():
    """A header's fault."""
    with pytest.raises(InvalidHeader, match=r"unknown chain 'x'; known: default, spare") as refused:
        chained(chains=(DEFAULT, SPARE), hints={"chain": "x"}.items())
    assert (refused.value.status, refused.value.param) == (400, "X-Chain")


@pytest.mark.parametrize(("name", "choice"), [("llama-7b", "ollama"), ("llama-13b", "vllm")])
def test_a_member_is_passed_over_if_its_condition_does_not_hold(name, choice):
    """Evaluated when the group asked for has nobody fit; the step tells the condition."""
    decision = chained(name, down(board(), OPEN["other"]))
    assert decision.choice.id == choice
    passed = "passed over: 'vllm' of chain 'default', for 'model_size >= \"13B\"' does not hold"
    assert (passed in said(decision, "fallback")) is (choice == "ollama")


@pytest.mark.parametrize(
    ("out", "choice"), [((), "ollama"), (("ollama",), "cpp"), (("ollama", "cpp"), None), (("cpp",), "ollama")]
)
def test_a_condition_asks_how_things_are_when_its_turn_has_come(out, choice):
    """``ollama_unavailable`` holds once Ollama could not be asked; who rests is skipped without waiting."""
    view = down(board(), OPEN["other"], kind=FailureKind.RATE_LIMITED)
    down(view, *(OPEN[name] for name in out), kind=FailureKind.RATE_LIMITED)
    if choice is None:
        with pytest.raises(NoCandidate):
            chained(view=view, chains=(SPARE,), hints={"chain": "spare"}.items())
    else:
        assert chained(view=view, chains=(SPARE,), hints={"chain": "spare"}.items()).choice.id == choice


def test_a_member_without_room_is_unavailable_to_this_request():
    """Though the provider is up: what counts is whether it could be asked."""
    full = deployment("full", "llama-7b", PLACES["ollama"], rpm=1)
    view = down(board(), OPEN["other"])
    view.take(full)
    made = settings(
        *OPEN.values(),
        full,
        chains={"spare": SPARE},
        exact={"llama-7b": ExactMatch("llama-7b", "other", chain="spare")},
    )
    assert decide(made, "llama-7b", view).choice.id == "cpp"


def test_the_choice_s_own_provider_keeps_the_chain_s_retries():
    """Where it is a member; the retries are the chain's, and it is not asked again as a member."""
    decision = chained(chains=(SPARE,), exact={"llama-7b": ExactMatch("llama-7b", "ollama", chain="spare")})
    link = decision.tiers[0].link
    assert (link.retries, link.delay, link.condition) == (3, 0.5, None)
    assert [leg[0] for leg in plan(decision)] == ["ollama", "cpp"]


def test_a_member_serves_the_name_by_its_own_deployments():
    """Its open one stands back, and a preferred model is asked for instead of the name."""
    listed = deployment("mine", "llama-7b", PLACES["cpp"], model="upstream")
    chain = FallbackChain("default", (ChainMember("cpp"), ChainMember("ollama", model="qwen")))
    made = settings(
        *OPEN.values(), listed, exact={"llama-7b": ExactMatch("llama-7b", "vllm")}, chains={"default": chain}
    )
    assert plan(decide(made, "llama-7b")) == [("vllm", "llama-7b", 0), ("mine", "upstream", 1), ("ollama", "qwen", 2)]


def test_lower_orders_come_first_and_those_without_last():
    """Each level is a tier of the same group, the strategy picks inside it."""
    made = settings(
        deployment("none"), deployment("two", order=2), deployment("one-a", order=1), deployment("one-b", order=1)
    )
    decision = decide(made)
    assert [[d.id for d in tier.pool] for tier in decision.tiers] == [["one-a", "one-b"], ["two"], ["none"]]
    assert {tier.group for tier in decision.tiers} == {"m"}
    view = down(board(), *made.deployments[2:], kind=FailureKind.RATE_LIMITED)
    assert decide(made, view=view).choice.id == "two"


def test_the_caller_s_fallbacks_leave_the_orders_of_the_group():
    """They take the place of other groups, not of the group asked for."""
    made = settings(deployment("a", order=1), deployment("b", order=2), deployment("s", "s"), deployment("t", "t"))
    decision = decide(settings(*made.deployments, fallbacks={"m": ("t",)}), fallbacks=("s",))
    assert [tier.group for tier in decision.tiers] == ["m", "m", "s"]


def test_a_fallback_group_brings_its_own_fallback_provider():
    """As a request for its name would have it."""
    made = settings(
        deployment("m1"), *OPEN.values(), exact={"e": ExactMatch("e", "ollama", "cpp")}, fallbacks={"m": ("e",)}
    )
    assert plan(decide(made)) == [("m1", "m", 0), ("ollama", "e", 1), ("cpp", "e", 2)]
    assert plan(decide(made, fallbacks=("e",))) == [("m1", "m", 0), ("ollama", "e", 1), ("cpp", "e", 2)]


def test_a_fallback_may_be_what_only_a_pattern_matches():
    """It is settled like a request for it."""
    made = settings(
        deployment("m1"), OPEN["vllm"], patterns=(Pattern("^llama", "vllm"),), fallbacks={"m": ("llama-3",)}
    )
    assert plan(decide(made)) == [("m1", "m", 0), ("vllm", "llama-3", 1)]


def test_a_fallback_that_nobody_serves_any_more_is_left_out():
    """The name that was asked for is served."""
    made = settings(deployment("m1"), deployment("s", "s"), fallbacks={"m": ("gone", "s")})
    assert [tier.group for tier in decide(made).tiers] == ["m", "s"]


def test_an_alias_of_several_falls_back_as_its_members_do():
    """Unless it has fallbacks of its own; members are no fallbacks of theirs."""
    members = [deployment(name, name) for name in ("a", "b", "c", "d", "z")]
    names = {"alias_groups": {"x": ("a", "b")}, "default_fallbacks": ("z",)}
    made = settings(*members, fallbacks={"a": ("b", "c"), "b": ("d",)}, **names)
    assert [tier.group for tier in decide(made, "x").tiers] == ["x", "c", "d"]
    made = settings(*members, fallbacks={"a": ("c",), "x": ("d",)}, **names)
    assert [tier.group for tier in decide(made, "x").tiers] == ["x", "d"]
    made = settings(*members, **names)
    assert [tier.group for tier in decide(made, "x").tiers] == ["x", "z"]


def test_an_alias_of_several_holds_whatever_its_members_lead_to():
    """Exact entries, aliases, aliases of several; each deployment once, circles end."""
    made = settings(
        deployment("a", "a"),
        OPEN["vllm"],
        exact={"e": ExactMatch("e", "vllm")},
        aliases={"nick": "a"},
        alias_groups={"x": ("nick", "e", "y"), "y": ("a", "x")},
    )
    assert [(leg[0], leg[1]) for leg in plan(decide(made, "x"))] == [("a", "a"), ("e@vllm", "e")]


@pytest.mark.parametrize(("tokens", "choice", "tier"), [(10, "short", 0), (5000, "long", 1)])
def test_a_request_that_is_too_long_goes_where_it_fits(tokens, choice, tier):
    """A fallback with too small a context is passed over before anybody asks it."""
    made = settings(
        deployment("short", context=4096),
        deployment("shorter", "s", context=100),
        deployment("long", "s", context=100_000),
        fallbacks={"m": ("s",)},
    )
    decision = decide(made, tokens=tokens)
    assert (decision.choice.id, decision.tier) == (choice, tier)
    if tier:
        assert "beyond its context of 4096" in said(decision, "requirements")
        assert [d.id for d in decision.pool] == ["long"]


def test_who_is_passed_over_does_not_shorten_the_time_to_wait():
    """A chain's member whose condition does not hold is fit, but no request like this one will be sent there."""
    view = board()
    down(view, OPEN["other"], OPEN["ollama"], OPEN["cpp"], kind=FailureKind.RATE_LIMITED)
    with pytest.raises(NoCandidate) as caught:
        chained(view=view)
    assert caught.value.retry_after == 5.0
