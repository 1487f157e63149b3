"""What is well formed and still probably not meant."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config.check import check, weak_key
from pointsman.config.load import load_mapping
from pointsman.config.settings import Settings
from pointsman.model.secret import Secret


def entry(name="m", model="ollama/x", **outer):
    return {"model_name": name, "litellm_params": {"model": model}, **outer}


def warnings(mapping):
    loaded = load_mapping(mapping, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.key}: {f.message}" for f in loaded.findings]


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"model_list": [entry()], "providers": {"v": {"kind": "vllm"}}}, ["providers.v: nothing leads to this provider"]),
        ({"model_list": [entry()], "providers": {"v": {"kind": "vllm"}}, "default_provider": "v"}, []),
        ({"model_list": [entry()], "providers": {"v": {"kind": "vllm", "models": ["x"]}}}, []),
        (
            {"providers": {"ollama": {}}, "patterns": [{"pattern": p, "provider": "ollama"} for p in ("^a", "^b", "^a")]},
            ["patterns[2].pattern: can never match: patterns[0] takes all of its names before"],
        ),
        (
            {"providers": {"ollama": {}}, "patterns": [{"pattern": p, "provider": "ollama"} for p in ("^a", ".*", "^b")]},
            ["patterns[2].pattern: can never match: patterns[1] takes all of its names before"],
        ),
        (
            {"providers": {"ollama": {}}, "patterns": [{"pattern": p, "provider": "ollama"} for p in (".*", "^.*$", "^b")]},
            [f"patterns[{n}].pattern: can never match: patterns[0] takes all of its names before" for n in (1, 2)],
        ),
        (
            {
                "model_list": [entry(model="vllm/x"), entry()],
                "providers": {"ollama": {}},
                "exact_matches": {"m": {"provider": "ollama"}},
            },
            ["model_list[0]: exact_matches sends `m` to provider `ollama`, so this one gets no traffic"],
        ),
        (
            {
                "model_list": [entry(model="vllm/x"), entry()],
                "providers": {"ollama": {}},
                "redundant_models": {"m": {"providers": ["ollama"]}},
            },
            ["model_list[0]: redundant_models has `m` at other providers, so this one gets no traffic"],
        ),
        (
            {
                "model_list": [entry(model="vllm/x"), entry()],
                "exact_matches": {"m": "ollama"},
                "fallback_chains": {"default": {"chain": ["vllm"]}},
            },
            [],
        ),
        (
            {"model_list": [entry(weight=1), entry(model="ollama/y"), entry("n")]},
            ["model_list[1]: has no weight, other deployments of `m` have: it gets no traffic"],
        ),
        (
            {"model_list": [entry(rpm=1), entry(model="ollama/y", tpm=9)]},
            ["model_list[1]: has no rpm, other deployments of `m` have: it gets no traffic"],
        ),
        ({"model_list": [entry(rpm=1), entry(model="ollama/y")], "router_settings": {"routing_strategy": "least-busy"}}, []),
        ({"model_list": [entry(rpm=1), entry(model="ollama/y")], "strategies": {"least-busy": {"applicable_to": "m"}}}, []),
        ({"model_list": [entry(), entry()]}, ["model_list[1]: is the same as `m@ollama`"]),
        (
            {"model_list": [entry()], "router_settings": {"fallbacks": [{"m": ["m"]}]}},
            ["router_settings.fallbacks: `m` falls back to itself"],
        ),
        (
            {"model_list": [entry(), entry("n")], "router_settings": {"fallbacks": [{"m": ["n"]}, {"n": ["m"]}]}},
            ["router_settings.fallbacks: lead in a circle from `m` back to it; each is tried once"],
        ),
        (
            {
                "model_list": [entry(), entry("n")],
                "router_settings": {"fallbacks": [{"a": ["n"]}, {"n": ["m"]}], "model_group_alias": {"a": "m"}},
            },
            ["router_settings.fallbacks: lead in a circle from `m` back to it; each is tried once"],
        ),
        (
            {"model_list": [entry(), entry("n")], "router_settings": {"model_group_alias": {"m": "n"}}},
            ["router_settings.model_group_alias.m: hides what else is served under this name"],
        ),
        (
            {"model_list": [entry()], "general_settings": {"master_key": "sk-1234"}},
            ["general_settings.master_key: is one that everybody knows"],
        ),
        ({"model_list": [entry()], "general_settings": {"master_key": "9f1c2ab0d4e84a6f93"}}, []),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_a_warning(mapping, expected):
    """Unused providers, shadowed rules, half-weighted groups, duplicates, circles and weak keys are told."""
    assert warnings(mapping) == expected


def test_nothing_to_serve_is_an_error_unless_the_block_stands_alone():
    """Serving needs a deployment; a file that is one of several does not."""
    assert [(r.severity, r.template) for r in check(Settings())] == [
        ("error", "there is no deployment: nothing could be served")
    ]
    assert check(Settings(), standalone=True) == []


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"providers": {"ollama": {}}, "patterns": [{"pattern": 5, "provider": "ollama"}]}, "patterns[0].pattern: expected text, got a number"),
        ({"model_list": [entry()], "providers": {"v": {"kind": "vllm"}}, "default_provider": 5}, "default_provider: expected text, got a number"),
        ({"providers": {"v": {"kind": "vllm", "models": ["x"]}}, "fallback_chains": {"x": {"chain": [5]}}}, "fallback_chains.x.chain[0]: expected text or a mapping, got a number"),
        ({"providers": {"v": {"kind": "vllm", "models": ["x"]}}, "redundant_models": {"x": {"providers": [{"weight": 1}]}}}, "redundant_models.x.providers[0].provider: is required"),
        ({"model_list": [entry(weight=1), entry(model="ollama/y", weight="much")]}, "model_list[1].weight: expected a number, got text"),
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_not_missed(mapping, expected):
    """A mistake is told once: what stands in it is no second finding."""
    loaded = load_mapping(mapping, environ={})
    assert [f"{f.key}: {f.message}" for f in loaded.findings if f.severity != "info"] == [expected]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("SK-1234", "is one that everybody knows"),
        ("changeme", "is one that everybody knows"),
        ("short-one", "is shorter than 16 characters"),
        ("aaaaaaaaaaaaaaaaaaaa", "repeats a few characters"),
        ("sk-3v9xQ7-dLm20aZ", None),
    ],
)
def test_weak_master_keys_are_known(key, reason):
    """Well-known, short and monotonous keys are weak; the reason never holds the key."""
    assert weak_key(Secret(key)) == reason
