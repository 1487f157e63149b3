"""Metadata rules: another provider for requests like this one, for the model asked for as far as it has it."""

from __future__ import annotations

import pytest

from pointsman.config.settings import (
    Capability,
    ChainMember,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    Pattern,
    ProviderShare,
    SizeRule,
    TagSettings,
    Task,
    TaskSettings,
)
from pointsman.fakes import deployment, provider, settings
from support.deciding import decide, open_at, plan, pool, said, when

OLLAMA, VLLM = provider("ollama"), provider("vllm")
HIGH = {b"x-priority": b"HIGH"}
RULE = MetadataRule("urgent", "vllm", when('header.x-priority == "high"'))
BATCH = MetadataRule("streams", "ollama", when("stream"))
HERE, THERE = deployment("m@ollama", "m", OLLAMA), deployment("m@vllm", "m", VLLM)


def urgent(*members, name="m", headers=HIGH, **more):
    stream = more.pop("stream", False)
    more.setdefault("metadata", (RULE, BATCH))
    return decide(settings(*members, **more), name, headers=headers, stream=stream)


def test_a_rule_overrides_the_provider_of_a_named_model():
    """First those who serve the very name; the trace says which and why."""
    decision = urgent(HERE, THERE)
    assert (decision.route, plan(decision)) == ("metadata", [("m@vllm", "m", 0)])
    told = "rule 'urgent' (header.x-priority == \"high\") -> provider vllm, which serves 'm'"
    assert said(decision, "metadata") == told


@pytest.mark.parametrize("headers", [{}, {b"x-priority": b"low"}])
def test_a_rule_that_is_not_met_changes_nothing(headers):
    """And says so."""
    decision = urgent(HERE, THERE, headers=headers)
    assert (decision.route, len(decision.pool), said(decision, "metadata")) == ("exact", 2, "no rule applies")


def test_the_first_rule_in_the_document_decides_and_the_others_are_told():
    """Both are met; the order is the document's."""
    decision = urgent(HERE, THERE, stream=True)
    assert pool(decision) == ["m@vllm"]
    assert said(decision, "metadata").endswith("-> provider vllm; also met: 'streams', which serves 'm'")
    assert pool(urgent(HERE, THERE, stream=True, metadata=(BATCH, RULE))) == ["m@ollama"]


def test_next_comes_whoever_serves_the_model_s_alias_group():
    """The rule's provider does not have the model; it has another of the same alias."""
    other = deployment("big@vllm", "big", VLLM)
    decision = urgent(HERE, other, deployment("zzz@vllm", "a", VLLM), alias_groups={"chat": ("m", "big")})
    assert (pool(decision), decision.upstream_model) == (["big@vllm"], "big")
    assert said(decision, "metadata").endswith("-> provider vllm, which serves its group 'chat'")


@pytest.mark.parametrize(
    ("place", "members", "choice", "upstream", "words"),
    [
        (provider("vllm", default_model="house"), (), "house@vllm", "house", "its default model 'house'"),
        (provider("vllm", models=("one", "two")), (), "one@vllm", "one", "its default model 'one'"),
        (provider("vllm"), (deployment("l@vllm", "l", VLLM),), "l@vllm", "l", "its default model 'l'"),
        (provider("vllm"), (), "vllm", "m", "as asked 'm'"),
    ],
)
def test_last_comes_the_provider_s_default(place, members, choice, upstream, words):
    """Its default model, else the first of its own, else the name as it was asked for."""
    decision = urgent(HERE, *members, open_at(place))
    assert (decision.choice.id, decision.upstream_model) == (choice, upstream)
    assert said(decision, "metadata").endswith(f"-> provider vllm, {words}")


def test_a_provider_that_lists_the_model_serves_it_as_asked():
    """Though it has another default."""
    decision = urgent(HERE, open_at(provider("vllm", default_model="house", models=("m",))))
    assert (decision.choice.id, decision.upstream_model) == ("vllm", "m")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("meta-llama/7b", {"patterns": (Pattern("^meta-llama/", "vllm", "ollama", chain="c"),)}),
        ("yi-34b", {"sizes": (SizeRule("> 13B", "vllm", least=13, above=True, fallback="ollama"),)}),
        ("stranger", {"default_provider": "vllm"}),
        ("yi-34b", {"sizes": (SizeRule("< 8B", "ollama", most=8, below=True),), "default_provider": "vllm"}),
    ],
)
def test_a_name_that_leads_there_anyway_is_served_as_asked(name, more):
    """By a pattern, its size or as the default provider's: the rule names no other place, so no other model serves."""
    members = (HERE, open_at(provider("vllm", default_model="house")), open_at(OLLAMA))
    without, under = urgent(*members, name=name, headers={}, **more), urgent(*members, name=name, **more)
    assert (under.route, under.choice.id, under.upstream_model) == ("metadata", "vllm", name)
    assert plan(under) == plan(without)
    assert said(under, "metadata").endswith(f"-> provider vllm, as asked {name!r}")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("m", {"patterns": (Pattern("m", "vllm"),)}),
        ("m", {"default_provider": "vllm"}),
        ("yi-34b", {"sizes": (SizeRule("> 13B", "ollama", least=13),), "default_provider": "vllm"}),
        ("x-70b", {"patterns": (Pattern("^x", "ollama"),), "sizes": (SizeRule("> 13B", "vllm", least=13),)}),
    ],
)
def test_a_name_that_leads_elsewhere_is_served_by_the_default(name, more):
    """The first that takes it counts, as without the rule: a listed name comes before them all."""
    decision = urgent(HERE, open_at(provider("vllm", default_model="house")), open_at(OLLAMA), name=name, **more)
    assert (decision.route, decision.upstream_model) == ("metadata", "house")


def test_what_a_size_falls_back_to_holds_under_a_rule_too():
    """The range's own fallback."""
    ranges = (SizeRule("> 13B", "ollama", least=13, above=True, fallback="spare"),)
    decision = urgent(open_at(OLLAMA), open_at(VLLM), open_at(provider("spare")), name="yi-34b", sizes=ranges)
    assert plan(decision) == [("vllm", "yi-34b", 0), ("spare", "yi-34b", 1)]


def test_a_redundant_name_has_no_pattern_s_fallback():
    """A pattern that would match it is for names that nobody lists."""
    made = {"m": (ProviderShare("ollama", 0.7), ProviderShare("vllm", 0.3))}
    more = {"redundant": made, "patterns": (Pattern("m", "ollama", "spare"),)}
    assert plan(urgent(open_at(OLLAMA), open_at(VLLM), open_at(provider("spare")), **more)) == [("m@vllm", "m", 0)]


def test_a_provider_without_any_deployment_is_passed_over():
    """The sentence says so, and the name is settled as without the rule."""
    decision = urgent(HERE)
    assert (decision.route, pool(decision)) == ("exact", ["m@ollama"])
    assert said(decision, "metadata").endswith("-> provider vllm, which does not serve 'm'")


def test_an_exact_entry_at_the_provider_is_served_as_it_says():
    """Under the upstream's name for it."""
    decision = urgent(open_at(VLLM), open_at(OLLAMA), exact={"m": ExactMatch("m", "vllm", model="upstream")})
    assert (decision.route, decision.choice.id, decision.upstream_model) == ("metadata", "vllm", "upstream")


def test_a_share_of_a_redundant_model_is_no_reason_to_be_another():
    """Of its providers the rule's is taken."""
    made = {"m": (ProviderShare("ollama", 0.7), ProviderShare("vllm", 0.3))}
    assert pool(urgent(HERE, THERE, open_at(OLLAMA), open_at(VLLM), redundant=made)) == ["m@vllm"]


@pytest.mark.parametrize("name", ["e", "x-1"])
def test_what_the_name_falls_back_to_holds_under_a_rule_too(name):
    """The fallback of its exact entry or its pattern, and their chain."""
    chain = FallbackChain("c", (ChainMember("third"),))
    decision = urgent(
        open_at(OLLAMA),
        open_at(VLLM),
        open_at(provider("spare")),
        open_at(provider("third")),
        name=name,
        exact={"e": ExactMatch("e", "ollama", "spare", chain="c")},
        patterns=(Pattern("^x", "ollama", "spare", chain="c"),),
        chains={"c": chain},
    )
    assert plan(decision) == [("vllm", name, 0), ("spare", name, 1), ("third", name, 2)]


def test_a_rule_narrows_what_tags_left():
    """It never brings in somebody without the tag; if nobody left is there it has no say."""
    members = (
        deployment("eu@ollama", "m", OLLAMA, tags=("eu",)),
        deployment("eu@vllm", "m", VLLM, tags=("eu",)),
        deployment("us@ollama", "m", OLLAMA, tags=("us",)),
    )
    made = settings(*members, tags=TagSettings(enabled=True), metadata=(RULE,))
    decision = decide(made, headers=HIGH, tags=("eu",))
    assert (decision.route, pool(decision)) == ("tag", ["eu@vllm"])
    decision = decide(made, headers=HIGH, tags=("us",))
    assert (decision.route, pool(decision)) == ("tag", ["us@ollama"])
    assert said(decision, "metadata").endswith("-> provider vllm: nobody left is there")


def test_of_a_tagged_group_those_for_everybody_come_first():
    """A request without tags gets the rule's provider's default member there."""
    plain = deployment("plain@vllm", "m", VLLM, tags=("default",))
    tagged = deployment("eu@vllm", "m", VLLM, tags=("eu",))
    assert pool(urgent(HERE, tagged, plain, tags=TagSettings(enabled=True))) == ["plain@vllm"]


def test_a_request_without_a_model_gets_the_provider_s_default():
    """Where nothing else would choose for it."""
    decision = urgent(open_at(provider("vllm", default_model="house")), name=None)
    assert (decision.route, decision.upstream_model) == ("metadata", "house")


@pytest.mark.parametrize(("where", "choice"), [((HERE, THERE), "m@vllm"), ((HERE,), "m@ollama")])
@pytest.mark.parametrize("by", ["capability", "task"])
def test_where_something_else_chooses_a_rule_narrows_the_choice(by, where, choice):
    """A capability or the content chooses the model, the rule its provider, as far as somebody there serves it."""
    made = settings(
        *where,
        open_at(provider("vllm", default_model="house")),
        metadata=(RULE,),
        capabilities={"chat": Capability("chat", ("m",))},
        tasks=TaskSettings((Task("chat", "m"),)),
    )
    hint = {"capability": "chat"} if by == "capability" else {"task_class": "chat"}
    decision = decide(made, None, headers=HIGH, **hint)
    assert (decision.route, pool(decision)) == (by, [choice])
    assert [step.stage for step in decision.steps].index(by) < [step.stage for step in decision.steps].index("metadata")
