"""Capabilities: who has what ``X-Capability`` asks for, and what is said when nobody is known to."""

from __future__ import annotations

import pytest

from pointsman.config.settings import Capability, ChainMember, ExactMatch, FallbackChain, Pattern, Strategies
from pointsman.errors import ConfigurationError, InvalidHeader
from pointsman.fakes import deployment, provider, settings
from pointsman.routing.pipeline import Pipeline, Sight
from pointsman.routing.topology import compile_topology
from support.deciding import board, decide, down, open_at, plan, pool, said

OLLAMA, VLLM = provider("ollama"), provider("vllm")
SMALL = deployment("llama-7b@ollama", "llama-7b", OLLAMA)
BIG = deployment("llama-70b@vllm", "llama-70b", VLLM, context=8192)
UNKNOWN = deployment("house@vllm", "house", VLLM)


def has(wanted: Capability, *members, name=None, **more):
    sights: list[Sight] = more.pop("sights", [])
    view = more.pop("view", None)
    made = settings(*members, capabilities={wanted.name: wanted}, **more)
    return decide(made, name, view, capability=wanted.name, sights=sights)


def test_preferred_models_are_the_candidates():
    """From wherever they are served; the strategy and the name of the pool are the capability's."""
    wanted = Capability("chat", ("llama-7b", "llama-70b"), strategy="round_robin")
    decision = has(wanted, SMALL, BIG, UNKNOWN)
    assert (decision.route, pool(decision)) == ("capability", ["llama-7b@ollama", "llama-70b@vllm"])
    assert (decision.strategy, decision.tiers[0].group) == ("round_robin", "chat")
    assert said(decision, "capability") == "capability 'chat'"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"exact": {"coder": ExactMatch("coder", "vllm", model="upstream")}}, ("coder@vllm", "upstream")),
        ({"patterns": (Pattern("^code", "ollama"),)}, ("coder@ollama", "coder")),
        ({"default_provider": "vllm"}, ("coder@vllm", "coder")),
        ({"aliases": {"coder": "llama-7b"}}, ("llama-7b@ollama", "llama-7b")),
    ],
)
def test_a_preferred_model_is_found_as_a_request_for_it_would_be(more, expected):
    """By an exact entry, a pattern, an alias or the default provider."""
    decision = has(Capability("code", ("coder",)), SMALL, open_at(OLLAMA), open_at(VLLM), **more)
    assert plan(decision)[0][:2] == expected


def test_the_capability_s_provider_serves_preferred_models_as_they_are_called():
    """Each under its own name, also where only the open deployment is there."""
    wanted = Capability("code", ("qwen:7b", "deepseek"), ("ollama",))
    decision = has(wanted, open_at(OLLAMA), deployment("qwen:7b@vllm", "qwen:7b", VLLM))
    assert [(leg[0], leg[1]) for leg in plan(decision)] == [
        ("qwen:7b@ollama", "qwen:7b"),
        ("deepseek@ollama", "deepseek"),
    ]


@pytest.mark.parametrize(
    ("place", "members", "expected"),
    [
        (VLLM, (BIG, UNKNOWN), ["llama-70b@vllm", "house@vllm"]),
        (provider("vllm", models=("a", "b")), (), ["a@vllm", "b@vllm"]),
        (provider("vllm", models=("llama-70b", "b")), (BIG,), ["llama-70b@vllm", "b@vllm"]),
        (provider("vllm", default_model="own"), (), ["own@vllm"]),
    ],
)
def test_without_preferred_models_its_providers_own_are_the_candidates(place, members, expected):
    """Listed in the model list or at the provider, else its default."""
    assert pool(has(Capability("fast", providers=("vllm",)), SMALL, *members, open_at(place))) == expected


def test_a_provider_of_which_no_model_is_known_is_asked_for_the_caller_s():
    """As it is called; a request that names none has no model there."""
    wanted = Capability("fast", providers=("vllm",))
    decision = has(wanted, open_at(VLLM), name="anything")
    assert plan(decision) == [("vllm", "anything", 0)]
    with pytest.raises(InvalidHeader, match="no deployment for capability 'fast': nobody has it"):
        has(wanted, open_at(VLLM))


def test_a_named_model_that_is_served_comes_before_a_capability():
    """The hierarchy: exact and pattern first."""
    assert has(Capability("chat", ("llama-70b",)), SMALL, BIG, name="llama-7b").route == "exact"
    assert has(Capability("chat", ("llama-70b",)), SMALL, BIG, name="stranger").route == "capability"


def test_who_is_known_to_be_too_small_is_out():
    """And told, with the reason, in the verbose explanation."""
    sights: list[Sight] = []
    decision = has(Capability("big", min_size=13), SMALL, BIG, UNKNOWN, sights=sights)
    assert (pool(decision), said(decision, "capability")) == (["llama-70b@vllm"], "capability 'big' (at least 13B)")
    assert sights[0].excluded == {"llama-7b@ollama": "its size is 7B", "house@vllm": "its size is not known"}


def test_of_whom_nothing_is_known_is_asked_where_nobody_is_known_to_have_it():
    """The sentence says that it is a guess."""
    decision = has(Capability("long", min_context=8192), SMALL, UNKNOWN)
    assert len(decision.pool) == 2
    told = "capability 'long' (a context of 8192): nobody is known to have it, these may"
    assert said(decision, "capability") == told
    assert pool(has(Capability("long", min_context=8192), SMALL, BIG)) == ["llama-70b@vllm"]


def test_where_all_are_known_to_lack_it_nobody_has_it():
    """The stage says who and why; without another way the request is refused with what it lacks."""
    with pytest.raises(InvalidHeader, match="llama-70b@vllm: its size is 70B") as refused:
        has(Capability("big", min_size=100), SMALL, BIG)
    assert [step.stage for step in refused.value.steps][-1] == "default"
    decision = has(
        Capability("big", min_size=100), SMALL, BIG, open_at(OLLAMA), default_provider="ollama", name="other"
    )
    reasons = "llama-7b@ollama: its size is 7B; llama-70b@vllm: its size is 70B"
    told = f"capability 'big' (at least 100B): nobody has it ({reasons})"
    assert (decision.route, said(decision, "capability")) == ("default", told)


def test_an_unknown_capability_is_refused_with_those_there_are():
    """A header's fault, a 400; a hostile value is told as what it is."""
    made = settings(SMALL, capabilities={"code": Capability("code"), "chat": Capability("chat")})
    with pytest.raises(InvalidHeader) as refused:
        decide(made, "llama-7b", capability="c\r\node")
    told = refused.value
    assert (told.status, told.param) == (400, "X-Capability")
    assert told.message == r"unknown capability 'c\r\node'; known: chat, code"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (provider("spare", models=("mine",)), ("mine@spare", "mine")),
        (provider("spare"), ("spare", "llama-70b")),
    ],
)
def test_a_capability_s_fallback_serves_its_own_model(place, expected):
    """The model was chosen, so it makes way for what the fallback provider has, which is never asked for the
    capability's name.
    """
    wanted = Capability("fast", providers=("vllm",), fallback="spare", strategy="least_loaded")
    decision = has(wanted, BIG, open_at(place))
    assert (plan(decision)[1][:2], decision.tiers[1].strategy) == (expected, "least_loaded")


def test_the_chain_of_a_capability_s_name_is_followed():
    """A member's preferred model is asked for; who stands in it already is not asked twice under another name."""
    wanted = Capability("code", ("qwen",), ("ollama",))
    chain = FallbackChain("code", (ChainMember("ollama", model="qwen"), ChainMember("vllm")))
    decision = has(wanted, open_at(OLLAMA), open_at(VLLM), chains={"code": chain})
    assert plan(decision) == [("qwen@ollama", "qwen", 0), ("vllm", "qwen", 2)]
    view = down(board(), decision.choice)
    assert has(wanted, open_at(OLLAMA), open_at(VLLM), chains={"code": chain}, view=view).choice.id == "vllm"


def test_a_strategy_that_nobody_knows_is_refused_before_anything_starts():
    """Also where only a capability names it."""
    made = settings(SMALL, capabilities={"x": Capability("x", strategy="best")}, strategies=Strategies())
    with pytest.raises(ConfigurationError, match="'best'"):
        Pipeline(compile_topology(made))


def test_models_of_an_open_deployment_were_there_before():
    """Pools only shrink: more models than deployments are counted as they are named."""
    decision = has(Capability("code", ("a", "b", "c"), ("ollama",)), open_at(OLLAMA))
    assert len(decision.pool) == 3
    assert {(step.before, step.after) for step in decision.steps[:-1]} == {(3, 3)}
