"""The plan: whom to ask after the choice, in which order, and that it always ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import RouterSettings
from pointsman.fakes import deployment, provider, settings
from pointsman.model.decision import Decision, Tier
from pointsman.routing.fallback import legs
from pointsman.routing.tiers import groups_after
from pointsman.routing.topology import compile_topology

NAMES = st.sampled_from("abcdefghij")
POOL = tuple(deployment(f"d{n}") for n in range(4))


def topology(fallbacks, default=(), most=5):
    router = RouterSettings(max_fallbacks=most)
    return compile_topology(settings(deployment("d"), fallbacks=fallbacks, default_fallbacks=default, router=router))


def decision(*tiers: Tier, choice: int = 0, tier: int = 0, pool=None) -> Decision:
    pool = tiers[tier].pool if pool is None else pool
    chosen = pool[choice]
    return Decision("m", "exact", "s", chosen, chosen.model or tiers[tier].name or "", pool, tiers, (), tier)


def told(made: Decision) -> list[tuple[str, str, int]]:
    return [(leg.deployment.id, leg.model, leg.tier) for leg in legs(made)]


GROUPS = st.lists(NAMES, max_size=4).map(tuple)


@given(st.dictionaries(NAMES, GROUPS), GROUPS, NAMES, st.integers(0, 7))
def test_groups_follow_once_each_and_never_too_many(fallbacks, default, name, most):
    """Whatever circles the configuration has, the list ends, repeats nobody and leaves out the group asked for."""
    groups = groups_after(name, topology(fallbacks, default, most))
    assert len(groups) <= most
    assert len(set(groups)) == len(groups)
    assert name not in groups


def test_nearer_fallbacks_come_first():
    """All of a group's own fallbacks are tried before those of its first fallback."""
    assert groups_after("a", topology({"a": ("b", "c"), "b": ("d",), "c": ("e",)})) == ["b", "c", "d", "e"]


@pytest.mark.parametrize("choice", range(4))
def test_the_choice_comes_before_the_others(choice):
    """Whoever was picked; the rest as the configuration lists them."""
    ids = [name for name, _, _ in told(decision(Tier("m", "m", POOL), choice=choice))]
    assert ids == [f"d{choice}", *[f"d{n}" for n in range(4) if n != choice]]


def test_an_open_deployment_is_asked_for_each_groups_name():
    """The same deployment may stand in a plan twice, for different models, and never twice for one."""
    anyone = deployment("p", "*", provider("p"), model=None)
    made = decision(Tier("a", "a", (anyone,)), Tier("b", "b", (anyone,)), Tier("c", "a", (anyone,)))
    assert told(made) == [("p", "a", 0), ("p", "b", 1)]


def test_who_was_left_out_comes_last():
    """By the time everybody else has failed they may be fit again; the groups keep their order."""
    made = decision(
        Tier("a", "a", POOL[:1]), Tier("b", "b", POOL[1:3]), Tier("c", "c", POOL[3:]), tier=1, pool=POOL[1:2]
    )
    assert told(made) == [("d1", "m", 1), ("d3", "m", 2), ("d0", "m", 0), ("d2", "m", 1)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_the_plan_is_the_choice_and_then_everybody_else_once(sizes):
    """Pools of any size: all deployments, each once, the choice first."""
    tiers = tuple(Tier(f"g{n}", f"g{n}", POOL[:size]) for n, size in enumerate([1, *sizes]))
    names = [name for name, _, _ in told(decision(*tiers))]
    assert names[0] == "d0"
    assert sorted(names) == sorted({d.id for tier in tiers for d in tier.pool})
