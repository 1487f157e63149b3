"""The tables of kinds, prefixes, strategies and keys agree with each other and with the rooms they speak of."""

from __future__ import annotations

import pytest
import re2

from pointsman.config import kinds, litellm, schema, strategies
from pointsman.config.prefixes import PREFIXES, UNSERVED
from pointsman.config.section import Section
from pointsman.config.settings import RouterSettings, ServerSettings, Strategies
from pointsman.config.urls import normalised
from pointsman.model.deployment import Deployment
from pointsman.providers import DIALECTS
from pointsman.providers.profiles import PROFILES
from pointsman.routing.strategies import STRATEGIES


def test_every_kind_has_a_wire_format():
    """The kinds a configuration may name are those that are spoken."""
    assert sorted(kinds.KINDS) == sorted(DIALECTS) == sorted(PROFILES)
    assert set(kinds.COMMON) <= set(kinds.KINDS) >= kinds.USUAL.keys()
    assert set(kinds.SPELLINGS.values()) <= set(kinds.KINDS)


def test_every_canonical_strategy_exists():
    """A strategy's canonical name is a key of the routing room's table, and every alias means one."""
    assert sorted(strategies.CANONICAL) == sorted(STRATEGIES)
    assert set(strategies.ALIASES.values()) <= {*strategies.CANONICAL, *strategies.NOT_YET}
    assert Strategies().default == strategies.DEFAULT
    assert not strategies.NOT_YET & {*strategies.CANONICAL, *strategies.ALIASES}


def test_no_spelling_means_two_strategies():
    """Without hyphens, underscores, spaces and upper case all names are different still."""
    names = (*strategies.CANONICAL, *strategies.NOT_YET, *strategies.ALIASES)
    folded = {"".join(character for character in name.lower() if character.isalnum()) for name in names}

    assert len(folded) == len(names)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("simple-shuffle", "simple-shuffle"),
        ("simple_shuffle", "simple-shuffle"),
        ("least-busy", "least_loaded"),
        ("LeastLoaded", "least_loaded"),
        ("RoundRobin", "round_robin"),
        (" round-robin ", "round_robin"),
        ("Round Robin", "round_robin"),
        ("StrategyRoundRobin", "round_robin"),
        ("random", "random"),
        ("StrategyRandom", "random"),
        ("usage-based-routing-v2", "usage-based-routing"),
        ("usage_based", "usage_based"),
        ("cost-based-routing", "lowest-cost"),
        ("latency-based", "latency-based-routing"),
        ("load_balance", "round_robin"),
        ("lar1", None),
        ("nonsense", None),
    ],
)
def test_strategies_have_many_spellings(word, name):
    """LiteLLM's names, the documents' and the Go constants mean the same strategies."""
    assert strategies.canonical(word) == name


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("vLLM", "vllm"),
        ("llama.cpp", "llama_cpp_native"),
        ("llama-cpp-python", "llama_cpp_python"),
        ("Triton", "triton"),
        ("vertex_ai", None),
    ],
)
def test_kinds_have_many_spellings(word, kind):
    """Upper case, hyphens and the servers' own names are understood."""
    assert kinds.kind_of(word) == kind


@pytest.mark.parametrize("word", sorted(PREFIXES))
def test_every_prefix_can_be_served(word):
    """A prefix has a kind that is spoken, an address in its one form, and names that RE2 takes."""
    prefix = PREFIXES[word]

    assert prefix.kind in kinds.KINDS
    assert prefix.base_url is None or normalised(prefix.base_url, whole=prefix.whole) == prefix.base_url
    assert prefix.base_url is not None or prefix.base_env or prefix.kind in ("openai_compatible", "remodlai")
    assert not prefix.public or (prefix.base_url or "").startswith("https://")
    assert re2.compile(prefix.names)


@pytest.mark.parametrize("word", sorted(PREFIXES))
def test_an_address_is_cut_where_the_wire_format_adds_what_was_cut(word):
    """``/v1`` is taken from addresses of the kinds that have it before all paths, and of no others."""
    prefix = PREFIXES[word]
    assert prefix.whole == (PROFILES[prefix.kind].prefix != "/v1" or prefix.kind in kinds.LIBRARIES)
    assert (prefix.dated is not None) == PROFILES[prefix.kind].versions


def test_a_prefix_is_served_or_not():
    """No prefix stands in both tables, and every kind is a prefix."""
    assert not PREFIXES.keys() & UNSERVED
    assert PREFIXES.keys() >= set(kinds.KINDS)


@pytest.mark.parametrize("model", Section.__subclasses__())
def test_a_key_is_acted_on_or_waits(model):
    """No key is both a field and one of those that this version does not act on."""
    assert not model.LATER & model.model_fields.keys()
    assert model.INSTEAD.keys().isdisjoint({*model.LATER, *model.model_fields, *model.SPELLINGS})
    assert model.SPELLINGS.keys().isdisjoint(model.model_fields)
    assert set(model.SPELLINGS.values()) <= model.model_fields.keys()
    assert model.SHORT is None or model.SHORT in model.model_fields


def test_the_table_of_litellms_keys_names_real_fields():
    """Every row leads from a field of the schema to a field of ours."""
    assert litellm.DEPLOYMENT.keys() | set(litellm.ADDRESS) <= schema.LitellmParams.model_fields.keys()
    assert set(litellm.DEPLOYMENT.values()) <= set(Deployment.__struct_fields__)
    assert litellm.ROUTER.keys() <= set(RouterSettings.__struct_fields__)
    assert litellm.SERVER.keys() <= set(ServerSettings.__struct_fields__)
    for places in litellm.ROUTER.values():
        for section, key in places:
            assert key in getattr(schema.Document(), section).__class__.model_fields
