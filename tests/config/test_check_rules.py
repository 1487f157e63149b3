"""Rules nobody reaches, chains that end nowhere, fallbacks that are none, shares of nothing, capabilities of nobody."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

NEVER = "can't hold for any request: `{}` is never as it says"

PROVIDERS = {name: {"kind": "vllm", "base_url": f"http://{name}", "models": [f"{name}-7b"]} for name in "abc"}


def told(mapping):
    """Warnings and notes of a configuration with providers a, b and c."""
    loaded = load_mapping({"providers": PROVIDERS, **mapping}, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings]


def rules(*conditions):
    return {
        "request_metadata_routing": {f"r{n}": {"provider": "a", "condition": text} for n, text in enumerate(conditions)}
    }


def unreached(number, before):
    where = f"request_metadata_routing.r{number}.condition"
    return f"warning {where}: is never reached: whenever it holds, rule `r{before}` before does too"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (['header.x == "high"', "batch_size > 1", "stream"], []),
        (["stream", "always", "tools"], [unreached(2, 1)]),
        (["stream", "stream == true"], [unreached(1, 0)]),
        (["stream", "tools and stream"], [unreached(1, 0)]),
        (["tools and stream", "stream"], []),
        (["stream or tools", "tools"], [unreached(1, 0)]),
        (["stream", "stream or tools"], []),
        (["stream or tools", "(tools and images) or stream"], [unreached(1, 0)]),
        (["tokens > 100", "tokens >= 500"], [unreached(1, 0)]),
        (["tokens >= 500", "tokens > 100"], []),
        (["tokens > 100", "tokens >= 100"], []),
        (["tokens <= 100", "tokens < 100"], [unreached(1, 0)]),
        (["tokens < 100", "tokens == 99"], [unreached(1, 0)]),
        (['model in ["a", "b"]', 'model == "a"'], [unreached(1, 0)]),
        (['model == "a"', 'model in ["a", "b"]'], []),
        (['model != "a"', 'model == "b"'], [unreached(1, 0)]),
        (["tools or not stream", "tools and stream"], [unreached(1, 0)]),
        (["tokens > 1", "batch_size > 5"], []),
        (["stream == true", "stream == false"], []),
        (["never", "stream"], ["warning request_metadata_routing.r0.condition: can't hold for any request"]),
        (['model == "auto"'], [f"warning request_metadata_routing.r0.condition: {NEVER.format('model')}"]),
        (["context_size < 5 and tokens > 9", "stream"], [f"warning request_metadata_routing.r0.condition: {NEVER.format('tokens')}"]),
        (["stream and not always"], ["warning request_metadata_routing.r0.condition: can't hold for any request"]),
    ],
)  # fmt: skip
def test_metadata_rules_that_no_request_reaches_are_told(conditions, expected):
    """Those after a rule that holds whenever they do, and those that never hold."""
    assert told(rules(*conditions)) == expected


def test_a_thousand_rules_are_compared_within_bounds():
    """Two hundred or so are compared each with each, and that the rest are not is told."""
    many = [f'header.x == "{n}"' for n in range(1000)]
    assert told(rules(*many[:200])) == []
    assert told(rules(*many[:100], many[7])) == [unreached(100, 7)]
    note = "info request_metadata_routing: are too many to be compared all with each other"
    assert told(rules(*many, many[999])) == [note]


@pytest.mark.parametrize(
    ("ranges", "unreachable"),
    [
        (["< 8B", "8B - 13B", "> 13B"], []),
        (["< 8B", "8B - 13B", "> 13B", ">= 70B"], [3]),
        (["< 8B", "> 13B", "7B - 14B"], []),
        (["<= 8B", "> 8B", "13B"], [2]),
        (["< 8B", "> 8B", "8B"], []),
        (["8B - 13B", "< 8B", "<= 13B"], [2]),
        (["7B", "7B"], [1]),
        (["< 7B", "7B", "<= 7B"], [2]),
        (["< 7B", "<= 7B"], []),
    ],
)
def test_ranges_that_others_have_taken_are_told(ranges, unreachable):
    """By one before or by several together."""
    expected = [
        f"warning model_size_routing[{n}].size: is never reached: every size in it goes to rules before"
        for n in unreachable
    ]

    assert told({"model_size_routing": [{"size": text, "provider": "a"} for text in ranges]}) == expected


def test_a_pattern_that_takes_every_name_leaves_no_sizes():
    """The first one is told."""
    patterns = [{"pattern": pattern, "provider": "a"} for pattern in ("^x", ".*", "")]
    sizes = [{"size": "7B", "provider": "b"}]
    found = told({"patterns": patterns, "model_size_routing": sizes})

    assert "warning model_size_routing: is never reached: patterns[1] takes every name before" in found
    assert told({"patterns": patterns[:1], "model_size_routing": sizes}) == []
    assert load_mapping({"patterns": [{"pattern": "(?P<x", "provider": "a"}], "model_size_routing": sizes}, environ={})


def test_a_rule_that_always_holds_is_told_where_others_would_be_asked():
    """They are not wrong, only late."""
    note = "always holds: other rules matter only for what this provider does not serve"

    assert told(rules("stream or always")) == []
    assert told({**rules("stream or always"), "exact_matches": {"m": "b"}}) == [
        f"info request_metadata_routing.r0.condition: {note}"
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["a", {"secondary": "b", "condition": "always"}, {"tertiary": "c", "condition": "always"}], []),
        ([], ["warning fallback_chains.x.chain: ends nowhere: it has no members"]),
        ([{"primary": "a", "condition": "never"}], ["warning fallback_chains.x.chain: ends nowhere: no member's condition can hold"]),
        (["a", {"secondary": "b", "condition": "not always"}], ["warning fallback_chains.x.chain[1].condition: can't hold for any request"]),
        (["a", {"secondary": "b", "condition": "stream == true and stream == false"}], [f"warning fallback_chains.x.chain[1].condition: {NEVER.format('stream')}"]),
        (["a", {"secondary": "b", "condition": 'model_size > "70B" and model_size < "7B"'}], [f"warning fallback_chains.x.chain[1].condition: {NEVER.format('model_size')}"]),
        (["a", {"secondary": "b", "condition": "batch_size < 1"}], [f"warning fallback_chains.x.chain[1].condition: {NEVER.format('batch_size')}"]),
        (["a", {"secondary": "b", "condition": "(stream and not stream) or tokens < 0"}], ["warning fallback_chains.x.chain[1].condition: can't hold for any request"]),
        (["a", {"secondary": "b", "condition": "a_unavailable or a_available"}], []),
        ([{"provider": "a", "condition": "b_available and b_unavailable"}], ["warning fallback_chains.x.chain: ends nowhere: no member's condition can hold"]),
        (["a", "b", "a"], ["warning fallback_chains.x.chain[2]: is never reached: member 0 turns to the same before"]),
        (["a", "b", {"provider": "a", "preferred_model": "m"}], []),
        ([{"provider": "a", "condition": "stream"}, "a"], []),
        ([{"provider": "a", "condition": "b_unavailable"}, "b", {"provider": "a", "condition": "b_unavailable"}], []),
        (["a", {"provider": "a", "condition": "stream"}], ["warning fallback_chains.x.chain[1]: is never reached: member 0 turns to the same before"]),
    ],
)  # fmt: skip
def test_chains_that_end_nowhere_and_idle_members_are_told(members, expected):
    """A member after one that always holds is none of them: it is turned to when that one has failed."""
    assert told({"fallback_chains": {"x": {"chain": members}}}) == expected


def test_a_chain_of_strangers_ends_nowhere():
    """For check alone: serving refuses each of its names."""
    mapping = {"fallback_chains": {"x": {"chain": ["y", "z"]}}}
    alone = load_mapping(mapping, environ={}, standalone=True)
    serving = load_mapping(mapping, environ={})

    assert [f"{f.key}: {f.message}" for f in alone.findings] == [
        "fallback_chains.x.chain[0]: provider `y` is not defined here",
        "fallback_chains.x.chain[1]: provider `z` is not defined here",
        "fallback_chains.x.chain: ends nowhere: none of its providers is defined here",
    ]
    assert serving.settings is None


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"exact_matches": {"m": {"provider": "a", "fallback": "a"}}}, ["warning exact_matches.m.fallback: is the rule's own provider"]),
        ({"patterns": [{"pattern": "^m", "provider": "a", "fallback": "a"}]}, ["warning patterns[0].fallback: is the rule's own provider"]),
        ({"model_size_routing": [{"size": "7B", "provider": "a", "fallback": "a"}]}, ["warning model_size_routing[0].fallback: is the rule's own provider"]),
        ({"capabilities": {"x": {"provider": "a", "fallback": "a"}}}, ["warning capabilities.x.fallback: is the capability's own provider"]),
        ({"capabilities": {"x": {"providers": ["a", "b"], "fallback": "a"}}}, []),
        ({"redundant_models": {"m": {"providers": [{"provider": "a", "weight": 0.7}, {"provider": "b", "weight": 0.3}]}}}, []),
        ({"redundant_models": {"m": {"providers": ["a", "b"]}}}, []),
        ({"redundant_models": {"m": {"providers": [{"provider": "a", "weight": 0}, {"provider": "b", "weight": 0}]}}}, ["warning redundant_models.m: all weights are 0: none is preferred"]),
        ({"redundant_models": {"m": {"providers": [{"provider": "a", "weight": 1}, "b"]}}}, ["warning redundant_models.m: provider `b` has no weight, others have: it gets no traffic"]),
        ({"redundant_models": {"m": {"providers": []}}}, ["warning redundant_models.m: has no provider"]),
        ({"redundant_models": {"m": {"providers": ["a", "a"]}}}, ["warning redundant_models.m.providers[1]: stands twice; the first share counts"]),
        ({"redundant_models": {"m": {"providers": ["a", "b"]}}, "exact_matches": {"m": "b"}}, []),
        ({"redundant_models": {"m": {"providers": ["a", "b"]}}, "exact_matches": {"m": "c"}}, ["warning redundant_models.m: exact_matches sends it to provider `c`, which is none of these: it gets no traffic"]),
        ({"capabilities": {"x": {"provider": "a", "min_model_size": "13B"}}}, ["warning capabilities.x: nobody has it: all are below 13B"]),
        ({"capabilities": {"x": {"provider": "a", "min_model_size": "7B"}}}, []),
        ({"capabilities": {"x": {"min_model_size": "13B", "min_context": 9}}}, ["warning capabilities.x: nobody has it: all are below 13B and a context of 9"]),
        ({"capabilities": {"x": {"provider": "a", "min_context": 8192}}}, ["info capabilities.x: nobody is known to have a context of 8192; unless a provider's list tells who, whoever may is asked"]),
        ({"capabilities": {"x": {"provider": "a", "preferred_models": ["any"], "min_context": 8192}}}, []),
    ],
)  # fmt: skip
def test_what_leads_back_shares_nothing_or_has_nobody_is_told(mapping, expected):
    """Each at its place."""
    assert told(mapping) == expected


@pytest.mark.parametrize(
    "rule",
    [
        {"request_metadata_routing": {"r": {"provider": "d", "condition": "stream"}}},
        {"capabilities": {"x": {"provider": "d"}}},
        {"capabilities": {"x": {"provider": "a", "fallback": "d"}}},
        {"capabilities": {"x": {"description": "everybody has it"}}},
        {"model_size_routing": [{"size": "7B", "provider": "a", "fallback": "d"}]},
        {"redundant_models": {"m": {"providers": ["d"]}}},
        {"fallback_chains": {"default": {"chain": ["d"]}}},
    ],
)  # fmt: skip
def test_a_provider_that_any_rule_names_is_in_use(rule):
    """Without the rule nothing leads there."""
    providers = PROVIDERS | {"d": {"kind": "vllm", "base_url": "http://d"}}

    assert told({"providers": providers}) == ["warning providers.d: nothing leads to this provider"]
    assert told({"providers": providers, **rule}) == []
