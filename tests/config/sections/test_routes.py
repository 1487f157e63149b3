"""The sections of the routing configuration: what they come to, and what is told of mistakes in them."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

from math import inf

import pytest

from pointsman.config.load import load_mapping
from pointsman.config.settings import (
    Capability,
    ChainMember,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    ProviderShare,
    RestSettings,
    SizeRule,
    Strategies,
    WarmSettings,
    Weights,
)
from pointsman.model.condition import Compare, Condition, Fact

PROVIDERS = {name: {"kind": "vllm", "base_url": f"http://{name}"} for name in ("p", "q", "r")}


def load(mapping, **options):
    return load_mapping({"providers": PROVIDERS, **mapping}, environ={}, **options)


def settings(**sections):
    loaded = load(sections)
    assert loaded.settings is not None, loaded.findings
    return loaded.settings


def told(mapping, **options):
    found = (f for f in load(mapping, **options).findings if "nothing leads to this provider" not in f.message)
    return [f"{f.severity} {f.key}: {f.message}" + (f" ({f.suggestion})" if f.suggestion else "") for f in found]


def test_metadata_rules_keep_their_order():
    """Each with its condition, read."""
    stream = {"provider": "q", "condition": "stream"}
    found = settings(request_metadata_routing={"big": {"provider": "p", "condition": "batch_size > 1"}, "live": stream})

    assert found.metadata == (
        MetadataRule("big", "p", Condition("batch_size > 1", Compare(Fact("batch_size"), ">", 1.0))),
        MetadataRule("live", "q", Condition("stream", Fact("stream"))),
    )


def test_a_capability_says_who_has_it():
    """Providers said one by one or as a list, a size in words or as a number, a strategy in any spelling."""
    whole = {
        "description": "for code", "preferred_models": ["m", "n", "m"], "provider": "p", "providers": ["q", "p"],
        "min_model_size": "13B", "min_context": 8192, "fallback": "r", "routing_strategy": "least-busy",
    }  # fmt: skip
    found = settings(capabilities={"code": whole, "small": {"min_model_size": 1.5, "providers": "q"}})

    assert found.capabilities == {
        "code": Capability("code", ("m", "n"), ("p", "q"), 13.0, 8192, "r", "least_loaded", "for code"),
        "small": Capability("small", providers=("q",), min_size=1.5),
    }


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("< 8B", SizeRule("< 8B", "p", 0.0, 8.0, below=True)),
        ("<=8b", SizeRule("<=8b", "p", 0.0, 8.0)),
        ("8B - 13B", SizeRule("8B - 13B", "p", 8.0, 13.0)),
        ("500M-1.5B", SizeRule("500M-1.5B", "p", 0.5, 1.5)),
        ("> 13B", SizeRule("> 13B", "p", 13.0, inf, above=True)),
        (">= 70B", SizeRule(">= 70B", "p", 70.0, inf)),
        (" 8x7B ", SizeRule(" 8x7B ", "p", 56.0, 56.0)),
    ],
)
def test_ranges_of_sizes_are_read(text, rule):
    """Open and closed ends, one size, millions and experts."""
    assert settings(model_size_routing=[{"size": text, "provider": "p"}]).sizes == (rule,)


FORMS = '"< 8B", "<= 8B", "8B - 13B" (both are in), "> 13B", ">= 70B", "7B"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("big", f"is no range of sizes: `big` ({FORMS})"),
        ("< ", f"is no range of sizes: `< ` ({FORMS})"),
        ("8B - 13B - 70B", f"is no range of sizes: `8B - 13B - 70B` ({FORMS})"),
        ("=> 8B", f"is no range of sizes: `=> 8B` ({FORMS})"),
        ("-8B", f"is no range of sizes: `-8B` ({FORMS})"),
        ("13B - 8B", "is a range that holds no size: `13B - 8B`"),
        ("< 0B", "is a range that holds no size: `< 0B`"),
    ],
)
def test_what_is_no_range_is_an_error(text, message):
    """With the forms that there are."""
    assert told({"model_size_routing": [{"size": text, "provider": "p"}]}) == [
        f"error model_size_routing[0].size: {message}"
    ]


def test_redundant_models_share_their_traffic():
    """In the order of the list; a name stands for a provider without a weight."""
    shares = [{"provider": "p", "weight": 0.7}, "q"]

    assert settings(redundant_models={"m": {"providers": shares}}).redundant == {
        "m": (ProviderShare("p", 0.7), ProviderShare("q"))
    }


def test_a_chain_keeps_the_order_of_its_list():
    """Whatever rank a member is given; milliseconds become seconds."""
    chain = [
        {"secondary": "q"},
        {"primary": "p", "preferred_model": "m", "condition": "stream"},
        "r",
        {"provider": "p"},
    ]
    found = settings(
        fallback_chains={"x": {"chain": chain, "retry_attempts": 3, "retry_delay_ms": 500, "description": "d"}}
    )
    members = (
        ChainMember("q"),
        ChainMember("p", Condition("stream", Fact("stream")), "m"),
        ChainMember("r"),
        ChainMember("p"),
    )

    assert found.chains == {"x": FallbackChain("x", members, 3, 0.5, "d")}


def test_rules_name_the_chain_to_follow():
    """Exact entries and patterns."""
    found = settings(
        fallback_chains={"x": {"chain": ["q"]}},
        exact_matches={"m": {"provider": "p", "chain": "x"}},
        patterns=[{"pattern": "^n", "provider": "p", "chain": "x"}],
    )

    assert found.exact["m"] == ExactMatch("m", "p", chain="x")
    assert found.patterns[0].chain == "x"


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, Strategies()),
        ({"strategies": {"Round Robin": {"applicable_to": ["m"]}}}, Strategies(groups={"m": "round_robin"})),
        ({"load_balancing": {"least-busy": {"applicable_to": "m"}}}, Strategies(groups={"m": "least_loaded"})),
        ({"strategies": {"usage_based": {"weight_factors": [{"latency": 0.4}, {"cost": 1}]}}},
         Strategies("usage_based", weights=Weights(0.4, 0.0, 1.0))),
        ({"strategies": {"usage_based": {"weight_factors": {"latency": 1}, "literal": True}}, "router_settings": {"routing_strategy": "least-busy"}},
         Strategies("least_loaded", weights=Weights(1.0, 0.0, 0.0, literal=True))),
        ({"strategies": {"usage_based": {"literal": True}}}, Strategies("usage_based", weights=Weights(literal=True))),
        ({"strategies": {"fastest_response": {"measure": "latency", "applicable_to": ["m"]}}},
         Strategies(groups={"m": "fastest_response"}, measure="latency")),
        ({"strategies": {"latency-based-routing": {"buffer": 0.1, "applicable_to": ["m"]}}},
         Strategies(groups={"m": "latency-based-routing"}, buffer=0.1)),
        ({"load_balancing": {"round_robin": {"applicable_to": ["m"]}}, "strategies": {"least_loaded": {"applicable_to": ["c"]}}, "capabilities": {"c": {"provider": "p"}}},
         Strategies(groups={"m": "round_robin", "c": "least_loaded"})),
    ],
)  # fmt: skip
def test_strategies_say_where_they_pick(sections, expected):
    """For names and capabilities, or everywhere else; and what they look at."""
    assert settings(exact_matches={"m": "p"}, **sections).strategies == expected


def test_the_rests_are_seconds():
    """Milliseconds are turned into seconds, and what is switched off is as if it were not there."""
    warm = {"strategy": "prefer_warm_providers", "warm_check_timeout_ms": 250, "idle_reset": 60}
    limited, errors = {"fallback_duration_seconds": 30}, {"error_threshold": 5, "cooldown_seconds": 120}
    found = settings(first_request_routing=warm, rate_limited_fallback=limited, error_based_routing=errors)
    off = {"enabled": False}
    none = settings(
        first_request_routing=warm | off, rate_limited_fallback=limited | off, error_based_routing=errors | off
    )
    bare = settings(first_request_routing={}, rate_limited_fallback={}, error_based_routing={})

    assert (found.warm, found.rest) == (WarmSettings(0.25, 60.0), RestSettings(30.0, 5, 120.0))
    assert (none.warm, none.rest) == (None, RestSettings())
    assert (bare.warm, bare.rest) == (WarmSettings(), RestSettings(None, 3, 300.0))


MEASURES = "time_to_first_token, latency"


@pytest.mark.parametrize(
    ("sections", "finding"),
    [
        ({"request_metadata_routing": {"r": {"provider": "p"}}}, "error request_metadata_routing.r.condition: is required"),
        ({"request_metadata_routing": {"r": {"provider": "p", "condition": True}}}, "error request_metadata_routing.r.condition: expected text, got true or false (put it in quotes)"),
        ({"request_metadata_routing": {"r": {"provider": "p", "condition": "strem"}}}, "error request_metadata_routing.r.condition: nothing is known as `strem` (did you mean `stream`?)"),
        ({"request_metadata_routing": {"r": {"provider": "p", "condition": "t_unavailable"}}}, "error request_metadata_routing.r.condition: provider `t` is not defined here (add it to `providers`)"),
        ({"request_metadata_routing": {"r": {"provider": "nobody", "condition": "stream"}}}, "error request_metadata_routing.r.provider: provider `nobody` is not defined here (add it to `providers`)"),
        ({"capabilities": {"c": {"providers": ["p", "nobody"]}}}, "error capabilities.c.providers[1]: provider `nobody` is not defined here (add it to `providers`)"),
        ({"capabilities": {"c": {"provider": "p", "min_model_size": "large"}}}, 'error capabilities.c.min_model_size: expected a size like "13B", got text'),
        ({"capabilities": {"c": {"provider": "p", "routing_strategy": "rund_robin"}}}, "error capabilities.c.routing_strategy: unknown strategy `rund_robin` (did you mean `round_robin`?)"),
        ({"capabilities": {"c": {"preferred_models": ["m", "mm"]}}, "exact_matches": {"m": "p"}}, "error capabilities.c.preferred_models[1]: `mm` is not defined here (add it to `model_list`)"),
        ({"capabilities": {"c": {"preferred_models": ["mm"]}}, "default_provider": "p"}, "warning capabilities.c.preferred_models[0]: `mm` is not defined here; the default provider would be asked for it"),
        ({"capabilities": {"c": {"prefered_models": ["m"]}}}, "error capabilities.c.prefered_models: unknown key `prefered_models` (did you mean `preferred_models`?)"),
        ({"strategies": {"rund_robin": {}}}, "error strategies.rund_robin: unknown strategy `rund_robin` (did you mean `round_robin`?)"),
        ({"strategies": {"round_robin": {"applicable_to": ["nothing"]}}}, "error strategies.round_robin.applicable_to[0]: `nothing` is no model and no capability here"),
        ({"strategies": {"round_robin": {"applicable_to": ["m"]}, "least_loaded": {"applicable_to": ["m"]}}, "exact_matches": {"m": "p"}}, "warning strategies.least_loaded.applicable_to[0]: `m` has strategy `round_robin` already, and that one counts"),
        ({"strategies": {"round_robin": {}}}, "info strategies.round_robin: says no `applicable_to`: it picks wherever no other strategy is named"),
        ({"strategies": {"usage_based": {"weight_factors": {"latensy": 1}}}}, "error strategies.usage_based.weight_factors.latensy: unknown factor `latensy` (did you mean `latency`?)"),
        ({"strategies": {"usage_based": {"weight_factors": [{"latency": -1}]}}}, "error strategies.usage_based.weight_factors[0].latency: expected a number of at least 0"),
        ({"strategies": {"usage_based": {"weight_factors": [{"latency": True}]}}}, "error strategies.usage_based.weight_factors[0].latency: expected a number of at least 0"),
        ({"strategies": {"usage_based": {"weight_factors": [5]}}}, "error strategies.usage_based.weight_factors[0]: expected `FACTOR: WEIGHT` (latency, success_rate, cost)"),
        ({"strategies": {"usage_based": {"weight_factors": {"latency": 0}}}}, "error strategies.usage_based.weight_factors: has no factor with any weight"),
        ({"strategies": {"fastest_response": {"measure": "ttft"}}}, f"error strategies.fastest_response.measure: unknown measure `ttft` ({MEASURES})"),
        ({"fallback_chains": {"x": {}}}, "error fallback_chains.x.chain: is required"),
        ({"fallback_chains": {"x": {"chain": [{"condition": "always"}]}}}, "error fallback_chains.x.chain[0].provider: is required"),
        ({"fallback_chains": {"x": {"chain": [{"primary": "p", "secondary": "q"}]}}}, "error fallback_chains.x.chain[0].secondary: says something else than `provider` (keep one of the two)"),
        ({"fallback_chains": {"x": {"chain": [{"primary": "p", "condition": "stream > 3"}]}}}, "error fallback_chains.x.chain[0].condition: `stream` is true or false and can't be compared by `>` (by ==, !=)"),
        ({"fallback_chains": {"x": {"chain": ["p"], "retry_delay_ms": -1}}}, "error fallback_chains.x.retry_delay_ms: must be at least 0"),
        ({"exact_matches": {"m": {"provider": "p", "chain": "hight"}}, "fallback_chains": {"high": {"chain": ["q"]}}}, "error exact_matches.m.chain: fallback chain `hight` is not defined here (did you mean `high`?)"),
        ({"patterns": [{"pattern": "^m", "provider": "p", "priority": "backup"}]}, "warning patterns[0].priority: is not acted on: patterns are tried in their order"),
        ({"first_request_routing": {"strategy": "prefer_worm_providers"}}, "error first_request_routing.strategy: unknown strategy `prefer_worm_providers` (did you mean `prefer_warm_providers`?)"),
        ({"error_based_routing": {"error_threshold": "many"}}, "error error_based_routing.error_threshold: expected a whole number, got text"),
        ({"routing_metrics": ["cache_hit_rat"]}, "warning routing_metrics[0]: there is no metric `cache_hit_rat` (did you mean `cache_hit_rate`?)"),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_place(sections, finding):
    """All at once elsewhere; here one by one."""
    assert finding in told(sections)


def test_all_mistakes_are_told_at_once():
    """A condition, a strategy, a size and a name: four findings."""
    wrong = {
        "request_metadata_routing": {"r": {"provider": "p", "condition": "strem"}},
        "capabilities": {"c": {"provider": "p", "routing_strategy": "rund"}},
        "model_size_routing": [{"size": "big", "provider": "p"}],
        "fallback_chains": {"x": {"chain": ["nobody"]}},
    }

    assert [line.split(": ")[0] for line in told(wrong) if line.startswith("error")] == [
        "error request_metadata_routing.r.condition",
        "error capabilities.c.routing_strategy",
        "error model_size_routing[0].size",
        "error fallback_chains.x.chain[0]",
    ]


@pytest.mark.parametrize(
    "sections",
    [
        {"request_metadata_routing": {"r": {"provider": "llama-cpp", "condition": "always"}}},
        {"capabilities": {"c": {"provider": "llama-cpp"}}},
        {"capabilities": {"c": {"providers": ["llama-cpp"]}}},
        {"capabilities": {"c": {"provider": "p", "fallback": "llama-cpp"}}},
        {"model_size_routing": [{"size": "7B", "provider": "llama-cpp"}]},
        {"model_size_routing": [{"size": "7B", "provider": "p", "fallback": "llama-cpp"}]},
        {"redundant_models": {"m": {"providers": [{"provider": "llama-cpp"}]}}},
        {"fallback_chains": {"x": {"chain": ["llama-cpp"]}}},
    ],
)
def test_every_section_implies_well_known_providers(sections):
    """In any spelling, under one name, with an open deployment."""
    found = settings(**sections)

    assert found.providers["llama_cpp_native"].base_url == "http://127.0.0.1:8080"
    assert "llama_cpp_native" in [d.id for d in found.deployments if d.model is None]
    assert "llama-cpp'" not in repr((found.metadata, found.capabilities, found.sizes, found.redundant, found.chains))


def test_a_preferred_model_may_be_one_that_a_pattern_takes():
    """It is served where the pattern sends it."""
    patterns = [{"pattern": "^m", "provider": "p"}]

    assert told({"patterns": patterns, "capabilities": {"c": {"preferred_models": ["mm"]}}}) == []


def test_a_condition_speaks_of_the_provider_that_is_meant():
    """By the name that it has elsewhere."""
    found = settings(fallback_chains={"x": {"chain": [{"primary": "p", "condition": "llama-cpp_unavailable"}]}})

    assert found.chains["x"].members[0].condition.root == Fact("llama_cpp_native_unavailable")
