"""``redundant_models``: shares, and who picks where they are weights."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping


def page(strategy: str, **more: object) -> dict:
    shares = [{"provider": "ollama", "weight": 0.7}, {"provider": "vllm", "weight": 0.3}]
    return {
        "redundant_models": {"m": {"providers": shares}},
        "router_settings": {"routing_strategy": strategy},
        **more,
    }


@pytest.mark.parametrize(("strategy", "picks"), [
    ("usage-based-routing-v2", {"m": "simple-shuffle"}),
    ("least_loaded", {"m": "simple-shuffle"}),
    ("simple-shuffle", {}),
    ("round_robin", {}),
])  # fmt: skip
def test_weights_are_shares_whatever_picks_elsewhere(strategy, picks):
    """A strategy that heeds no weights leaves a model with weighed shares to the draw, and a finding says so."""
    loaded = load_mapping(page(strategy), environ={})
    told = [f.severity for f in loaded.findings if "redundant_models" in f.key and "weights" in f.message]
    assert loaded.settings.strategies.groups == picks
    assert told == ["info"] * len(picks)


def test_a_strategy_of_its_own_counts_more():
    """``applicable_to`` the model itself."""
    own = {"least_loaded": {"applicable_to": ["m"]}}
    loaded = load_mapping(page("usage-based-routing", load_balancing=own), environ={})
    assert loaded.settings.strategies.groups == {"m": "least_loaded"}


def test_shares_without_weights_ask_for_nothing():
    """Providers alone leave the choice to the configured strategy."""
    bare = page("least_loaded", redundant_models={"m": {"providers": ["ollama", "vllm"]}})
    assert load_mapping(bare, environ={}).settings.strategies.groups == {}
