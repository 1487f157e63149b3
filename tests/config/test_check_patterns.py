"""Patterns in each other's way are told, with a name that both match."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.check_patterns import patterns_in_the_way
from pointsman.config.load import load_mapping
from pointsman.config.settings import Pattern, Settings

META, SIZED = "^meta-llama/.*", r".*:\d+[bB]$"


def told(*rules, names=()):
    """Findings of patterns, each with its provider, in a configuration that has these names."""
    patterns = [{"pattern": pattern, "provider": provider} for pattern, provider in rules]
    exact = dict.fromkeys(names, "ollama")
    loaded = load_mapping({"patterns": patterns, "exact_matches": exact}, environ={})
    return [
        f"{f.severity} {f.key}: {f.message}"
        for f in loaded.findings
        if f.key.startswith("patterns") and "provider" not in f.key
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([(META, "vllm"), ("^mistralai/", "ollama"), (r"\.gguf$", "ollama")],
         ["warning patterns[2].pattern: overlaps patterns[0]: both match `meta-llama/.gguf`, and the first listed counts"]),
        ([(META, "vllm"), ("^mistralai/.*", "vllm"), ("^Qwen/", "ollama")], []),
        ([(META, "vllm"), (SIZED, "vllm")],
         ["info patterns[1].pattern: overlaps patterns[0]: both match `meta-llama/:0b`, and the first listed counts"]),
        ([("^gpt-4", "vllm"), ("^gpt-", "ollama")],
         ["info patterns[1].pattern: overlaps patterns[0]: both match `gpt-4`, and the first listed counts"]),
        ([("^gpt-", "vllm"), ("^gpt-4", "ollama")],
         ["warning patterns[1].pattern: can never match: patterns[0] takes all of its names before"]),
        ([(META, "vllm"), (".*", "ollama")], []),
        ([(META, "vllm"), (SIZED, "ollama"), ("^meta-llama/x:7b$", "vllm")],
         ["warning patterns[1].pattern: overlaps patterns[0]: both match `meta-llama/:0b`, and the first listed counts",
          "warning patterns[2].pattern: can never match: patterns[0] takes all of its names before"]),
        ([(r"\bllama\b", "vllm"), (r"\bllama\b", "ollama")],
         ["warning patterns[1].pattern: can never match: patterns[0] takes all of its names before"]),
        ([(r"\bllama\b", "vllm"), ("^llama-", "ollama")],
         ["warning patterns[1].pattern: overlaps patterns[0]: both match `llama-`, and the first listed counts"]),
        ([(r"\bllama\b", "vllm"), ("^mistral", "ollama")], []),
        ([("(", "vllm"), ("^a", "ollama"), ("^a", "vllm")],
         ["error patterns[0].pattern: is not a regular expression for RE2: `missing ): (`",
          "warning patterns[2].pattern: can never match: patterns[1] takes all of its names before"]),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_told(rules, expected):
    """Who takes all of a pattern's names, else who takes some; a catch-all at the end is meant."""
    assert told(*rules) == expected


def test_a_name_of_the_configuration_is_the_better_example():
    """It is what people know."""
    rules = ((META, "vllm"), (SIZED, "ollama"))

    assert told(*rules, names=["meta-llama/chat:7b", "other"]) == [
        "warning patterns[1].pattern: overlaps patterns[0]: both match `meta-llama/chat:7b`, and the first listed counts"
    ]


def listed(*patterns, **sections):
    """Findings of patterns beside names that stand elsewhere."""
    mapping = {
        "model_list": [{"model_name": "gpt-4", "litellm_params": {"model": "openai/gpt-4"}}],
        "providers": {"ollama": {"models": ["llama3:8b"]}},
        "exact_matches": {"gpt-4o": "openai"},
        "redundant_models": {"twice": {"providers": ["openai", "ollama"]}},
        "router_settings": {"model_group_alias": {"nick": "gpt-4", "many": ["gpt-4", "llama3:8b"]}},
        "patterns": [{"pattern": pattern, "provider": "openai"} for pattern in patterns],
    }
    loaded = load_mapping(mapping | sections, environ={})
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings if f.key.startswith("patterns")]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("^gpt-4$", "gpt-4"),
        ("^gpt-4o?$", "gpt-4"),
        (r"\A(?:twice|nick|many|gpt-4o)\z", "many"),
        (r"^llama3:[8]b$", "llama3:8b"),
    ],
)
def test_a_pattern_of_nothing_but_listed_names_can_never_match(pattern, name):
    """Exact entries, ``model_list``, redundant models, aliases and a provider's models all come before patterns."""
    told = f"warning patterns[0].pattern: can never match: every name that it takes is listed itself, like `{name}`"
    assert listed(pattern) == [told]
    assert listed(pattern, patterns=[{"pattern": p, "provider": "openai"} for p in (pattern, pattern, "^gpt")]) == [
        told, told.replace("[0]", "[1]")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "pattern", ["^gpt-4", "gpt-4$", "gpt-4", "^gpt-4[ov]$", "(?i)^gpt-4$", "^gpt-.$", "^(gpt-4)+$", "^gpt-[0-9]{9}$"]
)
def test_a_pattern_that_takes_other_names_too_is_not_hidden(pattern):
    """That an exact name comes first is what exact names are for."""
    assert listed(pattern) == []


@pytest.mark.parametrize("pattern", ["^$", "^a^", "^$x"])
def test_a_pattern_that_matches_no_name_is_told(pattern):
    """No name is empty, and none begins a second time."""
    assert listed(pattern) == ["warning patterns[0].pattern: matches no name"]


PIECES = st.sampled_from(["a", "b", "-", ".", "[ab]", "a*", "(a|bb)", r"\d", r"\bb", "(?i:A)"])
PATTERNS = st.builds(
    "{}{}{}".format, st.sampled_from(["", "^"]), st.lists(PIECES, max_size=4).map("".join), st.sampled_from(["", "$"])
)


@given(st.lists(PATTERNS, max_size=6), st.lists(st.text(alphabet="ab-7B", min_size=1, max_size=5), max_size=20))
def test_every_example_is_one_and_what_never_matches_never_does(patterns, names):
    """RE2 is the judge."""
    settings = Settings(patterns=tuple(Pattern(pattern, f"p{n % 2}") for n, pattern in enumerate(patterns)))
    programs = [re2.compile(pattern) for pattern in patterns]

    for remark in patterns_in_the_way(settings):
        later = remark.subject[1]
        if remark.template == "matches no name":
            assert not any(programs[later].search(name) for name in names)
            continue
        earlier = remark.values[0]
        assert earlier < later
        if "overlaps" in remark.template:
            assert all(programs[index].search(remark.values[1]) for index in (earlier, later))
        else:
            assert not any(programs[later].search(name) and not programs[earlier].search(name) for name in names)


def test_a_thousand_patterns_are_compared_within_bounds():
    """Where their beginnings tell them apart nothing is left to do; else it ends with a word of its own."""
    apart = Settings(patterns=tuple(Pattern(f"^org-{n}/", f"p{n}") for n in range(1000)))
    spelt = Settings(patterns=tuple(Pattern(f"^[ab]{{{n % 9}}}[abc]{{3}}-{n}$", f"p{n}") for n in range(1000)))
    tangled = Settings(patterns=tuple(Pattern(f"(a|b)*a(a|b){{{n % 30}}}c{n}", f"p{n}") for n in range(300)))

    assert list(patterns_in_the_way(apart)) == []
    assert not any("listed" in remark.template for remark in patterns_in_the_way(spelt))
    *_, last = patterns_in_the_way(tangled)
    assert (last.severity, last.template) == ("info", "are too many, or too large, to be compared all with each other")
