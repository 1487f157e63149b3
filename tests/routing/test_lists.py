"""Providers' own lists: whose are of use, and what they tell of sizes, contexts and candidates."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from pointsman.config.settings import (
    Capability,
    ChainMember,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    Pattern,
    RouterSettings,
    Settings,
    SizeRule,
    Strategies,
    Task,
    TaskSettings,
)
from pointsman.errors import InvalidBody, InvalidHeader
from pointsman.fakes import LoadedDice, deployment, provider, settings
from pointsman.model.condition import Compare, Fact, Not
from pointsman.model.decision import Decision
from pointsman.model.listing import Card, Listing
from pointsman.model.prices import Price, PriceList, PriceTable
from pointsman.routing.lists import lists_of_use
from pointsman.routing.pipeline import Pipeline, Sight
from pointsman.routing.topology import compile_topology
from support.deciding import asking, board, open_at, plan, pool, said, when

OLLAMA, VLLM, CPP = provider("ollama"), provider("vllm"), provider("cpp")
OPEN = (open_at(OLLAMA), open_at(VLLM), open_at(CPP))
RANGES = (SizeRule("< 8B", "ollama", most=8, below=True), SizeRule(">= 8B", "vllm", 8))
CHECKED = RouterSettings(pre_call_checks=True)


def listing(any_name: bool = False, /, **sizes: float | None) -> Listing:
    """Names and sizes."""
    return Listing({name: Card(size) for name, size in sizes.items()}, any_name=any_name)


def wide(**contexts: int | None) -> Listing:
    """Names and contexts."""
    return Listing({name: Card(context=context) for name, context in contexts.items()})


def decide(
    made: Settings, told: dict, name: str | None = "m", *, sights: list[Sight] | None = None, **more
) -> Decision:
    """By a configuration and what its providers have told."""
    return Pipeline(compile_topology(made, told)).decide(asking(name, **more), board(), LoadedDice(), sights)


# Sizes


@pytest.mark.parametrize(("size", "chosen"), [(7.2, "ollama"), (13.0, "vllm")])
def test_a_name_without_a_size_has_the_one_that_is_listed(size, chosen):
    """It leads to the range's provider, and the sentence says whose word it is."""
    decision = decide(settings(*OPEN, sizes=RANGES), {OLLAMA: listing(mistral=size)}, "mistral")
    assert (decision.route, plan(decision)[0]) == ("size", (chosen, "mistral", 0))
    assert said(decision, "size").startswith(f"size {size:g}B (from ollama's list) is ")


def test_without_a_list_nothing_is_known():
    """As long as nobody has answered."""
    decision = decide(settings(*OPEN, sizes=RANGES, default_provider="cpp"), {}, "mistral")
    assert (decision.route, said(decision, "size")) == ("default", "the size of 'mistral' is not known")


@pytest.mark.parametrize(
    ("members", "more", "told", "name", "expected"),
    [
        (OPEN, {}, {OLLAMA: listing(**{"a-7b": 7.6})}, "a-7b", "7B"),
        (OPEN, {}, {OLLAMA: listing(a=7.6), VLLM: listing(a=8.0)}, "a", "8B (from vllm's list)"),
        (OPEN, {}, {OLLAMA: Listing({"a:latest": Card(7.2)}, {"a": "a:latest"})}, "a", "7.2B (from ollama's list)"),
        (OPEN, {}, {OLLAMA: listing(**{"a:7b": None})}, "a", "7B (from ollama's list)"),
        (OPEN, {}, {OLLAMA: listing(**{"a:7b": None, "a:70b": None})}, "a", None),
        (OPEN, {}, {OLLAMA: listing(**{"a:1b": 1.2, "a": 3.2})}, "a", "3.2B (from ollama's list)"),
        (OPEN, {}, {OLLAMA: listing(a=None)}, "a", None),
        (OPEN, {}, {provider("elsewhere"): listing(a=7.2)}, "a", None),
        (OPEN, {"aliases": {"nick": "a"}}, {OLLAMA: listing(a=7.2)}, "nick", "7.2B (from ollama's list)"),
        (
            OPEN,
            {"exact": {"fast": ExactMatch("fast", "ollama", model="a")}},
            {OLLAMA: listing(a=7.2)},
            "fast",
            "7.2B (from ollama's list)",
        ),
        (OPEN, {"patterns": (Pattern("^x", "cpp"),)}, {CPP: listing(True, only=13.0)}, "xy", "13B (from cpp's list)"),
        (
            (deployment("d", "chat", OLLAMA, model="a"),),
            {},
            {OLLAMA: listing(a=7.2)},
            "chat",
            "7.2B (from ollama's list)",
        ),
        ((deployment("d", "chat", OLLAMA, model="a", size=9.0),), {}, {OLLAMA: listing(a=7.2)}, "chat", "9B"),
        (
            (deployment("d", "chat", OLLAMA, model="a"), deployment("e", "chat", VLLM, model="llama-13b")),
            {},
            {OLLAMA: listing(a=7.2)},
            "chat",
            "13B",
        ),
        (
            (deployment("d", "chat", OLLAMA, model="a"), deployment("e", "chat", VLLM, model="b")),
            {},
            {OLLAMA: listing(a=7.2), VLLM: listing(b=70.0)},
            "chat",
            "70B (from vllm's list)",
        ),
    ],
)
def test_whose_word_on_a_size_counts(members, more, told, name, expected):
    """The configuration's, then names', then lists'; of several lists the largest, of several tags none is guessed."""
    found = compile_topology(settings(*members, **more), told).size_of(name)
    assert (found and str(found)) == expected


def test_conditions_go_by_listed_sizes_too():
    """A rule for large models applies to one that only a list knows to be large."""
    rule = MetadataRule("large", "vllm", when("model_size >= 13B", Compare(Fact("model_size"), ">=", 13.0)))
    made = settings(*OPEN, metadata=(rule,), default_provider="ollama")
    assert decide(made, {OLLAMA: listing(a=70.0)}, "a").route == "metadata"
    assert decide(made, {OLLAMA: listing(a=7.0)}, "a").route == "default"
    assert decide(made, {}, "a").route == "default"


# Capabilities


def has(wanted: Capability, told: dict, *members, name=None, **more) -> Decision:
    made = settings(*(members or OPEN), capabilities={wanted.name: wanted})
    return decide(made, told, name, capability=wanted.name, **more)


BIG = Capability("big", providers=("vllm",), min_size=13.0)
LONG = Capability("long", providers=("vllm",), min_context=8192)
FAST = Capability("fast", providers=("vllm",))
SEVERAL = {VLLM: listing(**{"a": 70.0, "b-13b": None, "c": 7.0, "d": None})}


def test_of_a_provider_whose_models_nobody_named_those_count_that_are_known_to_be_large_enough():
    """Listed under their own names; who is too small, or of whom the list says nothing, is no candidate."""
    decision = has(BIG, SEVERAL)
    assert (decision.route, pool(decision)) == ("capability", ["a@vllm", "b-13b@vllm"])
    assert [leg[1] for leg in plan(decision)] == ["a", "b-13b"]
    assert said(decision, "capability") == "capability 'big' (at least 13B), from vllm's list"


def test_an_only_model_is_a_candidate_whatever_is_known_of_it():
    """A server that was started with one model is meant by its name; one that is too small is out."""
    assert pool(has(FAST, {VLLM: listing(house=None)})) == ["house@vllm"]
    assert said(has(FAST, {VLLM: listing(house=None)}), "capability") == "capability 'fast', from vllm's list"
    told = said(has(BIG, {VLLM: listing(house=None)}), "capability")
    assert told == "capability 'big' (at least 13B): nobody is known to have it, these may"
    with pytest.raises(InvalidHeader, match=r"house@vllm: its size is 7B \(from vllm's list\)"):
        has(BIG, {VLLM: listing(house=7.0)})


def test_of_several_without_a_bound_nobody_knows_what_they_are_for():
    """One may make embeddings; so the request is refused, or served as it asks."""
    with pytest.raises(InvalidHeader, match="nobody has it"):
        has(FAST, SEVERAL)
    assert plan(has(FAST, SEVERAL, name="d")) == [("vllm", "d", 0)]


def test_what_is_configured_comes_before_lists():
    """Models of the configuration are all there is; a default model is a candidate beside those of the list."""
    named = provider("vllm", models=("e-70b",))
    assert pool(has(BIG, {named: SEVERAL[VLLM]}, open_at(named))) == ["e-70b@vllm"]
    default = provider("vllm", default_model="c")
    assert pool(has(BIG, {default: SEVERAL[VLLM]}, open_at(default))) == ["a@vllm", "b-13b@vllm"]
    assert pool(has(FAST, {default: SEVERAL[VLLM]}, open_at(default))) == ["c@vllm"]
    latest = Listing({"a:latest": Card(70.0)}, {"a": "a:latest"})
    same = provider("vllm", default_model="a")
    assert pool(has(BIG, {same: latest}, open_at(same))) == ["a@vllm"]


def test_a_capability_that_names_no_provider_does_not_go_by_lists():
    """Nobody asked for all that a hosted service has."""
    with pytest.raises(InvalidHeader, match="nobody has it"):
        has(Capability("big", min_size=13.0), SEVERAL)


def test_a_preferred_model_s_size_may_be_listed():
    """And its context; the stage tells who is out and by whose word."""
    sights: list[Sight] = []
    wanted = Capability("long", ("a", "b"), ("ollama", "vllm"), min_context=8192)
    members = (deployment("a1", "a", OLLAMA), deployment("b1", "b", VLLM, context=16384))
    decision = has(wanted, {OLLAMA: wide(a=4096), VLLM: wide(b=2048)}, *members, sights=sights)
    assert pool(decision) == ["b1"]
    assert said(decision, "capability") == "capability 'long' (a context of 8192)"
    assert sights[0].excluded == {"a1": "its context is 4096 (from ollama's list)"}
    decision = has(wanted, {OLLAMA: wide(a=9000)}, *members)
    assert said(decision, "capability") == "capability 'long' (a context of 8192), from ollama's list"
    assert pool(has(LONG, {VLLM: wide(a=8192, b=4096)})) == ["a@vllm"]


# Contexts before the call


def test_a_listed_context_is_kept_to_where_checks_are_asked_for():
    """``enable_pre_call_checks``: who is known to be too small is left out before the call, whoever said so. Without it
    only what is configured excludes anybody: an estimate must not refuse what nobody declared.
    """
    small, large = deployment("small", at=OLLAMA), deployment("large", at=VLLM)
    told = {OLLAMA: wide(m=4096), VLLM: wide(m=32768)}
    decision = decide(settings(small, large, router=CHECKED), told, tokens=5000)
    assert pool(decision) == ["large"]
    expected = "small: a request of about 5000 tokens is beyond its context of 4096 (from ollama's list)"
    assert said(decision, "requirements") == expected
    assert pool(decide(settings(small, large), told, tokens=5000)) == ["small", "large"]
    with pytest.raises(InvalidBody, match="beyond everybody"):
        decide(settings(small, large, router=CHECKED), told, tokens=50_000)


def test_an_open_deployment_has_the_context_that_all_models_there_have():
    """Whatever it is asked for; where they differ nothing is known."""
    made = settings(*OPEN, patterns=(Pattern("^p", "vllm", fallback="cpp"),), router=CHECKED)
    assert pool(decide(made, {VLLM: wide(a=4096, b=4096)}, "p", tokens=5000)) == ["cpp"]
    assert pool(decide(made, {VLLM: wide(a=4096, b=8192)}, "p", tokens=5000)) == ["vllm"]


def test_what_is_configured_counts_before_a_listed_context():
    """The list of a server does not know what a proxy before it allows."""
    made = settings(deployment("a", at=VLLM, context=8192), router=CHECKED)
    assert pool(decide(made, {VLLM: wide(m=4096)}, tokens=5000)) == ["a"]


# Whose lists are asked for


def large(text: str = "model_size >= 13B"):
    return when(text, Not(Compare(Fact("model_size"), "<", 13.0)))


PLAIN = when("always")
NAMED = (*OPEN, deployment("a", at=OLLAMA))


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, ()),
        ({"sizes": RANGES}, ("ollama", "vllm", "cpp")),
        ({"router": CHECKED}, ("ollama", "vllm", "cpp")),
        ({"capabilities": {"big": Capability("big", ("m",), min_size=13.0)}}, ("ollama", "vllm", "cpp")),
        ({"capabilities": {"long": Capability("long", ("m",), min_context=1)}}, ("ollama", "vllm", "cpp")),
        ({"capabilities": {"chat": Capability("chat", ("m",), ("vllm",))}}, ()),
        ({"capabilities": {"fast": Capability("fast", providers=("vllm", "ollama"))}}, ("vllm",)),
        ({"capabilities": {"any": Capability("any")}}, ()),
        ({"metadata": (MetadataRule("r", "vllm", large()),)}, ("ollama", "vllm", "cpp")),
        ({"metadata": (MetadataRule("r", "vllm", PLAIN),)}, ()),
        ({"chains": {"c": FallbackChain("c", (ChainMember("vllm", large()),))}}, ("ollama", "vllm", "cpp")),
        ({"chains": {"c": FallbackChain("c", (ChainMember("vllm", PLAIN), ChainMember("cpp")))}}, ()),
        ({"strategies": Strategies("lowest-cost")}, ()),
        ({"tasks": TaskSettings((Task("chat", "m", when=large()),))}, ("ollama", "vllm", "cpp")),
        ({"tasks": TaskSettings((Task("chat", "m"),))}, ()),
    ],
)
def test_lists_are_asked_for_only_where_something_goes_by_them(more, asked):
    """Sizes or contexts that decide anything, or a capability's provider of which nobody has named a model."""
    topology = compile_topology(settings(*NAMED, **more))
    assert tuple(place.name for place in lists_of_use(topology)) == asked


@pytest.mark.parametrize("kind", ["openrouter", "together_ai"])
def test_who_tells_prices_is_asked_for_them_where_the_configuration_says_none(kind):
    """Again and again, though it has told them: prices change. A table may be older than the list."""
    place = provider("service", kind, "https://service.example")
    member = deployment("a", at=place)
    table = PriceTable({"service.example": PriceList(date(2026, 10, 1), {"m": Price(1.0)})})
    told = {place: Listing({"m": Card(input_cost=1e-6, output_cost=1e-6)})}
    for lists, prices in (({}, ()), (told, ()), ({}, (table,)), (told, (table,))):
        assert lists_of_use(compile_topology(settings(member, prices=prices), lists)) == (place,)
    own = msgspec.structs.replace(member, output_cost=0.0)
    assert lists_of_use(compile_topology(settings(own, prices=(table,)), told)) == ()
    other = deployment("a", at=provider("service", base_url="https://service.example"))
    assert lists_of_use(compile_topology(settings(other))) == ()
