"""Fallbacks that help nobody are told, of every kind."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

LISTS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")


def warnings(windows: dict[str, int | None], **router) -> list[str]:
    entries = [
        {
            "model_name": name.rstrip("123"),
            "litellm_params": {"model": f"ollama/{name}"},
            "model_info": {"context_window": window},
        }
        for name, window in windows.items()
    ]
    loaded = load_mapping({"model_list": entries, "router_settings": router}, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.key}: {f.message}" for f in loaded.findings if f.severity == "warning"]


@pytest.mark.parametrize("key", LISTS)
def test_nobody_falls_back_to_itself_or_in_a_circle_unheard(key):
    """By the names that aliases stand for; ``*`` is nobody."""
    alias = {"model_group_alias": {"nick": "a"}}
    windows = {"a": None, "b": None}
    assert warnings(windows, **{key: [{"a": ["a"]}]}) == [f"router_settings.{key}: `a` falls back to itself"]
    assert warnings(windows, **{key: [{"nick": ["a"]}]}, **alias) == [
        f"router_settings.{key}: `a` falls back to itself"
    ]
    circle = f"router_settings.{key}: lead in a circle from `a` back to it; each is tried once"
    assert warnings(windows, **{key: [{"nick": ["b"]}, {"b": ["a"]}]}, **alias) == [circle]
    assert warnings(windows, **{key: [{"*": ["b"]}, {"b": ["a"]}]}) == []


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ({"a": 4096, "b": 8192}, []),
        ({"a": 4096, "b": 4096}, ["`b` takes 4096 tokens at most, no more than `a`, which takes 4096"]),
        ({"a": 4096, "b": 2048}, ["`b` takes 2048 tokens at most, no more than `a`, which takes 4096"]),
        ({"a": 4096, "b1": 2048, "b2": 8192}, []),
        ({"a1": 2048, "a2": 4096, "b": 3000}, ["`b` takes 3000 tokens at most, no more than `a`, which takes 4096"]),
        ({"a": None, "b": 2048}, []),
        ({"a": 4096, "b": None}, []),
        ({"a1": 4096, "a2": None, "b": 2048}, []),
    ],
)
def test_a_fallback_for_long_requests_takes_longer_ones(windows, expected):
    """As far as it is known of everybody; the usual fallbacks may be as short as they like."""
    found = warnings(windows, context_window_fallbacks=[{"a": ["b"]}, {"*": ["b"]}])
    assert found == [f"router_settings.context_window_fallbacks: {text}" for text in expected]
    assert warnings(windows, fallbacks=[{"a": ["b"]}]) == []
