"""A semantic router needs somebody for what is like none of its categories."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

CATEGORIES = {"code": "m", "math": "m"}
TEXT = "semantic_router: has no `fallback`: a request that no category is near enough to has nowhere to go"


def told(semantic, **sections):
    mapping = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "ollama/x"}}],
        "semantic_router": semantic,
    }
    loaded = load_mapping(mapping | sections, environ={})
    return [f"{f.key}: {f.message}" for f in loaded.findings if f.severity == "warning"]


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, [TEXT]),
        ({"default_provider": "ollama"}, []),  # it has a model of the list
        ({"providers": {"v": {"kind": "vllm"}}, "default_provider": "v"}, [TEXT]),
        ({"providers": {"v": {"kind": "vllm", "default_model": "x"}}, "default_provider": "v"}, []),
        ({"providers": {"v": {"kind": "vllm", "models": ["x"]}}, "default_provider": "v"}, []),
        ({"router_settings": {"default_fallbacks": ["m"]}}, [TEXT]),  # they catch names, and there is none
        ({"tasks": {"chat": "m"}}, [TEXT]),  # likeness is the semantic router's
    ],
)
def test_without_a_fallback_somebody_must_take_requests_that_name_no_model(sections, expected):
    """The default provider does, if it has a model."""
    assert told({"categories": CATEGORIES}, **sections) == expected


@pytest.mark.parametrize(
    "semantic",
    [
        {"categories": {**CATEGORIES, "general": "m"}},
        {"categories": CATEGORIES, "fallback": "math"},
    ],
)
def test_a_fallback_takes_what_is_left(semantic):
    """Named, or called general."""
    assert told(semantic) == []


def test_a_fallback_that_is_wrong_is_told_once():
    """Where something could not be read nothing is missed."""
    loaded = load_mapping({"semantic_router": {"categories": CATEGORIES, "fallback": "maths"}}, environ={})
    assert not any(TEXT in str(finding) for finding in loaded.findings)
