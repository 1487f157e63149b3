"""What requests are counted by, whoever served them: names of the configuration, and no name that a caller made up."""

from __future__ import annotations

from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pointsman.config.load import from_mapping
from pointsman.errors import PointsmanError
from pointsman.fakes import FakeClock
from pointsman.model.decision import Decision
from pointsman.model.outcome import Attempt, FailureKind, Outcome
from pointsman.model.request import Request
from pointsman.routing.fallback import legs
from pointsman.runtime import Runtime
from pointsman.telemetry.events import Finished
from pointsman.telemetry.tally import names_of
from support.deciding import asking

PLACES = {
    "shelf": {"kind": "vllm", "base_url": "http://shelf", "models": ["listed-7b", "qwen-14b"]},
    "house": {"kind": "vllm", "base_url": "http://house", "default_model": "house-model"},
    "open": {"kind": "vllm", "base_url": "http://open"},
}
WIDE = {
    "providers": PLACES,
    "default_provider": "house",
    "exact_matches": {"exact-one": "open"},
    "patterns": [{"pattern": "^llama-", "provider": "open", "fallback": "house"}],
    "redundant_models": {"twice": {"providers": ["open", "shelf"]}},
    "model_size_routing": [{"size": "> 20B", "provider": "open"}],
    "request_metadata_routing": {"urgent": {"condition": 'header.x-priority == "high"', "provider": "shelf"}},
    "capabilities": {
        "coding": {"provider": "shelf", "min_model_size": "10B"},
        "prose": {"preferred_models": "poet", "provider": "open"},
        "anything": {"provider": "open"},
    },
    "fallback_chains": {"default": {"chain": ["open", {"provider": "house", "preferred_model": "last-resort"}]}},
    "router_settings": {
        "model_group_alias": {
            "nick": "listed-7b",
            "hush": {"model": "qwen-14b", "hidden": True},
            "many": ["qwen-14b", "listed-7b"],
            "verse": "llama-one",
        },
        "fallbacks": [{"listed-7b": ["llama-spare"]}],
    },
}


def runtime() -> Runtime:
    return Runtime(from_mapping(WIDE), clock=FakeClock())


def finish(it: Runtime, request: Request) -> Decision | None:
    """As if everybody of its plan had been asked, each in a request of its own. None if it was refused."""
    try:
        made = it.decide(request)
    except PointsmanError:
        return None
    for leg in legs(made):
        with it.board.lock:
            lease = it.board.take(leg.deployment, leg.group)
        it.board.give_back(lease)
        at = leg.deployment
        outcome = Outcome(None, 200, (Attempt(at.id, leg.model, FailureKind.RESET, 0.5, 500, "", leg.tier),))
        seen = (at.id, at.provider.name, 1.7e9)
        it.finished(Finished("0", "chat", request.model, made, outcome, *seen, hints=request.hints))
    return made


@pytest.mark.parametrize(
    ("asked", "route", "name"),
    [
        ({"name": "listed-7b"}, "exact", "listed-7b"),
        ({"name": "listed-7b", "headers": {b"x-priority": b"high"}}, "metadata", "listed-7b"),
        ({"name": "stranger", "headers": {b"x-priority": b"high"}}, "metadata", "listed-7b"),
        ({"name": None, "headers": {b"x-priority": b"high"}}, "metadata", "listed-7b"),
        ({"name": "exact-one"}, "exact", "exact-one"),
        ({"name": "twice"}, "exact", "twice"),
        ({"name": "nick"}, "exact", "nick"),
        ({"name": "hush"}, "exact", "qwen-14b"),
        ({"name": "many"}, "exact", "many"),
        ({"name": "verse"}, "pattern", "verse"),
        ({"name": "llama-one"}, "pattern", "llama-one"),
        ({"name": "llama-spare"}, "pattern", "llama-spare"),
        ({"name": "llama-made-up"}, "pattern", "other"),
        ({"name": "made-up-70b"}, "size", "other"),
        ({"name": "made-up"}, "default", "other"),
        ({"name": "last-resort"}, "default", "last-resort"),
        ({"name": "house-model"}, "default", "house-model"),
        ({"name": None}, "default", "house-model"),
        ({"name": None, "capability": "coding"}, "capability", "qwen-14b"),
        ({"name": "made-up", "capability": "coding"}, "capability", "qwen-14b"),
        ({"name": None, "capability": "prose"}, "capability", "poet"),
        ({"name": "made-up", "capability": "anything"}, "capability", "anything"),
    ],
)  # fmt: skip
def test_a_request_counts_by_the_name_that_it_goes_by(asked, route, name):
    """The public name asked for, else that of the model chosen, else its capability; else it is one of the others."""
    it = runtime()
    made = finish(it, asking(**asked))
    assert made is not None
    assert made.route == route
    assert set(it.stats()["routes"]) == {name}


def test_a_redundant_model_is_balanced_when_its_shares_are_kept():
    """Though the deployment that ``model_list`` has of it says no weight there."""
    it = Runtime(
        from_mapping(
            {
                "providers": PLACES,
                "model_list": [{"model_name": "twice", "litellm_params": {"model": "open/twice"}}],
                "redundant_models": {
                    "twice": {"providers": [{"provider": "open", "weight": 0.7}, {"provider": "house", "weight": 0.3}]}
                },
            }
        )
    )
    made = it.decide(asking("twice"))
    for member in made.tiers[0].pool:
        for _ in range(round(member.weight * 100)):
            outcome = Outcome(None, 200, (Attempt(member.id, "twice", None, 0.5, 200, "", 0),))
            it.finished(Finished("0", "chat", "twice", made, outcome, member.id, member.provider.name, time()))
    families = text_string_to_metric_families(it.metrics.render().decode())
    told = {family.name: family.samples[0].value for family in families if family.samples}
    assert told["pointsman_load_balance_effectiveness"] == pytest.approx(1.0)


NAMES = st.one_of(
    st.sampled_from(["listed-7b", "many", "hush", "twice", "auto", "*", "open", "other", "coding", None]),
    st.from_regex(r"\A(llama-|x-)?[a-z{}\"\n]{1,8}(-[0-9]{1,3}b)?\Z"),
    st.text(max_size=5),
)


@given(st.lists(st.tuples(NAMES, st.sampled_from([None, *WIDE["capabilities"]]), st.booleans(), NAMES), max_size=12))
def test_no_made_up_name_is_counted(asked):
    """Neither a key of the statistics nor a label of a metric, by whatever rule and fallback the request went."""
    it = runtime()
    for name, capability, urgent, fallback in asked:
        more = {"capability": capability} if capability else {}
        headers = {b"x-priority": b"high"} if urgent else {}
        finish(it, asking(name, headers=headers, fallbacks=(fallback,) if fallback else None, **more))
    names = names_of(it.topology)
    ids = {d.id for d in it.topology.deployments} | {f"{name}@{place}" for name in names for place in PLACES}
    stats = it.stats()
    assert set(stats["routes"]) <= names | WIDE["capabilities"].keys() | {"other"}
    assert sum(stats["routes"].values()) == stats["total_requests"]
    for family in text_string_to_metric_families(it.metrics.render().decode()):
        for sample in family.samples:
            assert sample.labels.get("deployment", "open") in ids
            assert sample.labels.get("provider", "open") in PLACES


def test_the_names_are_those_of_the_configuration():
    """Whatever section says them; a hidden alias stays hidden."""
    assert names_of(runtime().topology) == {
        "listed-7b", "qwen-14b", "exact-one", "twice", "nick", "many", "verse", "llama-one", "llama-spare",
        "house-model", "last-resort", "poet",
    }  # fmt: skip
