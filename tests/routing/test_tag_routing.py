"""Deployments of one name told apart by tags, from request to choice, and what is said when there is nobody."""

from __future__ import annotations

import pytest

from pointsman.config.settings import (
    Capability,
    ChainMember,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    Strategies,
    TagSettings,
    Task,
    TaskSettings,
)
from pointsman.errors import NoCandidate, NoTag
from pointsman.fakes import deployment, provider, settings
from pointsman.model.outcome import FailureKind
from support.deciding import board, decide, down, open_at, plan, pool, said, when

NOVA = "nova-embeddings-v1"
P, Q = provider("p"), provider("q")
RETRIEVAL = deployment("retrieval", NOVA, P, tags=("retrieval", "retrieval.query", "retrieval.passage"))
MATCHING = deployment("matching", NOVA, P, tags=("text-matching",))
CODE = deployment("code", NOVA, Q, tags=("code", "code.query", "code.passage"))
ON = TagSettings(enabled=True, tasks=True)
ADAPTERS = settings(RETRIEVAL, MATCHING, CODE, tags=ON)


@pytest.mark.parametrize(
    ("hints", "choice"),
    [
        ({"task": "retrieval.query"}, "retrieval"),
        ({"task": "text-matching"}, "matching"),
        ({"tags": ("code.query",)}, "code"),
        ({"task_class": "code"}, "code"),
        ({"tags": ("x", "code")}, "code"),
    ],
)
def test_a_task_or_tag_leads_to_its_adapter(hints, choice):
    """A body's task where tasks are tags, tags of any origin, and X-Task where the name is told apart by tags."""
    decision = decide(ADAPTERS, NOVA, **hints)
    assert (decision.route, pool(decision)) == ("tag", [choice])
    assert f"1 of 3 of '{NOVA}' match" in said(decision, "tag")


def test_the_decision_tells_the_tags_it_went_by():
    """Those of the request and what its task became."""
    decision = decide(ADAPTERS, NOVA, task="code", tags=("text-matching",))
    assert (decision.tags, set(pool(decision))) == (("text-matching", "code"), {"code", "matching"})


def test_a_task_is_no_tag_unless_the_configuration_says_so():
    """Then all members are left, and nothing is said of tags."""
    made = settings(RETRIEVAL, MATCHING, CODE, tags=TagSettings(enabled=True))
    decision = decide(made, NOVA, task="code")
    assert (decision.route, len(decision.pool), decision.tags) == ("exact", 3, ())


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "simple-shuffle"])
def test_the_strategy_picks_among_those_that_match(strategy):
    """Ten replicas of an adapter share its requests."""
    replicas = [deployment(f"r{n}", NOVA, tags=("retrieval",)) for n in range(10)]
    made = settings(*replicas, CODE, tags=ON, strategies=Strategies(strategy))
    chosen = {decide(made, NOVA, task="retrieval", draws=(n / 10,)).choice.id for n in range(10)}
    assert chosen == {d.id for d in replicas}


def test_a_tag_that_nobody_has_is_refused_with_those_there_are():
    """400, in LiteLLM's words; the configuration may say 401."""
    with pytest.raises(NoTag) as refused:
        decide(ADAPTERS, NOVA, tags=("retreival", "x"))
    told = refused.value
    assert (told.status, told.code, told.param) == (400, "no_deployment_with_tag", "tags")
    assert told.message.startswith(
        f"No deployments with tag retreival, x for '{NOVA}'; tags there: code, code.passage, "
    )
    with pytest.raises(NoTag) as refused:
        decide(settings(RETRIEVAL, tags=TagSettings(enabled=True, unauthorized=True)), NOVA, tags=("x",))
    assert refused.value.status == 401


def test_a_hostile_tag_is_told_as_what_it_is():
    """One printable line of bounded length."""
    with pytest.raises(NoTag) as refused:
        decide(ADAPTERS, NOVA, tags=("\x1b[31m\r\n" * 9999,) * 99)
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 3000


def test_a_filtered_name_without_any_tags_knows_none():
    """Tags that were put where nobody reads them are told, not passed over."""
    with pytest.raises(NoTag, match=r"No deployments with tag code for 'm'; tags there: none"):
        decide(settings(deployment("plain"), tags=ON), tags=("code",))


def test_tags_on_a_name_that_is_not_filtered_are_told_and_leave_nobody_out():
    """Some use them for their bills alone."""
    decision = decide(settings(deployment("d1"), deployment("d2", tags=("x",))), tags=("y",))
    assert (decision.route, pool(decision)) == ("exact", ["d1", "d2"])
    assert said(decision, "tag") == "y: 'm' is not filtered by tags"


@pytest.mark.parametrize(
    ("own", "router", "route"),
    [(True, False, "tag"), (False, True, "exact"), (None, True, "tag"), (None, False, "exact")],
)
def test_a_group_may_say_for_itself_whether_it_is_filtered(own, router, route):
    """``model_info.enable_tag_filtering`` of its first member that has one, both ways."""
    info = {} if own is None else {"enable_tag_filtering": own}
    made = settings(
        deployment("d1", tags=("x",)), deployment("d2", tags=("y",), info=info), tags=TagSettings(enabled=router)
    )
    assert decide(made, tags=("x",)).route == route


DEFAULT = deployment("plain", NOVA, tags=("default",))


def test_a_request_without_tags_goes_to_the_default_members():
    """To all if there are none; the route is that of the name."""
    decision = decide(settings(RETRIEVAL, DEFAULT, tags=ON), NOVA)
    assert (decision.route, pool(decision), said(decision, "tag")) == ("exact", ["plain"], "no tags given")
    assert len(decide(ADAPTERS, NOVA).pool) == 3


def test_a_tag_that_nobody_knows_goes_to_the_default_members():
    """One that somebody knows never does: it is told that its deployments do not match."""
    made = settings(RETRIEVAL, MATCHING, DEFAULT, tags=TagSettings(enabled=True, match_any=False))
    decision = decide(made, NOVA, tags=("strange",))
    assert pool(decision) == ["plain"]
    assert said(decision, "tag") == "nobody knows the tags strange: those for everybody"
    with pytest.raises(NoTag):
        decide(made, NOVA, tags=("retrieval", "text-matching"))


def test_default_members_that_are_banned_serve_nobody():
    """A constraint holds for them too."""
    made = settings(RETRIEVAL, deployment("plain", NOVA, tags=("default", "eu")), tags=ON)
    with pytest.raises(NoTag):
        decide(made, NOVA, tags=("strange", "!eu"))


def test_a_user_agent_is_told_as_the_reason():
    """It counts only for names with a member that looks at it."""
    agent = deployment("cli", "m", tag_regex=("^User-Agent: cli/",))
    made = settings(agent, deployment("plain", "m", tags=("default",)), deployment("other", "o"), tags=ON)
    decision = decide(made, agent="cli/1.0")
    assert (decision.route, pool(decision)) == ("tag", ["cli"])
    assert said(decision, "tag") == "User-Agent 'cli/1.0': 1 of 2 of 'm' match"
    assert pool(decide(made, agent="curl/8")) == ["plain"]
    assert [step.stage for step in decide(made, "o", agent="cli/1.0").steps][:1] == ["exact"]


def test_when_all_that_match_rest_it_is_a_matter_of_waiting():
    """503 with the seconds until one may be fit, not a word about tags that nobody has."""
    with pytest.raises(NoCandidate) as refused:
        decide(ADAPTERS, NOVA, down(board(), CODE, kind=FailureKind.FORBIDDEN), task="code")
    told = refused.value
    assert (told.status, told.code, told.retry_after) == (503, "no_candidate", 5.0)
    assert "cooling down" in told.message


def test_when_all_that_match_are_full_it_is_a_429():
    """Their limits are the reason."""
    view = board()
    full = deployment("full", NOVA, tags=("code",), rpm=1)
    view.take(full)
    with pytest.raises(NoCandidate) as refused:
        decide(settings(full, RETRIEVAL, tags=ON), NOVA, view, task="code")
    assert (refused.value.status, refused.value.retry_after) == (429, 60.0)


@pytest.mark.parametrize(
    ("spare", "hints", "serving"),
    [
        (("code",), ("code",), ["spare"]),
        (("default",), ("code",), ["spare"]),
        ((), ("code",), ["spare"]),
        (("other",), ("code",), []),
        (("eu",), ("code", "!eu"), []),
        ((), ("code", "&code"), []),
    ],
)
def test_a_fallback_group_serves_tags_it_can(spare, hints, serving):
    """Who carries them or is for everybody; never one that the request bans, or that lacks what it demands."""
    made = settings(CODE, deployment("spare", "s", tags=spare), tags=ON, fallbacks={NOVA: ("s",)})
    assert [d.id for d in decide(made, NOVA, tags=hints).tiers[1].pool] == serving


def test_a_fallback_group_takes_a_request_that_nobody_here_may_serve():
    """A ban, or a tag that only the fallback has, is settled by the first fallback that matches."""
    made = settings(CODE, deployment("spare", "s", tags=("eu",)), tags=ON, fallbacks={NOVA: ("t", "s")})
    decision = decide(made, NOVA, tags=("eu",))
    assert (decision.route, pool(decision), decision.upstream_model) == ("tag", ["spare"], "s")
    assert said(decision, "tag") == f"tags eu: nobody of '{NOVA}'; of its fallback 1 of 1 of 's' match"


def test_an_exact_entry_keeps_its_word_for_requests_with_tags():
    """Its provider, its fallback and its chain hold for those whom the tags leave."""
    made = settings(
        deployment("there", "m", P, tags=("x",)),
        deployment("elsewhere", "m", Q, tags=("x",)),
        open_at(Q),
        exact={"m": ExactMatch("m", "p", fallback="q")},
        tags=ON,
    )
    decision = decide(made, tags=("x",))
    assert (pool(decision), [tier.group for tier in decision.tiers]) == (["there"], ["m", "q"])


def test_a_task_of_the_caller_s_is_no_tag_where_content_chooses():
    """Without a model a known task chooses it; the group that is chosen is not filtered by the task's name."""
    tasks = TaskSettings((Task("code", "m"), Task("chat", "m")))
    made = settings(deployment("eu", "m", tags=("eu",)), deployment("us", "m", tags=("us",)), tags=ON, tasks=tasks)
    decision = decide(made, None, task="code", tags=("us",))
    assert (decision.route, decision.task, pool(decision)) == ("task", "code", ["us"])


CHAIN = FallbackChain("default", (ChainMember("p"), ChainMember("q")))


def test_tags_hold_for_the_members_of_a_chain_and_for_fallback_providers():
    """A provider that takes the group's place does so by who fits; nobody comes in by another door."""
    eu, us = deployment("eu", "m", P, tags=("eu",)), deployment("us", "m", Q, tags=("us",))
    made = settings(eu, us, tags=ON, chains={"default": CHAIN}, exact={"m": ExactMatch("m", "p", "q")})
    assert plan(decide(made, tags=("eu",))) == [("eu", "m", 0)]
    made = settings(eu, deployment("plain", "m", Q), tags=ON, chains={"default": CHAIN})
    assert [leg[0] for leg in plan(decide(made, tags=("eu",)))] == ["eu", "plain"]
    assert [leg[0] for leg in plan(decide(made, tags=("eu", "&eu")))] == ["eu"]


@pytest.mark.parametrize(("tags", "expected"), [((), ["plain"]), (("eu",), ["eu"]), (("&eu",), ["eu"])])
def test_tags_hold_for_a_capability_s_candidates(tags, expected):
    """And for what a rule's provider serves in another's place."""
    members = (deployment("eu", "m", P, tags=("eu",)), deployment("plain", "m", P, tags=("default",)))
    made = settings(
        *members,
        tags=ON,
        capabilities={"c": Capability("c", ("m",))},
        metadata=(MetadataRule("r", "p", when("stream")),),
        exact={"e": ExactMatch("e", "q")},
    )
    assert pool(decide(made, None, capability="c", tags=tags)) == expected
    assert pool(decide(made, "e", stream=True, tags=tags)) == expected
