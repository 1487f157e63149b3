"""``pointsman.testing.Simulation``: any configuration at work with nobody behind it."""

from __future__ import annotations

import pytest

from pointsman.config.load import from_mapping
from pointsman.errors import ConfigurationError
from pointsman.testing import Simulation
from support.simulated import at_work, who

PLACES = {
    "providers": {"ollama": {"models": ["llama3.1:8b"]}, "vllm": {"api_key": "sk-of-vllm"}},
    "model_list": [
        {"model_name": "far", "litellm_params": {"model": "x", "api_base": "https://far.example/v1", "api_key": "k"}}
    ],
    "exact_matches": {"near": "ollama", "warm": "vllm"},
}


@pytest.mark.parametrize(("model", "provider", "kind"), [
    ("near", "ollama", "ollama"),
    ("warm", "vllm", "vllm"),
    ("far", "openai", "openai"),
])  # fmt: skip
async def test_each_provider_is_simulated_in_its_own_kind_and_takes_its_own_key(model, provider, kind):
    """Named or implied by an address: what would go there goes to the one that stands for it."""
    async with at_work(from_mapping(PLACES)) as desk:
        reply = await desk.chat(model)
        assert desk.asked == {provider: 1}
    assert who(reply) == provider
    assert desk[provider].kind == kind


async def test_a_simulation_leaves_nothing_behind():
    """After it the port is free again, and no simulated provider listens."""
    async with Simulation(from_mapping(PLACES)) as it:
        port = it.port
    async with Simulation(from_mapping(PLACES), port=port) as again:
        assert again.port == port


async def test_a_port_that_is_taken_is_told_before_anything_runs():
    """A ConfigurationError, and what was started is stopped."""
    async with Simulation(from_mapping(PLACES)) as it:
        with pytest.raises(ConfigurationError, match="can't listen"):
            async with Simulation(from_mapping(PLACES), port=it.port):
                pass
