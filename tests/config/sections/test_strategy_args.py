"""LiteLLM's ``routing_strategy_args``: taken where there is a counterpart, else it is told what is done instead."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import json

import pytest

from pointsman.config.litellm import FIXED
from pointsman.config.load import load_mapping
from pointsman.config.strategies import CANONICAL
from pointsman.state import results, window

LATENCY = {"routing_strategy": "latency-based-routing"}
MODEL = {"model_list": [{"model_name": "m", "litellm_params": {"model": "ollama/x"}}]}


def load(router, **sections):
    return load_mapping({**MODEL, "router_settings": router, **sections}, environ={})


def told(router, **sections):
    at = "router_settings."
    return [
        f"{f.severity} {f.key.removeprefix(at)}: {f.message}"
        for f in load(router, **sections).findings
        if f.key.startswith(at)
    ]


def args(**given):
    return {"routing_strategy_args": given}


@pytest.mark.parametrize(
    ("router", "sections", "buffer"),
    [
        (LATENCY | args(lowest_latency_buffer=0.5), {}, 0.5),
        (LATENCY | args(lowest_latency_buffer=0), {}, 0.0),
        (LATENCY | args(), {}, 0.0),
        (args(lowest_latency_buffer=0.5), {"strategies": {"latency-based": {"applicable_to": ["m"]}}}, 0.5),
        (args(lowest_latency_buffer=0.5), {"strategies": {"latency-based": {}}}, 0.5),
        (args(lowest_latency_buffer=0.5), {"capabilities": {"c": {"provider": "ollama", "routing_strategy": "latency-based"}}}, 0.5),
        (LATENCY | args(lowest_latency_buffer=0.2), {"strategies": {"latency-based": {"buffer": 0.2, "applicable_to": ["m"]}}}, 0.2),
    ],
)  # fmt: skip
def test_the_buffer_is_taken(router, sections, buffer):
    """Without a word: it means the same here. 0.5 is half as slow again as the fastest."""
    assert load(router, **sections).settings.strategies.buffer == buffer
    assert told(router, **sections) == []


def test_a_buffer_of_the_strategy_itself_counts_first():
    """And that is told."""
    router = LATENCY | args(lowest_latency_buffer=0.5)
    sections = {"strategies": {"latency-based": {"buffer": 0.1, "applicable_to": ["m"]}}}
    assert load(router, **sections).settings.strategies.buffer == 0.1
    assert told(router, **sections) == [
        "warning routing_strategy_args.lowest_latency_buffer: is not used: `buffer` of the strategy counts"
    ]


def test_a_buffer_for_a_strategy_that_picks_nowhere_is_told():
    """It would change nothing."""
    assert told(args(lowest_latency_buffer=0.5)) == [
        "warning routing_strategy_args.lowest_latency_buffer: says nothing: strategy `latency-based-routing` picks nowhere"
    ]


@pytest.mark.parametrize(
    ("strategy", "key", "done", "words"),
    [
        ("latency-based-routing", "ttl", results.LONGEST, f"remembered for {results.LONGEST:.0f} s and weigh half after {results.HALF_LIFE:.0f} s"),
        ("latency-based-routing", "max_latency_list_size", results.MOST, f"the last {results.MOST} results"),
        ("latency-based-routing", "ttft_percentile", 0.95, "of times to a first token the 95th percentile counts"),
        ("usage-based-routing", "ttl", window.SECONDS, f"the last {window.SECONDS} s"),
        ("usage-based-routing-v2", "ttl", window.SECONDS, f"the last {window.SECONDS} s"),
    ],
)  # fmt: skip
def test_what_is_fixed_is_told_with_what_is_done(strategy, key, done, words):
    """A warning, or a note where that is what was asked for. The figures are those of the memory itself."""
    half = done / 2 if done < 1 else int(done / 2)
    for value, beginning in ((half, "warning {}: is not acted on: "), (done, "info {}: needs no saying: ")):
        [finding] = told({"routing_strategy": strategy} | args(**{key: value}))
        assert finding.startswith(beginning.format(f"routing_strategy_args.{key}"))
        assert words in finding


@pytest.mark.parametrize("key", ["ttl", "max_latency_list_size", "ttft_percentile"])
def test_figures_for_another_strategy_say_nothing(key):
    """As in LiteLLM, where nobody is told."""
    found = told({"routing_strategy": "least-busy"} | args(**{key: 1}))
    assert found == [f"warning routing_strategy_args.{key}: says nothing to strategy `least_loaded`"]


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"rpm": 5}, "warning routing_strategy_args.rpm: limits nobody here: it belongs in `litellm_params` of each deployment"),
        ({"tpm": 5}, "warning routing_strategy_args.tpm: limits nobody here: it belongs in `litellm_params` of each deployment"),
        ({"confidence_threshold_low": 0.1}, "warning routing_strategy_args.confidence_threshold_low: known, but not acted on by this version"),
        ({"ttl": 0}, "error routing_strategy_args.ttl: must be greater than 0"),
        ({"ttft_percentile": 95}, "error routing_strategy_args.ttft_percentile: must be at most 1"),
        ({"lowest_latency_buffer": -1}, "error routing_strategy_args.lowest_latency_buffer: must be at least 0"),
        ({"max_latency_list_size": "ten"}, "error routing_strategy_args.max_latency_list_size: expected a whole number, got text"),
        ({"lowest_latency_bufer": 1}, "error routing_strategy_args.lowest_latency_bufer: unknown key `lowest_latency_bufer`"),
    ],
)  # fmt: skip
def test_other_keys_are_told_one_by_one(given, finding):
    """Limits, strategies that are not built, wrong values and slips of the pen."""
    assert told(LATENCY | args(**given)) == [finding]


@pytest.mark.parametrize("value", [5, "x", [1]])
def test_the_arguments_are_a_mapping(value):
    """Anything else is refused."""
    [finding] = told({"routing_strategy_args": value})
    assert finding.startswith("error routing_strategy_args: expected a mapping, got ")


def test_the_fixed_figures_are_of_strategies_there_are():
    """By their canonical names."""
    assert {strategy for strategy, _ in FIXED} <= set(CANONICAL)


REDIS = ("redis_host", "redis_port", "redis_password", "redis_url", "redis_db", "redis_ssl")


def test_redis_is_a_note_for_each_key():
    """Nothing is wrong with it: state is kept in the process for now."""
    given = {
        "redis_host": "10.0.0.9", "redis_port": 6379, "redis_password": "hunter22", "redis_db": 3,
        "redis_url": "redis://:hunter22@10.0.0.9:6379/3", "redis_ssl": True,
    }  # fmt: skip
    text = "is not used yet: state is kept in the process, each replica has limits and cooldowns of its own"
    assert told(given) == [f"info {key}: {text}" for key in given]
    assert given.keys() == set(REDIS)


@pytest.mark.parametrize("value", ["hunter22", "os.environ/SECRET", "${SECRET}"])
def test_no_password_of_redis_is_ever_told(value):
    """Whatever else is wrong with it, and however it is written."""
    router = {
        "redis_password": value,
        "redis_url": f"redis://:{value}@h",
        "hunter22": 1,
        "routing_strategy": "hunter22",
    }
    loaded = load_mapping({**MODEL, "router_settings": router}, environ={"SECRET": "hunter22"})
    assert len(loaded.findings) == 4
    assert "hunter22" not in json.dumps([(str(finding), repr(finding)) for finding in loaded.findings])
